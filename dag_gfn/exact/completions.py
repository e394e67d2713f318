r"""How well a partly built DAG can end: the largest log R of its completions, by dynamic programming.

A DAG is built by adding nodes with parents among those that are there already. Let U be the nodes that are there. A
node i that is not can be kept from having come earlier: then its parents must not all lie within a set :math:`B_i
\subseteq U`. Without such sets, the largest sum of log-weights of the other nodes is

.. math:: N(U) = \max_{i \notin U} N(U \cup i) + \max_{T \subseteq U} \log w_i(T), \qquad N(V) = 0,

and with them, over all :math:`W \supseteq U`, the same with :math:`T \subseteq W, T \not\subseteq B_i`.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float64, Int32
from numba import njit

from dag_gfn.chunked import run_chunks

FREE = -1
"""In place of a set B_i: node i may have any parents."""


class Completions(NamedTuple):
    """What the bounds are read off.

    Attributes
    ----------
    weights : ndarray, shape (d, 2^(d-1)), float64
        log w_j(P) at ``[j, remove_bit(P, j)]``.
    families : ndarray, shape (d, 2^(d-1)), int32
        Indices of the parent sets of each node, the largest weight first.
    within : ndarray, shape (d, 2^(d-1)), float64
        The largest weight of a parent set within each set.
    holding : ndarray, shape (d, d, 2^(d-1)), float64
        At ``[j, k, remove_bit(W, j)]``: the largest weight of a parent set within W that holds k.
    free : ndarray, shape (2^d,), float64
        N(U).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.completions import completions
    >>> weights = np.zeros((2, 2))
    >>> weights[1, 1] = 2.0  # the parent set {0} of node 1
    >>> completions(weights).free.tolist()  # of the sets {}, {0}, {1} and {0, 1}
    [2.0, 2.0, 0.0, 0.0]
    """

    weights: Float64[np.ndarray, "d sets"]
    families: Int32[np.ndarray, "d sets"]
    within: Float64[np.ndarray, "d sets"]
    holding: Float64[np.ndarray, "d d sets"]
    free: Float64[np.ndarray, " all"]


def completions(weights: Float64[np.ndarray, "d sets"]) -> Completions:
    """Return the tables, in O(d³ 2^d) time; `holding` takes the memory of d score tables.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.completions import completions
    >>> weights = np.zeros((2, 2))
    >>> weights[1, 1] = 2.0  # the parent set {0} of node 1
    >>> tables = completions(weights)
    >>> tables.within.tolist(), tables.holding[1, 0].tolist()
    ([[0.0, 0.0], [0.0, 2.0]], [-inf, 2.0])
    """
    d, sets = weights.shape
    families = np.empty((d, sets), dtype=np.int32)
    within, holding = np.empty((d, sets)), np.empty((d, d, sets))

    def fill(node: int) -> None:
        families[node] = np.argsort(-weights[node], kind="stable")
        _fill(weights, within, holding, node)

    run_chunks(fill, range(d), parallel=d > 12)
    free = np.empty(1 << d)
    _complete(within, free)
    return Completions(weights, families, within, holding, free)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(inline="always")
@no_type_check
def packed(nodes, j):
    """Return a set of nodes without node j as an index: the bits above j move down by one.

    Examples
    --------
    >>> from dag_gfn.exact.completions import packed
    >>> bin(packed(0b1001, 1))
    '0b101'
    """
    below = (1 << j) - 1
    return nodes & below | (nodes >> 1) & ~below


@njit(inline="always")
@no_type_check
def unpacked(index, j):
    """Return the set of nodes of an index; see `packed`.

    Examples
    --------
    >>> from dag_gfn.exact.completions import unpacked
    >>> bin(unpacked(0b101, 1))
    '0b1001'
    """
    below = (1 << j) - 1
    return index & below | (index & ~below) << 1


@njit(cache=True, nogil=True)
@no_type_check
def _fill(weights, within, holding, j):
    """Fill the maxima over subsets of one node, by one bit after another."""
    d, sets = weights.shape
    for k in range(d):
        table = within[j] if k == j else holding[j, k]
        needed = 0 if k == j else packed(1 << k, j)
        for index in range(sets):
            table[index] = weights[j, index] if index & needed == needed else -np.inf
        for b in range(d - 1):
            bit = 1 << b
            for index in range(sets):
                if index & bit and table[index ^ bit] > table[index]:
                    table[index] = table[index ^ bit]
    holding[j, j] = -np.inf


@njit(cache=True, nogil=True)
@no_type_check
def _complete(within, free):
    """Fill N(U) of every set U, supersets first."""
    d = len(within)
    free[-1] = 0.0
    for inside in range(len(free) - 2, -1, -1):
        best = -np.inf
        for i in range(d):
            if not inside >> i & 1:
                best = max(best, within[i, packed(inside, i)] + free[inside | 1 << i])
        free[inside] = best


@njit(cache=True, nogil=True)
@no_type_check
def largest_weight(tables, i, inside, barred):
    """Return the largest weight of parents of node i within a set and, unless FREE, not all within the barred set.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.completions import completions, largest_weight
    >>> tables = completions(np.array([[0.0, 0.0], [0.0, -2.0]]))
    >>> largest_weight(tables, 1, 0b01, -1), largest_weight(tables, 1, 0b01, 0b00)
    (0.0, -2.0)
    """
    at = packed(inside, i)
    best = tables.within[i, at]
    if barred == FREE or tables.within[i, packed(inside & barred, i)] < best:
        return best
    best = -np.inf
    others = inside & ~barred
    for k in range(len(tables.within)):
        if others >> k & 1:
            best = max(best, tables.holding[i, k, at])
    return best


@njit(cache=True, nogil=True)
@no_type_check
def completion(tables, inside, barred, work):
    """Return the largest sum of log-weights of the nodes outside a set, given the barred set B_i of each.

    `barred`, shape (d,), holds FREE for nodes that may have any parents. `work`, shape (2^d,), is overwritten.

    Examples
    --------
    Node 0 may not have been there before node 1, and so it has node 1 as a parent:

    >>> import numpy as np
    >>> from dag_gfn.exact.completions import completion, completions
    >>> tables = completions(np.array([[0.0, -3.0], [0.0, -2.0]]))
    >>> completion(tables, 0b10, np.array([0, -1], dtype=np.int32), np.empty(4))
    -3.0
    """
    d = len(tables.within)
    outside = (1 << d) - 1 & ~inside
    bound = False
    for i in range(d):
        bound |= outside >> i & 1 and barred[i] != FREE
    if not bound:
        return tables.free[inside]
    work[-1] = 0.0
    added = outside
    while added:
        added = (added - 1) & outside
        now = inside | added
        best = -np.inf
        for i in range(d):
            if not now >> i & 1:
                after = work[now | 1 << i]
                if after > -np.inf and after + tables.within[i, packed(now, i)] > best:
                    best = max(best, after + largest_weight(tables, i, now, np.int64(barred[i])))
        work[now] = best
    return work[inside]
