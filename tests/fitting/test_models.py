"""Models of a table by their evidence, against sums over all graphs and the data's own units."""

from dataclasses import replace

import numpy as np
import pytest

import dag_gfn
from dag_gfn.budget import TimeBudget
from dag_gfn.errors import DataError, OptionError
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.fitting.model_evidence import table_evidence
from dag_gfn.fitting.models import compare
from dag_gfn.fitting.options import FitOptions
from dag_gfn.scores import BGe, ScoreTable, make_prior, make_score
from dag_gfn.scores.bde import BDeu


def linear(rng, n=200, d=3):
    mix = np.eye(d) + np.triu(rng.uniform(0.4, 0.8, (d, d)), 1)
    return dag_gfn.from_array(rng.normal(size=(n, d)) @ mix)


def evidence(found, label):
    return next(model.log_evidence for model in found.models if model.label == label)


def options(**given):
    return FitOptions.from_keywords(given, caller="fit")


@pytest.mark.parametrize("prior", ["uniform", "edge"])
def test_evidence_is_the_mean_over_all_dags_under_the_normalised_prior(prior, rng):
    data = linear(rng)
    masks = enumerate_dags(3).astype(np.int64)
    score, graph_prior = BGe(data.standardize()), make_prior(prior, 3)
    log_scores = sum(score.local_scores(j, masks[:, j]) for j in range(3))
    log_priors = sum(graph_prior.log_prior(j, masks[:, j]) for j in range(3))
    expected = np.logaddexp.reduce(log_scores + log_priors) - np.logaddexp.reduce(log_priors)
    found = dag_gfn.compare_models(data, score="bge", prior=prior, progress=False)
    np.testing.assert_allclose(evidence(found, "bge"), expected)
    of_priors = {each.prior: each.log_evidence for each in found.priors}
    np.testing.assert_allclose(of_priors[prior], evidence(found, found.best.label))


def test_units_change_nothing_but_the_constant(rng):
    data = linear(rng)
    other = replace(data, values=data.values * 100.0 + 7.0)
    first, second = (dag_gfn.compare_models(each, progress=False) for each in (data, other))
    np.testing.assert_allclose(
        [m.log_evidence for m in first.models], [m.log_evidence for m in second.models], rtol=1e-9
    )
    np.testing.assert_allclose(second.log_scales - first.log_scales, 200 * 3 * np.log(100.0))


def test_columns_as_they_are_come_on_the_same_scale(rng):
    """With the prior of standardized columns, the density of the columns in their own units is the same."""
    data = linear(rng, n=400)
    raw = compare(data, options(score="bge", standardize=False), TimeBudget()).comparison
    scaled = compare(data, options(score="bge"), TimeBudget()).comparison
    assert abs(evidence(raw, "bge") - evidence(scaled, "bge")) < 10  # another prior, but the same scale
    assert scaled.log_scales > 20


def test_normal_data_are_normal_and_bent_data_are_bent(rng):
    data = linear(rng, n=300)
    bent = replace(data, values=np.exp(data.values))
    assert dag_gfn.compare_models(data, score="bge", progress=False).best.margins == "as_is"
    assert dag_gfn.compare_models(bent, score="bge", progress=False).best.margins == "normal_scores"


def test_equivalent_sample_sizes_are_those_of_bdeu():
    data = dag_gfn.load_example("asia")
    found = dag_gfn.compare_models(data, max_parents=1, sparse_families="keep", progress=False)
    score = BDeu(data, equivalent_sample_size=5.0)
    label = "bdeu, equivalent sample size 5"
    alone = dag_gfn.compare_models(
        data, max_parents=1, sparse_families="keep", equivalent_sample_size=5.0, progress=False
    )
    assert score.hyperparameters == {"equivalent_sample_size": 5.0}
    np.testing.assert_allclose(evidence(found, label), evidence(alone, "bdeu"))


def test_chains_estimate_what_cannot_be_summed(rng, monkeypatch):
    table = ScoreTable.build(make_score("bge", linear(rng, d=5).standardize()))
    exact = table_evidence(table, seed=0, budget=TimeBudget())
    monkeypatch.setattr("dag_gfn.fitting.model_evidence.EXACT_SECONDS", 0.0)
    estimated = table_evidence(table, seed=0, budget=TimeBudget())
    assert estimated.source != "exact"
    assert abs(estimated.log_z - exact.log_z) < 5 * estimated.standard_error + 0.05


def test_rows_without_missing_cells_are_compared_on(rng):
    data = linear(rng)
    values = data.values.copy()
    values[:20, 0] = np.nan
    found = dag_gfn.compare_models(replace(data, values=values), score="bge", progress=False)
    alone = dag_gfn.compare_models(replace(data, values=values[20:]), score="bge", progress=False)
    assert found.rows == 180
    assert "180 of 200" in found.notes[0]
    np.testing.assert_allclose(evidence(found, "bge"), evidence(alone, "bge"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"order_modular": True}, "order"),
        ({"score": "bic"}, "approximation"),
        ({"score": "linear_gaussian"}, "noise variance"),
    ],
)
def test_what_does_not_compare_is_refused(given, message, rng):
    with pytest.raises(OptionError, match=message):
        dag_gfn.compare_models(linear(rng), progress=False, **given)


def test_few_complete_rows_are_refused(rng):
    values = rng.normal(size=(100, 3))
    values[:90, 1] = np.nan
    data = dag_gfn.from_array(rng.normal(size=(100, 3)))
    with pytest.raises(DataError, match="only 10 of 100"):
        dag_gfn.compare_models(replace(data, values=values), progress=False)


def test_contexts_are_summed_out(rng):
    import pandas as pd

    frame = pd.DataFrame(rng.normal(size=(80, 2)), columns=["x", "y"])
    frame["lab"] = ["a", "b"] * 40
    data = dag_gfn.from_frame(frame, context=["lab"])
    found = compare(data, options(score="bge"), TimeBudget()).comparison
    assert found.best.log_evidence is not None
    assert found.best.standard_error == 0.0
