"""The distribution that a policy over root layerings samples from, against its draws and sums by hand."""

import math

import numpy as np
import oracles
import pytest
import torch
from exact_tables import random_table
from layering_oracles import layers_of, uniform_probability
from sampler_cases import log_reward, score_table

from dag_gfn.errors import NotTractable
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.marginal import LayerMarginal
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.graphs import graph
from dag_gfn.layerings.layer_weights import LayerWeights

CONSTRAINTS = [{}, {"required": [(1, 0)], "forbidden": [(0, 2)]}, {"max_parents": 1}, {"max_parents": 0}]


def parts(table):
    environment = RootLayers(LayerWeights.of(table.complete))
    return environment, LayerMarginal(table, environment)


def random_model(environment, seed=0):
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        network = LayerMLP(environment.log_all, environment.log_without, hidden_size=16)
        for parameter in network.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return FlowModel(network, shared_flow=True, forward_looking=True)


def uniform_by_hand(table):
    """Return {adjacency bytes: probability}: every legal action alike, in a table without constraints."""
    found, of_layering = {}, {}
    for dag in oracles.all_dags(table.d):
        layers = layers_of(dag)
        probability = uniform_probability(layers)
        found[dag.tobytes()] = (layers, probability, math.exp(log_reward(table)(dag)))
        of_layering[layers] = of_layering.get(layers, 0.0) + found[dag.tobytes()][2]
    return {key: p * reward / of_layering[layers] for key, (layers, p, reward) in found.items()}


@pytest.mark.parametrize("d", [2, 3, 4])
def test_the_uniform_policy_by_hand(d):
    table = score_table(d)
    _, marginal = parts(table)
    expected = uniform_by_hand(table)
    found = np.exp(marginal.log_probabilities(UniformPolicy()))
    dags = graph.adjacency_from_masks(marginal.masks.astype(np.int64), d)
    assert found == pytest.approx([expected[dag.tobytes()] for dag in dags], rel=1e-6)


@pytest.mark.parametrize("options", CONSTRAINTS, ids=str)
@pytest.mark.parametrize("d", [3, 5])
def test_a_network_by_the_trajectory_of_each_graph(d, options):
    table = score_table(d, **options)
    environment, marginal = parts(table)
    model = random_model(environment)
    found = marginal.log_probabilities(model)
    assert found.shape == (len(marginal.masks),)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-9)
    dags = graph.adjacency_from_masks(marginal.masks.astype(np.int64), d)
    one_by_one, _ = LayerSampler(table, environment.weights, model).log_probability(dags)
    possible = np.isfinite(one_by_one)
    np.testing.assert_array_equal(np.isfinite(found), possible)
    # single precision there, and the share that ends in dead ends
    lost = np.logaddexp.reduce(one_by_one[possible])
    np.testing.assert_allclose(found[possible], one_by_one[possible] - lost, atol=1e-4)


def test_draws_that_end_in_dead_ends_are_left_out():
    table = score_table(4)
    table.complete = random_table(4, seed=44, scale=2.0, forbidden=0.5).complete
    environment, marginal = parts(table)
    model = random_model(environment)
    probabilities = np.exp(marginal.log_probabilities(model))
    assert probabilities.sum() == pytest.approx(1, abs=1e-9)
    assert (probabilities == 0).any()
    k = 4_000
    sampler = LayerSampler(table, environment.weights, model)
    drawn = graph.parent_masks(sampler.sample(k, seed=1).adjacency)
    place = {masks.tobytes(): m for m, masks in enumerate(marginal.masks.astype(np.int64))}
    counts = np.bincount([place[masks.tobytes()] for masks in drawn], minlength=len(probabilities))
    assert (counts[probabilities == 0] == 0).all()
    error = np.sqrt(probabilities * (1 - probabilities) / k)
    assert (np.abs(counts / k - probabilities) <= 5 * error + 5 / k).all()


def test_rewards_of_hundreds_of_nats():
    table = score_table(4)
    table.complete = random_table(4, seed=2, scale=300.0).complete
    environment, marginal = parts(table)
    probabilities = np.exp(marginal.log_probabilities(random_model(environment)))
    assert probabilities.sum() == pytest.approx(1, abs=1e-9)


def test_it_keeps_no_gradients():
    table = score_table(3)
    environment, marginal = parts(table)
    model = random_model(environment)
    marginal.log_probabilities(model)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_weights_by_odds_are_refused():
    table = score_table(4)
    weights = LayerWeights.build(table, num_candidates=2, outside=True)
    assert weights.has_outside
    with pytest.raises(ValueError, match="all parent sets, not of candidates and odds"):
        LayerMarginal(table, RootLayers(weights))


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_so_few_nodes_are_all_candidates(storage):
    table = score_table(5, storage=storage)
    assert not LayerWeights.build(table, outside=True).has_outside


def test_too_many_nodes():
    table = score_table(6)
    with pytest.raises(NotTractable, match="6 nodes"):
        LayerMarginal(table, RootLayers(LayerWeights.build(table)))
