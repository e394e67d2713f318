"""The doubt about likely parent sets with sparse tables."""

import numpy as np
import pytest
from score_data import continuous, correlated, discrete, unrelated

import dag_gfn
from dag_gfn.errors import DataWarning
from dag_gfn.scores import sparse_doubts
from dag_gfn.views.report.summary import summarise

TO_THE_LAST = np.array([[False, False, True], [False, False, True], [False, False, False]])
EMPTY = np.zeros((3, 3), dtype=bool)


def table(rng, n, states=(3, 3, 2)):
    return discrete(rng.integers(0, states, size=(n, 3)), states)


def test_columns_with_likely_sparse_tables_are_named(rng):
    graphs, weights = np.stack([TO_THE_LAST, EMPTY]), np.array([0.6, 0.4])
    (doubt,) = sparse_doubts(graphs, weights, table(rng, 35), "drop")  # 18 cells, two rows for each are 36
    assert doubt.code == "sparse_families"
    assert "'x2' (tables of 18 cells for 35 rows, with 2 parents)" in doubt.warning
    assert "--sparse-families drop" not in doubt.warning
    (kept,) = sparse_doubts(graphs, weights, table(rng, 35), "keep")
    assert "choose --sparse-families drop or --max-parents" in kept.warning


def test_enough_rows_or_unlikely_tables_raise_no_doubt(rng):
    assert sparse_doubts(TO_THE_LAST[None], np.ones(1), table(rng, 36), "drop") == []
    graphs, weights = np.stack([TO_THE_LAST, EMPTY]), np.array([0.4, 0.6])
    assert sparse_doubts(graphs, weights, table(rng, 35), "drop") == []


def test_continuous_columns_have_no_tables(rng):
    assert sparse_doubts(TO_THE_LAST[None], np.ones(1), continuous(correlated(rng, 10, 3)), "drop") == []


def test_kept_families_link_it_and_the_verdict_says_so(tmp_path):
    with pytest.warns(
        DataWarning, match=r"likely parent sets of .*262,144 cells for 500 rows.*--max-parents 1"
    ):
        posterior = dag_gfn.fit(unrelated(6, 8, 500), sparse_families="keep", num_samples=500, progress=False)
    assert posterior.marginal("linked").values.max() > 0.99
    assert posterior.info["constraints"]["sparse_families"] == "keep"
    posterior.save(tmp_path / "out")
    for known in (posterior, dag_gfn.load(tmp_path / "out")):
        summary = summarise(known)
        assert summary.level == "caution"
        assert summary.trust.startswith("Exact arithmetic, but too few rows")
