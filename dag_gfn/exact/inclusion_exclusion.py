r"""Compiled sums over the signed terms of the recursion over subsets of the nodes, one set U at a time.

The terms of :math:`\beta(U)` (:mod:`dag_gfn.exact.dag_recursion`) are

.. math:: -\beta(X) \prod_{i \in U \setminus X} -\hat w_i(V \setminus U), \qquad X \subset U,

and are stored without the leading minus. In code, U is ``inside``, V minus U is ``outside``, and X is a subset of U.

Draws of DAGs need the terms of single sets U (:mod:`dag_gfn.exact.batch_terms` computes those of all sets). All
compiled functions take the recursion's ``arrays`` (`RecursionArrays`). They work in the ``layout`` that
:func:`make_layout` makes once for each chunk of sets. The sums over X run over three nested parts, because 2^|U|
factors do not fit into a cache: the high part of X is the outer loop, the low part the next one, and the dense part the
innermost, which the compiler turns into vector instructions. Each term has an exponent of its own.
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
_NEGLIGIBLE = np.int64(-220)
"""Exponent of a term, relative to the sum, below which it counts as zero."""
_FAST = {"reassoc", "contract", "nsz"}  # sums may be reordered; infinities and nan keep their meaning


class RecursionArrays(NamedTuple):
    """The arrays of `dag_gfn.exact.dag_recursion.DagRecursion` that compiled functions read.

    Attributes
    ----------
    set_mantissa, set_exponent : ndarray, shape (d, 2^(d-1)), float64 and int32
    mantissa, exponent : ndarray, shape (2^d,) but at least 16, float64 and int32
        As there.

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
    low_mantissas, low_exponents, low_masks : ndarray, shape (low,), float64, int32 and uint64
        The factors of the low parts, and their nodes.
    high_mantissas, high_exponents, high_masks : ndarray, shape (high,), float64, int32 and uint64
        The same of the high parts.
    low_sums : ndarray, shape (16 low,), float64
        Sums of the terms over the high parts.
    high_sums : ndarray, shape (high,), float64
        Sums of the terms over the low and dense parts.
    sizes : ndarray, shape (5,), int64
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
    (5,)
    """
    low = 1 << min(max(d - DENSE_BITS, 0), _LOW_BITS)
    high = 1 << max(d - DENSE_BITS - _LOW_BITS, 0)
    return Layout(
        np.empty(d, dtype=np.int64),
        np.empty(d),
        np.empty(d, dtype=np.int64),
        np.empty(DENSE),
        np.empty(DENSE, dtype=np.int32),
        np.empty(low),
        np.empty(low, dtype=np.int32),
        np.empty(low, dtype=np.uint64),
        np.empty(high),
        np.empty(high, dtype=np.int32),
        np.empty(high, dtype=np.uint64),
        np.empty(low * DENSE),
        np.empty(high),
        np.empty(5, dtype=np.int64),
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

    Five sizes are written as well: the number of members, of dense members and of low members; the exponent of the
    largest term with a single root, and 1, both 0 where there is no such term.
    """
    set_mantissa, set_exponent = arrays.set_mantissa, arrays.set_exponent
    mantissa, exponent = arrays.mantissa, arrays.exponent
    members, weights, weight_exponents, sizes = (
        layout.members,
        layout.weights,
        layout.weight_exponents,
        layout.sizes,
    )
    dense_mantissas, dense_exponents = layout.dense_mantissas, layout.dense_exponents
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


@lean(fastmath=_FAST)
@no_type_check
def add_terms(high, shift, factor, weight, arrays, layout):
    """Compute the terms of one high part, β(X) times its factors; add them to the sums over the high parts.

    All are multiplied by factor 2^shift, and by `weight` where they are added. Return the sum of the terms, without
    `weight`, and that of their absolute values.
    """
    mantissa, exponent, low_sums = arrays.mantissa, arrays.exponent, layout.low_sums
    dense_mantissas, dense_exponents = layout.dense_mantissas, layout.dense_exponents
    total, magnitude = 0.0, 0.0
    if layout.high_mantissas[high] == 0.0:
        return total, magnitude
    for part in range(1 << layout.sizes[2]):
        at = layout.high_masks[high] + layout.low_masks[part]  # mask of X but for its dense part
        to = np.uint64(part) * np.uint64(DENSE)
        rest = np.int64(layout.low_exponents[part]) + layout.high_exponents[high] + shift
        scale = layout.low_mantissas[part] * layout.high_mantissas[high] * factor
        for x in range(DENSE):
            i = np.uint64(x)
            own = exponent[at + i] + dense_exponents[i] + rest
            term = (
                mantissa[at + i] * dense_mantissas[i] * scale * power_of_two(own)
                if own >= _NEGLIGIBLE
                else 0.0
            )
            low_sums[to + i] += term * weight
            total += term
            magnitude += abs(term)
    return total, magnitude


@lean(fastmath=_FAST)
@no_type_check
def fold(sums, half, start=0):
    """Return the sum of the lower half, then add the upper half to it: one member is summed over.

    The halves are neighbours, and begin at `start`.
    """
    without = 0.0
    for x in range(np.uint64(start), np.uint64(start + half)):
        without += sums[x]
        sums[x] += sums[np.uint64(half) + x]
    return without
