import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import StorageError
from dag_gfn.sweep import read_plan
from dag_gfn.sweep.results import read_results


def test_probabilities_are_those_of_the_folders(done):
    results = read_results(done)
    plan = read_plan(done)
    for k in range(len(plan.settings)):
        (name,) = (fit.name for fit in plan.fits if fit.setting == k and fit.bootstrap is None)
        np.testing.assert_array_equal(
            results.of_setting(k), dag_gfn.load(done / "fits" / name).edge_marginals().to_numpy()
        )
    names = [fit.name for fit in plan.fits if fit.bootstrap is not None]
    assert results.bootstraps().shape == (4, 3, 3)
    np.testing.assert_array_equal(
        results.bootstraps(),
        [dag_gfn.load(done / "fits" / name).edge_marginals().to_numpy() for name in names],
    )
    assert results.bootstraps(1).shape == (0, 3, 3)
    linked = dag_gfn.load(done / "fits" / plan.fits[0].name).marginal("linked").values
    np.testing.assert_allclose(
        results.pairs(results.of_setting(0)), linked[np.triu_indices(3, 1)], atol=1e-12
    )


def test_none_is_there(planned):
    with pytest.raises(StorageError, match="none of the 10 fits") as told:
        read_results(planned)
    assert f"dag-gfn sweep run {planned}" in str(told.value)


def test_some_are_missing_failed_or_damaged(done):
    plan = read_plan(done)
    gone, failed, damaged = (plan.fits[k].name for k in (0, 5, 6))
    for name in (gone, failed):
        (done / "fits" / name).rename(done / name)
    (done / "fits" / f"{failed}.error.json").write_text('{"error": "no luck"}')
    edges = done / "fits" / damaged / "edges.csv"
    edges.write_text(edges.read_text().rpartition("\n")[0].rpartition("\n")[0])
    results = read_results(done)
    assert results.failed == {failed: "no luck"}
    assert results.missing == [gone, damaged]
    assert results.damaged.keys() == {damaged}
    assert len(results.complete) == 7
    assert results.is_there().tolist() == [False, False, False, True, True, True]
    assert np.isnan(results.of_setting(0)).all()


def test_names_that_a_spreadsheet_would_run(tmp_path):
    data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(20, 2)), ["=1+1", "a,b"])
    dag_gfn.sweep.plan(data, tmp_path / "sweep", scores=["bge"], bootstraps=0)
    dag_gfn.sweep.run(tmp_path / "sweep", jobs=1)
    assert read_results(tmp_path / "sweep").names == ["=1+1", "a,b"]
