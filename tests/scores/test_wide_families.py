"""The doubt about likely parent sets that own too many columns."""

import numpy as np
from score_data import dependent_codes, mixed

from dag_gfn.scores import wide_doubts

INTO_THE_LAST = np.array([[False, False, True], [False, False, True], [False, False, False]])
EMPTY = np.zeros((3, 3), dtype=bool)


def table(rng, n, intervened=None):
    codes = dependent_codes(rng, n, (5, 3))
    return mixed(np.column_stack([codes, rng.normal(size=n)]), (5, 3, 0), intervened)


def test_nodes_with_likely_wide_families_are_named(rng):
    graphs, weights = np.stack([INTO_THE_LAST, EMPTY]), np.array([0.6, 0.4])
    (doubt,) = wide_doubts(graphs, weights, table(rng, 13))  # 4 + 2 + 1 columns, two rows for each are 14
    assert doubt.code == "wide_families"
    assert doubt.level == "caution"
    assert "'x2' (7 columns for 13 rows)" in doubt.warning


def test_enough_rows_or_unlikely_families_raise_no_doubt(rng):
    assert wide_doubts(INTO_THE_LAST[None], np.ones(1), table(rng, 14)) == []
    graphs, weights = np.stack([INTO_THE_LAST, EMPTY]), np.array([0.4, 0.6])
    assert wide_doubts(graphs, weights, table(rng, 13)) == []


def test_rows_in_which_the_node_was_set_do_not_count(rng):
    was_set = np.zeros((20, 3), dtype=bool)
    was_set[:7, 2] = True
    (doubt,) = wide_doubts(INTO_THE_LAST[None], np.ones(1), table(rng, 20, was_set))
    assert "7 columns for 13 rows" in doubt.warning
