import numpy as np
import pandas as pd
from effect_cases import exact

from dag_gfn.data import from_array, from_frame
from dag_gfn.effects import interventional_distribution, parent_adjustment, total_effects
from dag_gfn.views.effect_sentences import distribution_sentences, total_effect_sentences


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
