import json
from dataclasses import replace

import numpy as np
import pytest
from report_cases import discrete_pair, exact_chain, mixed_table, random_posterior, two_graphs

from dag_gfn.effects import contrast_effect, interventional_distribution, total_effects
from dag_gfn.views.report import effect_tables as module
from dag_gfn.views.report.effect_tables import SEED, TOTAL_DRAWS, effect_tables


def test_total_effects_are_those_of_the_library():
    posterior = exact_chain()
    table = effect_tables(posterior)
    effect = total_effects(posterior, num_draws=TOTAL_DRAWS, rng=SEED).effect("a", "b")
    pair = table["pairs"][0][1]
    assert table["kind"] == "total"
    assert pair["mean"] == pytest.approx(effect.mean, rel=1e-3)
    assert pair["zero"] == pytest.approx(effect.probability_zero, abs=1e-4)
    assert pair["q"] == pytest.approx(np.quantile(effect.samples, [0.05, 0.5, 0.95]), rel=1e-3)
    assert 0.98 * (effect.samples != 0).sum() <= sum(pair["bins"]) <= (effect.samples != 0).sum()
    split = effect.by_class(len(pair["by_class"]))
    assert [row[1] for row in pair["by_class"]] == pytest.approx(split["mean"].tolist(), rel=1e-3)
    assert table["pairs"][2][2] is None


def test_where_nothing_descends_only_that_is_said():
    posterior = random_posterior(list("abc"), num_graphs=20)
    empty = replace(
        posterior,
        graphs=np.zeros((1, 3, 3), dtype=bool),
        log_weights=np.zeros(1),
        log_scores=np.zeros(1),
    )
    assert effect_tables(empty)["pairs"][0][1] == {"zero": 1.0}


def test_distributions_are_those_of_the_library():
    posterior = discrete_pair()
    table = effect_tables(posterior)
    i, j = posterior.names.index("dose"), posterior.names.index("answer")
    effect = interventional_distribution(
        posterior, "dose", "answer", num_draws=module.DISTRIBUTION_DRAWS, rng=SEED
    )
    assert table["kind"] == "distribution"
    assert np.allclose(np.array(table["pairs"][i][j]["table"])[..., 0], effect.mean, atol=1e-4)
    assert table["states"][i] == list(effect.source_states)
    zero, means = table["pairs"][i][j]["by_class"][0][1:]
    split = effect.by_class(1)
    assert zero == pytest.approx(split["probability_zero"].iloc[0], abs=1e-3)
    # the same graphs, but other draws of their tables
    error = effect.samples.std(axis=0).max() * np.sqrt(2 / module.DISTRIBUTION_DRAWS)
    assert np.ravel(means) == pytest.approx(split["mean"].to_numpy(), abs=5 * error)


def test_more_pairs_than_fit_are_left_out(monkeypatch):
    monkeypatch.setattr(module, "MAX_DISTRIBUTIONS", 1)
    pairs = [pair for row in effect_tables(discrete_pair())["pairs"] for pair in row if pair is not None]
    assert sum("table" in pair for pair in pairs) == 1
    assert all("zero" in pair for pair in pairs)


def test_a_score_without_effects_gives_the_reason():
    posterior = exact_chain()
    found = effect_tables(replace(posterior, info={**posterior.info, "score": "bic"}))
    assert found["kind"] == "none"
    assert "bge" in found["reason"]
    assert effect_tables(two_graphs())["kind"] == "none"


def test_the_table_is_json():
    for posterior in (exact_chain(), discrete_pair()):
        json.dumps(effect_tables(posterior), allow_nan=False)


def test_contrasts_are_those_of_the_library(monkeypatch):
    posterior = mixed_table()
    table = effect_tables(posterior)
    assert table["kind"] == "contrast"
    effect = contrast_effect(posterior, "drug", "pain", num_draws=module.CONTRAST_DRAWS, rng=SEED)
    pair = table["pairs"][0][1]
    told = effect.summary()
    assert [row[0] for row in pair["changes"]] == told["change"].tolist()
    assert [row[3] for row in pair["changes"]] == pytest.approx(told["mean"].tolist(), rel=1e-3)
    assert len(pair["by_class"][0][2]) == len(told)
    json.dumps(table)
    monkeypatch.setattr(
        module, "PAIRS_AT_ONCE", 1
    )  # pairs one by one have the same graphs, and so the same classes
    assert effect_tables(posterior)["classes"] == table["classes"]
    monkeypatch.setattr(module, "MAX_STATES", 1)
    assert "changes" not in effect_tables(posterior)["pairs"][0][1]
