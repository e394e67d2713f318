"""A trained sampler of root layerings, whose probabilities are known."""

from collections import Counter

import numpy as np
import oracles
import pytest
import torch
from layering_cases import with_gaps
from layering_oracles import layer_numbers, layers_of
from sampler_cases import log_reward, request_of, score_table

from dag_gfn.errors import TrainingError
from dag_gfn.exact.enumeration import exact_posterior
from dag_gfn.exact.reference import exact_reference
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.fit import fit_layers
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.training.config import default_config
from dag_gfn.layerings import outside_parents
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import layering_of
from dag_gfn.posterior.sampler import ConditionalSampler
from dag_gfn.posterior.sampler_conformance import check_sampler

pytestmark = pytest.mark.usefixtures("short_chains")


def trained(table, iterations=60, **options):
    config = default_config(table.d, environment="layers", iterations=iterations)
    request = request_of(config, **{"objective": "subtrajectory_balance"} | options)
    return fit_layers(table, request).sampler


@pytest.fixture(scope="module")
def table():
    return score_table(3)


@pytest.fixture(scope="module")
def sampler(table):
    return trained(table)


def test_probabilities_of_all_graphs_sum_to_one(table, sampler):
    log_p, error = sampler.log_probability(oracles.all_dags(3))
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-5)
    assert (error == 0).all()
    again, _ = sampler.log_probability(oracles.all_dags(3), num_trajectories=5, seed=9)
    np.testing.assert_array_equal(again, log_p)


def test_constrained_graphs_that_cannot_be_have_no_probability():
    table = score_table(3, required=[(2, 0)], forbidden=[(0, 1)], max_parents=1)
    log_p, error = trained(table, iterations=20).log_probability(oracles.all_dags(3))
    assert not np.isnan(log_p).any()
    possible = np.isfinite([log_reward(table)(dag) for dag in oracles.all_dags(3)])
    np.testing.assert_array_equal(np.isfinite(log_p), possible)
    assert 0.9 < np.exp(log_p).sum() < 1 + 1e-5  # the rest comes to dead ends
    assert (error == 0).all()


def test_dead_ends_are_drawn_anew():
    table = with_gaps(seed=44)
    environment = RootLayers(LayerWeights.of(table.complete))
    torch.manual_seed(0)
    model = FlowModel(
        LayerMLP(environment.log_all, environment.log_without), shared_flow=True, forward_looking=True
    )
    seen = sample_outcomes(environment, model, 500, generator=torch.Generator().manual_seed(0))
    dead = seen.log_reward == -torch.inf
    assert dead.any()
    sampler = LayerSampler(table, environment.weights, model)
    drawn = sampler.layerings(1_500, seed=1)
    assert len(drawn) == 1_500
    assert (drawn.layer_of >= 0).all()
    total = np.logaddexp.reduce([table.log_reward(masks(dag)[None])[0] for dag in oracles.all_dags(4)])
    w = np.exp(drawn.log_weights - total)
    assert abs(w.mean() - 1) < 5 * w.std() / np.sqrt(len(w)) + 0.02
    assert np.isfinite(sampler.sample(200, seed=2).log_scores).all()


@pytest.mark.parametrize("gaps", [False, True])
def test_layerings_of_large_samples_are_drawn(gaps):
    """Rewards far below the sum of the best parent sets, all the same of finished layerings."""
    table = with_gaps(seed=44) if gaps else score_table(4)
    table.complete = table.complete * 1e6
    environment = RootLayers(LayerWeights.of(table.complete))
    torch.manual_seed(0)
    model = FlowModel(
        LayerMLP(environment.log_all, environment.log_without), shared_flow=True, forward_looking=True
    )
    drawn = LayerSampler(table, environment.weights, model).layerings(600, seed=1)
    assert len(drawn) == 600
    assert np.isfinite(drawn.log_weights).all()
    assert (drawn.log_finished < 0) == gaps
    assert (drawn.log_rewards < environment.weights.log_scale - 1e5).any()


def test_dead_ends_everywhere_are_said():
    table = with_gaps(seed=33)  # no graph at all
    environment = RootLayers(LayerWeights.of(table.complete))
    model = FlowModel(
        LayerMLP(environment.log_all, environment.log_without), shared_flow=True, forward_looking=True
    )
    with pytest.raises(TrainingError, match="keep the constraints: train longer"):
        LayerSampler(table, environment.weights, model).layerings(3, seed=0)


def masks(dag):
    return (dag * (np.int64(1) << np.arange(len(dag)))[:, None]).sum(axis=0)


