import numpy as np
import pandas as pd
import pytest

from dag_gfn.data.column_encoding import encode_column
from dag_gfn.errors import DataError


def series(cells, **options):
    return pd.Series(cells, name="x", **options)


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2, 3],
        [0, 1, 1],
        [0.5, 1.5, 2.5],
        pd.array([1, 2, 3], dtype="Int64"),
        np.array([1, 2.5, 3], dtype=object),
    ],
)
def test_numbers_are_continuous(cells):
    values, states, *_ = encode_column(series(cells))
    assert states is None
    np.testing.assert_array_equal(values, np.array(cells, dtype=float))


@pytest.mark.parametrize(
    ("cells", "states", "codes"),
    [
        (["b", "a", "b", "a"], ("a", "b"), [1, 0, 1, 0]),
        ([True, False, True, True], ("False", "True"), [1, 0, 1, 1]),
        (np.array([True, False, True, True], dtype=object), ("False", "True"), [1, 0, 1, 1]),
        (pd.array([True, False, False, True], dtype="boolean"), ("False", "True"), [1, 0, 0, 1]),
        (["10", "9", "9", "10"], ("9", "10"), [1, 0, 0, 1]),
        (
            pd.Categorical(["mid", "low", "low", "mid"], ["low", "mid", "high"]),
            ("low", "mid", "high"),
            [1, 0, 0, 1],
        ),
    ],
)
def test_text_booleans_and_categories_are_discrete(cells, states, codes):
    encoded = encode_column(series(cells))
    assert encoded.states == states
    np.testing.assert_array_equal(encoded.values, codes)


def test_as_discrete_sorts_numbers_by_value_and_labels_them_as_written():
    encoded = encode_column(series([10.0, 9.0, -1.0, 9.0, 10.0, -1.0]), as_discrete=True)
    assert encoded.states == ("-1", "9", "10")
    np.testing.assert_array_equal(encoded.values, [2, 1, 0, 1, 2, 0])


def test_a_word_among_numbers_is_named_with_its_row():
    cells = [str(i) for i in range(100)]
    cells[11] = "abc"
    with pytest.raises(
        DataError, match=r"column 'x' is 99% numbers, but row 12 .* holds 'abc': .*--discrete"
    ):
        encode_column(series(cells))
    assert encode_column(series(["1", "2", "3+", "1", "2", "1"]), as_discrete=True).states == ("1", "2", "3+")


def test_row_numbers_are_those_of_the_whole_table():
    with pytest.raises(DataError, match=r"row 31 .* holds 'abc' \(2 such cells\)"):
        encode_column(series(["1", "2", "abc", "x", "4"], index=[1, 5, 30, 31, 40]))
    with pytest.raises(DataError, match=r"1 infinite value \(row 31, counted from 1 below the header\)"):
        encode_column(series([1.0, 2.0, -np.inf], index=[1, 5, 30]))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), "dates or times .* --drop"),
        (pd.to_timedelta([1, 2], unit="s"), "dates or times"),
        (pd.period_range("2020-01", periods=2, freq="M"), "dates or times"),
        ([1j, 2j], "complex"),
        ([(1, 2), (3, 4)], "tuple objects"),
        ([np.inf, -np.inf, 1.0], r"2 infinite values \(rows 1, 2, "),
    ],
)
def test_columns_of_other_types_are_refused(cells, message):
    with pytest.raises(DataError, match=message):
        encode_column(series(cells))


def test_an_id_is_no_discrete_variable():
    with pytest.raises(
        DataError, match=r"60 distinct values .*'id0' and 'id1'.*more than half the 100 rows.*--drop"
    ):
        encode_column(series([f"id{i % 60}" for i in range(100)]))
    with pytest.raises(DataError, match=r"64 distinct values .* more than 63"):
        encode_column(series([f"id{i % 64}" for i in range(1000)]))
    assert len(encode_column(series([f"id{i % 63}" for i in range(126)])).states) == 63
    assert encode_column(series(["a", "b"])).states == ("a", "b")  # two states however few the rows
