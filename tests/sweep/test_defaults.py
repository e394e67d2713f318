import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.scores.registry import scores_of_kind
from dag_gfn.sweep.defaults import default_scores, default_strengths

MIXED = pd.DataFrame({"a": np.random.default_rng(0).normal(size=60), "b": ["u", "v", "w"] * 20})


@pytest.mark.parametrize(
    "data", [dag_gfn.load_example("iris"), dag_gfn.from_frame(MIXED)], ids=["iris", "mixed"]
)
def test_every_score_of_the_kind_is_fitted_or_left_out_with_a_reason(data):
    scores, left_out = default_scores(data)
    assert {*scores, *left_out} >= set(scores_of_kind(data.kind))
    assert not set(scores) & set(left_out)
    assert all(left_out.values())


def test_the_first_score_is_that_of_a_fit():
    assert default_scores(dag_gfn.from_frame(MIXED))[0][0] == "block"
    rated = dag_gfn.from_frame(MIXED.assign(c=["low", "high", "mid"] * 20), ordinal=["c:low<mid<high"])
    assert default_scores(rated)[0][0] == "copula"


def test_strengths_begin_with_the_default_and_are_above_it():
    for data in (dag_gfn.load_example("iris"), dag_gfn.from_frame(MIXED)):
        values = default_strengths(data, default_scores(data)[0])["alpha_w"]
        assert values[0] is None
        made = dag_gfn.scores.make_score(default_scores(data)[0][0], data.standardize())
        assert all(value > made.hyperparameters["alpha_w"] for value in values[1:])


def test_missing_cells_do_not_hide_the_strength():
    frame = MIXED.copy()
    frame.loc[3, "a"] = np.nan
    assert default_strengths(dag_gfn.from_frame(frame), ["block"]) == default_strengths(
        dag_gfn.from_frame(MIXED), ["block"]
    )


def test_a_score_without_strength_has_none():
    assert default_strengths(dag_gfn.load_example("iris"), ["bic"]) == {}
