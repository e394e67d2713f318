"""Compiled sums for β of all sets, a batch at a time: :mod:`dag_gfn.exact.batch_terms` lays out their terms."""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.exact.batch_terms import (
    COLUMN_BITS,
    COLUMNS,
    FAST,
    NEGLIGIBLE,
    copy_block,
    largest_of_row,
    list_members,
    make_work,
    vector_power,
    weigh_set,
    without_bit,
)
from dag_gfn.exact.inclusion_exclusion import fold
from dag_gfn.exact.scaled import ZERO_EXPONENT, power_of_two


class _Sums(NamedTuple):
    """Sums of the terms of the sets of a batch; a set is numbered by its row. Each is in units of a power of two.

    `columns`, shape (64,), holds sums over the rows of one set in one block, and sums of their absolute values, both
    without the columns' mantissas. `by_row`, shape (3^low,), has the sums over columns and blocks, `by_column`, shape
    (2^low * 32,), those over rows and blocks, `by_block`, shape (2^low * blocks,), those over rows and columns.
    `magnitude`, shape (2^low,), has the sums of absolute values, and `scale` the exponent of the unit.
    """

    columns: np.ndarray
    by_row: np.ndarray
    by_column: np.ndarray
    by_block: np.ndarray
    magnitude: np.ndarray
    scale: np.ndarray


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def solve_batches(batches, low, arrays, cancellation, sole_source):
    """Compute β of batches with high parts of one size; return the smallest sum, in units of its scale.

    That is the largest of its terms that lack one node.

    `batches` has shape (n,), masks of the high parts. Results go to the β of `arrays`, to `cancellation`, shape (2^d,),
    and to `sole_source`, shape (d, 2^(d-1)), unless that has no columns.
    """
    d = len(arrays.set_mantissa)
    rows = 1 << low
    work = make_work(d, low)
    sums = _Sums(
        np.empty(2 * COLUMNS),
        np.empty(3**low),
        np.empty(rows * COLUMNS),
        np.empty(rows * len(work.blocks)),
        np.empty(rows),
        np.empty(rows, dtype=np.int64),
    )
    smallest = np.inf
    for s in range(len(batches)):
        high = batches[s]
        sizes = list_members(high, d, low, work)
        k, num_columns, num_blocks = sizes
        for row in range(rows):
            sums.scale[row] = weigh_set(row, high, k, num_columns, num_blocks, d, low, arrays, work)
        sums.by_row[:] = 0.0
        sums.by_column[:] = 0.0
        sums.by_block[: rows * num_blocks] = 0.0
        sums.magnitude[:] = 0.0
        _sum_smaller_high_parts(rows, num_columns, num_blocks, arrays, work, sums)
        for row in range(rows):  # ascending: after the sets within it
            if high | row == 0:
                continue
            total = _finish_set(row, high, sizes, d, low, arrays, work, sums, cancellation, sole_source)
            smallest = min(smallest, total)
    return smallest


@lean
@no_type_check
def _sum_smaller_high_parts(rows, num_columns, num_blocks, arrays, work, sums):
    """Sum the terms with a smaller high part than U, for all U of the batch."""
    for block in range(num_blocks):
        is_last = block == num_blocks - 1
        copy_block(block, num_columns, rows, is_last, arrays.mantissa, 0.0, work, work.mantissas)
        copy_block(block, num_columns, rows, is_last, arrays.exponent, ZERO_EXPONENT, work, work.exponents)
        for row in range(rows):
            factor = work.block_mantissas[row * num_blocks + block]
            if sums.scale[row] == ZERO_EXPONENT or factor == 0.0:
                continue
            power = np.int64(work.block_exponents[row * num_blocks + block]) - sums.scale[row]
            power = np.int32(max(power, np.int64(ZERO_EXPONENT)))
            at = row * COLUMNS
            most = largest_of_row(at, at, num_columns, is_last, work.exponents, work.column_exponents)
            if most + power < NEGLIGIBLE:
                continue
            if work.starts[row + 1] - work.starts[row] < 4:
                _add_few_rows(row, power, factor, work, sums)
            else:
                _add_rows(row, power, factor, num_columns, is_last, work, sums)
            _add_columns(row, row * num_blocks + block, factor, work, sums)


