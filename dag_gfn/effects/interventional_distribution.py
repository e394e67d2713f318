"""Distribution of a discrete variable when another is set, averaged over graphs: P(y | do(x = s))."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.effects.column_positions import node_index, pair_index
from dag_gfn.effects.distribution_draws import PairDraws, distribution_draws
from dag_gfn.effects.draw_summaries import central_interval, spread
from dag_gfn.effects.drawn_networks import drawn_networks
from dag_gfn.effects.graph_draws import equivalence_classes, no_path
from dag_gfn.effects.thresholds import Share, Signs, share_above, share_below, signs
from dag_gfn.graphs import graph
from dag_gfn.parameters import DiscreteParameters
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
        Entry (s, a, b): P(target = b | do(source = a)) in draw s of graph and parameters. It is the same for all a
        in draws whose graph has no path from `source` to `target`.
    graphs : ndarray, shape (k, d, d), bool
        The graph of every draw; entry (s, i, j) is True for i → j (row → column).
    mean : ndarray, shape (r_source, r_target), float64
        Posterior means over the drawn graphs, with the parameters integrated out.
    probability_zero : float
        Probability that `target` does not descend from `source`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rows = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [18, 2, 4, 16], axis=0)
    >>> rows = np.random.default_rng(0).permutation(rows)
    >>> data = dag_gfn.from_array(rows, ["rain", "wet"], discrete="all")
    >>> posterior = dag_gfn.fit(data, required=[("rain", "wet")], progress=False)
    >>> found = dag_gfn.effects.interventional_distribution(posterior, "rain", "wet", num_draws=2000, rng=0)
    >>> print(found.summary().round(2).to_string())
      set_to state  mean    5%  50%   95%
    0      0     0  0.89  0.76  0.9  0.97
    1      0     1  0.11  0.03  0.1  0.24
    2      1     0  0.21  0.08  0.2  0.36
    3      1     1  0.79  0.64  0.8  0.92
    >>> float(found.difference("1", from_="0", to="1").mean().round(2))  # P(wet | do(rain)) - P(wet | do(no rain))
    0.69
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
    oriented: Bool[np.ndarray, "d d"] | None = None

    def summary(self) -> pd.DataFrame:
        """Return the columns set_to, state, mean, 5%, 50%, 95%, with a row for each state of source and of target."""
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
        """Return draws of ``P(target = state | do(source = to)) - P(target = state | do(source = from_))``."""
        j = node_index(self.target_states, state)
        a, b = node_index(self.source_states, from_), node_index(self.source_states, to)
        return self.samples[:, b, j] - self.samples[:, a, j]

    def _present(self) -> Bool[np.ndarray, " k"]:
        i, j = pair_index(self.names, self.source, self.target)
        return graph.path_matrix(self.graphs)[:, i, j]

    def probability_above(self, threshold: float | int, state: str, *, from_: str, to: str) -> Share:
        """Return the probability that `difference` is above a number, with its Monte-Carlo error."""
        change = self.difference(state, from_=from_, to=to)
        return share_above(change, self._present(), self.probability_zero, float(threshold))

    def probability_below(self, threshold: float | int, state: str, *, from_: str, to: str) -> Share:
        """Return the probability that `difference` is below a number, with its Monte-Carlo error."""
        change = self.difference(state, from_=from_, to=to)
        return share_below(change, self._present(), self.probability_zero, float(threshold))

    def signs(self, state: str, *, from_: str, to: str) -> Signs:
        """Return the probabilities that `difference` is positive, negative, or none."""
        return signs(self.difference(state, from_=from_, to=to), self._present(), self.probability_zero)

    def interval(self, set_to: str, state: str, level: float = 0.9) -> tuple[float, float]:
        """Return the central credible interval of P(target = state | do(source = set_to))."""
        i, j = node_index(self.source_states, set_to), node_index(self.target_states, state)
        return central_interval(self.samples[:, i, j], level)

    def by_class(self, top: int = 5) -> pd.DataFrame:
        """Return the summary within the most probable Markov equivalence classes.

        Columns: edges (a → b where the graphs of the class agree, a — b elsewhere), probability, probability_zero
        (both are shares of the draws), set_to, state, mean, 5%, 50%, 95%.
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
                for found in equivalence_classes(self.graphs, self.names, top=top, oriented=self.oriented)
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

    Each draw takes a graph in proportion to its weight, and tables from their Dirichlet posterior. It sums the
    truncated factorisation :math:`\prod_{v \ne x} P(v \mid Pa_v)` over the ancestors of the target, exactly or,
    where that would take too much memory, by simulating rows.

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
        Called during the work with the share that is done, in [0, 1], and the estimated seconds in total.

    Raises
    ------
    OptionError
        If a column is unknown, or the score has no such parameters.
    NotTractable
        If a node and its parents have more than 2^62 joint states.

    References
    ----------
    Pearl, "Causality", 2nd edition, 2009, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rows = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [18, 2, 4, 16], axis=0)
    >>> rows = np.random.default_rng(0).permutation(rows)
    >>> data = dag_gfn.from_array(rows, ["rain", "wet"], discrete="all")
    >>> posterior = dag_gfn.fit(data, required=[("rain", "wet")], progress=False)
    >>> effect = dag_gfn.effects.interventional_distribution(posterior, "rain", "wet", num_draws=100, rng=0)
    >>> effect.mean.round(2).tolist()  # row: state that rain is set to; column: state of wet
    [[0.89, 0.11], [0.21, 0.79]]
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

    This is much faster than one call for each pair, as each draw's tables are drawn once.

    Parameters
    ----------
    posterior, num_draws, rng, on_progress
        As for `interventional_distribution`.
    pairs : sequence of (str, str)
        Source and target of each, names of columns.
    max_seconds : float
        Largest estimated time; more is refused.

    Raises
    ------
    OptionError
        As for `interventional_distribution`.
    NotTractable
        As there, or if the estimated time is more than `max_seconds`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rows = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [18, 2, 4, 16], axis=0)
    >>> rows = np.random.default_rng(0).permutation(rows)
    >>> data = dag_gfn.from_array(rows, ["rain", "wet"], discrete="all")
    >>> posterior = dag_gfn.fit(data, required=[("rain", "wet")], progress=False)
    >>> pairs = [("rain", "wet"), ("wet", "rain")]
    >>> effects = dag_gfn.effects.interventional_distributions(posterior, pairs, num_draws=100, rng=0)
    >>> [effect.probability_zero for effect in effects]
    [0.0, 1.0]
    """
    indices = [pair_index(posterior.names, source, target) for source, target in pairs]
    generator = np.random.default_rng(rng)
    drawn = drawn_networks(
        posterior,
        num_draws,
        generator,
        DiscreteParameters,
        "distributions by state are for categories scored by bdeu or bde: use total_effects or interventional_means "
        "for numbers, contrast_effect for mixed tables (score block)",
    )
    states = drawn.parameters[0].states
    found = [
        PairDraws(
            np.empty((num_draws, len(states[x]), len(states[y]))), np.zeros((len(states[x]), len(states[y])))
        )
        for x, y in indices
    ]
    done = 0.0
    for parameters, draws in drawn.parts():
        share = len(draws) / num_draws
        of_table = distribution_draws(
            parameters,
            drawn.graphs[draws],
            indices,
            generator,
            max_seconds=max_seconds * share,
            on_progress=_within(on_progress, done, share),
        )
        for all_tables, one in zip(found, of_table, strict=True):
            all_tables.samples[draws] = one.samples
            all_tables.mean[...] += share * one.mean
        done += share
    zero = no_path(posterior)
    return [
        InterventionalDistribution(
            names=posterior.names,
            source=posterior.names[x],
            target=posterior.names[y],
            source_states=states[x],
            target_states=states[y],
            samples=of_pair.samples,
            graphs=drawn.graphs,
            mean=of_pair.mean,
            probability_zero=float(zero[x, y]),
            oriented=posterior.oriented_pairs,
        )
        for (x, y), of_pair in zip(indices, found, strict=True)
    ]


def _within(
    on_progress: Callable[[float, float], None] | None, done: float, share: float
) -> Callable[[float, float], None] | None:
    """Return what tells of the progress of one table, which has this share of the draws."""
    if on_progress is None:
        return None
    return lambda part, seconds: on_progress(done + share * part, seconds / share)
