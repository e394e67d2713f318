r"""Compiled reversals of edges, by which a chain over root layerings leads far within one step.

The steps of :mod:`dag_gfn.mcmc.moves` change a layering a little at a time. To turn an edge between nodes with parents
of their own takes many of them, most of which lead through layerings of little weight. From time to time, therefore, a
chain draws a DAG of its layering, reverses edges of that DAG, and goes on from the layering of what results. A DAG has
one layering, so DAG and layering together have the posterior as their distribution all the time.

A reversal picks one of the N edges i → j at random and takes both nodes' parents away, which leaves G°. Node i then
gets parents, j among them, and after it j gets parents, by their weights from all sets that close no cycle. With A_i
and A_j the nodes that i and j have no path to in G°, B_i those that i has none to once j has its old parents again, and
B_j those that j has none to once i has its new ones, it is accepted with probability

.. math:: \min\Big\{1,\; \frac{N}{N'}\, \frac{g_i(A_i, \{j\})\; \hat w_j(B_j)}{g_j(A_j, \{i\})\; \hat w_i(B_i)}\Big\},

all of which tables hold (:mod:`dag_gfn.layerings.layer_weights`), N' being the number of edges afterwards.

References
----------
Grzegorczyk and Husmeier, "Improving the structure MCMC sampler for Bayesian networks by introducing a new edge reversal
move", Machine Learning 71, 2008.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.layerings.layered_dags import fill_dag
from dag_gfn.layerings.layered_parents import draw_one, draw_within
from dag_gfn.layerings.node_weights import (
    count_members,
    index_of,
    log_node_weight,
    log_outside_factor,
    node_at,
)

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def reverse_edges(tables, layer_of, times, rng):
    """Draw a DAG of a layering, try so many reversals, fill `layer_of` anew, and return how many were accepted.

    Parameters
    ----------
    tables : CompiledTables
    layer_of : ndarray, shape (d,), int64
        A layering of positive weight.
    times : int
    rng : numpy.random.Generator
    """
    d, accepted = len(layer_of), 0
    layers, earlier, parents = np.empty((3, d), dtype=np.int64)
    uniform, words = np.empty(d), make_words(tables.nodes)
    for v in range(d):
        if layer_of[v] > 0:
            uniform[v] = rng.random()
    fill_dag(tables, layer_of, uniform, rng, layers, earlier, parents)
    fill_words(tables.nodes, parents, words)
    for _ in range(times):
        accepted += reverse_edge(tables, parents, words, rng)
    _fill_layers(tables.nodes, parents, layer_of)
    return accepted


@lean
@no_type_check
def reverse_edge(tables, parents, words, rng):
    """Reverse an edge of a DAG, given as the mask of each node's parents, or leave it; return whether it changed.

    `words` are those of the parents (`fill_words`), and are kept so.
    """
    count = _number_of_edges(parents)
    if count == 0:
        return False
    i, j = _edge(tables.nodes, parents, np.int64(rng.random() * count))
    j_for_i, i_for_j = _bit(tables.nodes, i, j), _bit(tables.nodes, j, i)
    if j_for_i == 0:  # j is no possible parent of i
        return False
    of_i, of_j = parents[i], parents[j]
    log_uniform = np.log(rng.random())
    _put(tables.nodes, parents, words, i, np.int64(0))
    _put(tables.nodes, parents, words, j, np.int64(0))
    others = _number_of_edges(parents)
    open_to_i, open_to_j = (
        open_to(tables.nodes, parents, i, words),
        open_to(tables.nodes, parents, j, words),
    )
    _put(tables.nodes, parents, words, j, of_j)
    log_back = _log_with(tables, j, open_to_j, i_for_j, True)[0]
    log_back += _log_within(tables, i, open_to(tables.nodes, parents, i, words))
    _put(tables.nodes, parents, words, j, np.int64(0))
    # At most this, whatever the new parents of i, which make it a descendant of j: sums that cancel are not looked at
    # unless they matter.
    log_there, bounded = _log_with(tables, i, open_to_i, j_for_i, False)
    log_most = np.log(count / (others + 1)) + _log_within(tables, j, open_to_j & ~i_for_j) - log_back
    if log_uniform < log_there + log_most and bounded:
        log_there = _log_with(tables, i, open_to_i, j_for_i, True)[0]
    if not log_uniform < log_there + log_most:
        _put(tables.nodes, parents, words, i, of_i)
        _put(tables.nodes, parents, words, j, of_j)
        return False
    drawn = draw_one(tables, i, open_to_i, j_for_i, rng.random(), rng)
    _put(tables.nodes, parents, words, i, drawn)
    open_to_j = open_to(tables.nodes, parents, j, words)
    log_there += _log_within(tables, j, open_to_j)
    _put(tables.nodes, parents, words, j, draw_within(tables, j, open_to_j, rng))
    if log_uniform < np.log(count / _number_of_edges(parents)) + log_there - log_back:
        return True
    _put(tables.nodes, parents, words, i, of_i)
    _put(tables.nodes, parents, words, j, of_j)
    return False


@lean
@no_type_check
def _fill_layers(nodes, parents, layer_of):
    """Fill the layering of a DAG: the layer of each node is one beyond that of its last parent."""
    changed = True
    for v in range(len(parents)):
        layer_of[v] = 0
    while changed:
        changed = False
        for v in range(len(parents)):
            layer, rest, bit = layer_of[v], parents[v], 0
            while rest:
                if rest & 1:
                    layer = max(layer, layer_of[node_at(nodes, v, bit)] + 1)
                rest >>= 1
                bit += 1
            if layer > layer_of[v]:
                layer_of[v], changed = layer, True


@lean
@no_type_check
def _number_of_edges(parents):
    count = 0
    for v in range(len(parents)):
        count += count_members(parents[v])
    return count


@lean
@no_type_check
def _edge(nodes, parents, nth):
    """Return the nodes i and j of edge number `nth`, i -> j."""
    for j in range(len(parents)):
        count = count_members(parents[j])
        if nth >= count:
            nth -= count
            continue
        for bit in range(nodes.shape[-1]):
            if parents[j] >> bit & 1:
                if nth == 0:
                    return node_at(nodes, j, bit), np.int64(j)
                nth -= 1
    return np.int64(-1), np.int64(-1)


@lean
@no_type_check
def _bit(nodes, node, parent):
    """Return the mask of one possible parent of a node, 0 if it is none."""
    if nodes.ndim == 1:
        return np.int64(1) << parent
    for bit in range(nodes.shape[-1]):
        if node_at(nodes, node, bit) == parent:
            return np.int64(1) << bit
    return np.int64(0)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def make_words(nodes):
    """Return room for the parents of each node as bits of several words, and in the last row for other sets of nodes.

    With one word for a mask there is nothing to keep.
    """
    d = len(nodes)
    if nodes.ndim == 1:
        return np.zeros((1, 1), dtype=np.int64)
    return np.zeros((d + 1, (d + 63) // 64), dtype=np.int64)


@lean
@no_type_check
def fill_words(nodes, parents, words):
    """Fill the words of all parent sets, shape (d + 1, w), given their masks, shape (d,)."""
    for v in range(len(parents)):
        _put(nodes, parents, words, v, parents[v])


@lean
@no_type_check
def _put(nodes, parents, words, node, mask):
    """Give a node these parents."""
    parents[node] = mask
    if nodes.ndim == 1:
        return
    for k in range(words.shape[1]):
        words[node, k] = 0
    rest, bit = np.uint64(mask), 0
    while rest:
        if rest & np.uint64(1):
            u = node_at(nodes, node, bit)
            words[node, u >> 6] |= np.int64(1) << (u & 63)
        rest >>= np.uint64(1)
        bit += 1


@lean
@no_type_check
def open_to(nodes, parents, node, words):
    """Return the mask of the possible parents of a node that it has no path to.

    `parents` has shape (d,), and `words` are those of `fill_words`; the parents of the node itself do not matter.
    """
    d = len(parents)
    if nodes.ndim == 1:
        return ((np.int64(1) << d) - 1) & ~_descendants(parents, node)
    for k in range(words.shape[1]):
        words[d, k] = 0
    words[d, node >> 6] |= np.int64(1) << (node & 63)
    changed = True
    while changed:
        changed = False
        for v in range(d):
            met = words[v, 0] & words[d, 0]
            for k in range(1, words.shape[1]):
                met |= words[v, k] & words[d, k]
            if met and not words[d, v >> 6] >> (v & 63) & 1:
                words[d, v >> 6] |= np.int64(1) << (v & 63)
                changed = True
    mask = np.int64(0)
    for bit in range(nodes.shape[-1]):
        u = node_at(nodes, node, bit)
        mask |= (~words[d, u >> 6] >> (u & 63) & 1) << bit
    return mask


@lean
@no_type_check
def _descendants(parents, node):
    """Return the mask of the nodes that a node has a path to, itself among them."""
    found, before = np.int64(1) << node, np.int64(0)
    while found != before:
        before = found
        for v in range(len(parents)):
            if parents[v] & found:
                found |= np.int64(1) << v
    return found


@lean
@no_type_check
def _possible(tables, node, among):
    return among & (tables.candidates[node] | tables.outside[node])


@lean
@no_type_check
def _log_within(tables, node, among):
    """Return the log-weight of all parent sets of a node among some nodes."""
    return tables.log_sums[node, index_of(tables, node, among)] + log_outside_factor(tables, node, among)


@lean
@no_type_check
def _log_with(tables, node, among, parent, exact):
    """Return the log-weight of those that contain a given node, a mask, and whether it is only an upper bound.

    It never is if `exact` is asked for.
    """
    if not _possible(tables, node, among) & parent:
        return -np.inf, False
    return log_node_weight(tables, node, _possible(tables, node, among), parent, exact)
