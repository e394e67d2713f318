from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data.column_reading import read_column
from dag_gfn.data.text_table import TextColumn


def read(cells, **options):
    if isinstance(cells, pd.Series):
        return read_column(cells, cells.notna().to_numpy(), **options)
    codes, texts = pd.factorize(np.array(cells, dtype=object))
    return read_column(TextColumn("x", codes, tuple(texts)), np.array([c != "" for c in cells]), **options)


def test_numbers_of_a_file_and_text_of_a_frame():
    cells = ["1.5", "2", "", "1.5"]
    assert read(cells).kind == "numbers"
    np.testing.assert_array_equal(read(cells).values, [1.5, 2, np.nan, 1.5])
    typed = read(cells, typed=True)
    assert (typed.kind, typed.states) == ("labels", ("1.5", "2"))


def test_many_typed_texts_of_numbers_are_numbers(rng):
    cells = [f"{value:.3f}" for value in rng.normal(size=80)]
    assert read(cells, typed=True).kind == "numbers"
    assert read([f"{k:03d}" for k in range(80)], typed=True).kind == "labels"  # zeros in front: codes


def test_few_odd_cells_of_a_numeric_column_are_missing(rng):
    cells = [f"{value:.2f}" for value in rng.normal(size=60)] + ["<0.1", "lost", "<0.1"]
    found = read(cells)
    assert found.kind == "numbers"
    assert found.odd == {"<0.1": 2, "lost": 1}
    assert np.isnan(found.values[-3:]).all()


def test_many_odd_cells_make_labels():
    cells = ["16", "14", "16", "15-16?", "y?"] * 12
    found = read(cells)
    assert (found.kind, found.remark) == ("labels", "numbers and other cells")


def test_words_among_repeated_codes_are_codes(rng):
    cells = [str(3000 + k) for k in range(40) for _ in range(10)] + ["Baart"] * 10
    assert read(cells).kind == "labels"
    cells = [str(k) for k in rng.integers(0, 5000, 400)] + ["Baart"] * 10
    assert read(cells).kind == "numbers"


def test_units_dates_and_orders():
    assert read(["7 hours", "8 hours", "9 hours"]).how == ("units (hours)",)
    assert read(["2001-03-04", "2002-03-04"]).kind == "dates"
    ordered = read(["low", "high", "medium", "unknown", "low"])
    assert (ordered.kind, ordered.states, ordered.odd) == (
        "ordered",
        ("low", "medium", "high"),
        {"unknown": 1},
    )
    np.testing.assert_array_equal(ordered.values, [0, 2, 1, np.nan, 0])
    assert read(["low", "high", "medium"], as_labels=True).states == ("high", "low", "medium")


def test_the_user_may_say_numbers():
    found = read(["1", "x", "2"], as_numbers=True)
    assert (found.kind, found.odd) == ("numbers", {"x": 1})
    np.testing.assert_array_equal(read(pd.Series([True, False]), as_numbers=True).values, [1, 0])
    categories = pd.Series(pd.Categorical(["10", "2", "10"]))
    np.testing.assert_array_equal(read(categories, as_numbers=True).values, [10, 2, 10])


def test_columns_with_a_type():
    assert read(pd.Series([True, False, True])).states == ("False", "True")
    infinite = read(pd.Series([1.0, np.inf, 2.0]))
    assert infinite.odd == {"inf": 1}
    assert np.isnan(infinite.values[1])
    assert read(pd.Series([1 + 2j, 3j])).kind == "unusable"
    assert read(pd.Series([[1], [2]])).remark == "list objects, neither numbers nor text"
    np.testing.assert_array_equal(read(pd.Series([Decimal("1.5"), Decimal(2)])).values, [1.5, 2])


@pytest.mark.parametrize("ordered", [False, True])
def test_declared_categories(ordered):
    column = pd.Series(pd.Categorical(["c", "a", None, "b"], ["c", "b", "a", "z"], ordered=ordered))
    found = read(column)
    assert found.kind == ("ordered" if ordered else "labels")
    assert found.states == (("c", "b", "a") if ordered else ("c", "b", "a", "z"))
    np.testing.assert_array_equal(found.values, [0, 2, np.nan, 1])
    assert found.is_declared
