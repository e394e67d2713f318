r"""The exact probability of each edge, given a root layering.

Averaging these probabilities over layerings is less noisy than counting edges in draws (Rao-Blackwell). With U the
nodes of all layers before that of v and Q the last of these layers, :mod:`dag_gfn.layerings.layered_parents` gives the
distribution of the parents of v, so that

.. math:: P(i \to v) = [\hat w_v(U) - \hat w_v(U \setminus i)] / g_v \text{ for } i \in Q, \qquad
          [\hat w_v(U) - \hat w_v(U \setminus i) - \hat w_v(U \setminus Q) + \hat w_v(U \setminus Q \setminus i)] / g_v
          \text{ for } i \in U \setminus Q.

Where nodes that are no candidates can be parents, the two ways in which a set meets Q are averaged by their weights.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.compilation import lean
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.node_weights import (
    CANCELLED,
    index_of,
    layer_masks,
    log_outside_factor,
    node_at,
    sets_before,
    sum_touching,
)

_SLICE = 256  # layerings that a thread takes at a time


def edge_probabilities(
    weights: LayerWeights, layer_of: Int[np.ndarray, "k d"]
) -> Float64[np.ndarray, "k d d"]:
    """Return P(i -> j | layering) for each layering; the error is at most about 1e-6.

    Parameters
    ----------
    weights : LayerWeights
    layer_of : ndarray, shape (k, d), int
        Layer of each node.

    Returns
    -------
    ndarray, shape (k, d, d), float64
        ``[s, i, j]`` is about i -> j given layering s (row -> column).

    Examples
    --------
    With nodes 0 and 1 in layer 0 and equal weights, node 2 in layer 1 has the parents {0}, {1} or {0, 1}:

    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.layered_edges import edge_probabilities
    >>> weights = LayerWeights.of(np.zeros((3, 4)))
    >>> edge_probabilities(weights, np.array([[0, 0, 1]], dtype=np.int16))[0, :, 2].round(4).tolist()
    [0.6667, 0.6667, 0.0]
    """
    probabilities = np.zeros((*layer_of.shape, weights.d))

    def fill(start: int) -> None:
        part = slice(start, start + _SLICE)
        _edge_probabilities(weights.tables, layer_of[part], probabilities[part])

    run_chunks(fill, range(0, len(layer_of), _SLICE))
    return probabilities


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _edge_probabilities(tables, layer_of, probabilities):
    """Fill `probabilities`, shape (k, d, d), column by column from the layers, shape (k, d)."""
    d = layer_of.shape[1]
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)  # masks of each layer
    for s in range(len(layer_of)):
        layer_masks(layer_of[s], layers, earlier)
        for v in range(d):
            inside, last = sets_before(tables.nodes, v, layer_of[s], layers, earlier)
            fill_edge_probabilities(tables, v, inside, last, probabilities[s, :, v])


@lean
@no_type_check
def fill_edge_probabilities(tables, node, inside, last, probabilities):
    """Fill the probability that each i is a parent of the node, shape (d,).

    `inside` and `last` are the masks U and Q; `within` and `touching` the same sets as indices of the tables.
    """
    for i in range(len(probabilities)):
        probabilities[i] = 0.0
    if inside == 0:
        return
    members, sums, nodes = tables.members[node], tables.log_sums[node], tables.nodes
    within, touching = index_of(tables, node, inside), index_of(tables, node, last)
    log_all = sums[within]  # log of ŵ(U), by which all weights below are divided
    without_last = np.exp(sums[within & ~touching] - log_all)  # sets that avoid Q
    share = -np.expm1(sums[within & ~touching] - log_all)  # sets whose candidates meet Q
    outside, met = (
        inside & tables.outside[node],
        0.0,
    )  # met: sets that meet Q by another node than a candidate
    if outside:
        met = np.expm1(log_outside_factor(tables, node, outside & last))
        _fill_outside(tables, node, outside, last, met, share, probabilities)
    if met + share < CANCELLED:
        _count_members(tables.log_weights[node], members, nodes, node, within, touching, probabilities)
        return
    for k in range(len(members)):
        bit = np.int64(1) << k
        if within & bit:
            # free: sets with member k; with_it: those of them that meet Q
            free = with_it = -np.expm1(sums[within & ~bit] - log_all)
            if not touching & bit:
                neither = np.exp(sums[within & ~touching & ~bit] - log_all)
                with_it -= without_last - neither
            probabilities[node_at(nodes, node, members[k])] = min(
                max((met * free + with_it) / (met + share), 0.0), 1.0
            )


@lean
@no_type_check
def _fill_outside(tables, node, outside, last, met, share, probabilities):
    """Fill the probabilities of parents outside the candidates.

    `met` and `share` are the weights of the two ways to meet Q. A node u of Q is a parent only in the first, where
    P(u in T | T meets Q_o) = r / (1 + r) · (1 + met) / met. A node beyond Q joins by its odds in both.
    """
    rest, u = outside, 0
    while rest:
        if rest & 1:
            alone = 1.0 / (1.0 + np.exp(-tables.log_odds[node, u]))
            given_it_meets = alone * (1.0 + met) / (met + share)
            probabilities[node_at(tables.nodes, node, u)] = given_it_meets if last >> u & 1 else alone
        rest >>= 1
        u += 1


@lean
@no_type_check
def _count_members(log_weights, members, nodes, node, within, touching, probabilities):
    """Fill the same probabilities by a sum over all sets T, for where the differences cancel."""
    largest, _ = sum_touching(log_weights, within, touching)
    total, subset = 0.0, within
    while subset:
        if subset & touching:
            weight = np.exp(log_weights[subset] - largest)
            if weight > 0.0:
                total += weight
                for k in range(len(members)):
                    if subset >> k & 1:
                        probabilities[node_at(nodes, node, members[k])] += weight
        subset = (subset - 1) & within  # the next subset, descending
    for k in range(len(members)):
        probabilities[node_at(nodes, node, members[k])] /= total