@lean(fastmath=FAST)
@no_type_check
def _add_rows(row, power, factor, num_columns, is_last, work, sums):
    """Sum the rows within one row, in one block, four at a time: those that differ in U's two lowest nodes."""
    mantissas, exponents, rows_within = work.mantissas, work.exponents, work.rows_within
    row_mantissas, row_exponents = work.row_mantissas, work.row_exponents
    column_mantissas, column_exponents = work.column_mantissas, work.column_exponents
    columns, by_row, odd = sums.columns, sums.by_row, work.odd
    start, stop, zero = work.starts[row], work.starts[row + 1], np.int32(ZERO_EXPONENT)
    first = np.uint64(row * COLUMNS)
    for x in range(2 * COLUMNS):
        columns[x] = 0.0
    for i in range(start, stop, 4):
        most = largest_of_row(
            rows_within[i + 3] * COLUMNS, row * COLUMNS, num_columns, is_last, exponents, column_exponents
        )
        if most + row_exponents[i + 3] + power < NEGLIGIBLE:
            continue
        at0, at1 = np.uint64(rows_within[i] * COLUMNS), np.uint64(rows_within[i + 1] * COLUMNS)
        at2, at3 = np.uint64(rows_within[i + 2] * COLUMNS), np.uint64(rows_within[i + 3] * COLUMNS)
        factor0, factor1 = row_mantissas[i], row_mantissas[i + 1]
        factor2, factor3 = row_mantissas[i + 2], row_mantissas[i + 3]
        power0, power1 = max(row_exponents[i] + power, zero), max(row_exponents[i + 1] + power, zero)
        power2, power3 = max(row_exponents[i + 2] + power, zero), max(row_exponents[i + 3] + power, zero)
        sign = -1.0 if odd[(i - start) >> 2] else 1.0  # U's own is among the factors
        sum0, sum1, sum2, sum3 = 0.0, 0.0, 0.0, 0.0
        for x in range(COLUMNS):
            j = np.uint64(x)
            own, weight = column_exponents[first + j], column_mantissas[first + j]
            term0 = mantissas[at0 + j] * factor0 * vector_power(exponents[at0 + j] + own + power0)
            term1 = mantissas[at1 + j] * factor1 * vector_power(exponents[at1 + j] + own + power1)
            term2 = mantissas[at2 + j] * factor2 * vector_power(exponents[at2 + j] + own + power2)
            term3 = mantissas[at3 + j] * factor3 * vector_power(exponents[at3 + j] + own + power3)
            same, other = term0 + term3, term1 + term2
            columns[j] += sign * (same - other)
            columns[np.uint64(COLUMNS) + j] += same + other
            sum0 += term0 * weight
            sum1 += term1 * weight
            sum2 += term2 * weight
            sum3 += term3 * weight
        sign *= factor
        by_row[i] += sign * sum0
        by_row[i + 1] -= sign * sum1
        by_row[i + 2] -= sign * sum2
        by_row[i + 3] += sign * sum3


@lean
@no_type_check
def _add_few_rows(row, power, factor, work, sums):
    """Do the same where U has fewer than two low nodes, and so one row or two."""
    mantissas, exponents, columns = work.mantissas, work.exponents, sums.columns
    first = row * COLUMNS
    for x in range(2 * COLUMNS):
        columns[x] = 0.0
    sign = 1.0
    for i in range(work.starts[row], work.starts[row + 1]):
        own = max(work.row_exponents[i] + power, ZERO_EXPONENT)
        total = 0.0
        for x in range(COLUMNS):
            at = work.rows_within[i] * COLUMNS + x
            term = mantissas[at] * work.row_mantissas[i]
            term *= vector_power(exponents[at] + work.column_exponents[first + x] + own)
            columns[x] += sign * term
            columns[COLUMNS + x] += term
            total += term * work.column_mantissas[first + x]
        sums.by_row[i] += sign * factor * total
        sign = -sign


