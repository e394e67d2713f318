"""Distributions under an intervention on a discrete network, averaged over graphs: P(y | do(x = s))."""

from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from dag_gfn import graph, subsets
from dag_gfn.effects.graph_draws import (
    central_interval,
    draw_graphs,
    equivalence_classes,
    no_path,
    node_index,
    pair_index,
    spread,
)
from dag_gfn.effects.variable_elimination import Factor, elimination_order, sum_product
from dag_gfn.errors import OptionError
from dag_gfn.parameters import DiscreteParameters, parameter_posterior
from dag_gfn.parameters.discrete import expected_table, sample_tables
from dag_gfn.posterior import GraphPosterior

MAX_CELLS = 1 << 22
"""Largest product of tables in memory; where one draw needs more, its distribution is simulated."""
SIMULATED_ROWS = 10_000
"""Rows that are simulated for each draw then."""


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

    Raises
    ------
    OptionError
        If a column is unknown, or the score has no such parameters.
    NotTractable
        If a node's table is too large.

    References
    ----------
    Pearl, "Causality", 2nd edition, 2009, section 3.2.
    """
    x, y = pair_index(posterior.names, source, target)
    parameters = parameter_posterior(posterior)
    if not isinstance(parameters, DiscreteParameters):
        raise OptionError(
            "distributions by state are for discrete columns, these are continuous: use total_effects or "
            "interventional_means"
        )
    generator = np.random.default_rng(rng)
    graphs = draw_graphs(posterior, num_draws, generator)
    families, family_of = _truncated(graphs, x, y)
    shape = (parameters.cardinalities[x], parameters.cardinalities[y])
    samples, mean = np.empty((len(graphs), *shape)), np.zeros(shape)
    cache: dict[tuple[int, int], np.ndarray] = {}
    for f, masks in enumerate(families):
        draws = np.flatnonzero(family_of == f)
        samples[draws], expected = _distributions(parameters, masks, x, y, len(draws), generator, cache)
        mean += expected * (len(draws) / len(graphs))
    return InterventionalDistribution(
        names=posterior.names,
        source=source,
        target=target,
        source_states=parameters.states[x],
        target_states=parameters.states[y],
        samples=samples,
        graphs=graphs,
        mean=mean,
        probability_zero=float(no_path(posterior)[x, y]),
    )


def _truncated(
    graphs: Bool[np.ndarray, "k d d"], x: int, y: int
) -> tuple[Int64[np.ndarray, "f d"], Int64[np.ndarray, " k"]]:
    """Return the distinct factorisations of y's ancestors with x set, and which of them every graph has.

    Entry (f, v) is the mask of v's parents, or -1 where v has no factor.
    """
    cut = graphs.copy()
    cut[:, :, x] = False
    relevant = graph.transitive_closure(cut)[:, :, y]
    relevant[:, x] = False
    masks = np.where(relevant, graph.parent_masks(cut), -1)
    families, family_of = np.unique(masks, axis=0, return_inverse=True)
    return families, family_of.reshape(-1)


def _distributions(
    parameters: DiscreteParameters,
    masks: Int64[np.ndarray, " d"],
    x: int,
    y: int,
    num_draws: int,
    rng: np.random.Generator,
    cache: dict[tuple[int, int], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws of P(y | do(x)), shape (num_draws, r_x, r_y), and its mean, of one factorisation."""
    families = {}
    for node in np.flatnonzero(masks >= 0).tolist():
        parents = tuple(np.flatnonzero(subsets.unpack(masks[[node]], parameters.d)[0]).tolist())
        key = (node, int(masks[node]))
        if key not in cache:
            cache[key] = parameters.concentrations(node, parents)
        families[node] = (parents, cache[key])
    scopes = [(*parents, node) for node, (parents, _) in families.items()]
    order, cells = elimination_order(scopes, (x, y), parameters.cardinalities)
    shape = (parameters.cardinalities[x], parameters.cardinalities[y])
    exact = cells <= MAX_CELLS
    infer = _summed if exact else _simulated
    expected = {node: expected_table(a)[None] for node, (_, a) in families.items()}
    parents_of = {node: parents for node, (parents, _) in families.items()}
    mean = infer(expected, parents_of, order, x, y, shape, rng)[0]
    samples = np.empty((num_draws, *shape))
    step = max(1, MAX_CELLS // max(cells if exact else 1, *(a.size for _, a in families.values())))
    for start in range(0, num_draws, step):
        part = slice(start, min(start + step, num_draws))
        tables = {node: sample_tables(a, part.stop - part.start, rng) for node, (_, a) in families.items()}
        samples[part] = infer(tables, parents_of, order, x, y, shape, rng)
    return samples, mean


def _summed(
    tables: dict[int, np.ndarray],
    parents_of: dict[int, tuple[int, ...]],
    order: list[int],
    x: int,
    y: int,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> np.ndarray:
    factors = [Factor((*parents_of[node], node), table) for node, table in tables.items()]
    summed = sum_product(factors, order, (x, y))
    return np.broadcast_to(summed, (len(summed), *shape))


def _simulated(
    tables: dict[int, np.ndarray],
    parents_of: dict[int, tuple[int, ...]],
    order: list[int],
    x: int,
    y: int,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> np.ndarray:
    """Return frequencies in simulated rows, causes first, the same number with x in each state."""
    batch = len(tables[y])
    frequencies = np.empty((batch, *shape))
    waiting, causes_first = dict(parents_of), [x]
    while waiting:
        ready = next(v for v, parents in waiting.items() if set(parents) <= set(causes_first))
        causes_first.append(ready)
        del waiting[ready]
    for b in range(batch):
        codes = {x: np.repeat(np.arange(shape[0]), SIMULATED_ROWS)}
        for node in causes_first[1:]:
            at = tuple(codes[p] for p in parents_of[node])
            cumulative = np.broadcast_to(tables[node][b][at], (len(codes[x]), tables[node].shape[-1])).cumsum(
                1
            )
            below = rng.random((len(codes[x]), 1)) >= cumulative[:, :-1]
            codes[node] = below.sum(axis=1)
        cells = codes[x] * shape[1] + codes[y]
        counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
        frequencies[b] = counts / SIMULATED_ROWS
    return frequencies
