"""The most probable DAG, by exact dynamic programming."""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Bool
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.errors import ConstraintError
from dag_gfn.exact.dag_recursion import CompleteTable, complete_of
from dag_gfn.graphs import graph


class BestDag(NamedTuple):
    """A most probable DAG. Others can be equally probable: under many scores, all that are Markov equivalent to it.

    Attributes
    ----------
    adjacency : array, shape (d, d), bool
        True at (i, j) for the edge i → j (row → column).
    log_score : float
        Its log R, the largest of all DAGs.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.best_dag import best_dag
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # all DAGs have the same weight
    >>> table.complete[1, 1] = 2.0  # the parent set {0} of node 1
    >>> best_dag(table).log_score
    2.0
    """

    adjacency: Bool[np.ndarray, "d d"]
    log_score: float


def best_dag(table: CompleteTable) -> BestDag:
    r"""Return a DAG of largest log R, and its log R.

    The last node of a best DAG on U is a sink. Its parents are the best ones within the rest of U:

    .. math:: M(U) = \max_{j \in U} M(U \setminus j) + \max_{T \subseteq U \setminus j} \log w_j(T).

    Ties go to the sink of smallest index and the parent set of smallest mask. Takes O(d² 2^d) time and the memory of
    one more score table.

    Raises
    ------
    NotTractable
        If the table is not complete.
    ConstraintError
        If no DAG has support.

    References
    ----------
    Silander and Myllymäki, UAI 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.best_dag import best_dag
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # all DAGs have the same weight
    >>> table.complete[1, 1] = 2.0  # the parent set {0} of node 1
    >>> best_dag(table).adjacency.astype(int).tolist()
    [[0, 1], [0, 0]]
    """
    log_weights = complete_of(table)
    d = len(log_weights)
    best_within = np.empty_like(log_weights)

    def fill(node: int) -> None:
        best_within[node] = log_weights[node]
        for bit in range(d - 1):
            halves = best_within[node].reshape(-1, 2, 1 << bit)  # (higher bits, without | with, lower bits)
            np.maximum(halves[:, 1], halves[:, 0], out=halves[:, 1])

    run_chunks(fill, range(d), parallel=d > 12)
    best, sinks = np.empty(1 << d), np.zeros(1 << d, dtype=np.int8)
    _choose_sinks(best_within, best, sinks)
    if best[-1] == -np.inf:
        raise ConstraintError(f"no DAG on the {d} nodes satisfies the constraints: drop some of them")
    parents = np.zeros(d, dtype=np.int64)
    _choose_parents(log_weights, best_within, sinks, parents)
    indices = [int(p) & (1 << j) - 1 | int(p) >> j + 1 << j for j, p in enumerate(parents)]
    log_score = float(log_weights[np.arange(d), indices].sum())
    return BestDag(graph.adjacency_from_masks(parents, d), log_score)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _choose_sinks(best_within, best, sinks):
    """Fill the best score M(U) of every set U and its sink, both of shape (2^d,); subsets come before supersets.

    `best_within`, shape (d, 2^(d-1)), holds the largest log w_j(T) over T within each set.
    """
    d = len(best_within)
    best[0] = 0.0
    for inside in range(1, len(best)):
        best[inside] = -np.inf
        for j in range(d):
            if inside >> j & 1:
                rest = inside ^ (1 << j)
                below = (1 << j) - 1  # remove_bit(rest, j) gives the index
                score = best[rest] + best_within[j, rest & below | (rest >> 1) & ~below]
                if score > best[inside]:
                    best[inside], sinks[inside] = score, j


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _choose_parents(log_weights, best_within, sinks, parents):
    """Fill the parents of every node, masks of shape (d,), by removing one sink after another from all nodes.

    For each sink, the first subset of the rest whose weight is the best one is found by enumeration.
    """
    inside = len(sinks) - 1
    while inside:
        j = np.int64(sinks[inside])
        inside ^= 1 << j
        below = (1 << j) - 1
        within = inside & below | (inside >> 1) & ~below
        chosen = 0
        while log_weights[j, chosen] != best_within[j, within]:
            chosen = (chosen - within) & within  # the next subset, ascending
        parents[j] = chosen & below | (chosen & ~below) << 1
