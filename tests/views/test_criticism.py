"""What a model misses, in at most three sentences."""

import pytest

from dag_gfn.criticism import Criticism, Finding
from dag_gfn.criticism.criticism import GRADES, NUMBERS
from dag_gfn.views.criticism import CHECKED, criticism_sentences


def said(*findings, skipped="", **info):
    limits = dict.fromkeys(GRADES, 0.3)
    record = Criticism(200, NUMBERS, 4, findings, limits, skipped).to_json()
    return criticism_sentences({"criticism": record, "kind": "continuous", "score": "bge", **info})


def finding(kind, size=0.5, other=None, column="y"):
    return Finding(kind, column, other, size, 5.0, "clear")


def test_every_kind_has_words():
    assert set(CHECKED) == set(GRADES)
    for kind in GRADES:
        lines = said(finding(kind, other="x" if kind in ("bend", "pair") else None))
        assert len(lines) <= 3
        assert "'y'" in lines[0]


@pytest.mark.parametrize(
    ("kind", "info", "remedy"),
    [
        ("bend", {}, "--score additive"),
        ("bend", {"score": "additive"}, "act together"),
        ("skewness", {}, "--margins normal_scores"),
        ("tails", {"margins": "normal_scores"}, "outlying rows"),
        ("neighbours", {}, "--lags 1"),
        ("neighbours", {"lags": {"rows": 1}}, "more of the past"),
    ],
)
def test_the_remedy_is_one_that_was_not_taken(kind, info, remedy):
    assert remedy in said(finding(kind, other="x"), **info)[1]


def test_many_breaks_are_three_sentences():
    lines = said(*(finding(kind, other="x") for kind in NUMBERS), finding("bend", other="z"))
    assert len(lines) == 2  # nothing is left that was not found
    assert "1 more pair" in lines[0]
    assert "elsewhere" in lines[0]


def test_a_model_that_holds_says_what_could_have_been_seen():
    (line,) = said()
    assert line.startswith("No bends")
    assert "200 rows" in line


def test_what_was_not_checked_says_why():
    assert said(skipped="rows with weights are not checked") == [
        "What the model misses was not checked: rows with weights are not checked."
    ]
    assert criticism_sentences({}) == []
