r"""Compiled reading of the weight g_v(U, Q) of a node, with its parents summed out, from tables.

:mod:`dag_gfn.layerings.layer_weights` defines it. Members of U or Q that are no candidates of the node are not part of
the index of a set. With subscripts i and o for the candidates of a set and its other members, and
:math:`\lambda(O) = \sum_{u \in O} \log(1 + r_{vu})`,

.. math:: \hat w_v(U) = \hat w_v(U_i) e^{\lambda(U_o)}, \qquad
          g_v(U, Q) = e^{\lambda(U_o \setminus Q_o)} [\hat w_v(U_i) (e^{\lambda(Q_o)} - 1)
          + \hat w_v(U_i) - \hat w_v(U_i \setminus Q_i)].
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.graphs.subsets import MAX_NODES

CANCELLED = 1e-7
"""Where g_v / ŵ_v(U) is below this, the difference has lost too many digits and its terms are summed one by one."""

NEGLIGIBLE = -40.0
"""Nats relative to the largest term of a sum: a million terms as small as this do not change a double."""


class CompiledTables(NamedTuple):
    """The arrays of `dag_gfn.layerings.layer_weights.LayerWeights` that compiled functions read.

    Attributes
    ----------
    log_weights, log_sums, candidates : ndarray
        As there.
    members : ndarray, shape (d, K), int64
        Candidate parents of each node, as bits of its masks, ascending.
    byte_index : ndarray, shape (d, ceil(p/8), 256), int32
        ``[v, b, x]`` is the part of the index of v for bits 8 b to 8 b + 7, where x is the byte of the mask.
    outside : ndarray, shape (d,), int64
        Bitmask of the nodes that are no candidates and can be parents.
    log_odds : ndarray, shape (d, p), float64
        As there.
    byte_log_factor : ndarray, shape (d, ceil(p/8), 256), float64
        The same for λ, the sum of log(1 + r) over members outside the candidates.
    nodes : ndarray, shape (d,) or (d, p), int64
        Which node each bit of the masks of a node stands for (`PossibleParents.nodes`); one axis, 0 to d - 1, where bit
        i is node i.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> tables = LayerWeights.of(np.zeros((3, 4))).tables
    >>> tables.members.tolist()  # without candidates to choose from, those of a node are all others
    [[1, 2], [0, 2], [0, 1]]
    """

    log_weights: np.ndarray
    log_sums: np.ndarray
    candidates: np.ndarray
    members: np.ndarray
    byte_index: np.ndarray
    outside: np.ndarray
    log_odds: np.ndarray
    byte_log_factor: np.ndarray
    nodes: np.ndarray


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@lean
@no_type_check
def index_of(tables, node, mask):
    """Return the index of a set of nodes, given as a mask, in the tables of a node: one look-up for each byte."""
    # unsigned, so that Numba omits its check for negative indices
    index, rest, byte = np.int64(0), np.uint64(mask), np.uint64(0)
    while rest:
        index |= tables.byte_index[np.uint64(node), byte, rest & np.uint64(255)]
        rest >>= np.uint64(8)
        byte += np.uint64(1)
    return index


@lean
@no_type_check
def count_members(mask):
    """Return the number of members of a set, by clearing the lowest bit again and again."""
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@lean
@no_type_check
def log_node_weight(tables, node, inside, last, exact):
    """Return log g of a node, and whether it is only an upper bound.

    `inside` and `last` are the masks U and Q. Where the difference ŵ(U) - ŵ(U - Q) cancels, `exact` asks for the sum of
    up to 2^|U| terms. Without it an upper bound is returned, which is enough to reject most proposals.
    """
    log_factor, share, bounded = node_weight_terms(tables, node, inside, last, exact)
    return log_factor + np.log(share), bounded


@lean
@no_type_check
def node_weight_terms(tables, node, inside, last, exact):
    """Return the same as two numbers f and s, log g = f + log s, so that many nodes need one logarithm only.

    f is -inf where the node has no weight; s is positive.
    """
    if inside == 0:
        return tables.log_weights[node, 0], 1.0, False
    within, touching = index_of(tables, node, inside), index_of(tables, node, last)
    log_all = tables.log_sums[node, within]
    if log_all == -np.inf:
        return -np.inf, 1.0, False
    met = 0.0  # what sets with a parent in Q outside the candidates weigh, relative to ŵ(U_i)
    if inside & tables.outside[node]:
        met = np.expm1(log_outside_factor(tables, node, last))
        log_all += log_outside_factor(tables, node, inside & ~last)
    if touching == 0 and met == 0.0:  # no possible parent in Q
        return -np.inf, 1.0, False
    # the share of the sets in U that meet Q
    share = met - np.expm1(tables.log_sums[node, within & ~touching] - tables.log_sums[node, within])
    if share >= CANCELLED:
        return log_all, share, False
    if not exact:  # the share is below CANCELLED; twice that allows for its rounding
        return log_all, 2.0 * CANCELLED, True
    # Then met is 0, because odds are above CANCELLED: no node outside the candidates is in Q.
    largest, total = sum_touching(tables.log_weights[node], within, touching)
    if total == 0.0:
        return -np.inf, 1.0, False
    return log_all - tables.log_sums[node, within] + largest, total, False


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def exact_log_node_weights(tables, nodes, layer_of, own):
    """Return the exact log g of many nodes, one of each layering, shape (k,).

    `nodes` and `own` have shape (k,): the node, and the layer that it would belong to. `layer_of` has shape (k, d);
    nodes that are not before that layer may have any larger number up to d.
    """
    values, d = np.empty(len(nodes)), layer_of.shape[1]
    layers, earlier = np.empty((2, d + 1), dtype=np.int64)
    for k in range(len(nodes)):
        layer_masks(layer_of[k], layers, earlier)
        layer_of[k, nodes[k]] = own[k]
        inside, last = sets_before(tables.nodes, nodes[k], layer_of[k], layers, earlier)
        values[k] = log_node_weight(tables, nodes[k], inside, last, True)[0]
    return values


@lean
@no_type_check
def log_outside_factor(tables, node, mask):
    """Return λ of a set: the log of the factor by which its members outside the candidates multiply ŵ_v."""
    total, rest, byte = 0.0, np.uint64(mask & tables.outside[node]), np.uint64(0)
    while rest:
        total += tables.byte_log_factor[np.uint64(node), byte, rest & np.uint64(255)]
        rest >>= np.uint64(8)
        byte += np.uint64(1)
    return total


@lean
@no_type_check
def log_set_weight(tables, node, parents):
    """Return the log-weight of one parent set of a node, given as a mask; -inf where it is not possible."""
    outside = tables.outside[node]
    if parents & ~(tables.candidates[node] | outside):
        return -np.inf
    total, rest, u = tables.log_weights[node, index_of(tables, node, parents)], parents & outside, 0
    while rest:
        if rest & 1:
            total += tables.log_odds[node, u]
        rest >>= 1
        u += 1
    return total


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def log_set_weights(tables, node, parents):
    """Return the same for many parent sets of one node, shape (k,)."""
    values = np.empty(len(parents))
    for k in range(len(parents)):
        values[k] = log_set_weight(tables, node, parents[k])
    return values


@lean
@no_type_check
def sum_touching(log_weights, within, touching):
    """Return the largest log w(T), and the sum of w(T) relative to it, over T in `within` that meet `touching`.

    `within` and `touching` are indices of `log_weights`, shape (2^K,). All subsets are gone through in descending
    order, and the sum is kept relative to its largest term so far. (-inf, 0) if no such T has positive weight.
    """
    largest, total, subset = -np.inf, 0.0, within
    while subset:
        if subset & touching:
            value = log_weights[subset]
            if value > largest:  # a new largest term: rescale the sum to it
                total = total * np.exp(largest - value) + 1.0
                largest = value
            elif value > largest + NEGLIGIBLE:
                total += np.exp(value - largest)
        subset = (subset - 1) & within  # the next smaller subset
    return largest, total


# `nodes` is that of `CompiledTables`. Whether it has one axis or two is known when a function is compiled, and so what
# concerns more nodes than fit a mask costs nothing with fewer.


@lean
@no_type_check
def node_at(nodes, node, bit):
    """Return which node a bit of the masks of a node stands for."""
    if nodes.ndim == 1:
        return np.int64(bit)
    return nodes[node, bit]


@lean
@no_type_check
def sets_before(nodes, node, layer_of, layers, earlier):
    """Return the masks U and Q of a node: all layers before its own, and the last of them.

    `layers` and `earlier` are those of `layer_masks`, where bit i of masks is node i. Otherwise the possible parents of
    the node are looked at one by one.
    """
    own = layer_of[node]
    if nodes.ndim == 1:
        return earlier[own], layers[own - 1] if own > 0 else np.int64(0)
    inside, last = np.int64(0), np.int64(0)
    if own > 0:
        for bit in range(nodes.shape[-1]):
            layer = layer_of[node_at(nodes, node, bit)]
            inside |= np.int64(layer < own) << bit
            last |= np.int64(layer == own - 1) << bit
    return inside, last


@lean
@no_type_check
def mask_of(nodes, node, members):
    """Return the mask of the possible parents of a node that belong to a set of nodes, given as booleans."""
    mask = np.int64(0)
    for bit in range(nodes.shape[-1]):
        mask |= np.int64(members[node_at(nodes, node, bit)]) << bit
    return mask


@lean
@no_type_check
def layer_masks(layer_of, layers, earlier):
    """Fill the mask of each layer and that of all earlier layers, both of shape (d,); return the number of layers.

    With more nodes than fit a mask they are keys instead: equal for equal sets, and, but for chance, for these alone.
    """
    count = 0
    for k in range(len(layers)):
        layers[k] = 0
    for v in range(len(layer_of)):
        layers[layer_of[v]] ^= np.int64(1) << v if len(layer_of) <= MAX_NODES else _key(v)
        count = max(count, layer_of[v] + 1)
    earlier[0] = 0
    for k in range(1, count):
        earlier[k] = earlier[k - 1] ^ layers[k - 1]
    return count


@lean
@no_type_check
def _key(node):
    """Return a number of a node whose bits look random (the mixing of SplitMix64, Steele, Lea and Flood 2014)."""
    h = np.uint64(node + 1) * np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64(h ^ (h >> np.uint64(31)))
