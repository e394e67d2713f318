import numpy as np
import pytest

from dag_gfn.data.rare_levels import max_levels, merge_levels, rows_of_a_level


def merge(counts, **options):
    states = tuple(f"s{k}" for k in range(len(counts)))
    return merge_levels(states, np.array(counts, dtype=float), **{"limit": 12, "least": 5, **options})


def test_rare_levels_are_one():
    merged = merge([40, 3, 55, 2])
    assert merged.states == ("s0", "s2", "other")
    assert merged.merged == ("s1", "s3")
    assert merged.position.tolist() == [0, 2, 1, 2]
    assert merged.share == 0.05


def test_one_rare_level_stays_what_it_is():
    assert merge([40, 3, 55]).merged == ()


def test_the_rare_join_a_level_that_is_called_other():
    merged = merge_levels(("Other", "red", "teal"), np.array([20.0, 30, 1]), limit=12, least=5)
    assert merged.states == ("red", "Other")
    assert merged.position.tolist() == [1, 0, 1]
    assert merged.merged == ("teal",)


def test_the_most_frequent_are_kept_up_to_the_limit():
    merged = merge([50, 40, 30, 20, 10], limit=4, least=0)
    assert merged.states == ("s0", "s1", "s2", "other")


def test_equal_counts_stay_or_go_together():
    assert merge([50, 10, 10, 10, 10], limit=3, least=0).states == ("s0", "other")
    assert merge([10] * 20, limit=12) is None  # none would be left


def test_other_may_not_be_most_of_the_rows():
    assert merge([20] + [2] * 15) is None
    assert merge([20] + [2] * 15, max_other=1.0).states == ("s0", "other")


@pytest.mark.parametrize("n", [4, 20, 99, 100, 1000, 100_000])
def test_the_limits_grow_with_the_rows(n):
    assert max_levels(n) <= max_levels(2 * n) <= 63
    assert rows_of_a_level(n) <= rows_of_a_level(2 * n) <= 30
    assert max_levels(n) <= max(n, 3)
