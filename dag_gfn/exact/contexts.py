"""The exact posterior of a table with contexts: these close no cycle, so they are summed out of each family first."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.exact.best_dag import BestDag, best_dag
from dag_gfn.exact.dag_dp import ExactMarginals, exact_marginals
from dag_gfn.exact.dag_recursion import DagRecursion, Progress, complete_of
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import pack, parent_sets, remove_bit, unpack
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.features import feature_marginals, monte_carlo_error
from dag_gfn.scores import ScoreTable

_ROWS_AT_ONCE = 1 << 22
"""Numbers of context sets of draws that are in memory at once."""


@dataclass(eq=False)
class SummedTable:
    r"""The complete table of the variables, its families summed over the contexts, or the best of these.

    A context has no parents. So :math:`\sum_G R(G)` over DAGs on variables and contexts is that over DAGs on the
    variables alone, with the weights :math:`\sum_C w_j(P \cup C)` over all sets C of contexts.

    Attributes
    ----------
    d : int
        Number of variables v.
    complete : array, shape (v, 2^(v-1)), float64
        The log-weights.
    by_contexts : array, shape (v, 2^(v-1), 2^k), float64
        :math:`\log w_j(P \cup C)`, for each set C of the k contexts.
    variables, contexts : tuple of int
        Positions among all nodes.

    Examples
    --------
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.exact.contexts import SummedTable
    >>> from dag_gfn.scores import Constraints, ScoreTable, make_score
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "y": [3.0, 1.0, 1.0], "lab": ["a", "b", "a"]})
    >>> score = make_score("bge", dag_gfn.from_frame(frame, context=["lab"]).standardize())
    >>> table = ScoreTable.build(score, None, Constraints.none(3).with_contexts([2], score.names))
    >>> SummedTable.of(table).by_contexts.shape
    (2, 2, 2)
    """

    d: int
    complete: Float64[np.ndarray, "v sets"] | None
    by_contexts: Float64[np.ndarray, "v sets context_sets"]
    variables: tuple[int, ...]
    contexts: tuple[int, ...]

    @classmethod
    def of(cls, table: ScoreTable) -> "SummedTable":
        """Return the summed table of a complete one."""
        complete, contexts = complete_of(table), table.contexts
        variables = tuple(j for j in range(table.d) if j not in contexts)
        v = len(variables)
        context_sets = _spread(np.arange(1 << len(contexts), dtype=np.int64), contexts)
        by_contexts = np.empty((v, 1 << (v - 1), len(context_sets)))
        for position, node in enumerate(variables):
            own = _spread(parent_sets(position, v), variables)
            by_contexts[position] = complete[node, remove_bit(own[:, None] | context_sets, node)]
        return cls(v, _log_sum(by_contexts), by_contexts, variables, contexts)

    def best(self) -> BestDag:
        """Return a DAG of largest log R over all nodes; see :func:`best_dag`."""
        found = best_dag(_Best(self.d, self.by_contexts.max(axis=-1)))
        own = pack(found.adjacency.T[None])[0]  # (v,)
        rows = [
            self.by_contexts[position, int(remove_bit(own[position : position + 1], position)[0])]
            for position in range(self.d)
        ]
        chosen = np.array([[int(row.argmax()) for row in rows]], dtype=np.int64)
        return BestDag(self.adjacency(found.adjacency[None], chosen)[0], found.log_score)

    def context_edges(self, sets: Float64[np.ndarray, "v sets"]) -> Float64[np.ndarray, "k v"]:
        """Return P(context → variable) from the probabilities of all parent sets among the variables."""
        with np.errstate(invalid="ignore"):
            share = np.exp(self.by_contexts - complete_of(self)[..., None])
        share = np.where(np.isfinite(complete_of(self))[..., None], share, 0.0)
        members = unpack(np.arange(share.shape[-1], dtype=np.int64), len(self.contexts)).astype(np.float64)
        return np.einsum("vs,vsc,ck->kv", sets, share, members, optimize=True)

    def draw_contexts(
        self, adjacency: Bool[np.ndarray, "n v v"], rng: np.random.Generator
    ) -> Int64[np.ndarray, "n v"]:
        """Return for each variable of each drawn DAG the set of its context parents, drawn given its other parents."""
        own, chosen = pack(adjacency.swapaxes(-1, -2)), np.empty(adjacency.shape[:2], dtype=np.int64)
        step = max(1, _ROWS_AT_ONCE // self.by_contexts.shape[-1])
        for position in range(self.d):
            places = remove_bit(own[:, position], position)
            for start in range(0, len(places), step):
                here = places[start : start + step]
                log_weights = self.by_contexts[position, here]
                shares = np.exp(log_weights - complete_of(self)[position, here][:, None]).cumsum(axis=-1)
                aim = rng.random(len(here)) * shares[:, -1]
                chosen[start : start + step, position] = (shares <= aim[:, None]).sum(axis=-1)
        return chosen

    def adjacency(
        self, own: Bool[np.ndarray, "n v v"], contexts: Int64[np.ndarray, "n v"]
    ) -> Bool[np.ndarray, "n d d"]:
        """Return DAGs over all nodes, from those over the variables and the sets of context parents."""
        whole = np.zeros((len(own), self.d + len(self.contexts), self.d + len(self.contexts)), dtype=bool)
        whole[np.ix_(range(len(own)), self.variables, self.variables)] = own
        members = unpack(contexts, len(self.contexts))  # (n, v, k)
        whole[np.ix_(range(len(own)), self.contexts, self.variables)] = members.swapaxes(-1, -2)
        return whole


@dataclass(eq=False)
class _Best:
    d: int
    complete: Float64[np.ndarray, "v sets"] | None


def posterior_beside_contexts(
    table: ScoreTable,
    *,
    num_samples: int,
    rng: np.random.Generator,
    on_sum: Progress | None = None,
    on_probabilities: Progress | None = None,
    on_draws: Progress | None = None,
) -> tuple[GraphPosterior, ExactMarginals, BestDag]:
    """Return the exact posterior of a table with contexts, what was computed of the variables, and the best DAG.

    The probabilities of edges, from contexts too, are exact, and so are the evidence and those of paths between
    variables; paths that begin at a context are counted in the draws. The cost is that of the variables alone, beside
    the table.

    Parameters
    ----------
    table : ScoreTable
        Complete, with contexts and at least two variables.
    num_samples : int
    rng : numpy.random.Generator
    on_sum, on_probabilities, on_draws : callable, optional
        Called with the share of each part of the work that is done.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.exact.contexts import posterior_beside_contexts
    >>> from dag_gfn.scores import Constraints, ScoreTable, make_score
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "y": [3.0, 1.0, 1.0], "lab": ["a", "b", "a"]})
    >>> score = make_score("bge", dag_gfn.from_frame(frame, context=["lab"]).standardize())
    >>> table = ScoreTable.build(score, None, Constraints.none(3).with_contexts([2], score.names))
    >>> posterior, _, _ = posterior_beside_contexts(table, num_samples=10, rng=np.random.default_rng(0))
    >>> posterior.marginal("edge").source, float(posterior.marginal("edge").values[0, 2])
    ('exact', 0.0)
    """
    summed = SummedTable.of(table)
    recursion = DagRecursion(complete_of(summed))
    recursion.solve(with_sources=True, progress=on_sum)
    marginals = exact_marginals(summed, parent_sets=True, recursion=recursion, progress=on_probabilities)
    assert marginals.parent_sets is not None  # asked for
    recursion.sole_source = None  # as large as the table, and drawing has arrays of its own
    drawn = DagSampler(summed, recursion=recursion).sample(num_samples, rng=rng, progress=on_draws)
    graphs = summed.adjacency(drawn.adjacency, summed.draw_contexts(drawn.adjacency, rng))
    edge = np.zeros((table.d, table.d))
    edge[np.ix_(summed.variables, summed.variables)] = marginals.edge
    edge[np.ix_(summed.contexts, summed.variables)] = summed.context_edges(marginals.parent_sets)
    posterior = GraphPosterior.from_samples(
        table.names,
        graphs,
        table.log_reward(graph.parent_masks(graphs)),
        marginals={"edge": Marginal(edge.clip(0.0, 1.0), "exact")},
        log_evidence=marginals.log_evidence,
    )
    path = feature_marginals("path", posterior.graphs, posterior.weights)
    error = monte_carlo_error(path, num_samples)
    between = np.ix_(summed.variables, summed.variables)
    path[between], error[between] = marginals.path, 0.0
    posterior.marginals["path"] = Marginal(np.maximum(path, edge.clip(0.0, 1.0)), "samples", error)
    return posterior, marginals, summed.best()


def _spread(sets: Int64[np.ndarray, " m"], nodes: tuple[int, ...]) -> Int64[np.ndarray, " m"]:
    """Return sets over some nodes, as bitmasks over these, as bitmasks over all nodes."""
    whole = np.zeros_like(sets)
    for k, node in enumerate(nodes):
        whole |= (sets >> np.int64(k) & 1) << np.int64(node)
    return whole


def _log_sum(values: Float64[np.ndarray, "v sets c"]) -> Float64[np.ndarray, "v sets"]:
    largest = values.max(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.log(np.exp(values - np.where(np.isfinite(largest), largest, 0.0)[..., None]).sum(axis=-1))
    return np.where(np.isfinite(largest), largest + total, -np.inf)
