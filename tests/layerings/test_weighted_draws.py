"""Draws with weights against enumerations over four nodes."""

import numpy as np
import pytest
import torch
from layering_cases import exact_edges, tempered
from layering_oracles import layer_numbers, layering_weights, layers_of
from sampler_cases import log_reward, score_table

from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.weighted_draws import WeightedLayerings


def drawn(table, k, *, seed=0, policy=None):
    """Return draws of an untrained policy, and the weights of layerings."""
    weights = LayerWeights.of(table.complete)
    environment = RootLayers(weights)
    if policy is None:
        torch.manual_seed(3)
        policy = LayerMLP(environment.log_all, environment.log_without, hidden_size=16)
    sample = sample_outcomes(environment, policy, k, generator=torch.Generator().manual_seed(seed))
    return WeightedLayerings(
        sample.outcome.numpy(), sample.log_reward.numpy(), sample.log_weight.numpy()
    ), weights


def with_log_weights(log_weights):
    k = len(log_weights)
    return WeightedLayerings(np.zeros((k, 3), dtype=np.int64), np.zeros(k), np.asarray(log_weights, float))


@pytest.fixture(scope="module")
def table():
    return score_table(4, rows=25)


@pytest.mark.parametrize("policy", [None, UniformPolicy()], ids=["untrained", "uniform"])
def test_weighted_means_are_the_posteriors_whatever_the_policy(table, policy):
    exact, log_evidence = exact_edges(table)
    sample, weights = drawn(table, 8_000, policy=policy)
    log_w = sample.log_weights
    edges = sample.edges(weights, log_w - np.logaddexp.reduce(log_w))
    off = ~np.eye(4, dtype=bool)
    z = (edges.values - exact)[off] / edges.standard_error[off]
    assert np.abs(z).max() < 4
    assert (edges.standard_error[off] > 0).all()
    assert (edges.values[~off] == 0).all()
    w = np.exp(log_w - log_evidence)
    assert abs(w.mean() - 1) < 4 * w.std() / np.sqrt(len(w))


def test_standard_errors_are_those_of_repetition(table, rng):
    exact, _ = exact_edges(table)
    weights, off = LayerWeights.of(table.complete), ~np.eye(4, dtype=bool)
    squares = []
    for _ in range(40):
        sample = tempered(table, 400, rng)
        edges = sample.edges(weights, sample.log_weights)
        squares.append(((edges.values - exact)[off] / edges.standard_error[off]) ** 2)
    # a dozen dependent edges, 40 times
    assert 0.6 < np.mean(squares) < 1.5


def test_standard_errors_shrink_with_the_root_of_the_draws(table, rng):
    weights, off = LayerWeights.of(table.complete), ~np.eye(4, dtype=bool)
    few, many = (tempered(table, k, rng) for k in (1_000, 16_000))
    errors = [sample.edges(weights, sample.log_weights).standard_error[off] for sample in (few, many)]
    np.testing.assert_allclose(errors[0] / errors[1], 4.0, rtol=0.25)


def test_without_shares_all_draws_count_alike(table):
    sample, weights = drawn(table, 3_000)  # more than are gone through at a time
    complete = table.complete - table.complete.max(axis=1, keepdims=True)
    given = {
        tuple(layer_numbers(layers)): np.average(
            [dag for dag, _ in dags], axis=0, weights=[weight for _, weight in dags]
        )
        for layers, dags in layering_weights(complete).items()
    }
    expected = np.array([given[tuple(layer_of)] for layer_of in sample.layer_of])
    edges = sample.edges(weights)
    np.testing.assert_allclose(edges.values, expected.mean(axis=0), atol=2e-6)
    np.testing.assert_allclose(edges.standard_error, expected.std(axis=0) / np.sqrt(3_000), atol=1e-6)
    assert edges.source == "rao_blackwell"


def test_dags_have_their_layerings(table, rng):
    sample, weights = drawn(table, 200)
    dags = sample.dags(weights, rng=rng)
    for dag, layer_of in zip(dags, sample.layer_of, strict=True):
        assert layer_numbers(layers_of(dag)).tolist() == layer_of.tolist()
    reward = log_reward(table)
    assert all(np.isfinite(reward(dag)) for dag in dags)


@pytest.mark.parametrize("k", [1, 2, 5, 20, 21, 26, 100, 1000])
def test_smoothed_weights_are_normalised(k, rng):
    log_share, shape = with_log_weights(rng.normal(size=k) - 70.0).smoothed()
    assert log_share.shape == (k,)
    assert np.exp(log_share).sum() == pytest.approx(1)
    assert isinstance(shape, float)
    assert not np.isnan(shape)


@pytest.mark.parametrize("k", [1, 3, 20, 200])
def test_constant_weights_stay_as_they_are(k):
    log_share, shape = with_log_weights(np.full(k, -1234.5)).smoothed()
    np.testing.assert_allclose(log_share, -np.log(k), atol=1e-12)
    assert shape == (np.inf if k < 25 else 0.0)


def test_few_values_of_which_many_are_the_largest(rng):
    log_w = rng.choice([0.0, -0.3, -0.5], 1000)
    log_share, shape = with_log_weights(log_w).smoothed()
    np.testing.assert_allclose(log_share, log_w - np.logaddexp.reduce(log_w), atol=1e-12)
    assert shape == 0.0


def test_all_weight_on_one_draw_is_no_good_sign():
    log_w = np.full(400, -1e5)
    log_w[7] = 0.0
    assert with_log_weights(log_w).smoothed()[1] == np.inf


def test_smoothing_touches_only_the_largest(rng):
    log_w = 3.0 * rng.standard_t(3, size=400)
    log_share, shape = with_log_weights(log_w).smoothed()
    order = np.argsort(log_w)
    np.testing.assert_allclose(
        np.diff(log_share[order[:300]]), np.diff(log_w[order[:300]]), atol=1e-9
    )  # those below keep their ratios
    assert log_share[order[-1]] - log_share[order[0]] <= log_w[order[-1]] - log_w[order[0]]
    assert shape > 0.7


def test_the_shape_tells_good_weights_from_bad(rng):
    uniform = rng.random(4000)
    assert with_log_weights(0.1 * rng.normal(size=4000)).smoothed()[1] < 0.5
    assert with_log_weights(-1.5 * np.log(uniform)).smoothed()[1] > 1.2  # a Pareto tail of shape 1.5


def test_what_was_finished_of_both():
    one, two = (
        WeightedLayerings(np.zeros((k, 3), dtype=np.int64), np.zeros(k), np.zeros(k), np.log(share))
        for k, share in ((300, 0.5), (100, 0.25))
    )
    assert np.exp((one + two).log_finished) == pytest.approx(400 / 1_000)
    assert one[:10].log_finished == one.with_weights(np.ones(300)).log_finished == one.log_finished
    assert (one[:0] + two[:0]).log_finished == one.log_finished
