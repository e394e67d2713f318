"""Cell sums of contingency tables against a counter."""

from collections import Counter
from math import lgamma, log, prod

import numpy as np
import pytest
from score_data import dependent_codes

from dag_gfn.data.distinct_rows import distinct_rows
from dag_gfn.scores.contingency_tables import MAXIMUM_LIKELIHOOD, ContingencyTables

STATES = (2, 3, 5, 2, 3, 2, 4)


def cell_sum(codes, members, equivalent_sample_size):
    cells = Counter(tuple(row) for row in codes[:, members].tolist()).values()
    if equivalent_sample_size == MAXIMUM_LIKELIHOOD:
        return sum(c * log(c) for c in cells)
    a = equivalent_sample_size / prod(STATES[m] for m in members)
    return sum(lgamma(a + c) - lgamma(a) for c in cells)


@pytest.mark.parametrize("equivalent_sample_size", [1.0, 7.0, MAXIMUM_LIKELIHOOD])
@pytest.mark.parametrize("n", [1, 2, 80])
def test_cell_sums_equal_a_counter(equivalent_sample_size, n, rng):
    codes = dependent_codes(rng, n, STATES)
    table = ContingencyTables(codes, STATES)
    sums = table.all_cell_sums(equivalent_sample_size)
    d = len(STATES)
    for mask in range(1 << d):
        members = [i for i in range(d) if mask >> i & 1]
        expected = cell_sum(codes, members, equivalent_sample_size)
        assert sums[mask] == pytest.approx(expected, rel=1e-11, abs=1e-11)
    for node in range(d):
        masks = np.array([m for m in range(1 << d) if not m >> node & 1])
        np.testing.assert_allclose(
            table.family_cell_sums(node, masks, equivalent_sample_size),
            sums[masks | 1 << node] - sums[masks],
            rtol=1e-11,
            atol=1e-11,
        )


def test_rows_that_are_distinct_already(rng):
    codes = dependent_codes(rng, 200, STATES)
    rows, _, times = distinct_rows(codes, STATES)
    np.testing.assert_array_equal(
        ContingencyTables(rows, STATES, times).all_cell_sums(1.0),
        ContingencyTables(codes, STATES).all_cell_sums(1.0),
    )


def test_no_rows_give_zero():
    table = ContingencyTables(np.zeros((0, 3), dtype=np.int64), (2, 3, 2))
    np.testing.assert_array_equal(table.all_cell_sums(1.0), np.zeros(8))
    np.testing.assert_array_equal(table.family_cell_sums(1, np.array([0, 5]), 1.0), np.zeros(2))


@pytest.mark.parametrize("equivalent_sample_size", [1.0, MAXIMUM_LIKELIHOOD])
@pytest.mark.parametrize(("states", "n"), [(STATES, 60), ((2, 3), 5000)])  # the walk, and marginal tables
def test_integer_weights_are_repeated_rows(equivalent_sample_size, states, n, rng):
    codes, weights = dependent_codes(rng, n, states), rng.integers(1, 5, n)
    rows, row_of, _ = distinct_rows(codes, states)
    weighted = ContingencyTables(rows, states, np.bincount(row_of, weights.astype(float)))
    assert weighted.is_weighted
    repeated = ContingencyTables(np.repeat(codes, weights, axis=0), states)
    sums = repeated.all_cell_sums(equivalent_sample_size)
    np.testing.assert_allclose(weighted.all_cell_sums(equivalent_sample_size), sums, rtol=1e-11, atol=1e-11)
    for node in range(len(states)):
        masks = np.array([m for m in range(1 << len(states)) if not m >> node & 1])
        found = weighted.family_cell_sums(node, masks, equivalent_sample_size)
        np.testing.assert_allclose(found, sums[masks | 1 << node] - sums[masks], rtol=1e-9, atol=1e-9)


def test_weights_need_not_be_whole(rng):
    codes, weights = dependent_codes(rng, 40, STATES), rng.uniform(0.2, 3.0, 40)
    rows, row_of, _ = distinct_rows(codes, STATES)
    sums = ContingencyTables(rows, STATES, np.bincount(row_of, weights)).all_cell_sums(2.0)
    for members in ([], [2], [0, 4, 6]):
        cells = Counter()
        for row, weight in zip(codes[:, members].tolist(), weights, strict=True):
            cells[tuple(row)] += weight
        a = 2.0 / prod(STATES[m] for m in members)
        expected = sum(lgamma(a + c) - lgamma(a) for c in cells.values())
        assert sums[sum(1 << m for m in members)] == pytest.approx(expected, rel=1e-11)
