"""Models beside each other: factors, grades, and what is clear."""

import json
import math

import numpy as np
import pytest

from dag_gfn.model_choice import ModelComparison, OtherModel, RankedModel
from dag_gfn.model_choice.comparison import grade


def comparison(*models):
    ranked = [
        RankedModel(f"m{i}", f"words {i}", "bge", "as_is", "uniform", {}, *each)
        for i, each in enumerate(models)
    ]
    return ModelComparison(tuple(ranked), (), (OtherModel("bic", "no evidence"),), 10, 0.0, ())


def test_probabilities_are_those_of_equal_priors():
    found = comparison((-10.0, 0.0), (-10.0 - math.log(3), 0.0))
    np.testing.assert_allclose(found.probabilities, [0.75, 0.25])
    np.testing.assert_allclose(found.log_bayes_factors, [0.0, -math.log(3)])


def test_an_unknown_evidence_has_no_probability_and_leaves_doubt():
    found = comparison((-10.0, 0.0), (None, None))
    assert found.probabilities.tolist() == [1.0, 0.0]
    assert not found.is_clear
    assert found.grade(1) == "not known"


def test_errors_count_before_a_model_is_clearly_best():
    assert comparison((-10.0, 0.0), (-14.0, 0.0)).is_clear
    assert not comparison((-10.0, 0.3), (-14.0, 0.6)).is_clear
    assert not comparison((-10.0, 0.0), (-12.0, 0.0)).is_clear


@pytest.mark.parametrize(
    ("times", "words"),
    [(2, "hardly worth a mention"), (10, "positive"), (100, "strong"), (1e9, "very strong")],
)
def test_grades_are_those_of_kass_and_raftery(times, words):
    assert grade(math.log(times)) == grade(-math.log(times)) == words


def test_json_and_frame_have_all_of_it():
    found = comparison((-10.0, 0.0), (None, None))
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [model["in_words"] for model in record["models"]] == ["best", "not known"]
    assert record["not_ranked"] == [{"model": "bic", "reason": "no evidence"}]
    assert len(found.to_frame()) == 3
