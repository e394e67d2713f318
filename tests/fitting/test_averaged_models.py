"""The posterior averaged over models is the mean of theirs."""

from dataclasses import replace

import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import OptionError


@pytest.fixture
def data():
    rng = np.random.default_rng(4)
    a = rng.integers(0, 3, size=60)
    b = np.where(rng.random(60) < 0.3, a, rng.integers(0, 3, size=60))
    return dag_gfn.from_array(np.column_stack([a, b, rng.integers(0, 2, size=60)]), discrete="all")


@pytest.mark.parametrize("method", ["exact", "mcmc"])
def test_edges_are_the_weighted_mean(method, data, tmp_path):
    options = {"method": method, "progress": False}
    if method == "mcmc":
        options |= {"iterations": 20_000, "num_samples": 500}
    found = dag_gfn.fit(data, score="auto", average_models=True, **options)
    compared = dag_gfn.compare_models(data, progress=False)
    expected = sum(
        share
        * dag_gfn.fit(
            data,
            score="bdeu",
            equivalent_sample_size=model.options["equivalent_sample_size"],
            **options,
        )
        .edge_marginals()
        .values
        for model, share in zip(compared.models, compared.probabilities, strict=True)
    )
    np.testing.assert_allclose(found.edge_marginals(), expected, atol=2e-3)
    assert len(found.info["model_choice"]["averaged"]) > 1
    if method == "exact":
        np.testing.assert_allclose(found.weights.sum(), 1.0)
        np.testing.assert_allclose(np.exp(found.log_scores), found.weights, atol=1e-12)
    found.save(tmp_path / "out")
    assert dag_gfn.load(tmp_path / "out").info["model_choice"]["averaged"][0] == compared.best.label


def test_a_larger_table_has_its_most_probable_graphs():
    data = dag_gfn.load_example("asia")
    with pytest.warns(dag_gfn.DataWarning):
        found = dag_gfn.fit(
            data, score="auto", average_models=True, max_parents=2, num_samples=200, progress=False
        )
    assert found.marginal("edge").source == "exact"
    assert len(found.best_graphs) > 10
    assert 0 < np.exp(found.best_log_scores[0]) < 1


def test_a_clear_winner_is_fitted_alone():
    rng = np.random.default_rng(0)
    data = dag_gfn.from_array(np.exp(rng.normal(size=(200, 2)) @ [[1.0, 0.7], [0.0, 1.0]]))
    found = dag_gfn.fit(data, score="auto", average_models=True, margins="normal_scores", progress=False)
    weights = found.info["model_choice"]["probabilities"]
    assert (len(found.info["model_choice"]["averaged"]) == 0) == (max(weights) > 0.999)


def test_missing_cells_are_refused(data):
    values = data.values.copy()
    values[0, 0] = np.nan
    with pytest.raises(OptionError, match="missing cells"):
        dag_gfn.fit(replace(data, values=values), score="auto", average_models=True, progress=False)
