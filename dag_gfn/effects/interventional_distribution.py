"""Distributions under an intervention on a discrete network, averaged over graphs: P(y | do(x = s))."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.effects.distribution_draws import distribution_draws
from dag_gfn.effects.graph_draws import (
    central_interval,
    draw_graphs,
    equivalence_classes,
    no_path,
    node_index,
    pair_index,
    spread,
)
from dag_gfn.errors import OptionError
from dag_gfn.graphs import graph
from dag_gfn.parameters import DiscreteParameters, parameter_posterior
from dag_gfn.posterior import GraphPosterior


@final
@dataclass(frozen=True, eq=False)
class InterventionalDistribution:
    """Posterior of the distribution of one variable when another is set, for each state it can be set to.

    Attributes
    ----------
    names : tuple of str, length d
    source, target : str
    source_states, target_states : tuple of str
    samples : ndarray, shape (k, r_source, r_target), float64
        Entry (s, a, b): P(target = b | do(source = a)) in draw s of graph and parameters; the same for all a
        in the draws in whose graph `target` does not descend from `source`.
    graphs : ndarray, shape (k, d, d), bool
        The graph of every draw; entry (s, i, j) is True for i → j (row → column).
    mean : ndarray, shape (r_source, r_target), float64
        Posterior means: over the drawn graphs, the parameters integrated out.
    probability_zero : float
        Probability that `target` does not descend from `source`.
    """

    names: tuple[str, ...]
    source: str
    target: str
    source_states: tuple[str, ...]
    target_states: tuple[str, ...]
    samples: Float64[np.ndarray, "k a b"]
    graphs: Bool[np.ndarray, "k d d"]
    mean: Float64[np.ndarray, "a b"]
    probability_zero: float

    def summary(self) -> pd.DataFrame:
        """Return set_to, state, mean, 5%, 50%, 95%: a row for each state of source and of target."""
        return pd.DataFrame(
            [
                {
                    "set_to": a,
                    "state": b,
                    **spread(self.samples[:, i, j]),
                    "mean": float(self.mean[i, j]),
                }
                for i, a in enumerate(self.source_states)
                for j, b in enumerate(self.target_states)
            ]
        )

    def difference(self, state: str, *, from_: str, to: str) -> Float64[np.ndarray, " k"]:
        """Return draws of P(target = state | do(source = to)) - P(target = state | do(source = from_))."""
        j = node_index(self.target_states, state)
        a, b = node_index(self.source_states, from_), node_index(self.source_states, to)
        return self.samples[:, b, j] - self.samples[:, a, j]

    def interval(self, set_to: str, state: str, level: float = 0.9) -> tuple[float, float]:
        """Return the central credible interval of P(target = state | do(source = set_to))."""
        i, j = node_index(self.source_states, set_to), node_index(self.target_states, state)
        return central_interval(self.samples[:, i, j], level)

    def by_class(self, top: int = 5) -> pd.DataFrame:
        """Return the summary within the most probable Markov equivalence classes.

        Columns: edges (a → b where the class agrees, a — b elsewhere), probability, probability_zero (shares of
        the draws), set_to, state, mean, 5%, 50%, 95%.
        """
        i, j = pair_index(self.names, self.source, self.target)
        path = graph.path_matrix(self.graphs)[:, i, j]
        return pd.DataFrame(
            [
                {
                    "edges": found.edges,
                    "probability": found.probability,
                    "probability_zero": float(1.0 - path[found.draws].mean()),
                    "set_to": set_to,
                    "state": state,
                    **spread(self.samples[found.draws, a, b]),
                }
                for found in equivalence_classes(self.graphs, self.names, top=top)
                for a, set_to in enumerate(self.source_states)
                for b, state in enumerate(self.target_states)
            ]
        )


def interventional_distribution(
    posterior: GraphPosterior,
    source: str,
    target: str,
    *,
    num_draws: int = 2000,
    rng: int | np.random.Generator,
    on_progress: Callable[[float, float], None] | None = None,
) -> InterventionalDistribution:
    r"""Return the posterior of P(target | do(source = a)) for every state a, averaged over graphs.

    Each draw takes a graph by weight and its tables from their Dirichlet posterior, and sums the truncated
    factorisation :math:`\prod_{v \ne x} P(v \mid Pa_v)` over the ancestors of the target: exactly, or by
    simulating rows where that would take too much memory.

    Parameters
    ----------
    posterior : GraphPosterior
        Of discrete columns with the score ``bdeu`` or ``bde``.
    source, target : str
        Names of columns.
    num_draws : int
    rng : int or numpy.random.Generator
        Seed or generator.
    on_progress : callable, optional
        Given now and then the share that is done, in [0, 1], and the seconds that all should take.

    Raises
    ------
    OptionError
        If a column is unknown, or the score has no such parameters.
    NotTractable
        If a node and its parents have more than 2^62 joint states.

    References
    ----------
    Pearl, "Causality", 2nd edition, 2009, section 3.2.
    """
    (found,) = interventional_distributions(
        posterior, [(source, target)], num_draws=num_draws, rng=rng, on_progress=on_progress
    )
    return found


def interventional_distributions(
    posterior: GraphPosterior,
    pairs: Sequence[tuple[str, str]],
    *,
    num_draws: int = 2000,
    rng: int | np.random.Generator,
    max_seconds: float | int = math.inf,
    on_progress: Callable[[float, float], None] | None = None,
) -> list[InterventionalDistribution]:
    """Return the posteriors of P(target | do(source = a)) for many pairs, from the same draws.

    That takes far less than one call for each pair, as each draw's tables are drawn once.

    Parameters
    ----------
    posterior, num_draws, rng, on_progress
        As for `interventional_distribution`.
    pairs : sequence of (str, str)
        Source and target of each, names of columns.
    max_seconds : float
        Refuse what should take longer.

    Raises
    ------
    OptionError
        As for `interventional_distribution`.
    NotTractable
        Likewise, or if all should take longer than `max_seconds`.
    """
    indices = [pair_index(posterior.names, source, target) for source, target in pairs]
    parameters = parameter_posterior(posterior)
    if not isinstance(parameters, DiscreteParameters):
        raise OptionError(
            "distributions by state are for discrete columns, these are continuous: use total_effects or "
            "interventional_means"
        )
    generator = np.random.default_rng(rng)
    graphs = draw_graphs(posterior, num_draws, generator)
    zero = no_path(posterior)
    return [
        InterventionalDistribution(
            names=posterior.names,
            source=posterior.names[x],
            target=posterior.names[y],
            source_states=parameters.states[x],
            target_states=parameters.states[y],
            samples=found.samples,
            graphs=graphs,
            mean=found.mean,
            probability_zero=float(zero[x, y]),
        )
        for (x, y), found in zip(
            indices,
            distribution_draws(
                parameters, graphs, indices, generator, max_seconds=max_seconds, on_progress=on_progress
            ),
            strict=True,
        )
    ]
