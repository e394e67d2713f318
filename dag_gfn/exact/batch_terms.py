r"""Compiled factors of the signed terms of the recursion over subsets of the nodes, many sets U at a time.

The terms of :math:`\beta(U)` (:mod:`dag_gfn.exact.dag_recursion`) are

.. math:: t_U(X) = \beta(X) \prod_{i \in U \setminus X} -\hat w_i(V \setminus U), \qquad X \subset U,

and :math:`\beta(U)` is minus their sum. The lowest nodes are `low`. All sets with the same other nodes, the high part,
are a batch: 2^low sets U. A term has a row, the low nodes of X, a column, the first five members of the high part that
are in X, and a block, the rest of X. One block at a time is copied, so that its rows are contiguous, and serves all
sets of the batch: each takes the rows within its own low nodes. Four rows at a time are multiplied by the factors of
the columns, which the compiler turns into vector instructions, and every term has a power of two of its own.

A term is at most as large as that of a larger X, because :math:`\beta(X')` is at least
:math:`\beta(X) \prod_{i \in X' \setminus X} \hat w_i(V \setminus X')`. So the largest of four rows is that of the
largest X, and where that is negligible the four are left out: with the scores of a few hundred rows, most of them.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.exact.scaled import ZERO_EXPONENT

COLUMN_BITS = 5
COLUMNS = 1 << COLUMN_BITS
NEGLIGIBLE = np.int64(-243)
"""Exponent, relative to the sum, below which rows are left out. Mantissas of a term multiply to less than 2^23: so what
is left out is below 2^-220 of the sum."""
FAST = {"reassoc", "contract", "nsz"}
"""Sums may be reordered; infinities and nan keep their meaning."""


def low_nodes(d: int) -> int:
    """Return how many nodes are low, by which the sets of a batch differ.

    Examples
    --------
    >>> from dag_gfn.exact.batch_terms import low_nodes
    >>> low_nodes(2), low_nodes(20)
    (2, 8)
    """
    return min(d, (d + 4) // 3)


class BatchWork(NamedTuple):
    r"""Work space for the terms of one batch, one block of columns at a time.

    Rows, of which there are 2^low, are numbered by their low nodes. Of each row U the rows within it are listed, 3^low
    in all, and so are their factors.

    Attributes
    ----------
    members : ndarray, shape (d,), int64
        Of the high part, ascending.
    starts : ndarray, shape (2^low + 1,), int64
        Where the list of each row begins.
    rows_within : ndarray, shape (3^low,), int64
        The rows within each row, ascending.
    odd : ndarray, shape (2^low,), int64
        Whether the number of members of each row is odd.
    row_mantissas, row_exponents : ndarray, shape (3^low,), float64 and int32
        Products of ŵ over the low nodes of U that X lacks, without their sign.
    columns : ndarray, shape (32,), int64
        The nodes of each column.
    column_mantissas, column_exponents : ndarray, shape (2^low * 32,), float64 and int32
        For each row U, products of -ŵ over the nodes of the columns that X lacks.
    blocks : ndarray, shape (2^b,), int64
        The nodes of each block.
    block_mantissas, block_exponents : ndarray, shape (2^low * 2^b,), float64 and int32
        For each row U, products of -ŵ over the nodes of the blocks that X lacks, and the sign of U's low nodes.
    mantissas, exponents : ndarray, shape (2^low * 32,), float64 and int32
        β of the rows and columns of one block.

    Examples
    --------
    >>> from dag_gfn.exact.batch_terms import make_work
    >>> make_work(10, 4).rows_within[:9].tolist()  # of {}, {0}, {1} and {0, 1}
    [0, 0, 1, 0, 2, 0, 1, 2, 3]
    """

    members: np.ndarray
    starts: np.ndarray
    rows_within: np.ndarray
    odd: np.ndarray
    row_mantissas: np.ndarray
    row_exponents: np.ndarray
    columns: np.ndarray
    column_mantissas: np.ndarray
    column_exponents: np.ndarray
    blocks: np.ndarray
    block_mantissas: np.ndarray
    block_exponents: np.ndarray
    mantissas: np.ndarray
    exponents: np.ndarray


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.
# Indices are unsigned: Numba then omits its check for negative ones, and the inner loops use vector instructions.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def make_work(d, low):
    """Return work space for batches of d nodes.

    Examples
    --------
    >>> from dag_gfn.exact.batch_terms import make_work
    >>> make_work(20, 8).row_mantissas.shape
    (6561,)
    """
    rows = 1 << low
    most_blocks = 1 << max(d - low - COLUMN_BITS, 0)
    starts, rows_within = np.empty(rows + 1, dtype=np.int64), np.empty(3**low, dtype=np.int64)
    odd = np.zeros(rows, dtype=np.int64)
    at = 0
    for row in range(rows):
        odd[row] = odd[row >> 1] ^ (row & 1)
        starts[row] = at
        within = 0
        while True:
            rows_within[at] = within
            at += 1
            if within == row:
                break
            within = (within - row) & row  # the next subset, ascending
    starts[rows] = at
    return BatchWork(
        np.empty(d, dtype=np.int64),
        starts,
        rows_within,
        odd,
        np.empty(3**low),
        np.empty(3**low, dtype=np.int32),
        np.empty(COLUMNS, dtype=np.int64),
        np.empty(rows * COLUMNS),
        np.empty(rows * COLUMNS, dtype=np.int32),
        np.empty(most_blocks, dtype=np.int64),
        np.empty(rows * most_blocks),
        np.empty(rows * most_blocks, dtype=np.int32),
        np.empty(rows * COLUMNS),
        np.empty(rows * COLUMNS, dtype=np.int32),
    )


@lean
@no_type_check
def list_members(high, d, low, work):
    """List the members of a high part, its columns and its blocks; return how many there are of each."""
    members, columns, blocks = work.members, work.columns, work.blocks
    k, num_columns, num_blocks = 0, 1, 1
    columns[0], blocks[0] = 0, 0
    for v in range(low, d):
        if not high >> v & 1:
            continue
        members[k] = v
        bit = np.int64(1) << v
        if k < COLUMN_BITS:
            for x in range(num_columns):
                columns[num_columns + x] = columns[x] | bit
            num_columns *= 2
        else:
            for x in range(num_blocks):
                blocks[num_blocks + x] = blocks[x] | bit
            num_blocks *= 2
        k += 1
    return k, num_columns, num_blocks


@lean
@no_type_check
def _multiply_in(mantissas, exponents, at, length, factor, exponent):
    """Extend products over subsets, which begin at `at`, by one more member: from `length` to twice as many.

    The upper half, where X has the member, are the products so far. The lower half, where X lacks it, are these times
    the member's factor.
    """
    for x in range(at, at + length):
        mantissas[length + x] = mantissas[x]
        exponents[length + x] = exponents[x]
        mantissas[x] *= factor
        exponents[x] = max(exponents[x] + exponent, ZERO_EXPONENT)


@lean
@no_type_check
def weigh_set(row, high, k, num_columns, num_blocks, d, low, arrays, work):
    """Write the factors of the terms of U, the set of a row and the high part.

    Return the exponent of the largest term that lacks one member of the high part, and no other; that of zero if there
    is none.
    """
    set_mantissa, set_exponent, mantissa, exponent = arrays
    inside = high | row
    outside = ((np.int64(1) << d) - 1) ^ inside
    first, first_column, first_block = work.starts[row], row * COLUMNS, row * num_blocks
    row_mantissas, row_exponents = work.row_mantissas, work.row_exponents
    row_mantissas[first], row_exponents[first] = 1.0, 0
    length = 1
    for v in range(low):
        if row >> v & 1:
            at = without_bit(outside, v)
            _multiply_in(
                row_mantissas, row_exponents, first, length, set_mantissa[v, at], set_exponent[v, at]
            )
            length *= 2
    column_mantissas, column_exponents = work.column_mantissas, work.column_exponents
    block_mantissas, block_exponents = work.block_mantissas, work.block_exponents
    for x in range(first_column + num_columns, first_column + COLUMNS):  # columns that there are not
        column_mantissas[x], column_exponents[x] = 0.0, ZERO_EXPONENT
    column_mantissas[first_column], column_exponents[first_column] = 1.0, 0
    block_mantissas[first_block], block_exponents[first_block] = -1.0 if work.odd[row] else 1.0, 0
    largest = np.int64(ZERO_EXPONENT)
    for i in range(k):
        v = work.members[i]
        at = without_bit(outside, v)
        weight, power = set_mantissa[v, at], set_exponent[v, at]
        if i < COLUMN_BITS:
            _multiply_in(column_mantissas, column_exponents, first_column, 1 << i, -weight, power)
        else:
            _multiply_in(
                block_mantissas, block_exponents, first_block, 1 << (i - COLUMN_BITS), -weight, power
            )
        rest = inside ^ (np.int64(1) << v)
        if weight > 0.0 and mantissa[rest] > 0.0:
            largest = max(largest, np.int64(exponent[rest]) + power)
    return largest


@lean
@no_type_check
def copy_block(block, num_columns, rows, is_last, values, nothing, work, copy):
    """Copy `values`, shape (2^d,), of the X of one block, so that each row is contiguous.

    Columns that there are not, and X = the high part, the last column of the last block, become `nothing`.
    """
    for x in range(COLUMNS):
        to = np.uint64(x)
        if x >= num_columns - is_last:
            for row in range(rows):
                copy[to + np.uint64(row * COLUMNS)] = nothing
        else:
            at = np.uint64(work.blocks[block] | work.columns[x])
            for row in range(rows):
                copy[to + np.uint64(row * COLUMNS)] = values[at + np.uint64(row)]


@lean
@no_type_check
def largest_of_row(at, first_column, num_columns, is_last, exponents, column_exponents):
    """Return the largest exponent of a row's terms: of all columns' nodes or, in the last block, of all but one."""
    last = num_columns - 1
    if not is_last:
        return exponents[at + last] + column_exponents[first_column + last]
    most, bit = np.int64(2 * ZERO_EXPONENT), 1
    while bit < num_columns:
        most = max(most, exponents[at + last - bit] + column_exponents[first_column + last - bit])
        bit *= 2
    return most


@lean
@no_type_check
def without_bit(mask, v):
    """Return the index of a parent set of v, as ``subsets.remove_bit``."""
    below = (np.int64(1) << v) - 1
    return mask & below | (mask >> 1) & ~below


@lean
@no_type_check
def vector_power(k):
    """Return 2^k, with k at least -1000 and at most 1023, in instructions that there are for vectors."""
    k = np.int32(max(np.int32(k), np.int32(-1000)) + np.int32(1023))
    return np.int64(np.int64(k) << np.int64(52)).view(np.float64)
