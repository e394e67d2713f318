import numpy as np
import pytest

from dag_gfn.data.column_reading import ReadColumn
from dag_gfn.data.role_rules import decide_column, merged_further


def numbers(values, **fields):
    return ReadColumn("numbers", np.asarray(values, dtype=float), **fields)


def labels(cells, **fields):
    states = tuple(sorted(set(cells) - {None}))
    codes = np.array([np.nan if cell is None else float(states.index(cell)) for cell in cells])
    return ReadColumn("labels", codes, states, **fields)


def test_numbers_are_continuous_without_a_word(rng):
    role = decide_column("pay", numbers(rng.normal(size=40))).role
    assert (role.role, role.reason, role.surprise) == ("continuous", "", 0)
    role = decide_column("sold", numbers(rng.integers(0, 2, 40))).role
    assert (role.role, role.reason) == ("continuous", "")


def test_few_whole_numbers_may_be_codes(rng):
    role = decide_column("race of men", numbers(rng.integers(1, 4, 40))).role
    assert role.reason == 'only the numbers 1, 2 and 3; if they are codes: --discrete "race of men"'
    assert role.surprise == 1
    assert decide_column("half", numbers(rng.integers(1, 4, 40) / 2)).role.reason == ""


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (numbers([np.nan] * 5), "no value in any row"),
        (numbers([1, 2, np.nan, np.nan, np.nan]), "60% of the cells are missing"),
        (numbers([3, 3, 3, np.nan]), "constant: 3 in every row"),
        (labels(["a", "a", None, "a"]), "constant: a in every row"),
        (ReadColumn("dates", np.arange(9.0)), "dates or times; --dates days makes numbers of them"),
        (ReadColumn("unusable", np.full(4, np.nan), remark="complex numbers"), "complex numbers"),
        (labels([f"name {k}" for k in range(9)]), "an identifier or free text: all cells differ"),
        (labels([f"{k} " + 50 * "x" for k in range(9)]), "free text: all cells differ"),
        (labels([f"n{k % 6}" for k in range(9)]), "an identifier or free text: 6 distinct values in 9 cells"),
        (labels([f"n{k % 40}" for k in range(200)]), "40 levels, too many for 200 rows"),
        (numbers(np.arange(1, 20)), "numbers the rows: 1, 2, 3, ..."),
    ],
)
def test_columns_that_are_left_out_with_the_reason(read, reason):
    column = decide_column("x", read)
    assert (column.role.role, column.role.reason) == ("left out", reason)
    assert not column.is_variable
    assert column.role.surprise >= 2


def test_half_of_the_cells_may_be_missing():
    assert decide_column("x", numbers([1, 2, 4, np.nan, np.nan, np.nan])).role.missing == 3


def test_labels_are_categories_and_rare_ones_are_merged():
    cells = ["bus"] * 60 + ["car"] * 55 + ["ship"] * 2 + ["tram"] * 3
    column = decide_column("travel", labels(cells))
    assert column.states == ("bus", "car", "other")
    assert column.role.reason == "2 rare levels are 'other' (4% of the rows): ship and tram"
    assert column.role.levels == 3
    assert np.bincount(column.values.astype(int)).tolist() == [60, 55, 5]
    assert decide_column("travel", labels(cells, is_declared=True)).states == ("bus", "car", "ship", "tram")
    assert decide_column("travel", labels(cells), keep=True).states == ("bus", "car", "ship", "tram")


def test_two_levels_are_never_merged():
    column = decide_column("ill", labels(["no"] * 99 + ["yes"]))
    assert column.states == ("no", "yes")


def test_weights_count_rows_of_levels():
    cells = [f"level {k % 20}" for k in range(60)]
    assert not decide_column("task", labels(cells)).is_variable
    column = decide_column("task", labels(cells), weights=np.full(60, 50.0))
    assert column.role.levels == 20


def test_identifiers_by_name():
    cells = [f"p{k % 20}" for k in range(2000)]
    assert decide_column("player", labels(cells)).role.role == "category"
    reason = "an identifier: 20 distinct values in 2,000 cells"
    assert decide_column("playerID", labels(cells)).role.reason == reason
    assert decide_column("playerID", labels(cells), keep=True).role.role == "category"
    assert decide_column("lgID", labels([f"p{k % 3}" for k in range(300)])).role.role == "category"


def test_orders():
    read = ReadColumn("ordered", np.array([0.0, 1, 2, np.nan]), ("low", "mid", "high"), odd={"unknown": 1})
    role = decide_column("dose", read).role
    assert (role.role, role.levels, role.missing) == ("ordinal", 3, 1)
    assert role.reason == "low < mid < high; cells outside the order count as missing: 'unknown'"


def test_dates_as_days_and_kept_columns():
    dates = ReadColumn("dates", np.array([0.0, 5, 9, 10]))
    assert decide_column("day", dates, dates="days").role.role == "continuous"
    assert decide_column("day", dates, keep=True).role.role == "continuous"
    assert decide_column("x", numbers([1, 2, np.nan, np.nan, np.nan]), keep=True).role.role == "continuous"
    assert decide_column("id", numbers(np.arange(1, 20)), keep=True).role.role == "continuous"


def test_odd_cells_are_named():
    role = decide_column("x", numbers([1, 2, 4.5, np.nan, np.nan], odd={"<0.1": 2})).role
    assert role.reason == "cells that are no number count as missing: '<0.1' (2)"
    assert role.surprise == 2


def test_categories_are_cut_further():
    column = decide_column(
        "site", labels([c for c in "abcdefg" for _ in range(ord("h") - ord(c))], is_declared=True)
    )
    assert merged_further(column, 4, None).states == ("a", "b", "c", "other")
    equal = decide_column("site", labels(list("abcdefg") * 4, is_declared=True))
    assert merged_further(equal, 4, None) is None
