import numpy as np
import pytest

from dag_gfn.data.role_rules import DecidedColumn
from dag_gfn.data.roles import ColumnRole
from dag_gfn.data.table_rules import (
    as_weights,
    fewer_levels,
    numbers_as_categories,
    weights_column,
    without_copies,
)


def number(name, values):
    return DecidedColumn(ColumnRole(name, "continuous"), np.asarray(values, dtype=float))


def category(name, codes, r=None):
    codes = np.asarray(codes, dtype=float)
    states = tuple(f"{name}{k}" for k in range(int(codes.max()) + 1 if r is None else r))
    return DecidedColumn(ColumnRole(name, "category", levels=len(states)), codes, states)


@pytest.fixture
def grid():
    cells = np.array([[a, b, c] for a in range(3) for b in range(2) for c in range(4)])
    return [category(name, column) for name, column in zip("abc", cells.T, strict=True)]


def test_counts_of_all_combinations_are_weights(grid, rng):
    counts = number("Freq", rng.poisson(9, 24))
    assert weights_column([*grid, counts]) == 3
    assert weights_column([*grid, counts], ["Freq"]) is None
    left_out = number("id", np.arange(24)).left_out("numbers the rows")
    assert weights_column([left_out, *grid, counts]) == 4
    assert weights_column([*grid, number("yield", counts.values)]) is None
    assert as_weights(counts, "why").role.surprise > 2


def test_a_count_beside_measurements_is_a_variable(grid, rng):
    counts, measured = number("count", rng.poisson(9, 24)), number("x", rng.normal(size=24))
    assert weights_column([*grid, measured, counts]) is None
    assert weights_column([grid[0], grid[1], counts]) is None  # combinations occur twice


def test_copies_are_left_out_by_the_name_of_the_first(rng):
    x, codes = rng.normal(size=50), rng.integers(0, 3, 50)
    columns = [number("x", x), number("y", 2 * x + 1), category("c", codes), number("d", 10 * codes)]
    found = without_copies(columns)
    assert [column.role.role for column in found] == ["continuous", "left out", "category", "left out"]
    assert found[1].role.reason == "the same as 'x' on another scale"
    assert found[3].role.reason == "the same as 'c' under other labels"
    assert [column.role.role for column in without_copies(columns, ["y"])][1] == "continuous"


def test_functions_stay_with_a_remark(rng):
    wage = rng.gamma(2.0, size=50)
    found = without_copies([number("wage", wage), number("lwage", np.log(wage))])
    assert found[1].is_variable
    assert found[1].role.reason == "a function of 'wage', in the same order; keep one: --drop lwage"
    assert found[1].role.surprise == 1


def test_two_columns_stay_whatever_they_are(rng):
    x = rng.normal(size=50)
    found = without_copies([number("a", x), number("b", x), number("c", x)])
    assert [column.is_variable for column in found] == [True, True, False]
    assert found[1].role.reason == "equal to 'a'; kept because a graph needs two columns"


def test_a_table_has_two_rows_for_each_level(rng):
    wide = category("site", np.r_[np.zeros(20), np.ones(10), np.arange(2, 12)])
    others = [number(f"x{k}", rng.normal(size=40)) for k in range(12)]
    found = fewer_levels([wide, *others], (), None)
    assert found[0].states == ("site0", "site1", "other")
    assert "few rows" in found[0].role.reason
    assert fewer_levels([wide, *others], ["site"], None)[0] is wide
    assert fewer_levels([wide, *others], (), np.full(40, 10.0))[0] is wide
    assert fewer_levels([wide, *others[:3]], (), None)[0] is wide


def test_two_numbers_beside_categories_are_a_category():
    shot, hit = category("shot", [0, 1, 0, 1]), number("hit", [0, 1, 1, np.nan])
    found = numbers_as_categories([shot, hit])[1]
    assert (found.role.role, found.states) == ("category", ("0", "1"))
    np.testing.assert_array_equal(found.values, [0, 1, 1, np.nan])
    assert numbers_as_categories([shot, hit], ["hit"])[1] is hit
    assert numbers_as_categories([shot, hit, number("x", [1, 2, 3, 4.5])])[1] is hit
    assert numbers_as_categories([hit, number("won", [1, 0, 0, 1])])[0] is hit
