import numpy as np
import pytest

import dag_gfn
from dag_gfn.data.resampling import resampled
from dag_gfn.sweep.planned_fits import Plan, PlannedFit, Setting
from dag_gfn.sweep.results import CompleteFit, Results, read_results
from dag_gfn.sweep.stability import stability
from dag_gfn.sweep.tables import read_table


def results_of(posterior, resamples):
    """Results of two variables that are linked with these probabilities."""
    complete = []
    for b, linked in enumerate([posterior, *resamples]):
        edge = np.array([[0.0, linked / 4], [3 * linked / 4, 0.0]])
        fit = PlannedFit("", 0, None if b == 0 else b - 1, 0)
        complete.append(CompleteFit(fit, edge, "good", "", "exact", 1.0))
    return Results(Plan("w", "0a1b", ["a", "b"], 9, {}, [Setting({}, {}, "0a1b")], []), complete)


def test_shares_and_means():
    (found,) = stability(results_of(0.95, [0.9, 0.8, 0.4, 0.1]))
    assert found.posterior == pytest.approx(0.95)
    assert found.mean == pytest.approx(0.55)
    assert found.share == 0.5
    assert found.error == pytest.approx(0.25)
    assert found.resamples == 4
    assert not found.is_unsteady  # of four, two may be three as well
    (of_more,) = stability(results_of(0.95, [0.9, 0.8, 0.4, 0.1] * 10))
    assert of_more.is_unsteady


def test_one_resample_is_no_certainty():
    (found,) = stability(results_of(0.95, [0.9]))
    assert (found.share, found.error) == (1.0, 0.5)
    assert not found.is_unsteady


def test_without_resamples_there_is_none():
    assert stability(results_of(0.95, [])) == []


def test_a_base_that_is_not_there():
    results = results_of(0.95, [0.9, 0.1])
    del results.complete[0]
    (found,) = stability(results)
    assert np.isnan(found.posterior)
    assert not found.is_unsteady


def test_they_are_those_of_a_loop_over_resamples(done):
    results = read_results(done)
    data = read_table(done / "tables", results.plan.table)
    linked = [
        dag_gfn.fit(resampled(data, 0, b), score="bge", progress=False)
        .marginal("linked")
        .values[np.triu_indices(3, 1)]
        for b in range(4)
    ]
    found = stability(results)
    np.testing.assert_allclose([each.mean for each in found], np.mean(linked, axis=0), atol=1e-12)
    np.testing.assert_array_equal([each.share for each in found], np.mean(np.array(linked) > 0.5, axis=0))
