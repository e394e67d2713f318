"""Scores by name: which there are, for which columns, and with which options."""

from dataclasses import replace

import numpy as np
import pytest
from score_data import continuous, correlated, dependent_codes, discrete, mixed

from dag_gfn.errors import OptionError
from dag_gfn.scores import SCORES, BDe, BGe, make_score, score_for
from dag_gfn.scores.registry import SCORE_CLASSES, score_options, scores_of_kind

STATES = (2, 3, 2, 4, 3)
ALL = [(kind, score.name) for score in SCORE_CLASSES for kind in score.kinds()]


def data_of(kind, rng):
    if kind == "continuous":
        return continuous(correlated(rng, 60, 5))
    if kind == "mixed":
        return mixed(
            np.column_stack([correlated(rng, 60, 2), dependent_codes(rng, 60, (3, 2))]), (0, 0, 3, 2)
        )
    return discrete(dependent_codes(rng, 60, STATES), STATES)


def test_the_names():
    assert SCORES == ("bge", "bdeu", "bde", "bic", "linear_gaussian", "block", "copula", "additive")
    assert {*scores_of_kind("continuous"), *scores_of_kind("discrete")} == set(SCORES)
    assert scores_of_kind("mixed") == ("block", "copula", "additive")
    assert len(set(ALL)) == len(ALL)  # a name and a kind say which class


def test_options_are_the_keywords_of_the_class():
    assert {(score.name, score_options(score)) for score in SCORE_CLASSES} == {
        ("bge", ("alpha_mu", "alpha_w", "mean_obs")),
        ("bdeu", ("equivalent_sample_size",)),
        ("bde", ("equivalent_sample_size",)),
        ("bic", ()),
        ("linear_gaussian", ("noise_variance", "weight_variance")),
        ("block", ("alpha_mu", "alpha_w")),
        ("copula", ("alpha_mu", "alpha_w")),
        ("additive", ("alpha_mu", "alpha_w", "num_curves", "curve_weight", "line_probability")),
    }


def test_ordered_levels_choose_the_copula_where_their_variables_can_be_drawn(rng):
    codes = data_of("discrete", rng)
    table = replace(codes, kinds=("ordinal", *codes.kinds[1:]))
    assert score_for(codes) == ("bdeu", "all columns are categories")
    assert score_for(table).name == "copula"
    assert make_score(None, table).name == "copula"
    assert score_for(replace(table, weights=np.full(60, 3.0))).name == "copula"
    first, second = np.zeros((2, 60, 5), dtype=bool)
    first[4, 0], second[4, 1] = True, True
    assert score_for(replace(table, intervened=second)).name == "copula"
    for other, why in (
        (replace(table, weights=np.full(60, 0.5)), "no counts"),
        (replace(table, intervened=first), "an experimenter set"),
    ):
        assert score_for(other).name == "bdeu"
        assert why in score_for(other).reason
    grouped = replace(table, groups=((table.names[3], table.names[3:]),))
    assert score_for(grouped).name == "block"


def test_none_leaves_an_option_out(rng):
    data = data_of("continuous", rng)
    score = make_score("bge", data, alpha_mu=2, alpha_w=None, noise_variance=None)
    assert score.hyperparameters == {"alpha_mu": 2.0, "alpha_w": 7.0, "mean_obs": [0.0] * 5}


def test_the_kind_of_the_columns_chooses_the_score(rng):
    for kind, name in (("continuous", "bge"), ("discrete", "bdeu")):
        assert scores_of_kind(kind)[0] == name
        assert make_score(None, data_of(kind, rng)).name == name


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_a_score_carries_the_name_it_was_asked_for(kind, name, rng):
    assert make_score(name, data_of(kind, rng)).name == name


@pytest.mark.parametrize(
    ("kind", "name", "option", "owner"),
    [
        ("continuous", "bge", "equivalent_sample_size", "bdeu"),
        ("continuous", "bic", "noise_variance", "linear_gaussian"),
        ("continuous", "linear_gaussian", "mean_obs", "bge"),
        ("discrete", "bdeu", "alpha_w", "bge"),
        ("discrete", "bdeu", "alpha_mu", "bge"),
        ("discrete", "bic", "weight_variance", "linear_gaussian"),
    ],
)
def test_options_of_another_score_are_refused(kind, name, option, owner, rng):
    with pytest.raises(OptionError, match=f"'{option}' belongs to the score '{owner}'"):
        make_score(name, data_of(kind, rng), **{option: 0.0})


@pytest.mark.parametrize(
    ("kind", "name", "option"),
    [
        ("continuous", "bge", "alpha_mu"),
        ("continuous", "bge", "alpha_w"),
        ("continuous", "linear_gaussian", "noise_variance"),
        ("continuous", "linear_gaussian", "weight_variance"),
        ("discrete", "bdeu", "equivalent_sample_size"),
        ("discrete", "bde", "equivalent_sample_size"),
    ],
)
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf")])
def test_options_must_be_positive(kind, name, option, value, rng):
    with pytest.raises(OptionError, match=f"{option} must be"):
        make_score(name, data_of(kind, rng), **{option: value})


def test_unknown_names_and_keywords_are_refused(rng):
    with pytest.raises(OptionError, match="unknown score 'bgee': choose one of bge, bdeu"):
        make_score("bgee", data_of("continuous", rng))
    with pytest.raises(TypeError):
        BGe(data_of("continuous", rng), alpha=1.0)
    with pytest.raises(TypeError):
        BDe(data_of("discrete", rng), ess=1.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'alpha'"):
        make_score("bge", data_of("continuous", rng), alpha=None)
