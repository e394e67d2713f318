r"""Compiled draws of one node's parents, given a root layering.

Given the layering, the parents of different nodes are independent. With U the nodes of all earlier layers and Q the
layer just before the node v, its parent set is T with probability :math:`w_v(T) / g_v(U, Q)`, for each T within U that
meets Q (:mod:`dag_gfn.layerings.layer_weights` defines the weights).

Where nodes that are no candidates can be parents, a set meets Q in one of two ways. With subscripts i and o for the
candidates of a set and its other members, and :math:`\lambda(O) = \sum_{u \in O} \log(1 + r_{vu})`:

- Some member of :math:`Q_o` is in the set. Then the candidates are free within :math:`U_i`. Up to a common factor these
  sets weigh :math:`\hat w_v(U_i) (e^{\lambda(Q_o)} - 1)`.
- No member of :math:`Q_o` is. Then the candidates must meet :math:`Q_i`, and these sets weigh
  :math:`\hat w_v(U_i) - \hat w_v(U_i \setminus Q_i)` up to the same factor.

In both, each member u of :math:`U_o \setminus Q_o` joins with probability :math:`r_{vu} / (1 + r_{vu})`.

All functions take the `CompiledTables` of the weights as `tables`. `inside` and `last` are the masks U and Q. `within`
and `touching` are the same sets as indices into a row of the tables, which know candidates only.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.layerings.node_weights import (
    CANCELLED,
    NEGLIGIBLE,
    count_members,
    index_of,
    log_outside_factor,
    node_weight_terms,
    sum_touching,
)

_NEGLIGIBLE = NEGLIGIBLE + np.log(CANCELLED)
"""Nats relative to all sets, of which a share of at least `CANCELLED` meets the last layer."""
_LOOKUPS = 16  # subsets that can be gone through in the time of two look-ups
_MEETING, _FREE, _NONE = 0, 1, 2  # the candidates have to meet Q, or be some, or none
_SUBSETS_A_DRAW = 256  # subsets that can be enumerated in the time of one draw without enumeration


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@lean
@no_type_check
def _set_at(tables, node, index):
    """Return the mask of the parent set at an index: bit k of the index stands for candidate number k."""
    mask = np.int64(0)
    for k in range(tables.members.shape[1]):
        if index >> k & 1:
            mask |= np.int64(1) << tables.members[node, k]
    return mask


@lean
@no_type_check
def draw_one(tables, node, inside, last, uniform, rng):
    """Return the mask of a parent set within `inside` that meets `last`, drawn by its weight.

    `uniform` is the random number that chooses the candidates. `rng` is used only where there are parents outside them.
    """
    outside = inside & tables.outside[node]
    if outside == 0:
        return _draw_candidates(tables, node, inside, last, uniform)
    drawn, way = _draw_way(tables, node, inside, last, rng)
    if way == _MEETING:
        drawn |= _draw_candidates(tables, node, inside, last, uniform)
    elif way == _FREE:  # to meet all of U_i is to be any set but the empty one
        drawn |= _draw_candidates(tables, node, inside, inside, uniform)
    return drawn


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def draw_meeting(tables, node, inside, last, uniforms, rng, sets):
    """Fill `sets` with masks of such parent sets, one for each of the `uniforms`, both of shape (m,).

    They are those of `draw_one`, but for the order in which sets are gone through.
    """
    if inside & tables.outside[node] == 0:
        sets[:] = 0
        _add_candidates(tables, node, inside, last, uniforms, sets, np.arange(len(sets)))
        return
    way = np.empty(len(sets), dtype=np.int64)
    for m in range(len(sets)):
        sets[m], way[m] = _draw_way(tables, node, inside, last, rng)
    _add_candidates(tables, node, inside, last, uniforms, sets, np.flatnonzero(way == _MEETING))
    _add_candidates(tables, node, inside, inside, uniforms, sets, np.flatnonzero(way == _FREE))


@lean
@no_type_check
def draw_within(tables, node, inside, rng):
    """Return the mask of a parent set within `inside`, drawn by its weight from all, the empty one too."""
    drawn = np.int64(0)
    if inside & tables.candidates[node]:
        log_all = tables.log_sums[node, index_of(tables, node, inside)]
        if rng.random() < -np.expm1(tables.log_weights[node, 0] - log_all):  # not the empty set
            drawn = _draw_candidates(tables, node, inside, inside, rng.random())
    return drawn | _draw_outside(tables, node, inside & tables.outside[node], False, rng)


@lean
@no_type_check
def _draw_way(tables, node, inside, last, rng):
    """Return the mask of the parents outside the candidates, and what is left to draw: which candidates are parents."""
    outside, within = inside & tables.outside[node], index_of(tables, node, inside)
    log_all = tables.log_sums[node, within]  # log of ŵ(U_i), by which all weights below are divided
    met = np.expm1(log_outside_factor(tables, node, outside & last))  # sets with some member of Q_o
    share = -np.expm1(tables.log_sums[node, within & ~index_of(tables, node, last)] - log_all)  # the others
    some = -np.expm1(tables.log_weights[node, 0] - log_all)  # the candidates are not the empty set
    drawn = _draw_outside(tables, node, outside & ~last, False, rng)
    if rng.random() * (met + share) >= met:
        return drawn, _MEETING
    drawn |= _draw_outside(tables, node, outside & last, True, rng)
    return drawn, _FREE if rng.random() < some else _NONE


@lean
@no_type_check
def _draw_candidates(tables, node, inside, last, uniform):
    """Return the mask of candidate parents within `inside` that meet `last`, drawn by weight."""
    within, touching = index_of(tables, node, inside), index_of(tables, node, last)
    weights, sums = tables.log_weights[node], tables.log_sums[node]
    # Differences of table entries need a total that has not cancelled.
    if -np.expm1(sums[within & ~touching] - sums[within]) >= CANCELLED:
        drawn = _draw_descending(weights, sums, within, touching, uniform)
        if drawn & touching and weights[drawn] > sums[within] + _NEGLIGIBLE:
            return _set_at(tables, node, drawn)
    # That, or rounding led to a set of no weight: draw this one by enumeration.
    largest, total = sum_touching(weights, within, touching)
    chosen, until, subset = np.int64(0), 0.0, within
    while subset:
        if subset & touching:
            weight = np.exp(weights[subset] - largest)
            if weight > 0.0:
                chosen = subset
                until += weight
                if until > uniform * total:
                    break
        subset = (subset - 1) & within  # the next subset, descending
    return _set_at(tables, node, chosen)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _add_candidates(tables, node, inside, last, uniforms, sets, places):
    """Add candidate parents within `inside` that meet `last`, drawn by weight, to the sets at some places.

    `places` are indices of `sets` and `uniforms`.
    """
    if len(places) == 0:
        return
    _, _, bounded = node_weight_terms(tables, node, inside & tables.candidates[node], last, False)
    subsets = 1 << count_members(index_of(tables, node, inside))
    # One enumeration serves all draws; it pays where there are many draws for the number of subsets.
    if len(places) > 1 and (bounded or subsets <= _SUBSETS_A_DRAW * len(places)):
        _add_enumerated(tables, node, inside, last, uniforms, sets, places)
        return
    for m in places:
        sets[m] |= _draw_candidates(tables, node, inside, last, uniforms[m])


@lean
@no_type_check
def _draw_outside(tables, node, among, some, rng):
    """Return the mask of the parents outside the candidates that join, each by its odds.

    `among` is the mask of those that can. `some` asks for the draw given that at least one joins.
    """
    drawn, rest, u = np.int64(0), among, 0
    while rest:
        if rest & 1:
            log_odds, here = tables.log_odds[node, u], np.int64(1) << u
            share = 1.0 / (1.0 + np.exp(-log_odds))  # r / (1 + r)
            if some and drawn == 0:
                # None before u has joined: divide by the probability that one of u and what follows does,
                # 1 - exp(-λ). The last one left is then certain.
                left = log_outside_factor(tables, node, among >> u << u)
                share = 1.0 if rest == 1 else share / -np.expm1(-left)
            if rng.random() < share:
                drawn |= here
        rest >>= 1
        u += 1
    return drawn


@lean
@no_type_check
def _share(sums, within, touching, log_all):
    """Return the weight of the sets in `within` that meet `touching`, relative to exp(log_all).

    `sums` are log ŵ, shape (2^K,): all subsets of `within`, less those that avoid `touching`.
    """
    return np.exp(sums[within] - log_all) - np.exp(sums[within & ~touching] - log_all)


@lean
@no_type_check
def _share_with(sums, chosen, among, touching, log_all):
    """Return the same of the sets that consist of all of `chosen` and some of `among`: by inclusion and exclusion."""
    total, subset = 0.0, chosen
    while True:
        share = _share(sums, subset | among, touching, log_all)
        total += -share if count_members(chosen & ~subset) & 1 else share
        if subset == 0:
            return total
        subset = (subset - 1) & chosen


@lean
@no_type_check
def _draw_descending(log_weights, sums, within, touching, uniform):
    """Return the index of a set in `within` that meets `touching`, drawn by weight: its largest members first.

    `log_weights` are log w and `sums` log ŵ of one node, both of shape (2^K,). Inversion of one uniform number: `left`
    is what remains of it, in units of ŵ(within), after each choice. How much the sets weigh that have the members
    `chosen` so far, and none above a given one but these, `sums` tell. When the sets that remain are few enough, they
    are gone through one by one.
    """
    log_all = sums[within]
    left = uniform * _share(sums, within, touching, log_all)
    chosen, below, lookups = np.int64(0), within, _LOOKUPS
    while True:
        before = _share_with(sums, chosen, np.int64(0), touching, log_all)  # no other members
        if before > left:
            return chosen
        member, seen, rest = np.int64(0), np.int64(0), below
        while rest:  # the sets within those up to each member in turn, ascending
            member = rest & -rest
            rest ^= member
            until = _share_with(sums, chosen, seen | member, touching, log_all)
            if until > left or rest == 0:
                break
            before, seen = until, seen | member
        left -= before
        chosen, below, lookups = chosen | member, seen, 2 * lookups
        size = count_members(below)
        if 1 << size <= lookups * size or below == 0:
            break
    subset, drawn = np.int64(0), chosen
    while True:
        candidate = chosen | subset
        value = log_weights[candidate] - log_all
        if candidate & touching and value > _NEGLIGIBLE:
            drawn = candidate
            left -= np.exp(value)
            if left < 0.0:
                return drawn
        if subset == below:  # rounding: the last set of positive weight
            return drawn
        subset = (subset - below) & below  # the next subset, ascending


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _add_enumerated(tables, node, inside, last, uniforms, sets, places):
    """Add such candidate parents to the sets at some places by going through all up to 2^|inside| subsets twice.

    The first pass sums the weights, the second inverts all uniform numbers at once.
    """
    within, touching = index_of(tables, node, inside), index_of(tables, node, last)
    weights = tables.log_weights[node]
    largest, total = sum_touching(weights, within, touching)
    order = places[np.argsort(uniforms[places])]  # by ascending uniform number: one sweep serves them all
    subset, chosen, until, done = within, np.int64(0), 0.0, 0
    while subset:
        if subset & touching:
            weight = np.exp(weights[subset] - largest)
            if weight > 0.0:
                chosen = subset
                until += weight
                while done < len(order) and until > uniforms[order[done]] * total:
                    sets[order[done]] |= _set_at(tables, node, chosen)
                    done += 1
        if done == len(order):
            break
        subset = (subset - 1) & within  # the next subset, descending
    for m in order[done:]:  # rounding: the last set of positive weight
        sets[m] |= _set_at(tables, node, chosen)
