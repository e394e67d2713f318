from itertools import product

import numpy as np
import pytest

from dag_gfn.data import from_array
from dag_gfn.data.count_columns import (
    MAX_CELLS_OF_COUNTS,
    counts_column,
    counts_sentence,
    is_count_name,
)

CELLS = np.array(list(product(range(2), range(3), range(2))), dtype=float)  # every combination once


def table(rng, counts=None):
    counts = rng.integers(1, 40, len(CELLS)) if counts is None else counts
    return np.column_stack([CELLS, counts]).astype(float)


@pytest.mark.parametrize("name", ["Freq", "frequency", "count", "COUNTS", "n", "nobs", "Anzahl"])
def test_names_of_counts(rng, name):
    assert is_count_name(name)
    assert counts_column(["a", "b", "c", name], table(rng), [True] * 3 + [False]) == 3
    assert counts_column(["a", "b", "c", name], table(rng), [False] * 4) == 3


def test_what_is_no_table_of_counts(rng):
    is_discrete = [True] * 3 + [False]
    names = ["a", "b", "c", "n"]
    repeated = np.vstack([table(rng), table(rng)[:1]])
    assert counts_column(names, repeated, is_discrete) is None
    assert counts_column(names, table(rng, rng.normal(size=12)), is_discrete) is None  # negative
    assert counts_column(names, table(rng, rng.random(12) * 40), is_discrete) is None  # no whole numbers
    assert counts_column(["a", "b", "c", "Freq"], table(rng, rng.random(12) * 40), is_discrete) == 3
    assert counts_column(names, table(rng, np.ones(12)), is_discrete) is None  # one row each
    assert counts_column(names, table(rng)[:3], is_discrete) is None
    assert counts_column(["a", "b", "c", "seen"], table(rng), is_discrete) is None
    assert counts_column(["a", "b", "c", "weight"], table(rng), is_discrete) is None
    measured = np.column_stack([rng.normal(size=12), table(rng)])
    assert counts_column(["x", *names], measured, [False, *is_discrete]) is None
    long = np.ones((MAX_CELLS_OF_COUNTS + 1, 4))
    assert counts_column(names, long, is_discrete) is None


def test_warnings_name_the_counts_or_their_absence(rng):
    named = from_array(table(rng), ["a", "b", "c", "Freq"], strict=True)
    assert "'Freq' says how often" in counts_sentence(named)
    assert "--weights Freq" in counts_sentence(named)
    assert counts_sentence(named.standardize()) == counts_sentence(named)
    states = from_array(CELLS.astype(int), ["a", "b", "c"], discrete="all")
    assert "each of the 12 combinations" in counts_sentence(states)
    twice = from_array(np.vstack([CELLS, CELLS]).astype(int), ["a", "b", "c"], discrete="all")
    assert counts_sentence(twice) == ""
