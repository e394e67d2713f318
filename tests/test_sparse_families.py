"""Noise in discrete tables, from the fit to the verdict."""

import numpy as np
import pytest

import dag_gfn
from dag_gfn.data import from_array
from dag_gfn.errors import DataWarning, OptionError
from dag_gfn.views.report.summary import summarise


def unrelated(d, levels, n, seed=0):
    codes = np.random.default_rng(seed).integers(0, levels, size=(n, d))
    codes[:levels] = np.arange(levels)[:, None]
    return from_array(codes.astype(float), discrete="all")


def linked(posterior):
    return posterior.marginal("linked").values[np.triu_indices(posterior.d, 1)]


def test_noise_in_many_states_is_not_linked():
    posterior = dag_gfn.fit(unrelated(6, 8, 500), num_samples=500, progress=False)
    assert linked(posterior).max() < 0.01
    assert posterior.info["constraints"]["sparse_families"] == "drop"
    assert any("all sets of 2 or more parents" in note for note in posterior.info["notes"])
    assert not posterior.info["doubts"]


def test_kept_families_link_it_and_the_verdict_says_so(tmp_path):
    with pytest.warns(
        DataWarning, match=r"likely parent sets of .*262,144 cells for 500 rows.*--max-parents 1"
    ):
        posterior = dag_gfn.fit(unrelated(6, 8, 500), sparse_families="keep", num_samples=500, progress=False)
    assert linked(posterior).max() > 0.99
    assert posterior.info["constraints"]["sparse_families"] == "keep"
    posterior.save(tmp_path / "out")
    for known in (posterior, dag_gfn.load(tmp_path / "out")):
        summary = summarise(known)
        assert summary.level == "caution"
        assert summary.trust.startswith("Exact arithmetic, but too few rows")


@pytest.mark.parametrize(
    "method",
    [
        {"method": "mcmc", "iterations": 1000},
        {"method": "gflownet", "iterations": 20},
        {"method": "gflownet", "environment": "edges", "iterations": 20},
    ],
)
@pytest.mark.filterwarnings(
    "ignore::dag_gfn.errors.NotConvergedWarning"
)  # which graphs are drawn is the matter
def test_every_method_honours_the_limit(method):
    """Three parents of a column need 4^4 = 256 cells, two 64; there are 100 rows, and one pair is really linked."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 4, size=(100, 4))
    codes[:, 3] = np.where(rng.random(100) < 0.9, codes[:, 0], codes[:, 3])
    data = from_array(codes.astype(float), discrete="all")
    posterior = dag_gfn.fit(
        data, **method, required=[("x1", "x2")], num_samples=500, progress=False, exact_check=True
    )
    assert posterior.graphs.sum(axis=1).max() <= 2
    assert np.isfinite(posterior.log_scores).all()
    assert posterior.marginal("edge").values[1, 2] == pytest.approx(1.0)


def test_required_parents_beyond_the_limit_do_not_make_a_fit_impossible():
    data = unrelated(4, 5, 30)
    required = [(source, "x3") for source in ("x0", "x1", "x2")]  # 625 cells for 30 rows
    with pytest.warns(DataWarning, match="'x3'"):
        posterior = dag_gfn.fit(data, required=required, num_samples=100, progress=False, method="exact")
    np.testing.assert_allclose(posterior.marginal("edge").values[:3, 3], 1.0)


def test_an_unknown_choice_is_refused():
    with pytest.raises(OptionError, match="unknown sparse_families 'all': choose drop, keep"):
        dag_gfn.fit(unrelated(3, 2, 20), sparse_families="all", progress=False)


def test_continuous_columns_have_no_such_families():
    values = np.random.default_rng(0).normal(size=(40, 3))
    posterior = dag_gfn.fit(values, progress=False)
    assert posterior.info["constraints"]["sparse_families"] is None
