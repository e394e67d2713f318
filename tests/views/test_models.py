"""What a comparison of models says in words."""

import math

import pytest

from dag_gfn.model_choice import ModelComparison, RankedModel
from dag_gfn.views.models import conclusions, model_rows


def model(label, evidence, error=0.0):
    score, _, margins = label.partition(", ")
    words = {"bge": "straight lines", "additive": "curves"}.get(score, score)
    return RankedModel(
        label, words, score, "normal_scores" if margins else "as_is", "uniform", {}, evidence, error
    )


def said(*models, notes=()):
    return " ".join(conclusions(ModelComparison(models, (), (), 50, 0.0, notes).to_json()))


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ((model("bge", 0.0), model("additive", -9.0)), "Lines suffice"),
        ((model("additive", 0.0), model("bge", -9.0)), "Curves are supported"),
        ((model("bge, normal scores", 0.0), model("bge", -9.0)), "own shapes matter"),
        ((model("bge", 0.0), model("bge, normal scores", -9.0)), "may stay as they are"),
        ((model("bdeu", 0.0), model("other", -9.0)), "Best supported: bdeu"),
        ((model("bge", 0.0),), "only model"),
        ((model("bge", None, None),), "no model is known"),
    ],
)
def test_the_first_sentence_says_what_matters(models, words):
    assert words in said(*models)


def test_a_close_second_is_named_with_the_remedy():
    text = said(model("bge", 0.0), model("bge, normal scores", -math.log(2)))
    assert "'bge' is not clearly ahead of 'bge, normal scores'" in text
    assert "--average-models" in text
    assert "--average-models" in said(model("additive", 0.0), model("bge", -math.log(2)))
    assert "--average-models" not in said(model("bge", 0.0), model("additive", -10.0))


def test_curves_that_contain_the_lines_are_no_rival():
    text = said(model("bge", 0.0), model("additive", -math.log(2)))
    assert "--average-models" not in text
    assert "special case" in text


def test_errors_and_unknown_evidences_are_said():
    text = said(
        model("bge", 0.0, 0.5), model("additive", -10.0, 0.5), model("bge, normal scores", None, None)
    )
    assert "± 0.7 nats" in text
    assert "normal scores' is not known" in text


def test_rows_have_errors_where_there_are_any():
    record = ModelComparison(
        (model("bge", -5.0, 0.25), model("additive", None, None)), (), (), 9, 0.0, ()
    ).to_json()
    assert model_rows(record["models"])[0][1] == "-5.0 ± 0.2"
    assert model_rows(record["models"])[1][1:] == ("not known", "", "not known against it")
