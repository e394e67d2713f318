"""Exact flows of the GFlowNet that adds edges in any order: what a trained one should have learned.

With the uniform backward policy, the flow through a DAG s with k edges is the sum over all DAGs x that contain it,

    F(s) = sum_{x >= s} R(x) / C(|x|, k),

since k of the edges of x are the first k with probability 1 / C(|x|, k) each. The binomial coefficient is a mean over a
number t with the density k (1 - t)^(k - 1) on [0, 1],

    1 / C(|x|, k) = E[t^(|x| - k)],

so F(s) is a mean of evidences in which the edges of s are required and every further edge is discounted by t. Each is a
run of the exact recursion over DAGs, and a Gauss-Jacobi rule with half as many points as there may be further edges
gives the mean exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import logsumexp, roots_sh_jacobi

from dag_gfn.exact.dag_dp import exact_marginals, log_evidence
from dag_gfn.exact.dag_recursion import CompleteTable, complete_of
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import parent_sets, popcount, remove_bit


def log_flow(table: CompleteTable, parents: Int64[np.ndarray, " d"]) -> float:
    """Return log F(s) of a DAG that is given by its parent sets.

    Parameters
    ----------
    table : CompleteTable
        A complete `ScoreTable` without required edges.
    parents : ndarray, shape (d,), int64
        Bitmasks.

    Raises
    ------
    NotTractable
        If the table is not complete.
    ConstraintError
        If no DAG that contains s has support.

    Examples
    --------
    Three DAGs of weight 1 on two nodes. An edge leads nowhere further, and all flow begins at the empty graph:

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.edge_flows import log_flow
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))
    >>> [round(float(np.exp(log_flow(table, np.array(parents)))), 9) for parents in ([0, 0], [0, 1])]
    [3.0, 1.0]
    """
    discounted = _Discounted.of(table, parents)
    k = int(popcount(parents).sum())
    return float(discounted.mean_over(k, lambda at, _: np.asarray(log_evidence(at))))


def log_policy(
    table: CompleteTable, parents: Int64[np.ndarray, " d"]
) -> tuple[Float64[np.ndarray, "d d"], float]:
    """Return the log-probabilities of the exact policy at a DAG: of adding each edge, and of stopping.

    Parameters
    ----------
    table, parents
        As for `log_flow`.

    Returns
    -------
    edges : ndarray, shape (d, d), float64
        Row → column; -inf where the edge is there, closes a cycle or has no support.
    stop : float

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.edge_flows import log_policy
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # each of the three DAGs has probability 1/3
    >>> edges, stop = log_policy(table, np.array([0, 0]))
    >>> np.exp(edges).round(4).tolist(), round(float(np.exp(stop)), 4)
    ([[0.0, 0.3333], [0.3333, 0.0]], 0.3333)
    """
    discounted = _Discounted.of(table, parents)
    k, d = int(popcount(parents).sum()), len(parents)

    def with_edge(at: CompleteTable, t: float) -> Float64[np.ndarray, "d d"]:
        found = exact_marginals(at)
        with np.errstate(divide="ignore"):
            return np.asarray(found.log_evidence + np.log(found.edge) - np.log(t))

    here = log_flow(table, parents)
    edges = discounted.mean_over(k + 1, with_edge) - np.log(k + 1.0) - here
    adjacency = graph.adjacency_from_masks(parents, d)
    impossible = adjacency | graph.path_matrix(adjacency).T | np.eye(d, dtype=bool)
    own = discounted.weights[np.arange(d), remove_bit(parents, np.arange(d))]
    return np.where(impossible, -np.inf, edges), float(own.sum() - here)


@dataclass
class _Weights:
    """A complete table of log-weights, as the recursion reads it."""

    d: int
    complete: Float64[np.ndarray, "d sets"] | None


@dataclass(frozen=True)
class _Discounted:
    """Weights of the DAGs that contain s, with the number of further edges of each parent set."""

    weights: Float64[np.ndarray, "d sets"]
    required: Float64[np.ndarray, "d sets"]
    further: Int64[np.ndarray, "d sets"]

    @classmethod
    def of(cls, table: CompleteTable, parents: Int64[np.ndarray, " d"]) -> "_Discounted":
        weights = complete_of(table)
        sets = np.stack([parent_sets(node, len(weights)) for node in range(len(weights))])
        contains = sets & parents[:, None] == parents[:, None]
        further = popcount(sets) - popcount(parents)[:, None]
        return cls(weights, np.where(contains, weights, -np.inf), further)

    def mean_over(self, k: int, log_value: Callable[[CompleteTable, float], Any]) -> Any:
        """Return the log of the mean of exp(log_value) over t with the density k (1 - t)^(k - 1); t = 1 for k = 0."""
        d = len(self.weights)
        if k == 0:
            return log_value(_Weights(d, self.required), 1.0)
        points, shares = roots_sh_jacobi(d * (d - 1) // 4 + 1, k, 1)
        terms = [
            np.log(share) + log_value(_Weights(d, self.required + self.further * np.log(t)), t)
            for t, share in zip(points.tolist(), (shares / shares.sum()).tolist(), strict=True)
        ]
        return logsumexp(np.stack(terms), axis=0)
