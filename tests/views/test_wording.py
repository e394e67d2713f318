import pytest

from dag_gfn.views.wording import assumptions, method_words, model_assumptions

MISSING = {"cells": 3, "rows": 2, "columns": {"a": 3}}


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"kind": "continuous"}, "linear-Gaussian relations"),
        ({"kind": "discrete"}, "tabular (multinomial) relations"),
        ({"kind": "discrete", "score": "block"}, "linear-Gaussian relations"),
        ({"kind": "mixed", "score": "block"}, "indicators of its levels"),
        ({"kind": "mixed", "score": "copula"}, "hidden normal variables"),
        ({"kind": "continuous", "margins": "normal_scores"}, "increasing function of each column"),
        ({"kind": "continuous", "missing": MISSING}, "missing at random"),
        ({}, "the score's relations"),
    ],
)
def test_the_model_is_among_the_assumptions(info, said):
    assert said in assumptions(info)
    assert "no hidden common causes" in assumptions(info)


def test_only_what_is_assumed_is_said():
    for info in ({"kind": "continuous"}, {"kind": "continuous", "score": "block", "missing": {"cells": 0}}):
        assert "level" not in assumptions(info)
        assert "missing" not in assumptions(info)
        assert model_assumptions(info) == []


def test_ordered_categories_of_a_copula_have_no_indicators():
    roles = [{"name": "mood", "role": "ordinal"}, {"name": "age", "role": "continuous"}]
    copula = {"kind": "mixed", "score": "copula", "roles": roles}
    assert "indicators" not in assumptions(copula)
    assert "indicators" in assumptions({**copula, "score": "block"})


def test_assumptions_of_a_model_each_have_a_title():
    titles = [
        title for title, _ in model_assumptions({"kind": "mixed", "score": "copula", "missing": MISSING})
    ]
    assert titles == ["Categories in a linear model.", "Order alone.", "Missing at random."]


def test_methods_in_words():
    assert method_words("exact") == "computed exactly"
    assert method_words(None) == "given as weighted graphs"
