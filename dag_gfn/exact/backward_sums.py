"""Compiled sums for π of all sets, a batch at a time: :mod:`dag_gfn.exact.batch_terms` lays out their terms."""

from typing import no_type_check

import numpy as np
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.exact.batch_terms import (
    COLUMNS,
    FAST,
    NEGLIGIBLE,
    copy_block,
    largest_of_row,
    list_members,
    make_work,
    vector_power,
    weigh_set,
)
from dag_gfn.exact.scaled import ZERO_EXPONENT, power_of_two

_SMALLEST_SHARE = 1e-120
"""Probabilities up to this are not passed on."""

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def spread_batches(batches, low, arrays, closed, all_sums, part):
    """Write the probability of V - U for all sets U of batches, and pass it on to the larger sets V - X.

    With the term t of :mod:`dag_gfn.exact.batch_terms`, π(V - U) times -t_U(X) / β(U) is added to the sum for
    π(V - X), for all X in U.

    Parameters
    ----------
    batches : ndarray, shape (n,), int64
        High parts of one size, after all larger ones.
    closed : ndarray, shape (2^d,), float64
        Receives π.
    all_sums : ndarray, shape (parts, 2^d), float64
        Sums at X. All parts together are read at the sets of these batches, and `part` is added to.
    """
    mantissa, exponent = arrays.mantissa, arrays.exponent
    d = len(arrays.set_mantissa)
    rows = 1 << low
    last = (np.int64(1) << d) - 1
    work = make_work(d, low)
    sums, shares, powers = np.empty(rows * COLUMNS), np.empty(rows), np.empty(rows, dtype=np.int64)
    for s in range(len(batches)):
        high = batches[s]
        k, num_columns, num_blocks = list_members(high, d, low, work)
        for row in range(rows):
            shares[row] = 0.0
            for p in range(len(all_sums)):
                shares[row] += all_sums[p, high | row]
        for row in range(rows - 1, -1, -1):  # descending: after the sets that contain it
            inside = high | row
            share = 1.0 if inside == last else shares[row]
            closed[last ^ inside] = share
            shares[row] = 0.0
            if inside == 0 or not share > _SMALLEST_SHARE or mantissa[inside] == 0.0:  # nothing to pass on
                continue
            weigh_set(row, high, k, num_columns, num_blocks, d, low, arrays, work)
            power = (np.float64(share).view(np.int64) >> np.int64(52)) - np.int64(1023)
            powers[row] = power - exponent[inside]
            share *= power_of_two(-power) / mantissa[inside]
            _spread_high_part(row, high, share, powers[row], mantissa, exponent, work, shares)
            shares[row] = share
        for block in range(num_blocks):
            is_last = block == num_blocks - 1
            if _sum_block(block, rows, num_columns, num_blocks, shares, powers, exponent, work, sums):
                for x in range(num_columns - is_last):
                    at = work.blocks[block] | work.columns[x]
                    for row in range(rows):
                        all_sums[part, at + row] -= sums[row * COLUMNS + x] * mantissa[at + row]


@lean
@no_type_check
def _spread_high_part(row, high, share, shift, mantissa, exponent, work, shares):
    """Subtract the terms of U with its whole high part from the sums of the rows within."""
    start, stop = work.starts[row], work.starts[row + 1]
    for i in range(start, stop - 1):
        at = high | work.rows_within[i]
        power = exponent[at] + work.row_exponents[i] + shift
        if power >= NEGLIGIBLE:
            term = share * mantissa[at] * work.row_mantissas[i] * power_of_two(power)
            shares[work.rows_within[i]] -= term if work.odd[i - start] == work.odd[row] else -term


