"""Contrasts, several causes and questions where causes act through curves."""

from dataclasses import replace

import numpy as np
import pytest
from curve_cases import bent_pair, chain, known_pair, mixed_table

import dag_gfn
from dag_gfn.effects import (
    contrast_effect,
    contrast_effects,
    dose_response,
    interventional_means,
    parent_adjustment,
    probability,
    several_causes,
    total_effects,
)
from dag_gfn.errors import OptionError, QueryError
from dag_gfn.parameters.fitted_network import fitted_parameters


@pytest.fixture
def mixed(rng):
    known = [("dose", "pain"), ("sex", "pain"), ("pain", "well")]
    return dag_gfn.fit(dag_gfn.from_frame(mixed_table(rng)), score="additive", required=known, progress=False)


def test_a_number_is_raised_between_its_quartiles(rng):
    values = bent_pair("tanh", rng)
    effect = contrast_effect(known_pair(values), "x", "y", num_draws=300, rng=0)
    low, high = np.quantile(values[:, 0], [0.25, 0.75])
    assert effect.mean[0, 0] == pytest.approx(np.tanh(2 * high) - np.tanh(2 * low), abs=0.15)
    assert effect.rise == pytest.approx(high - low, abs=0.1)
    assert "its 25 % to its 75 % quantile" in str(effect.contrasts[0])
    ends = [float(text) for text in effect.settings]
    curve = dose_response(known_pair(values), "x", "y", values=ends, num_draws=300, rng=0)
    assert np.diff(curve.mean[:, 0]) == pytest.approx(effect.mean[0], abs=0.05)
    assert not effect.in_standard_deviations


def test_levels_are_compared_with_a_reference(mixed):
    effect = contrast_effect(mixed, "sex", "pain", reference="m", num_draws=200, rng=0)
    assert [str(contrast) for contrast in effect.contrasts] == ["sex = f instead of m"]
    assert effect.mean[0, 0] == pytest.approx(2.0, abs=0.4)
    other = contrast_effect(mixed, "sex", "pain", reference="f", num_draws=200, rng=0)
    assert other.mean == pytest.approx(-effect.mean)
    assert effect.table()["sex"].tolist() == ["f", "m"]
    chance = contrast_effect(mixed, "pain", "well", num_draws=200, rng=0)
    assert chance.samples.sum(axis=2) == pytest.approx(np.zeros((200, 1)), abs=1e-9)
    assert chance.signs(0, 0).positive.value > 0.9
    with pytest.raises(OptionError, match="no level 'x'"):
        contrast_effect(mixed, "sex", "pain", reference="x", rng=0)
    with pytest.raises(OptionError, match="leave the reference level out"):
        contrast_effect(mixed, "dose", "pain", reference="x", rng=0)


def test_pairs_of_one_source_are_those_of_each_alone(mixed):
    pairs = [("dose", "pain"), ("dose", "well"), ("sex", "pain"), ("dose", "sex")]
    found = contrast_effects(mixed, pairs, num_draws=100, rng=0)
    assert [(effect.source, effect.target) for effect in found] == pairs
    assert found[0].samples.shape == (100, 1, 1)
    assert found[1].samples.shape == (100, 1, 2)
    alone = contrast_effect(mixed, "dose", "pain", num_draws=100, rng=0)
    assert found[0].mean == pytest.approx(alone.mean, abs=0.1)


def test_several_causes_are_changed_while_others_are_held(rng):
    frame = chain(rng, n=400)[["a", "b", "c"]]
    posterior = dag_gfn.fit(
        dag_gfn.from_frame(frame),
        score="additive",
        required=[("a", "b"), ("b", "c")],
        forbidden=[("a", "c")],
        progress=False,
    )
    effect = several_causes(posterior, ["a", "b"], "c", num_draws=50, rng=0)
    assert len(effect.settings) == 3
    assert effect.settings[0].startswith("a raised from")
    assert "b held at" in effect.settings[0]
    assert (effect.samples[:, 0] == 0).all()  # a acts through b alone, which is held
    assert effect.samples[:, 1] == pytest.approx(effect.samples[:, 2], abs=1e-9)


def test_categories_are_held_at_their_most_frequent_level(mixed):
    effect = several_causes(mixed, ["dose", "sex"], "pain", num_draws=100, rng=0)
    assert len(effect.settings) == 2  # nothing for all: a level is not raised
    assert "sex held at" in effect.settings[0]
    assert abs(effect.summary()["mean"][1]) == pytest.approx(2.0, abs=0.4)


def test_questions_are_about_the_change_per_unit(rng):
    values = bent_pair("line", rng) * [1.0, 4.0]
    posterior = known_pair(values)
    assert probability(posterior, "effect(x, y) > 5", num_draws=200, rng=0).value > 0.9  # 6
    assert probability(posterior, "effect(x, y) > 7", num_draws=200, rng=0).value < 0.1
    assert probability(posterior, "effect(x, y) > 5 & edge(y, x)", num_draws=200, rng=0).value == 0.0
    with pytest.raises(QueryError, match="which has no levels"):
        probability(posterior, "effect(x = a over b, y) > 5", num_draws=200, rng=0)


def test_means_of_all_columns(rng):
    posterior = dag_gfn.fit(
        dag_gfn.from_frame(chain(rng)), score="additive", required=[("a", "b"), ("b", "c")], progress=False
    )
    means = interventional_means(posterior, "a", 11.0, num_draws=100, rng=0)
    curve = dose_response(posterior, "a", "b", values=[11.0], num_draws=100, rng=0)
    assert means.mean[0] == 11.0
    assert means.mean[1] == pytest.approx(curve.mean[0, 0], abs=0.05)
    with pytest.raises(OptionError, match="in this range"):
        interventional_means(posterior, "a", 99.0, rng=0)


def test_what_curves_do_not_have_is_refused_with_a_remedy(mixed, rng):
    posterior = known_pair(bent_pair("line", rng))
    with pytest.raises(OptionError, match="dose_response"):
        total_effects(posterior, rng=0)
    with pytest.raises(OptionError, match="dose_response"):
        parent_adjustment(posterior, "x", "y", rng=0)
    with pytest.raises(OptionError, match="dose_response"):
        fitted_parameters(posterior)
    with pytest.raises(OptionError, match="dose_response"):
        interventional_means(mixed, "dose", 0.0, rng=0)
    frame = chain(rng)
    data = replace(dag_gfn.from_frame(frame), groups=(("both", ("c", "d")),))
    grouped = dag_gfn.fit(data, score="additive", progress=False)
    for pair in (("both", "a"), ("a", "both")):
        with pytest.raises(OptionError, match="--score block"):
            contrast_effect(grouped, *pair, rng=0)
