"""Compiled steps of a chain over root layerings, and the edge probabilities where it is.

A chain keeps, for each node, the sets U and Q and the weight log g that they give
(:mod:`dag_gfn.layerings.layer_weights`): after a move only nodes whose U or Q has changed are looked up anew.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from dag_gfn.layerings.layered_edges import fill_edge_probabilities
from dag_gfn.layerings.node_weights import layer_masks, log_node_weight
from dag_gfn.mcmc.moves import propose

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def begin(tables, layer_of, known, weight, work, new_weight):
    """Fill what a chain keeps of a layering, and return its log-weight without the scale.

    Parameters
    ----------
    tables : CompiledTables
    layer_of : ndarray, shape (d,), int64
    known : ndarray, shape (2, d), int64
        U and Q of each node, as masks; filled.
    weight : ndarray, shape (d,), float64
        log g of each node; filled.
    work, new_weight : ndarray, shapes (5, d) and (d,), int64 and float64
        Room for proposals.
    """
    known[:] = -1
    total, _ = _evaluate(tables, layer_of, known, weight, work, new_weight, True)
    known[0], known[1] = work[3], work[4]
    weight[:] = new_weight
    return total


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
@no_type_check
def one_step(
    tables, cumulative, temperature, layer_of, log_weight, known, weight, work, new_weight, rng, tried, accepted
):  # fmt: skip
    """Propose a move and accept it or not; return the log-weight after it.

    Parameters
    ----------
    cumulative : ndarray, shape (5,), float64
        Cumulative probabilities of the moves.
    temperature : float
    layer_of, known, weight : ndarray
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
    proposed = work[0]
    possible, log_ratio = propose(move, layer_of, proposed, rng)
    if not possible:
        return log_weight
    # what the new log-weight has to exceed to be accepted: drawn first, so that an upper bound can reject
    least = log_weight + temperature * (np.log(rng.random()) - log_ratio)
    new, bounded = _evaluate(tables, proposed, known, weight, work, new_weight, False)
    if not new > least:
        return log_weight
    if bounded:  # the bound does not reject: the weight itself is needed
        new, bounded = _evaluate(tables, proposed, known, weight, work, new_weight, True)
        if not new > least:
            return log_weight
    accepted[move] += 1
    layer_of[:] = proposed
    known[0], known[1] = work[3], work[4]
    weight[:] = new_weight
    return new


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _evaluate(tables, layer_of, known, weight, work, new_weight, exact):
    """Fill U, Q (rows 3 and 4 of `work`) and log g of each node; return their sum and whether it is only a bound.

    U and Q hold possible parents only: others make no difference, and without a parent in Q a node has no weight.
    Unless ``exact`` is asked for, sums that lose too many digits are replaced by an upper bound, which is quicker.
    """
    layers, earlier, new_inside, new_last = work[1], work[2], work[3], work[4]
    layer_masks(layer_of, layers, earlier)
    total, bounded = 0.0, False
    for v in range(len(layer_of)):
        k, possible = layer_of[v], tables.candidates[v] | tables.outside[v]
        new_inside[v] = earlier[k] & possible
        new_last[v] = layers[k - 1] & possible if k > 0 else np.int64(0)
        if k > 0 and new_last[v] == 0:
            return -np.inf, False
        if new_inside[v] == known[0, v] and new_last[v] == known[1, v]:  # the move has not touched this node
            new_weight[v] = weight[v]
        else:
            new_weight[v], bound = log_node_weight(tables, v, new_inside[v], new_last[v], exact)
            if new_weight[v] == -np.inf:
                return -np.inf, False
            bounded |= bound
        total += new_weight[v]
    return total, bounded