@lean
@no_type_check
def _sum_block(block, rows, num_columns, num_blocks, shares, powers, exponent, work, sums):
    """Sum the terms of one block over all sets of the batch, by X and without the mantissa of β(X).

    Return whether there are any.
    """
    is_last = block == num_blocks - 1
    any_terms = False
    for row in range(rows):
        if shares[row] == 0.0:  # its factors are not there either
            continue
        factor = work.block_mantissas[row * num_blocks + block] * shares[row]
        if factor == 0.0:
            continue
        if not any_terms:
            any_terms = True
            copy_block(block, num_columns, rows, is_last, exponent, ZERO_EXPONENT, work, work.exponents)
            for x in range(rows * COLUMNS):
                sums[x] = 0.0
        power = np.int64(work.block_exponents[row * num_blocks + block]) + powers[row]
        power = np.int32(max(power, np.int64(ZERO_EXPONENT)))
        at = row * COLUMNS
        most = largest_of_row(at, at, num_columns, is_last, work.exponents, work.column_exponents)
        if most + power < NEGLIGIBLE:
            continue
        if work.starts[row + 1] - work.starts[row] < 4:
            _add_few_rows(row, power, factor, work, sums)
        else:
            _add_rows(row, power, factor, num_columns, is_last, work, sums)
    return any_terms


@lean(fastmath=FAST)
@no_type_check
def _add_rows(row, power, factor, num_columns, is_last, work, sums):
    """Add the terms of one set in one block, four rows at a time: those that differ in U's two lowest nodes."""
    exponents, rows_within = work.exponents, work.rows_within
    row_mantissas, row_exponents = work.row_mantissas, work.row_exponents
    column_mantissas, column_exponents, odd = work.column_mantissas, work.column_exponents, work.odd
    start, stop, zero = work.starts[row], work.starts[row + 1], np.int32(ZERO_EXPONENT)
    first = np.uint64(row * COLUMNS)
    for i in range(start, stop, 4):
        most = largest_of_row(
            rows_within[i + 3] * COLUMNS, row * COLUMNS, num_columns, is_last, exponents, column_exponents
        )
        if most + row_exponents[i + 3] + power < NEGLIGIBLE:
            continue
        at0, at1 = np.uint64(rows_within[i] * COLUMNS), np.uint64(rows_within[i + 1] * COLUMNS)
        at2, at3 = np.uint64(rows_within[i + 2] * COLUMNS), np.uint64(rows_within[i + 3] * COLUMNS)
        sign = -factor if odd[(i - start) >> 2] else factor
        factor0, factor1 = sign * row_mantissas[i], -sign * row_mantissas[i + 1]
        factor2, factor3 = -sign * row_mantissas[i + 2], sign * row_mantissas[i + 3]
        power0, power1 = max(row_exponents[i] + power, zero), max(row_exponents[i + 1] + power, zero)
        power2, power3 = max(row_exponents[i + 2] + power, zero), max(row_exponents[i + 3] + power, zero)
        for x in range(COLUMNS):
            j = np.uint64(x)
            own, weight = column_exponents[first + j], column_mantissas[first + j]
            sums[at0 + j] += factor0 * vector_power(exponents[at0 + j] + own + power0) * weight
            sums[at1 + j] += factor1 * vector_power(exponents[at1 + j] + own + power1) * weight
            sums[at2 + j] += factor2 * vector_power(exponents[at2 + j] + own + power2) * weight
            sums[at3 + j] += factor3 * vector_power(exponents[at3 + j] + own + power3) * weight


@lean
@no_type_check
def _add_few_rows(row, power, factor, work, sums):
    """Do the same where U has fewer than two low nodes, and so one row or two."""
    first = row * COLUMNS
    for i in range(work.starts[row], work.starts[row + 1]):
        own = max(work.row_exponents[i] + power, ZERO_EXPONENT)
        weight = factor * work.row_mantissas[i]
        for x in range(COLUMNS):
            at = work.rows_within[i] * COLUMNS + x
            term = weight * work.column_mantissas[first + x]
            sums[at] += term * vector_power(work.exponents[at] + work.column_exponents[first + x] + own)
        factor = -factor