@lean(fastmath=FAST)
@no_type_check
def _add_columns(row, at_block, factor, work, sums):
    """Add the sums of one block's columns to those of the set."""
    columns, by_column, column_mantissas = sums.columns, sums.by_column, work.column_mantissas
    first = np.uint64(row * COLUMNS)
    total, magnitude = 0.0, 0.0
    for x in range(COLUMNS):
        j = np.uint64(x)
        weight = column_mantissas[first + j] * factor
        value = columns[j] * weight
        by_column[first + j] += value
        total += value
        magnitude += columns[np.uint64(COLUMNS) + j] * abs(weight)
    sums.by_block[at_block] = total
    sums.magnitude[row] += magnitude


@lean
@no_type_check
def _finish_set(row, high, sizes, d, low, arrays, work, sums, cancellation, sole_source):
    """Add the terms of U with its whole high part, and write what comes of the sum; return it in units of its scale."""
    set_mantissa, set_exponent, mantissa, exponent = arrays
    k, _, num_blocks = sizes
    inside = high | row
    outside = ((np.int64(1) << d) - 1) ^ inside
    start, stop = work.starts[row], work.starts[row + 1]
    scale = sums.scale[row]
    for v in range(low):
        if row >> v & 1:
            rest, at = inside ^ (np.int64(1) << v), without_bit(outside, v)
            if set_mantissa[v, at] > 0.0 and mantissa[rest] > 0.0:
                scale = max(scale, np.int64(exponent[rest]) + set_exponent[v, at])
    if scale == ZERO_EXPONENT:  # no DAG on U has support: β(U) stays zero
        return np.inf
    unit = power_of_two(sums.scale[row] - scale) if sums.scale[row] - scale > -1000 else 0.0
    total, magnitude = 0.0, sums.magnitude[row] * unit
    for block in range(row * num_blocks, (row + 1) * num_blocks):
        total -= sums.by_block[block]
    total *= unit
    for i in range(start, stop):
        at = high | work.rows_within[i]
        power = np.int64(exponent[at]) + work.row_exponents[i] - scale
        term = 0.0
        if i < stop - 1 and power >= NEGLIGIBLE:
            term = mantissa[at] * work.row_mantissas[i] * power_of_two(power)
            magnitude += term
            if work.odd[i - start] != work.odd[row]:
                term = -term
            total -= term
        sums.by_row[i] = sums.by_row[i] * unit + term
    if not total > 0.0:
        return total
    cancellation[inside] = magnitude / total
    if sole_source.shape[1] > 0:
        _write_sole_sources(row, outside, unit, total, k, num_blocks, low, work, sums, sole_source)
    # Split the sum into a mantissa in [1, 2) and an exponent.
    bits = np.float64(total).view(np.int64)
    shift = (bits >> np.int64(52)) - np.int64(1023)
    mantissa[inside] = np.int64(bits - (shift << np.int64(52))).view(np.float64)
    exponent[inside] = scale + shift
    return total


@lean
@no_type_check
def _write_sole_sources(row, outside, unit, total, k, num_blocks, low, work, sums, sole_source):
    """Write, for each member v, minus the share of the terms whose X lacks v.

    That is P(all of U - v descend from v | U). Summing over the members from the highest down leaves, for each, sums
    over the subsets of those below it: `fold` gives the terms without the member and adds those with it.
    """
    half = (work.starts[row + 1] - work.starts[row]) >> 1
    for v in range(low - 1, -1, -1):
        if row >> v & 1:
            without = fold(sums.by_row, half, work.starts[row])
            sole_source[v, without_bit(outside, v)] = -without / total
            half >>= 1
    for i in range(k - 1, -1, -1):
        if i >= COLUMN_BITS:
            without = fold(sums.by_block, 1 << (i - COLUMN_BITS), row * num_blocks)
        else:
            without = fold(sums.by_column, 1 << i, row * COLUMNS)
        sole_source[work.members[i], without_bit(outside, work.members[i])] = -without * unit / total
