r"""Compiled sums over the signed terms of the recursion over subsets of the nodes, one set U at a time.

The terms of :math:`\beta(U)` (:mod:`dag_gfn.exact.dag_recursion`) are

.. math:: -\beta(X) \prod_{i \in U \setminus X} -\hat w_i(V \setminus U), \qquad X \subset U,

and are stored without the leading minus. In code, U is ``inside``, V minus U is ``outside``, and X is a subset of U.

All compiled functions take the recursion's ``arrays`` (`RecursionArrays`). They work in the ``layout`` that
:func:`make_layout` makes once for each chunk of sets. The sums over X run over three nested parts, because 2^|U|
factors do not fit into a cache: the high part of X is the outer loop, the low part the next one, and the dense part the
innermost, which the compiler turns into vector instructions.

The sets that differ in dense nodes alone are a block: 16 neighbours. Each block also has its :math:`\beta` as doubles
with one exponent for all of them, and so have the factors, so that a term takes two multiplications. So that both are
of similar size within a block, whatever the dense nodes' own weights, :math:`\beta(X)` is divided, and the factor
multiplied, by powers of two for the dense nodes of X: those of :math:`\hat w_v(V \setminus v)`. Where the largest term
that a block could have exceeds the scale of the sum by so much that others might be lost, its terms are computed one by
one, each with its own exponent.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.exact.scaled import ZERO_EXPONENT, power_of_two

DENSE_BITS = 4
"""Number of dense nodes: nodes 0..3 have a place in every layout of terms, whether they are in U or not."""
DENSE = 1 << DENSE_BITS
_LOW_BITS = 5  # 2^(4 + 5) terms are computed at a time, so that their factors stay in the innermost cache
_LEAST = -300
"""Exponent, relative to the largest number of a block, below which others of it count as zero."""
_MOST = np.int32(60)
"""Exponent of a block, relative to the sum, up to which that is negligible: each is below 2^-220 of the sum."""
_NEGLIGIBLE = np.int32(-400)
"""The same, below which the whole block is. So no number is as small as those that slow a processor, below 2^-1022."""
_NONE, _TOGETHER, _EACH = 0, 1, 2  # how the terms of a block are computed
_SMALLEST_SHARE = 1e-120
"""Probabilities up to this are not passed on."""
_FAST = {"reassoc", "contract", "nsz"}  # sums may be reordered; infinities and nan keep their meaning


class RecursionArrays(NamedTuple):
    """The arrays of `dag_gfn.exact.dag_recursion.DagRecursion` that compiled functions read.

    Attributes
    ----------
    set_mantissa, set_exponent : ndarray, shape (d, 2^(d-1)), float64 and int32
    mantissa, exponent : ndarray, shape (2^d,) but at least 16, float64 and int32
        As there.
    block_mantissa : ndarray, shape (2^d,) but at least 16, float64
        The same β, divided by 2^dense_exponent for its dense nodes and by 2^block_exponent.
    block_exponent : ndarray, shape (2^(d-4),) but at least 1, int32
        The largest exponent within each block, once divided by 2^dense_exponent.
    dense_exponent : ndarray, shape (16,), int64
        For each set of dense nodes, the sum of the exponents of their weights with all parents.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.dag_recursion import DagRecursion
    >>> recursion = DagRecursion(np.zeros((3, 4)))
    >>> recursion.solve(with_sources=False)
    >>> beta = recursion.arrays.mantissa * 2.0**recursion.arrays.exponent
    >>> beta[[0b001, 0b011, 0b111]].tolist()  # DAGs on these nodes, with any parents from outside
    [4.0, 12.0, 25.0]
    """

    set_mantissa: np.ndarray
    set_exponent: np.ndarray
    mantissa: np.ndarray
    exponent: np.ndarray
    block_mantissa: np.ndarray
    block_exponent: np.ndarray
    dense_exponent: np.ndarray


class Layout(NamedTuple):
    r"""Work space for the terms of one set at a time.

    The subset X of a term is laid out as (high part, low part, dense part). The dense part runs over all subsets of
    nodes 0..3, also of those that are not in U, because contiguous terms are several times as fast as gathered ones;
    the factors of subsets with nodes outside U are zero. The place of X = U, which is no term, holds a value once
    :math:`\beta(U)` is known; no caller reads it.

    Attributes
    ----------
    members : ndarray, shape (d,), int64
        Of U, ascending.
    weights, weight_exponents : ndarray, shape (d,), float64 and int64
        Their weights ŵ(V - U), without parents in U.
    dense_mantissas, dense_exponents : ndarray, shape (16,), float64 and int32
        The factors of the dense parts.
    dense_factors : ndarray, shape (16,), float64
        The same in units of a power of two for all of them.
    low_mantissas, low_exponents, low_masks : ndarray, shape (low,), float64, int32 and uint64
        The factors of the low parts, and their nodes.
    high_mantissas, high_exponents, high_masks : ndarray, shape (high,), float64, int32 and uint64
        The same of the high parts.
    low_sums : ndarray, shape (16 low,), float64
        Sums of the terms over the high parts.
    high_sums : ndarray, shape (high,), float64
        Sums of the terms over the low and dense parts.
    sizes : ndarray, shape (6,), int64
        See :func:`prepare_set`.

    Examples
    --------
    >>> from dag_gfn.exact.inclusion_exclusion import make_layout
    >>> layout = make_layout(12)  # 4 dense nodes, at most 5 low ones and 3 high ones
    >>> layout.low_sums.shape, layout.high_sums.shape
    ((512,), (8,))
    """

    members: np.ndarray
    weights: np.ndarray
    weight_exponents: np.ndarray
    dense_mantissas: np.ndarray
    dense_exponents: np.ndarray
    dense_factors: np.ndarray
    low_mantissas: np.ndarray
    low_exponents: np.ndarray
    low_masks: np.ndarray
    high_mantissas: np.ndarray
    high_exponents: np.ndarray
    high_masks: np.ndarray
    low_sums: np.ndarray
    high_sums: np.ndarray
    sizes: np.ndarray


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.
# Indices are unsigned: Numba then omits its check for negative ones, and the inner loops use vector instructions.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def make_layout(d):
    """Return work space for sets of d nodes.

    Examples
    --------
    >>> from dag_gfn.exact.inclusion_exclusion import make_layout
    >>> make_layout(3).sizes.shape
    (6,)
    """
    low = 1 << min(max(d - DENSE_BITS, 0), _LOW_BITS)
    high = 1 << max(d - DENSE_BITS - _LOW_BITS, 0)
    return Layout(
        np.empty(d, dtype=np.int64),
        np.empty(d),
        np.empty(d, dtype=np.int64),
        np.empty(DENSE),
        np.empty(DENSE, dtype=np.int32),
        np.empty(DENSE),
        np.empty(low),
        np.empty(low, dtype=np.int32),
        np.empty(low, dtype=np.uint64),
        np.empty(high),
        np.empty(high, dtype=np.int32),
        np.empty(high, dtype=np.uint64),
        np.empty(low * DENSE),
        np.empty(high),
        np.empty(6, dtype=np.int64),
    )


@lean
@no_type_check
def _multiply_in(mantissas, exponents, length, factor, exponent):
    """Extend products over subsets by one more member, from `length` to twice as many.

    The upper half, where X has the member, are the products so far. The lower half, where X lacks it, are these times
    the member's factor.
    """
    for x in range(length):
        mantissas[length + x] = mantissas[x]
        exponents[length + x] = exponents[x]
        mantissas[x] *= factor
        exponents[x] = max(exponents[x] + exponent, ZERO_EXPONENT)


@lean
@no_type_check
def prepare_set(inside, d, arrays, layout):
    """Lay out the factors of the terms of one set: products of -ŵ over the members of U that are not in X.

    Six sizes are written as well: the number of members, of dense members and of low members; the exponent of the
    largest term with a single root, and 1, both 0 where there is no such term; the exponent of the dense parts'
    factors.
    """
    set_mantissa, set_exponent = arrays.set_mantissa, arrays.set_exponent
    mantissa, exponent = arrays.mantissa, arrays.exponent
    members, weights, weight_exponents, sizes = (
        layout.members,
        layout.weights,
        layout.weight_exponents,
        layout.sizes,
    )
    dense_mantissas, dense_exponents, dense_factors = (
        layout.dense_mantissas,
        layout.dense_exponents,
        layout.dense_factors,
    )
    low_mantissas, low_exponents, low_masks = layout.low_mantissas, layout.low_exponents, layout.low_masks
    high_mantissas, high_exponents, high_masks = (
        layout.high_mantissas,
        layout.high_exponents,
        layout.high_masks,
    )
    outside = ((np.int64(1) << d) - 1) ^ inside
    # Members in ascending order, with their weights; the exponent of max_j β(U - j) ŵ_j(V - U) scales the sum.
    k, dense = 0, 0
    scale, possible = np.int64(0), 0
    for v in range(d):
        if not inside >> v & 1:
            continue
        below = (np.int64(1) << v) - 1
        index = outside & below | (outside >> 1) & ~below  # remove_bit(outside, v)
        members[k], weights[k], weight_exponents[k] = v, set_mantissa[v, index], set_exponent[v, index]
        rest = inside ^ (np.int64(1) << v)
        if weights[k] > 0.0 and mantissa[rest] > 0.0:
            single = exponent[rest] + weight_exponents[k]
            scale = max(scale, single) if possible else single
            possible = 1
        k += 1
        dense += v < DENSE_BITS
    low = min(k - dense, _LOW_BITS)
    sizes[0], sizes[1], sizes[2], sizes[3], sizes[4] = k, dense, low, scale, possible
    if not possible:
        return
    # Dense part: each node doubles the table; a node outside U has factor zero wherever X holds it.
    dense_mantissas[0], dense_exponents[0] = 1.0, 0
    k = 0
    for v in range(DENSE_BITS):
        if inside >> v & 1:
            _multiply_in(dense_mantissas, dense_exponents, 1 << v, -weights[k], weight_exponents[k])
            k += 1
        else:
            for x in range(1 << v, 2 << v):
                dense_mantissas[x], dense_exponents[x] = 0.0, ZERO_EXPONENT
    # The same with one exponent, where X's dense nodes are given the powers of two that blocks of β are divided by.
    top = np.int64(ZERO_EXPONENT)
    for x in range(DENSE):
        if dense_mantissas[x] != 0.0:
            top = max(top, dense_exponents[x] + arrays.dense_exponent[x])
    sizes[5] = top
    for x in range(DENSE):
        own = dense_exponents[x] + arrays.dense_exponent[x] - top
        dense_factors[x] = dense_mantissas[x] * power_of_two(own) if own >= _LEAST else 0.0
    # Low and high parts: members of U only, each with the mask of its nodes to find β(X).
    low_masks[0], low_mantissas[0], low_exponents[0] = 0, 1.0, 0
    high_masks[0], high_mantissas[0], high_exponents[0] = 0, 1.0, 0
    for i in range(low):
        _multiply_in(low_mantissas, low_exponents, 1 << i, -weights[k], weight_exponents[k])
        for x in range(1 << i):
            low_masks[(1 << i) + x] = low_masks[x] | np.uint64(1) << np.uint64(members[k])
        k += 1
    for i in range(sizes[0] - k):
        _multiply_in(high_mantissas, high_exponents, 1 << i, -weights[k], weight_exponents[k])
        for x in range(1 << i):
            high_masks[(1 << i) + x] = high_masks[x] | np.uint64(1) << np.uint64(members[k])
        k += 1


@lean
@no_type_check
def _scale_of(high, part, at, shift, factor, arrays, layout):
    """Return what the terms of a block have in common, its power of two, and how its terms are computed.

    Each block has one power of two. Where that is so large that the small numbers of a block, which count as zero,
    might matter, each term has its own. A block below 2^-400 times the scale is negligible, and so is a term by itself.
    """
    rest = np.int32(layout.low_exponents[part] + layout.high_exponents[high] + shift)
    most = np.int32(arrays.block_exponent[at >> np.uint64(DENSE_BITS)] + np.int32(layout.sizes[5]) + rest)
    scale = layout.low_mantissas[part] * layout.high_mantissas[high] * factor
    if most < _NEGLIGIBLE:
        return scale, rest, _NONE
    if most <= _MOST:
        return scale * power_of_two(np.int64(most)), rest, _TOGETHER
    return scale, rest, _EACH


@lean
@no_type_check
def _own_term(at, scale, rest, x, arrays, layout):
    """Return one term by its own exponent."""
    own = np.int64(arrays.exponent[at + x]) + layout.dense_exponents[x] + rest
    if own < _NEGLIGIBLE:
        return 0.0
    return arrays.mantissa[at + x] * layout.dense_mantissas[x] * scale * power_of_two(own)


@lean(fastmath=_FAST)
@no_type_check
def add_terms(high, shift, factor, weight, arrays, layout):
    """Compute the terms of one high part, β(X) times its factors; add them to the sums over the high parts.

    All are multiplied by factor 2^shift, and by `weight` where they are added. Return the sum of the terms, without
    `weight`, and that of their absolute values.
    """
    block_mantissa, dense_factors, low_sums = arrays.block_mantissa, layout.dense_factors, layout.low_sums
    total, magnitude = 0.0, 0.0
    if layout.high_mantissas[high] == 0.0:
        return total, magnitude
    for part in range(1 << layout.sizes[2]):
        at = layout.high_masks[high] + layout.low_masks[part]  # mask of X but for its dense part
        to = np.uint64(part) * np.uint64(DENSE)
        scale, rest, how = _scale_of(high, part, at, shift, factor, arrays, layout)
        if how == _TOGETHER:
            for x in range(DENSE):
                i = np.uint64(x)
                term = block_mantissa[at + i] * dense_factors[i] * scale
                low_sums[to + i] += term * weight
                total += term
                magnitude += abs(term)
        elif how == _EACH:
            for x in range(DENSE):
                i = np.uint64(x)
                term = _own_term(at, scale, rest, i, arrays, layout)
                low_sums[to + i] += term * weight
                total += term
                magnitude += abs(term)
    return total, magnitude


@lean(fastmath=_FAST)
@no_type_check
def subtract_terms(high, shift, factor, arrays, layout, sums):
    """Subtract the terms of one high part, times factor 2^shift, from the sums at their X: they lack a minus."""
    block_mantissa, dense_factors = arrays.block_mantissa, layout.dense_factors
    if layout.high_mantissas[high] == 0.0:
        return
    for part in range(1 << layout.sizes[2]):
        at = layout.high_masks[high] + layout.low_masks[part]
        scale, rest, how = _scale_of(high, part, at, shift, factor, arrays, layout)
        if how == _TOGETHER:
            for x in range(DENSE):
                i = np.uint64(x)
                sums[at + i] -= block_mantissa[at + i] * dense_factors[i] * scale
        elif how == _EACH:
            for x in range(DENSE):
                i = np.uint64(x)
                sums[at + i] -= _own_term(at, scale, rest, i, arrays, layout)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def solve_sets(sets, arrays, cancellation, sole_source):
    """Compute β of sets of one size; return the smallest sum in units of its largest single-root term.

    `sets` has shape (n,), masks of U. Results go to the β of `arrays`, to `cancellation`, shape (2^d,), and to
    `sole_source`, shape (d, 2^(d-1)), unless that has no columns.
    """
    mantissa, exponent = arrays.mantissa, arrays.exponent
    d = len(arrays.set_mantissa)
    layout = make_layout(d)
    low_sums, high_sums, sizes = layout.low_sums, layout.high_sums, layout.sizes
    smallest = np.inf
    for s in range(len(sets)):
        inside = sets[s]
        prepare_set(inside, d, arrays, layout)
        if not sizes[4]:  # no DAG on U has support: β(U) stays zero
            continue
        low, high = 1 << sizes[2], 1 << (sizes[0] - sizes[1] - sizes[2])
        low_sums[: low * DENSE] = 0.0
        total, magnitude = 0.0, 0.0
        for h in range(high):
            high_sums[h], absolute = add_terms(h, np.int32(-sizes[3]), 1.0, 1.0, arrays, layout)
            total -= high_sums[h]  # terms are stored without the leading minus
            magnitude += absolute
        smallest = min(smallest, total)
        if not total > 0.0:
            continue
        cancellation[inside] = magnitude / total
        if sole_source.shape[1] > 0:
            _write_sole_sources(inside, d, total, layout, sole_source)
        # Split the sum into a mantissa in [1, 2) and an exponent.
        bits = np.float64(total).view(np.int64)
        shift = (bits >> np.int64(52)) - np.int64(1023)
        mantissa[inside] = np.int64(bits - (shift << np.int64(52))).view(np.float64)
        exponent[inside] = sizes[3] + shift
    return smallest


@lean
@no_type_check
def add_to_blocks(sets, arrays):
    """Write β of sets, shape (n,), to their blocks; where one is larger than all before, the block gets its scale."""
    block_mantissa, block_exponent = arrays.block_mantissa, arrays.block_exponent
    for s in range(len(sets)):
        at, block = sets[s], sets[s] >> DENSE_BITS
        if arrays.mantissa[at] == 0.0:
            continue
        own = arrays.exponent[at] - arrays.dense_exponent[at & (DENSE - 1)]
        if own > block_exponent[block]:
            smaller = power_of_two(np.int64(block_exponent[block] - own))
            for x in range(block << DENSE_BITS, (block + 1) << DENSE_BITS):
                block_mantissa[x] *= smaller
                if block_mantissa[x] < power_of_two(_LEAST):
                    block_mantissa[x] = 0.0
            block_exponent[block] = own
        own -= block_exponent[block]
        block_mantissa[at] = arrays.mantissa[at] * power_of_two(own) if own >= _LEAST else 0.0


@lean(fastmath=_FAST)
@no_type_check
def fold(sums, half):
    """Return the sum of the lower half, then add the upper half to it: one member is summed over."""
    without = 0.0
    for x in range(half):
        without += sums[x]
        sums[x] += sums[half + x]
    return without


@lean
@no_type_check
def _write_sole_sources(inside, d, total, layout, sole_source):
    """Write, for each member v, minus the share of the terms whose X lacks v.

    That is P(all of U - v descend from v | U). Summing over the members from the highest down leaves, for each, sums
    over the subsets of those below it: `fold` gives the terms without the member and adds those with it.
    """
    members, low_sums, high_sums = layout.members, layout.low_sums, layout.high_sums
    sizes = layout.sizes
    outside = ((np.int64(1) << d) - 1) ^ inside
    # members of the high part, then of the low part, then the dense nodes: one fold for each
    for k in range(sizes[0] - 1, sizes[1] + sizes[2] - 1, -1):
        without = fold(high_sums, 1 << (k - sizes[1] - sizes[2]))
        _write_one(members[k], outside, -without / total, sole_source)
    for k in range(sizes[1] + sizes[2] - 1, sizes[1] - 1, -1):
        without = fold(low_sums, DENSE << (k - sizes[1]))
        _write_one(members[k], outside, -without / total, sole_source)
    for v in range(DENSE_BITS - 1, -1, -1):
        without = fold(low_sums, 1 << v)
        if inside >> v & 1:
            _write_one(v, outside, -without / total, sole_source)


@lean
@no_type_check
def _write_one(v, outside, value, sole_source):
    """Write a value at ``[v, remove_bit(outside, v)]``."""
    below = (np.int64(1) << v) - 1
    sole_source[v, outside & below | (outside >> 1) & ~below] = value


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def spread_sets(sets, arrays, closed, sums):
    """Pass the probability of each set S on to the larger sets V - X that contain it, at ``sums[X]``, shape (2^d,).

    With U = V - S, this adds π(S) u_U(X) to the sum for π(V - X), for all X in U. `sets` has shape (n,), masks of S,
    and `closed`, shape (2^d,), holds π of these.
    """
    mantissa, exponent = arrays.mantissa, arrays.exponent
    d = len(arrays.set_mantissa)
    layout = make_layout(d)
    sizes = layout.sizes
    for s in range(len(sets)):
        inside = ((np.int64(1) << d) - 1) ^ sets[s]
        share = closed[sets[s]]
        if not share > _SMALLEST_SHARE or mantissa[inside] == 0.0:  # nothing to pass on
            continue
        power = (np.float64(share).view(np.int64) >> np.int64(52)) - np.int64(1023)
        share *= power_of_two(-power) / mantissa[inside]  # u_U(X) is a term of β(U) divided by β(U)
        prepare_set(inside, d, arrays, layout)
        for h in range(1 << (sizes[0] - sizes[1] - sizes[2])):
            subtract_terms(h, np.int32(power - exponent[inside]), share, arrays, layout, sums)
