"""Weights of rows: what is refused, what they are worth, and when they mislead."""

from dataclasses import replace

import numpy as np
import pytest

from dag_gfn.data import from_array
from dag_gfn.data.row_weights import (
    MAX_REPEATED_ROWS,
    can_repeat_rows,
    checked_weights,
    effective_rows,
    repeat_rows,
    weights_sentence,
)
from dag_gfn.errors import DataError


@pytest.fixture
def data(rng):
    return from_array(rng.normal(size=(50, 3)))


@pytest.fixture
def survey(rng):
    return from_array(rng.integers(0, 2, size=(50, 3)), discrete="all")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, np.nan, 2.0], r"column 'wt' has 1 cell without a number \(row 2\)"),
        ([1.0, -2.0, -1.0], r"column 'wt' has 2 negative cells \(rows 2, 3\)"),
        ([1.0, np.inf, 2.0], r"column 'wt' has 1 infinite cell"),
        ([0.0, 0.0, 2.0], "positive in 1 of 3 rows"),
    ],
)
def test_what_cannot_be_weights_is_refused(weights, message):
    with pytest.raises(DataError, match=message):
        checked_weights(np.array(weights), "wt")


def test_equal_weights_that_are_no_counts_are_worth_their_rows(data):
    assert effective_rows(replace(data, weights=np.full(50, 0.3))) == pytest.approx(50)
    assert effective_rows(data) == 50


def test_counts_are_worth_their_sum(data):
    assert effective_rows(replace(data, weights=np.full(50, 4.0))) == 200


def test_a_table_of_counts_written_out(data):
    counts = np.arange(1.0, 51.0)
    mask = np.zeros((50, 3), dtype=bool)
    mask[4, 1] = True
    found = repeat_rows(replace(data, weights=counts, intervened=mask))
    assert found.n == counts.sum()
    assert found.weights is None
    np.testing.assert_array_equal(found.values, np.repeat(data.values, np.arange(1, 51), axis=0))
    assert found.intervened is not None
    assert found.intervened.sum() == 5


def test_what_cannot_be_written_out(data):
    for weights in (np.full(50, 1.5), np.full(50, float(MAX_REPEATED_ROWS))):
        weighted = replace(data, weights=weights)
        assert not can_repeat_rows(weighted)
        with pytest.raises(DataError, match="row by row"):
            repeat_rows(weighted)


def test_weights_of_a_population_are_warned_of(data, survey, rng):
    weights = rng.uniform(5e4, 4e5, size=50).round()
    for each in (data, survey):  # in a survey of 3 questions some rows are alike
        sentence = weights_sentence(replace(each, weights=weights))
        assert f"count as {weights.sum():,.6g} rows" in sentence
        assert f"{weights.mean():.6g}" in sentence
        kish = weights.sum() ** 2 / (weights**2).sum()
        assert f"add up to {kish:,.0f}" in sentence


def test_weights_of_mean_one_are_not(data):
    assert weights_sentence(replace(data, weights=np.linspace(0.2, 1.8, 50))) == ""
    assert weights_sentence(data) == ""


def test_a_table_of_counts_is_not():
    grid = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1, 2]), axis=-1).reshape(-1, 3)
    table = from_array(grid, discrete="all")
    assert weights_sentence(replace(table, weights=np.arange(100.0, 112.0))) == ""
    numeric = from_array(grid)  # ages or doses of a table of counts may be numbers
    assert weights_sentence(replace(numeric, weights=np.arange(100.0, 112.0))) == ""


def test_points_with_the_moments_of_a_matrix_are_not(data):
    assert weights_sentence(replace(data, weights=np.full(50, 1e6), moments_only=True)) == ""
