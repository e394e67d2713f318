import numpy as np
import pytest

from dag_gfn.data.copied_columns import copy_of, function_of


@pytest.fixture
def x(rng):
    return rng.normal(size=60)


def test_equal_scaled_and_reversed_numbers(x):
    assert copy_of([x, x.copy(), 32 + 1.8 * x, -x], [False] * 4) == {
        1: (0, "equal"),
        2: (0, "scale"),
        3: (0, "scale"),
    }


def test_rounding_of_a_copy_is_forgiven_and_a_near_copy_is_none(x, rng):
    assert copy_of([x, np.round(100 * x, 5)], [False, False]) == {1: (0, "scale")}
    assert copy_of([x, x + 1e-3 * rng.normal(size=60)], [False, False]) == {}


def test_labels_under_other_names(rng):
    sex = rng.integers(0, 2, 60).astype(float)
    site = rng.integers(0, 4, 60)
    renamed, site = np.array([2.0, 0, 3, 1])[site], site.astype(float)
    assert copy_of([sex, 1 - sex, site, renamed], [True, False, True, True]) == {
        1: (0, "labels"),
        3: (2, "labels"),
    }
    assert copy_of([site, np.minimum(site, 2)], [True, True]) == {}  # coarser


def test_missing_cells_have_to_agree(x):
    holes, others = x.copy(), x.copy()
    holes[3] = np.nan
    others[4] = np.nan
    assert copy_of([holes, 2 * holes], [False, False]) == {1: (0, "scale")}
    assert copy_of([holes, others], [False, False]) == {}
    assert copy_of([x, holes], [False, False]) == {}


def test_short_columns_agree_by_chance():
    """Of 8 rows, 4 ones can be arranged in 70 ways, which is no evidence."""
    ones = np.array([0.0, 1] * 4)
    assert copy_of([ones, ones.copy()], [False, False]) == {}
    assert copy_of([np.tile(ones, 4)] * 2, [False, False]) == {1: (0, "equal")}


def test_functions_rise_or_fall_together(x, rng):
    assert function_of([x, np.exp(x), -(x**3), x**2, rng.normal(size=60)]) == {1: 0, 2: 0}
    few = rng.integers(0, 4, 60).astype(float)
    assert function_of([few, few**2]) == {}
