r"""DAGs of a given root layering: exact draws, and the exact probability of each edge.

Given the layering, parents are independent: those of v, with U the earlier layers and Q the last of these, are T
with probability w_v(T) / g_v(U, Q) for T within U that meet Q. Hence

.. math:: P(i \to v) = [\hat w_v(U) - \hat w_v(U \setminus i)] / g_v \text{ for } i \in Q, \qquad
          [\hat w_v(U) - \hat w_v(U \setminus i) - \hat w_v(U \setminus Q) + \hat w_v(U \setminus Q \setminus i)] / g_v
          \text{ for } i \in U \setminus Q,

and averaging these over layerings is less noisy than counting edges in draws (Rao-Blackwell).

Where others than candidates can be parents (:mod:`dag_gfn.layerings.layer_weights`), a set meets Q in one of two ways.
Some such node of Q is in it: then its candidates are free within U, and these sets weigh
:math:`\hat w_v(U_i) (e^{\lambda(Q_o)} - 1)` up to a factor. Or none is: then candidates meet Q as above. Those of
:math:`U_o \setminus Q_o` join with probability r / (1 + r) in both.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int64
from numba import njit

from dag_gfn.graphs import graph
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.node_weights import (
    CANCELLED,
    index_of,
    layer_masks,
    log_node_weight,
    log_outside_factor,
    sum_touching,
)

_SLICE = 256  # layerings that a thread takes at a time
_UNDERFLOW = -600.0  # nats below a node's best parent set, where doubles would lose digits
_SUBSETS_A_DRAW = 256  # that are gone through as quickly as one is drawn without that


def layering_of(adjacency: Bool[np.ndarray, "*batch d d"]) -> Int64[np.ndarray, "*batch d"]:
    """Return each node's layer in one or many DAGs: the number of edges of the longest path that leads to it.

    ``adjacency[..., i, j]`` is True for i -> j (row -> column).
    """
    layer_of = np.zeros(adjacency.shape[:-1], dtype=np.int64)
    for _ in range(adjacency.shape[-1]):
        layer_of = np.where(adjacency, layer_of[..., None] + 1, 0).max(axis=-2, initial=0)
    return layer_of


def draw_dags(
    weights: LayerWeights,
    layer_of: Int8[np.ndarray, "k d"],
    *,
    rng: np.random.Generator,
    on_share: Callable[[float], None] | None = None,
) -> Bool[np.ndarray, "k d d"]:
    """Return one DAG for each layering, drawn from all that have it; O(2^|U|) for each node, and mostly far less.

    Parameters
    ----------
    weights : LayerWeights
    layer_of : ndarray, shape (k, d), int8
        Layer of each node.
    rng : numpy.random.Generator
    on_share : callable, optional
        Is told which share is done, in [0, 1].

    Returns
    -------
    ndarray, shape (k, d, d), bool
        ``[s, i, j]`` is True for i -> j in draw s (row -> column).
    """
    uniform = rng.random(layer_of.shape)
    parents = np.empty(layer_of.shape, dtype=np.int64)
    linear = np.exp(weights.log_weights)
    streams = rng.spawn(-(-len(layer_of) // _SLICE))  # whatever the number of threads
    _in_threads(
        lambda part: _draw_dags(
            weights.tables,
            linear,
            layer_of[part],
            uniform[part],
            streams[part.start // _SLICE],
            parents[part],
        ),
        len(layer_of),
        on_share,
    )
    return graph.adjacency_from_masks(parents, weights.d)


def edge_probabilities(
    weights: LayerWeights, layer_of: Int8[np.ndarray, "k d"]
) -> Float64[np.ndarray, "k d d"]:
    """Return P(i -> j | layering) for each layering, shape (k, d, d): row i, column j (row -> column).

    The error is at most about 1e-6.
    """
    probabilities = np.zeros((*layer_of.shape, weights.d))
    _in_threads(
        lambda part: _edge_probabilities(weights.tables, layer_of[part], probabilities[part]),
        len(layer_of),
    )
    return probabilities


def _in_threads(
    work: Callable[[slice], None], length: int, on_share: Callable[[float], None] | None = None
) -> None:
    """Call a function that releases the GIL on slices of range(length); tell which share is done."""
    parts = [slice(start, start + _SLICE) for start in range(0, length, _SLICE)]
    threads = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        for part, _ in zip(parts, threads.map(work, parts), strict=True):
            if on_share is not None:
                on_share(min(part.stop / length, 1.0))
    finally:
        threads.shutdown(wait=True, cancel_futures=True)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _set_at(tables, node, index):
    """Return the mask of the parent set at an index."""
    mask = np.int64(0)
    for k in range(tables.members.shape[1]):
        if index >> k & 1:
            mask |= np.int64(1) << tables.members[node, k]
    return mask


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _draw_dags(tables, linear, layer_of, uniform, rng, parents):
    d = layer_of.shape[1]
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)
    for s in range(len(layer_of)):
        layer_masks(layer_of[s], layers, earlier)
        for v in range(d):
            k = layer_of[s, v]
            parents[s, v] = 0
            if k > 0:
                draw_meeting(
                    tables, linear[v], v, earlier[k], layers[k - 1], uniform[s, v : v + 1], rng, parents[s, v : v + 1]
                )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def draw_meeting(tables, linear, node, inside, last, uniforms, rng, sets):
    """Fill masks of independent parent sets within `inside` that meet `last`, by their weight; one for each uniform.

    `linear` are the node's weights, no logs; `rng` is asked only where there are parents outside the candidates.
    """
    sets[:] = 0
    outside = inside & tables.outside[node]
    if outside == 0:
        _add_candidates(tables, linear, node, inside, last, uniforms, sets, np.arange(len(sets)))
        return
    inside, within = inside & tables.candidates[node], index_of(tables, node, inside)
    log_all = tables.log_sums[node, within]
    met = np.expm1(log_outside_factor(tables, node, outside & last))
    share = -np.expm1(tables.log_sums[node, within & ~index_of(tables, node, last)] - log_all)
    some = -np.expm1(tables.log_weights[node, 0] - log_all)
    meeting, free = np.zeros(len(sets), dtype=np.bool_), np.zeros(len(sets), dtype=np.bool_)
    for m in range(len(sets)):
        sets[m] = _draw_outside(tables, node, outside & ~last, False, rng)
        meeting[m] = rng.random() * (met + share) >= met
        if not meeting[m]:
            sets[m] |= _draw_outside(tables, node, outside & last, True, rng)
            free[m] = rng.random() < some  # else none of the candidates
    _add_candidates(tables, linear, node, inside, inside & last, uniforms, sets, np.flatnonzero(meeting))
    _add_candidates(tables, linear, node, inside, inside, uniforms, sets, np.flatnonzero(free))


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _add_candidates(tables, linear, node, inside, last, uniforms, sets, places):
    """Add to the sets in some places candidate parents within `inside` that meet `last`, by their weight."""
    if len(places) == 0:
        return
    within, touching = index_of(tables, node, inside), index_of(tables, node, last)
    log_total, bounded = log_node_weight(tables, node, inside, last, False)
    subsets, rest = 1, within
    while rest:
        rest &= rest - 1
        subsets *= 2
    enumerated = len(places) > 1 and subsets <= _SUBSETS_A_DRAW * len(places)
    if not bounded and log_total > _UNDERFLOW and not enumerated:
        left = 0
        for m in places:
            drawn = _draw_descending(linear, tables.log_sums[node], within, touching, uniforms[m])
            if drawn & touching and linear[drawn] > 0.0:
                sets[m] |= _set_at(tables, node, drawn)
            else:  # rounding has led astray
                places[left] = m
                left += 1
        places = places[:left]
    if len(places):
        _add_enumerated(tables, node, inside, last, uniforms, sets, places)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _draw_outside(tables, node, among, some, rng):
    """Return which parents outside the candidates join, each by its odds; `some` asks for one of them at least."""
    drawn, rest, u = np.int64(0), among, 0
    while rest:
        if rest & 1:
            log_odds, here = tables.log_odds[node, u], np.int64(1) << u
            share = 1.0 / (1.0 + np.exp(-log_odds))
            if some and drawn == 0:  # of what is left, it is the first to join
                left = log_outside_factor(tables, node, among >> u << u)
                share = 1.0 if rest == 1 else share / -np.expm1(-left)
            if rng.random() < share:
                drawn |= here
        rest >>= 1
        u += 1
    return drawn


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _share(sums, within, touching, log_all):
    """Return the weight of the sets in `within` that meet `touching`, relative to exp(log_all)."""
    return np.exp(sums[within] - log_all) - np.exp(sums[within & ~touching] - log_all)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _draw_descending(weights, sums, within, touching, uniform):
    """Return a set in `within` that meets `touching`, by its weight: its two largest members first.

    The sets whose largest member is at most h, and those with largest member h whose second is at most k, are
    differences of table entries. Only the sets with both members given are gone through one by one.
    """
    log_all = sums[within]
    left = uniform * _share(sums, within, touching, log_all)
    first, below_first, before = np.int64(0), np.int64(0), 0.0
    rest, seen = within, np.int64(0)
    while rest:
        member = rest & -rest
        rest ^= member
        until = _share(sums, seen | member, touching, log_all)
        first, below_first = member, seen
        if until > left:
            break
        before, seen = until, seen | member
    left -= before

    without = _share(sums, np.int64(0), touching, log_all)
    until = _share(sums, first, touching, log_all) - without
    if until > left:
        return first
    second, below_second, before = np.int64(0), np.int64(0), until
    rest, seen = below_first, np.int64(0)
    while rest:
        member = rest & -rest
        rest ^= member
        upto = seen | member
        until = _share(sums, upto | first, touching, log_all) - _share(sums, upto, touching, log_all)
        second, below_second = member, seen
        if until > left:
            break
        before, seen = until, upto
    left -= before

    scale = np.exp(-log_all)
    both, subset, chosen = first | second, np.int64(0), first | second
    while True:
        candidate = both | subset
        if candidate & touching and weights[candidate] > 0.0:
            chosen = candidate
            left -= weights[candidate] * scale
            if left < 0.0:
                return chosen
        if subset == below_second:  # rounding: the last set of positive weight
            return chosen
        subset = (subset - below_second) & below_second


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def draw_parents(tables, node, inside, last, uniform):
    """Return the mask of a parent set within `inside` that meets `last` (if that is not empty), by its weight."""
    sets = np.zeros(1, dtype=np.int64)
    if inside != 0:
        _add_enumerated(tables, node, inside, last, np.full(1, uniform), sets, np.zeros(1, dtype=np.int64))
    return sets[0]


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _add_enumerated(tables, node, inside, last, uniforms, sets, places):
    """Add such parents to the sets in some places, having gone through all of up to 2^|inside| twice."""
    within, touching = index_of(tables, node, inside), index_of(tables, node, last)
    weights = tables.log_weights[node]
    free = last == 0
    if free:
        touching = within
    largest, total = sum_touching(weights, within, touching)
    if free and weights[0] > -np.inf:  # the empty set meets nothing
        top = max(largest, weights[0])
        total = total * np.exp(largest - top) + np.exp(weights[0] - top)
        largest = top
    order = places[np.argsort(uniforms[places])]
    subset, chosen, until, done = within, np.int64(0), 0.0, 0
    while True:
        if free or subset & touching:
            weight = np.exp(weights[subset] - largest)
            if weight > 0.0:
                chosen = subset
                until += weight
                while done < len(order) and until > uniforms[order[done]] * total:
                    sets[order[done]] |= _set_at(tables, node, chosen)
                    done += 1
        if subset == 0 or done == len(order):
            break
        subset = (subset - 1) & within
    for m in order[done:]:  # rounding: the last set of positive weight
        sets[m] |= _set_at(tables, node, chosen)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _edge_probabilities(tables, layer_of, probabilities):
    d = layer_of.shape[1]
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)
    for s in range(len(layer_of)):
        layer_masks(layer_of[s], layers, earlier)
        for v in range(d):
            k = layer_of[s, v]
            last = layers[k - 1] if k > 0 else np.int64(0)
            fill_edge_probabilities(tables, v, earlier[k], last, probabilities[s, :, v])


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def fill_edge_probabilities(tables, node, inside, last, probabilities):
    """Fill the probability that each i is a parent of the node, shape (d,)."""
    probabilities[:] = 0.0
    if inside == 0:
        return
    members, sums = tables.members[node], tables.log_sums[node]
    within, touching = index_of(tables, node, inside), index_of(tables, node, last)
    log_all = sums[within]
    without_last = np.exp(sums[within & ~touching] - log_all)
    share = -np.expm1(sums[within & ~touching] - log_all)
    outside, met = inside & tables.outside[node], 0.0
    if outside:
        met = np.expm1(log_outside_factor(tables, node, outside & last))
        _fill_outside(tables, node, outside, last, met, share, probabilities)
    if met + share < CANCELLED:
        _count_members(tables.log_weights[node], members, within, touching, probabilities)
        return
    for k in range(len(members)):
        bit = np.int64(1) << k
        if within & bit:
            free = with_it = -np.expm1(sums[within & ~bit] - log_all)
            if not touching & bit:
                neither = np.exp(sums[within & ~touching & ~bit] - log_all)
                with_it -= without_last - neither
            probabilities[members[k]] = min(max((met * free + with_it) / (met + share), 0.0), 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _fill_outside(tables, node, outside, last, met, share, probabilities):
    """Fill the probabilities of parents outside the candidates; `met` and `share` weigh the two ways of meeting Q."""
    rest, u = outside, 0
    while rest:
        if rest & 1:
            alone = 1.0 / (1.0 + np.exp(-tables.log_odds[node, u]))
            probabilities[u] = alone * (1.0 + met) / (met + share) if last >> u & 1 else alone
        rest >>= 1
        u += 1


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _count_members(log_weights, members, within, touching, probabilities):
    """Fill the same term by term, where differences cancel."""
    largest, _ = sum_touching(log_weights, within, touching)
    total, subset = 0.0, within
    while subset:
        if subset & touching:
            weight = np.exp(log_weights[subset] - largest)
            if weight > 0.0:
                total += weight
                for k in range(len(members)):
                    if subset >> k & 1:
                        probabilities[members[k]] += weight
        subset = (subset - 1) & within
    for member in members:
        probabilities[member] /= total
