"""The network that begins with the posterior of parent sets."""

import copy

import numpy as np
import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies import EDGE_NETWORKS
from dag_gfn.gflownet.policies.conformance import check_policy
from dag_gfn.gflownet.policies.family_network import FamilyNetwork
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.sizes import sizes_of
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.layerings.family_posterior import FamilyPosterior
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.partition import init, run


def families_of(table, seed=0):
    weights, rng = LayerWeights.build(table), np.random.default_rng(seed)
    drawn, _, _ = run(weights, init(weights, rng=rng), rng=rng, blocks=200, thinning=10)
    return FamilyPosterior.of_layerings(weights, drawn.layer_of.astype(np.int64))


def network_of(table, seed=0, **sizes):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return FamilyNetwork.with_families(families_of(table), **sizes)


def walks(table, generator=None):
    return rollout(EdgeAddition(table), UniformPolicy(), 32, generator=generator or seeded()).observation


@pytest.mark.parametrize("options", [{}, {"required": [(0, 1)], "forbidden": [(2, 3)], "max_parents": 2}])
def test_it_conforms(options):
    table = score_table(4, **options)
    check_policy(network_of(table), walks(table))


def test_edges_and_stop_are_probabilities_without_a_softmax():
    table = score_table(4)
    observation = walks(table)
    log_p = network_of(table)(observation)
    total = log_p.exp().where(observation.legal_actions, 0.0).sum(1)
    torch.testing.assert_close(total, torch.ones_like(total))


def test_parent_sets_by_tensors_are_those_by_compiled_code():
    table = score_table(5)
    network, observation = network_of(table), walks(table)
    bits = (1 << torch.arange(5)).unsqueeze(1)
    own = (observation.adjacency * bits).sum(1)
    excluded = ((~observation.legal & ~observation.adjacency) * bits).sum(1)
    further, complete = network.families.given(own.numpy(), excluded.numpy())
    by_tensors = network.given_on_device(own, excluded)
    np.testing.assert_allclose(by_tensors[0].numpy(), further, atol=2e-6)
    np.testing.assert_allclose(by_tensors[1].numpy(), complete, atol=2e-6)


def test_untrained_it_follows_the_parent_sets():
    """On two nodes with one edge for certain, that edge comes first and the stop second."""
    families = FamilyPosterior.of_sets(
        np.array([0, 0, 1]), np.array([1.0, 0.001, 0.999]), np.array([0, 1, 3])
    )
    table = score_table(2)
    network = FamilyNetwork.with_families(families)
    observation = EdgeAddition(table).observe(EdgeAddition(table).initial_state(1))
    edges = masked_log_softmax(network(observation), observation.legal_actions)[0, :-1].view(2, 2)
    assert edges[0, 1] > edges[1, 0] + 2


def test_the_stop_has_parameters_of_its_own():
    table = score_table(4)
    network, observation = network_of(table), walks(table)
    some = observation.legal.flatten(1).any(1)
    network(observation)[some, -1].sum().backward()
    moved = {name for name, each in network.named_parameters() if each.grad is not None and each.grad.any()}
    assert moved
    assert all(name.startswith("stop_") for name in moved)


def test_the_flow_is_bounded_where_hardly_an_edge_can_be_expected():
    """However far a network strays, it stops where no edge gains anything."""
    table = score_table(5)
    network, observation = network_of(table), walks(table)
    with torch.no_grad():
        network.stop_head.bias.fill_(1e4)
    observation = type(observation)(observation.adjacency, observation.legal, -40.0 * observation.legal)
    some = observation.legal.flatten(1).any(1)
    assert (network(observation)[some, -1] > -2.1).all()


def test_weights_and_parent_sets_come_back():
    table = score_table(4)
    network = network_of(table, width=8, hidden_size=16)
    other = EDGE_NETWORKS["families"](4, **sizes_of(network))
    other.load_state_dict(network.state_dict())
    observation = walks(table)
    assert torch.equal(other(observation), network(observation))
    assert torch.equal(copy.deepcopy(network)(observation), network(observation))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sets", 16, "none of parents among 4 nodes"),
        ("sets", -1, "none of parents among 4 nodes"),
        ("probabilities", 2.0, "not in"),
        ("probabilities", float("nan"), "not in"),
        ("start", 3, "do not fit together"),
    ],
)
def test_parent_sets_that_are_none_are_refused(name, value, message):
    network = network_of(score_table(4))
    state = network.state_dict() | {name: torch.full_like(network.state_dict()[name], value)}
    with pytest.raises(ValueError, match=message):
        network.load_state_dict(state)


def test_a_node_in_its_own_parents_is_refused():
    with pytest.raises(ValueError, match="none of parents among 2 nodes"):
        FamilyPosterior.of_sets(np.array([1, 0]), np.ones(2), np.array([0, 1, 2]))
