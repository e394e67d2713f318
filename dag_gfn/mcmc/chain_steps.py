"""Compiled steps of a chain over root layerings, and the edge probabilities where it is.

A chain keeps, for each node, the sets U and Q and the weight log g that they give
(:mod:`dag_gfn.layerings.layer_weights`): after a move only nodes whose U or Q has changed are looked up anew.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.layerings.layered_edges import fill_edge_probabilities
from dag_gfn.layerings.node_weights import layer_masks, node_weight_terms, sets_before
from dag_gfn.mcmc.moves import propose

EDGES_EVERY = 2
"""Times d: the steps between two looks at the edge probabilities, which cost as much as several steps."""


class Room(NamedTuple):
    """Room for proposals.

    Attributes
    ----------
    proposed, layers, earlier, inside, last, key, key_of_last : ndarray, shape (d,), int64
        Layer of each node, mask of each layer and of all before it (`layer_masks`), U and Q of each node, and their
        keys, which are used only where there are more nodes than fit a mask.
    factor, share : ndarray, shape (d,), float64
        The terms of log g (`node_weight_terms`) of the nodes whose U or Q changes.

    Examples
    --------
    >>> from dag_gfn.mcmc.chain_steps import make_room
    >>> make_room(3).layers.shape
    (3,)
    """

    proposed: np.ndarray
    layers: np.ndarray
    earlier: np.ndarray
    inside: np.ndarray
    last: np.ndarray
    key: np.ndarray
    key_of_last: np.ndarray
    factor: np.ndarray
    share: np.ndarray


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def make_room(d):
    """Return room for proposals of layerings of d nodes.

    Examples
    --------
    >>> from dag_gfn.mcmc.chain_steps import make_room
    >>> make_room(3).share.shape
    (3,)
    """
    i, f = np.zeros((7, d), dtype=np.int64), np.zeros((2, d))
    return Room(i[0], i[1], i[2], i[3], i[4], i[5], i[6], f[0], f[1])


@lean
@no_type_check
def begin(tables, layer_of, known, weight, room):
    """Fill what a chain keeps of a layering, and return its log-weight without the scale.

    A chain can go on from a layering of positive weight only.

    Parameters
    ----------
    tables : CompiledTables
    layer_of : ndarray, shape (d,), int64
    known : ndarray, shape (4, d), int64
        U and Q of each node, as masks, and their keys; filled.
    weight : ndarray, shape (d,), float64
        log g of each node; filled.
    room : Room
    """
    for v in range(len(layer_of)):
        known[:, v], weight[v] = -1, 0.0
    gain, _ = _evaluate(tables, layer_of, known, weight, room, True)
    if gain == -np.inf:
        return gain
    return _take(known, weight, room)


@lean
@no_type_check
def one_step(
    tables, cumulative, temperature, layer_of, log_weight, known, weight, room, rng, tried, accepted
):  # fmt: skip
    """Propose a move and accept it or not; return the log-weight after it.

    Parameters
    ----------
    cumulative : ndarray, shape (5,), float64
        Cumulative probabilities of the moves.
    temperature : float
    layer_of, known, weight, room
        Of the chain, as for `begin`; changed where a move is accepted.
    log_weight : float
        Now, without the scale.
    tried, accepted : ndarray, shape (5,), int64
        Counts by kind of move.
    """
    uniform = rng.random() * cumulative[-1]
    move = 0
    while uniform >= cumulative[move] and move < len(cumulative) - 1:
        move += 1
    tried[move] += 1
    possible, log_ratio = propose(move, layer_of, room.proposed, room.layers, rng)
    if not possible:
        return log_weight
    # what has to be gained for the proposal to be accepted: drawn first, so that an upper bound can reject
    least = temperature * (np.log(rng.random()) - log_ratio)
    gain, bounded = _evaluate(tables, room.proposed, known, weight, room, False)
    if not gain > least:
        return log_weight
    if bounded:  # the bound does not reject: the weight itself is needed
        gain, bounded = _evaluate(tables, room.proposed, known, weight, room, True)
        if not gain > least:
            return log_weight
    accepted[move] += 1
    for v in range(len(layer_of)):
        layer_of[v] = room.proposed[v]
    return _take(known, weight, room)


@lean
@no_type_check
def add_edges(tables, known, given_for, given, sums):
    """Add the edge probabilities given the layering to `sums`; row v is about the edges into v.

    ``given`` keeps those of the last call, for the U and Q in ``given_for``, which still hold for nodes with the same.
    """
    for v in range(known.shape[1]):
        if known[0, v] != given_for[0, v] or known[1, v] != given_for[1, v]:
            fill_edge_probabilities(tables, v, known[0, v], known[1, v], given[v])
            given_for[0, v], given_for[1, v] = known[0, v], known[1, v]
        for i in range(known.shape[1]):
            sums[v, i] += given[v, i]


@lean
@no_type_check
def _evaluate(tables, layer_of, known, weight, room, exact):
    """Return what is gained in log-weight by a layering, and whether that is only a bound.

    Only nodes whose U or Q has changed are looked at. Fills U and Q of each node, and the terms of log g of those.
    Unless ``exact`` is asked for, sums that lose too many digits are replaced by an upper bound, which is quicker.
    """
    layers, earlier = room.layers, room.earlier
    layer_masks(layer_of, layers, earlier)
    gain, product, bounded = 0.0, 1.0, False
    for v in range(len(layer_of)):
        if tables.nodes.ndim > 1:  # masks take long: most often keys tell that they are as before
            room.key[v], room.key_of_last[v] = earlier[layer_of[v]], np.int64(0)
            if layer_of[v] > 0:
                room.key_of_last[v] = layers[layer_of[v] - 1]
            if room.key[v] == known[2, v] and room.key_of_last[v] == known[3, v]:
                room.inside[v], room.last[v] = known[0, v], known[1, v]
                continue
        inside, last = sets_before(tables.nodes, v, layer_of, layers, earlier)
        room.inside[v], room.last[v] = inside, last
        if inside == known[0, v] and last == known[1, v]:
            continue
        factor, share, bound = node_weight_terms(tables, v, inside, last, exact)
        if factor == -np.inf:
            return -np.inf, False
        room.factor[v], room.share[v] = factor, share
        gain += factor - weight[v]
        product *= share
        if not 1e-100 < product < 1e100:  # before it under- or overflows
            gain, product = gain + np.log(product), 1.0
        bounded |= bound
    return gain + np.log(product), bounded


@lean
@no_type_check
def _take(known, weight, room):
    """Go over to the layering that was evaluated last; return its log-weight."""
    total = 0.0
    for v in range(len(weight)):
        if room.inside[v] != known[0, v] or room.last[v] != known[1, v]:
            known[0, v], known[1, v] = room.inside[v], room.last[v]
            weight[v] = room.factor[v] + np.log(room.share[v])
        known[2, v], known[3, v] = room.key[v], room.key_of_last[v]
        total += weight[v]
    return total
