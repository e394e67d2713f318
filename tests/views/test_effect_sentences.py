from dataclasses import replace

import numpy as np
import pandas as pd
from effect_cases import exact, mixed

from dag_gfn.data import from_array, from_frame
from dag_gfn.effects import contrast_effect, interventional_distribution, parent_adjustment, total_effects
from dag_gfn.views.effect_sentences import (
    LINEAR_PROBABILITIES,
    STANDARD_DEVIATIONS,
    contrast_sentences,
    distribution_sentences,
    total_effect_sentences,
)


def test_a_continuous_effect_in_words(rng):
    values = rng.normal(size=(200, 2))
    values[:, 1] += 2 * values[:, 0]
    posterior = exact(from_array(values, ["dose", "response"]))
    effect = total_effects(posterior, num_draws=500, rng=0).effect("dose", "response")
    adjusted = parent_adjustment(posterior, "dose", "response", num_draws=500, rng=0)
    lines = total_effect_sentences(effect, adjusted)
    assert lines[0].startswith("Setting dose one unit higher changes the mean of response by 1.0")
    assert "90 % interval 0 to 2." in lines[0]
    assert "no effect: response does not descend from dose" in lines[1]
    assert any("response is a cause of dose instead" in line for line in lines)
    assert any("dose — response" in line for line in lines)
    assert lines[-1].startswith("Adjusting for the parents of dose")


def test_a_discrete_effect_in_words(rng):
    codes = rng.integers(0, 2, 300)
    frame = pd.DataFrame({"a": codes, "b": np.where(rng.random(300) < 0.9, codes, 1 - codes)})
    posterior = exact(from_frame(frame.map({0: "no", 1: "yes"}.get)))
    effect = interventional_distribution(posterior, "a", "b", num_draws=300, rng=0)
    text = "\n".join(distribution_sentences(effect))
    assert "a = yes: b = no with" in text
    assert "b does not descend from a" in text
    assert "a — b" in text


def test_where_no_class_stands_out_none_is_announced(rng, monkeypatch):
    monkeypatch.setattr("dag_gfn.views.effect_sentences.NEGLIGIBLE", 0.9)
    posterior = exact(from_array(rng.normal(size=(30, 3))))
    effect = total_effects(posterior, num_draws=200, rng=0).effect("x0", "x2")
    text = "\n".join(total_effect_sentences(effect))
    assert "No class of graphs" in text
    assert "most probable classes" not in text


def mixed_posterior(rng):
    drug = rng.choice(["no", "yes"], 200)
    pain = 5.0 - 1.0 * (drug == "yes") + rng.normal(size=200)
    well = np.where(pain + rng.normal(size=200) < 4.5, "yes", "no")
    return exact(mixed({"drug": drug, "pain": pain, "well": well}).standardize())


def test_a_contrast_in_words(rng):
    posterior = mixed_posterior(rng)
    lines = contrast_sentences(
        contrast_effect(posterior, "drug", "pain", reference="no", num_draws=300, rng=0)
    )
    text = "\n".join(lines)
    assert lines[1].startswith("  drug = yes instead of no: mean of pain changes by -")
    assert "pain does not descend from drug" in text
    assert "Where there is an effect:" in text
    assert "Expected: drug = no: pain" in text
    assert LINEAR_PROBABILITIES not in lines
    text = contrast_sentences(contrast_effect(posterior, "pain", "well", num_draws=300, rng=0))
    assert LINEAR_PROBABILITIES in text
    assert any("probability of well = yes changes by" in line for line in text)
    assert not any("well = no changes" in line for line in text)  # it is the same the other way


def test_many_changes_are_cut(rng, monkeypatch):
    monkeypatch.setattr("dag_gfn.views.effect_sentences.MAX_CHANGES", 1)
    effect = contrast_effect(mixed_posterior(rng), "pain", "well", num_draws=50, rng=0)
    assert "  and 1 more (--json has all)" in contrast_sentences(effect)


def test_effects_of_ranks_say_their_units(rng):
    posterior = mixed_posterior(rng)
    ranked = replace(posterior, info={**posterior.info, "margins": "normal_scores"})
    lines = contrast_sentences(contrast_effect(ranked, "drug", "pain", num_draws=50, rng=0))
    assert STANDARD_DEVIATIONS in lines
    assert not any(line.startswith("Expected") for line in lines)
    numbers = exact(from_array(rng.normal(size=(50, 2)), ["a", "b"]))
    ranked = replace(numbers, info={**numbers.info, "margins": "normal_scores"})
    lines = total_effect_sentences(total_effects(ranked, num_draws=50, rng=0).effect("a", "b"))
    assert lines[0].startswith("Setting a one standard deviation higher")
    assert STANDARD_DEVIATIONS in lines
