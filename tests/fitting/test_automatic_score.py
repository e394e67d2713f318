"""A fit whose score is left to the data."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.budget import TimeBudget
from dag_gfn.errors import OptionError
from dag_gfn.fitting.automatic_score import automatic_score
from dag_gfn.fitting.options import FitOptions


def bent(rng, n=150):
    values = rng.normal(size=(n, 3)) @ (np.eye(3) + np.triu(np.full((3, 3), 0.6), 1))
    return dag_gfn.from_array(np.exp(values), ["a", "b", "c"])


def test_the_best_model_is_fitted_and_the_comparison_recorded(rng, tmp_path):
    data = bent(rng)
    found = dag_gfn.fit(data, score="auto", progress=False)
    compared = dag_gfn.compare_models(data, progress=False)
    assert (found.info["score"], found.info["margins"]) == (compared.best.score, compared.best.margins)
    assert compared.best.margins == "normal_scores"
    by_hand = dag_gfn.fit(data, score=compared.best.score, margins="normal_scores", progress=False)
    np.testing.assert_allclose(found.edge_marginals(), by_hand.edge_marginals())
    assert found.info["model_choice"]["best"] == compared.best.label
    assert f"--score auto takes '{compared.best.label}', by the evidence of the models" in found.info["notes"]
    found.save(tmp_path / "out")
    assert dag_gfn.load(tmp_path / "out").info["model_choice"] == found.info["model_choice"]


def test_hyperparameters_of_the_best_are_used():
    data = dag_gfn.from_array(np.random.default_rng(0).integers(0, 3, size=(80, 3)), discrete="all")
    found = dag_gfn.fit(data, score="auto", progress=False)
    best = found.info["model_choice"]["models"][0]["options"]["equivalent_sample_size"]
    assert found.info["score_options"]["equivalent_sample_size"] == best


def test_ordered_categories_keep_their_usual_score(rng):
    frame = pd.DataFrame({"mood": rng.choice(["low", "mid", "high"], 60), "x": rng.normal(size=60)})
    data = dag_gfn.from_frame(frame, ordinal=["mood:low<mid<high"])
    found = dag_gfn.fit(data, score="auto", num_completed=40, progress=False)
    assert found.info["score"] == "copula"
    assert found.info["model_choice"] is None
    assert (
        "--score auto takes score 'copula', since the evidence of the order of levels compares with no other model's"
        in found.info["notes"]
    )


def test_missing_cells_leave_models_that_cannot_draw_them(rng):
    data = bent(rng)
    values = data.values.copy()
    values[:10, 0] = np.nan
    found = dag_gfn.fit(replace(data, values=values), score="auto", num_completed=40, progress=False)
    assert found.info["score"] == "bge"
    assert "rows without a missing cell" in found.info["model_choice"]["notes"][0]
    assert "--score auto takes 'bge, normal scores', by the evidence of the models" in found.info["notes"]


def test_a_better_model_that_cannot_draw_missing_cells_is_named(rng):
    x = rng.normal(size=200)
    values = np.column_stack([x, x**2 + 0.1 * rng.normal(size=200)])
    values[:3, 0] = np.nan
    chosen = FitOptions.from_keywords({"score": "auto"}, caller="fit")
    (told,) = automatic_score(dag_gfn.from_array(values, ["a", "b"]), chosen, TimeBudget()).notes()
    assert told.startswith("--score auto takes 'bge")
    assert ", by the evidence of the models, and not 'additive" in told
    assert told.endswith("', which has no distribution of missing cells")


def test_the_average_needs_an_automatic_score(rng):
    with pytest.raises(OptionError, match="average_models"):
        dag_gfn.fit(bent(rng), average_models=True, progress=False)


def test_curves_are_fitted_on_normal_scores_unless_asked_for_otherwise(rng):
    x = rng.normal(size=300)
    data = dag_gfn.from_array(np.column_stack([x, x**2 + 0.3 * rng.normal(size=300)]))
    for asked, margins in ((None, "normal_scores"), ("as_is", "as_is")):
        given = {"score": "auto"} | ({} if asked is None else {"margins": asked})
        found = automatic_score(data, FitOptions.from_keywords(given, caller="fit"), TimeBudget())
        assert found.compared.candidates[0].label == "additive"
        assert (found.chosen.model.score, found.chosen.model.margins) == ("additive", margins)
        assert ("on normal scores" in found.note) is (asked is None)
