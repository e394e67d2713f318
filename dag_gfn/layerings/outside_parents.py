r"""Corrections for parents outside the candidates, which the weights of layerings take as independent.

In these weights, nodes outside the candidates join a parent set independently of all else
(:mod:`dag_gfn.layerings.layer_weights`). Given a layering, draw sets :math:`T_1, \dots, T_m` of a node by these weights
:math:`\tilde w_v`, and let :math:`a_j = w_v(T_j) / \tilde w_v(T_j)` be the ratio of the true weight to it. Then

.. math:: E[\bar a_v] = E\Big[\frac{1}{m} \sum_j a_j\Big] = \frac{g_v(U, Q)}{\tilde g_v(U, Q)},

and the means of different nodes are independent. A layering whose importance weight is multiplied by their product
:math:`\prod_v \bar a_v` is therefore weighted for the true posterior, without bias, however few the draws. If one set
is kept for each node, :math:`T_j` with probability :math:`a_j / \sum_j a_j`, the result is a weighted draw of a DAG.
The sets that are not kept are auxiliary variables, whose distribution given layering and DAG sums to one.

References
----------
Andrieu and Roberts, The pseudo-marginal approach for efficient Monte Carlo computations, Annals of Statistics 37, 2009.
Andrieu, Doucet and Holenstein, Particle Markov chain Monte Carlo methods, JRSS B 72, 2010: one draw kept of several.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Float64, Int, Int64
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_parents import draw_meeting
from dag_gfn.layerings.node_weights import layer_masks, sets_before
from dag_gfn.scores import ScoreTable

_DRAWS = 16
_AT_A_TIME = 2048  # layerings


@dataclass(frozen=True, eq=False)
class ParentDraws:
    """Parents drawn given layerings, and the corrections from the approximate to the true weights.

    Attributes
    ----------
    parents : ndarray, shape (k, d), int64
        Bitmask of the parents of each node: one DAG for each layering.
    log_correction : ndarray, shape (k,), float64
        The term to add to the log-weight of each layering; -inf where all sets drawn for a node have true weight 0.
    edge : ndarray, shape (k, d, d), float32
        ``[s, i, j]`` is the share, in the true weight of the sets drawn for j, of those that contain i: about i -> j
        (row -> column).

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.outside_parents import correct_parents
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> drawn = correct_parents(weights, table, np.array([[0, 0, 1]] * 4), rng=np.random.default_rng(0))
    >>> drawn.edge.shape, drawn.edge.sum(axis=1).min(axis=0)[2] >= 1  # node 2 has one parent or two
    ((4, 3, 3), np.True_)
    """

    parents: Int64[np.ndarray, "k d"]
    log_correction: Float64[np.ndarray, " k"]
    edge: Float32[np.ndarray, "k d d"]


def correct_in_parts(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    *,
    draws: int = _DRAWS,
    rng: np.random.Generator,
) -> Iterator[tuple[slice, ParentDraws]]:
    """Yield slices of the layerings and what `correct_parents` draws for each, so that little is in memory at a time.

    The slices have a fixed size, so that the draws depend on the generator alone.

    Parameters
    ----------
    weights, table, layer_of, draws, rng
        As for `correct_parents`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.outside_parents import correct_in_parts
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> parts = correct_in_parts(weights, table, np.zeros((3_000, 3), int), rng=np.random.default_rng(0))
    >>> [len(drawn.parents) for _, drawn in parts]
    [2048, 952]
    """
    for start in range(0, len(layer_of), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        yield part, correct_parents(weights, table, layer_of[part], draws=draws, rng=rng)


def correct_parents(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    *,
    draws: int = _DRAWS,
    rng: np.random.Generator,
) -> ParentDraws:
    """Draw parents for each layering and weight them by their true scores, in threads.

    The result does not depend on the number of threads.

    Parameters
    ----------
    weights : LayerWeights
        With parents outside the candidates (`LayerWeights.has_outside`); without them there is nothing to correct.
    table : ScoreTable
        The table that the weights were built from.
    layer_of : ndarray, shape (k, d)
        Layer of each node.
    draws : int
        Parent sets to draw for each node of each layering.
    rng : numpy.random.Generator

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.outside_parents import correct_parents
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> drawn = correct_parents(weights, table, np.array([[0, 1, 1]]), rng=np.random.default_rng(0))
    >>> drawn.parents.tolist()  # the only node of the layer before is node 0
    [[0, 1, 1]]
    """
    layer_of = layer_of.astype(np.int16)
    edge = np.zeros((*layer_of.shape, weights.d), dtype=np.float32)
    streams = rng.spawn(weights.d)

    def correct(node: int) -> tuple[Int64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
        sets = draw_sets(weights, node, layer_of, draws, rng=streams[node])
        ratios = log_ratio(weights, table, node, sets)
        largest = ratios.max(axis=1, keepdims=True)
        largest[largest == -np.inf] = 0.0
        ratio = np.exp(ratios - largest)
        cumulative = ratio.cumsum(axis=1)
        total = cumulative[:, -1]
        shares = ratio / np.where(total > 0.0, total, 1.0)[:, None]
        _fill_edges(sets, shares, weights.possible.nodes[node], edge[:, :, node])
        at = streams[node].random(len(sets)) * total
        kept = np.minimum((cumulative <= at[:, None]).sum(axis=1), draws - 1)
        with np.errstate(divide="ignore"):  # log 0
            return sets[np.arange(len(sets)), kept], np.log(total / draws) + largest[:, 0]

    parents, log_means = zip(*run_chunks(correct, range(weights.d)), strict=True)
    return ParentDraws(np.stack(parents, axis=1), np.sum(log_means, axis=0), edge)


def draw_sets(
    weights: LayerWeights,
    node: int,
    layer_of: Int[np.ndarray, "k d"],
    draws: int,
    *,
    rng: np.random.Generator,
) -> Int64[np.ndarray, "k draws"]:
    """Return masks of parent sets of one node, so many for each layering, drawn by the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.outside_parents import draw_sets
    >>> weights = LayerWeights.of(np.zeros((2, 2)))
    >>> draw_sets(weights, 1, np.array([[0, 1], [1, 0]]), 3, rng=np.random.default_rng(0)).tolist()
    [[1, 1, 1], [0, 0, 0]]
    """
    sets = np.empty((len(layer_of), draws), dtype=np.int64)
    _draw_sets(weights.tables, node, layer_of.astype(np.int16), rng, sets)
    return sets


def log_ratio(
    weights: LayerWeights, table: ScoreTable, node: int, sets: Int64[np.ndarray, "*shape"]
) -> Float64[np.ndarray, "*shape"]:
    """Return log a of parent sets of one node; it is 0 within the candidates, where the weights are exact.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.outside_parents import log_ratio
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> float(log_ratio(weights, table, 0, np.array([0]))[0])  # no parents
    0.0
    """
    distinct, which = np.unique(sets, return_inverse=True)
    ratios = np.zeros(len(distinct))
    approximate = distinct & weights.tables.outside[node] != 0
    scored = distinct[approximate]
    ratios[approximate] = table.scores_of(node, scored) - weights.log_set_weights(node, scored)
    return ratios[which].reshape(sets.shape)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _draw_sets(tables, node, layer_of, rng, sets):
    """Fill `sets`, shape (k, m), with m parent sets of one node for each layering.

    `layer_of` has shape (k, d). Layerings with the same U and Q (`inside`, `last`) are served by one call, which can
    then enumerate the parent sets once for all of them.
    """
    k, m = sets.shape
    d = layer_of.shape[1]
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)
    inside, last = np.zeros(k, dtype=np.int64), np.zeros(k, dtype=np.int64)
    for s in range(k):
        layer_masks(layer_of[s], layers, earlier)
        inside[s], last[s] = sets_before(tables.nodes, node, layer_of[s], layers, earlier)
    # Equal pairs become neighbours. A collision of the key can separate some of them, which only costs time.
    order = np.argsort(inside * 31 + last)
    start = 0
    while start < k:
        first = order[start]
        end = start + 1
        while end < k and inside[order[end]] == inside[first] and last[order[end]] == last[first]:
            end += 1
        drawn = np.zeros((end - start) * m, dtype=np.int64)
        if inside[first] != 0:
            uniforms = rng.random(len(drawn))
            draw_meeting(tables, node, inside[first], last[first], uniforms, rng, drawn)
        for place in range(start, end):
            sets[order[place]] = drawn[(place - start) * m : (place - start + 1) * m]
        start = end


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _fill_edges(sets, shares, nodes, probabilities):
    """Add up, for each row of sets and each node, the shares of the sets that contain it.

    `sets` and `shares` have shape (k, m), `probabilities` (k, d); bit b of a set stands for node ``nodes[b]``.
    """
    for s in range(len(sets)):
        for m in range(sets.shape[1]):
            rest, i = sets[s, m], 0
            while rest:
                if rest & 1:
                    probabilities[s, nodes[i]] += shares[s, m]
                rest >>= 1
                i += 1