def test_draws_have_these_probabilities(table, sampler):
    k = 4_000
    drawn = sampler.sample(k, seed=3)
    np.testing.assert_allclose(
        drawn.log_scores, [log_reward(table)(dag) for dag in drawn.adjacency], atol=1e-9
    )
    counts = Counter(dag.tobytes() for dag in drawn.adjacency)
    log_p, _ = sampler.log_probability(oracles.all_dags(3))
    for dag, p in zip(oracles.all_dags(3), np.exp(log_p), strict=True):
        assert abs(counts[dag.tobytes()] - k * p) < 5 * np.sqrt(k * p * (1 - p)) + 1


def test_weights_correct_the_draws(table, sampler):
    drawn = sampler.sample(4_000, seed=5)
    share = np.exp(drawn.log_weights - np.logaddexp.reduce(drawn.log_weights))
    edges = np.tensordot(share, drawn.adjacency, axes=1)
    exact = exact_reference(table).features["edge"]
    error = np.sqrt(np.tensordot(share**2, (drawn.adjacency - edges) ** 2, axes=1))
    assert (np.abs(edges - exact) <= 4 * error + 1e-9).all()
    # a graph's own weight R(G) / P(G) is that of its layering
    log_p, _ = sampler.log_probability(drawn.adjacency[:50])
    np.testing.assert_allclose(drawn.log_scores[:50] - log_p, drawn.log_weights[:50], atol=1e-4)


def test_the_evidence_and_the_entropy(table, sampler):
    truth = exact_posterior(table)
    estimate = sampler.log_z(num_samples=4_000, seed=1)
    assert abs(estimate.log_z - truth.log_evidence) <= 4 * estimate.standard_error + 1e-6
    assert estimate.log_z_lower <= estimate.log_z
    p = np.exp(truth.log_probabilities)
    assert sampler.entropy(num_samples=4_000, seed=1) == pytest.approx(
        -(p * truth.log_probabilities).sum(), abs=0.1
    )
    draws = exact_reference(table).draw(500, np.random.default_rng(0))
    log_w = sampler.log_weights_of(np.array([layer_numbers(layers_of(dag)) for dag in draws]))
    slack = 4 * log_w.std() / np.sqrt(len(log_w)) + 1e-6
    assert sampler.log_z_upper(draws, seed=0) >= truth.log_evidence - slack
    assert sampler.log_z_upper(draws, seed=0) == pytest.approx(log_w.mean(), abs=1e-9)


def test_the_seed_decides(sampler):
    one, same, other = (sampler.sample(20, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.adjacency, same.adjacency)
    np.testing.assert_array_equal(one.log_weights, same.log_weights)
    assert (one.adjacency != other.adjacency).any()


def test_parents_outside_the_candidates_are_corrected_in_parts(monkeypatch):
    table = score_table(5, rows=12)
    weights = LayerWeights.build(table, num_candidates=2, outside=True)
    assert weights.has_outside
    torch.manual_seed(0)
    environment = RootLayers(weights)
    network = LayerMLP(environment.log_all, environment.log_without)
    model = FlowModel(network, shared_flow=True, forward_looking=True)
    sampler, sizes = LayerSampler(table, weights, model), []
    whole = sampler.sample(300, seed=1)
    real = outside_parents.correct_parents

    def counted(weights, table, layer_of, **options):
        sizes.append(len(layer_of))
        return real(weights, table, layer_of, **options)

    monkeypatch.setattr(outside_parents, "correct_parents", counted)
    monkeypatch.setattr(outside_parents, "_AT_A_TIME", 120)
    parts, drawn = sampler.sample(300, seed=1), sampler.layerings(300, seed=1)
    assert sizes == [120, 120, 60]
    np.testing.assert_array_equal(sampler.sample(300, seed=1).log_weights, parts.log_weights)
    np.testing.assert_array_equal(layering_of(parts.adjacency), drawn.layer_of)
    one, other = (draws.log_weights - drawn.log_weights for draws in (parts, whole))
    assert abs(one.mean() - other.mean()) < 5 * np.hypot(one.std(), other.std()) / np.sqrt(300)
    assert len(sampler.sample(0, seed=0).adjacency) == 0


def test_no_graphs(sampler):
    none = np.zeros((0, 3, 3), dtype=bool)
    log_p, error = sampler.log_probability(none, seed=0)
    assert log_p.shape == error.shape == (0,)
    assert sampler.log_weights_of(np.zeros((0, 3), dtype=np.int64)).shape == (0,)
    assert len(sampler.sample(0, seed=0).adjacency) == 0


@pytest.mark.parametrize("d", [3, 4])
def test_the_protocol_is_kept(d):
    table, graphs = score_table(d), np.array(oracles.all_dags(d))
    log_scores = np.array([log_reward(table)(dag) for dag in graphs])
    sampler = trained(table)
    assert isinstance(sampler, ConditionalSampler)
    check_sampler(sampler, table.names, graphs, log_scores, seed=1, num_samples=3000)
