"""Weights whose candidates chains have chosen."""

import numpy as np
import pytest
from sampler_cases import score_table

import dag_gfn
from dag_gfn.budget import TimeBudget
from dag_gfn.errors import NotTractable, StorageError
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.outside_parents import correct_parents
from dag_gfn.mcmc.partition import init, log_weight_of, run
from dag_gfn.mcmc.refined_weights import RefinedWeights, refined_weights
from dag_gfn.scores import ScoreTable, make_prior, make_score


def simulated(d, rows, *, prior="uniform", seed=0):
    data = dag_gfn.simulate(d, rows, edges_per_node=2.0, rng=np.random.default_rng(seed)).standardize()
    return ScoreTable.build(make_score("bge", data), make_prior(prior, d))


def spread(table, weights, rng):
    """Return the variance of the log of the ratio of true to approximate weights over layerings of a chain."""
    drawn = run(weights, init(weights, rng=rng), rng=rng, blocks=80, thinning=1_000)[0]
    corrections = correct_parents(weights, table, drawn.layer_of[16:], rng=rng).log_correction
    return corrections.var()


@pytest.mark.parametrize(("d", "rows", "prior"), [(30, 100, "uniform"), (30, 300, "fair")])
def test_ratios_of_weights_vary_less(d, rows, prior, rng):
    table = simulated(d, rows, prior=prior)
    first = LayerWeights.build(table, num_candidates=8, outside=True)
    refined = refined_weights(table, seed=0, num_candidates=8, iterations=100_000)
    assert refined.weights.tables.members.shape == (d, 8)
    before, after = spread(table, first, rng), spread(table, refined.weights, rng)
    assert after < 0.5 * before
    assert refined.log_ratio_variance < 0.5 * before


def test_nothing_is_chosen_where_all_others_are_candidates():
    table = score_table(6)
    refined = refined_weights(table, seed=0)
    assert refined.layer_of is None
    assert refined.log_ratio_variance == 0
    assert not refined.weights.has_outside
    lazy = score_table(6, storage="lazy")
    assert not refined_weights(lazy, seed=0).weights.has_outside


def test_the_seed_decides_without_a_budget():
    table = score_table(8)
    one, same, other = (refined_weights(table, seed=seed, num_candidates=3) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.weights.log_odds, same.weights.log_odds)
    np.testing.assert_array_equal(one.layer_of, same.layer_of)
    assert not np.array_equal(one.weights.log_odds, other.weights.log_odds)
    for layer_of in one.layer_of:
        assert log_weight_of(one.weights, layer_of) > -np.inf


@pytest.mark.parametrize(
    "options",
    [
        {"required": [(0, 5), (1, 5), (2, 5), (3, 5)], "seed": 1},
        {"max_parents": 1},
        {"forbidden": [(i, j) for i in range(8) for j in range(8) if i > j]},
    ],
    ids=str,
)
def test_constraints_are_kept(options):
    table = score_table(8, **options)
    refined = refined_weights(table, seed=0, num_candidates=4)
    dags = refined.weights.possible.adjacency_of(
        correct_parents(refined.weights, table, refined.layer_of, rng=np.random.default_rng(0)).parents
    )
    assert (table.log_reward_of(dags) > -np.inf).any()


def test_a_budget_that_is_over_is_enough_for_an_answer():
    table = score_table(24, rows=40)
    refined = refined_weights(table, seed=0, num_candidates=6, budget=TimeBudget(0.0))
    assert refined.weights.tables.members.shape == (24, 6)


def test_too_many_candidates_are_refused_before_any_work():
    table = score_table(40, rows=50)
    with pytest.raises(NotTractable, match="take fewer"):
        refined_weights(table, seed=0, num_candidates=30)


def test_chains_of_many_nodes_go_on_where_these_were(monkeypatch):
    monkeypatch.setattr("dag_gfn.mcmc.refined_weights.TEMPERED_NODES", 19)  # 63, but these take half a minute
    weights = LayerWeights.of(np.zeros((3, 4)))
    assert RefinedWeights(weights).untempered_starts() == []
    layer_of = np.zeros((4, 3), dtype=np.int64)
    assert RefinedWeights(weights, layer_of).untempered_starts() == []
    table = simulated(20, 60, prior="fair")
    refined = refined_weights(table, seed=0, num_candidates=4, iterations=1_000)
    assert len(refined.untempered_starts()) == 4


def test_weights_are_saved_and_loaded(tmp_path):
    table = score_table(24, rows=40)
    refined = refined_weights(table, seed=0, num_candidates=4, iterations=1_000)
    refined.save(tmp_path / "weights.safetensors")
    loaded = RefinedWeights.load(tmp_path / "weights.safetensors", table)
    np.testing.assert_array_equal(loaded.weights.log_sums, refined.weights.log_sums)
    np.testing.assert_array_equal(loaded.weights.log_odds, refined.weights.log_odds)
    np.testing.assert_array_equal(loaded.layer_of, refined.layer_of)
    assert loaded.log_ratio_variance == refined.log_ratio_variance
    with pytest.raises(StorageError, match="other options"):
        RefinedWeights.load(tmp_path / "weights.safetensors", score_table(25, rows=40))
    (tmp_path / "weights.safetensors").write_bytes(b"no")
    with pytest.raises(StorageError, match="start anew"):
        RefinedWeights.load(tmp_path / "weights.safetensors", table)


def test_likely_parents_beyond_the_candidates_are_counted():
    table = score_table(7, rows=40, storage="lazy")
    few, more = (refined_weights(table, seed=0, num_candidates=k, iterations=2_000) for k in (1, 4))
    assert few.coverage(table.names).likely_left_out > more.coverage(table.names).likely_left_out
    everyone = refined_weights(table, seed=0, num_candidates=6)
    assert everyone.coverage(table.names).likely_left_out is None
