"""What any network must do; nothing here depends on its layers."""

import copy

import numpy as np
import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.gflownet.policies.conformance import check_backward_policy, check_policy, check_state_flow
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP, MLPBackward, MLPStateFlow
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.independent_pairs import independent_pairs
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.evaluation import evaluate
from dag_gfn.gflownet.sampling.rollouts import rollout


@pytest.fixture(params=[2, 3, 6])
def case(request):
    """A network with weights away from their beginning, and trajectories of random walks."""
    d = request.param
    with torch.random.fork_rng():
        torch.manual_seed(5)
        policy = EdgeMLP(d)
        with torch.no_grad():
            for parameter in policy.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
    trajectories = rollout(EdgeAddition(score_table(d)), UniformPolicy(), 16, generator=seeded())
    return policy, trajectories


def test_conforms(case):
    policy, trajectories = case
    assert isinstance(policy, Policy)
    check_policy(policy, trajectories.observation)


def test_device_and_precision_follow_the_parameters(case):
    policy, trajectories = case
    seen = trajectories.observation
    assert policy(seen).dtype == torch.float32
    assert policy(seen).device == seen.gains.device
    if policy(seen).device.type == "cpu":
        fresh = copy.deepcopy(policy).to("meta")
        meta = EdgeObservation(*(t.to("meta") for t in (seen.adjacency, seen.legal, seen.gains)))
        assert fresh(meta).device.type == "meta"


def test_gradients_reach_every_layer(case):
    policy, trajectories = case
    ModifiedDetailedBalance()(evaluate(policy, trajectories)).backward()
    for name, parameter in policy.named_parameters():
        if parameter.ndim > 1:
            assert parameter.grad is not None, name
            assert parameter.grad.any(), name
        assert parameter.grad is None or parameter.grad.isfinite().all(), name


def test_logits_depend_on_what_is_seen(case):
    policy, trajectories = case
    logits = policy(trajectories.observation)
    assert (logits - logits[0]).abs().max() > 1e-4


def test_a_step_along_the_gradient_lowers_the_loss(case):
    policy, trajectories = case
    policy = copy.deepcopy(policy)
    objective = ModifiedDetailedBalance()
    optimizer = torch.optim.SGD(policy.parameters(), lr=1e-4)
    before = objective(evaluate(policy, trajectories))
    before.backward()
    optimizer.step()
    assert objective(evaluate(policy, trajectories)) < before


def test_large_gains_do_no_harm():
    seen = EdgeObservation(
        adjacency=torch.zeros(1, 3, 3, dtype=torch.bool),
        legal=~torch.eye(3, dtype=torch.bool)[None],
        gains=1e4 * (1 - torch.eye(3))[None],
    )
    assert EdgeMLP(3)(seen).isfinite().all()


def away_from_the_beginning(network):
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(6)
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network


@pytest.mark.parametrize("required", [[], [(2, 0)], [(2, 0), (1, 2)]], ids=str)
@pytest.mark.parametrize("change", [lambda network: network, away_from_the_beginning], ids=["new", "trained"])
def test_backward_policy_conforms(required, change):
    edges = np.zeros((4, 4), dtype=bool)
    for edge in required:
        edges[edge] = True
    environment = EdgeAddition(score_table(4, required=required))
    seen = rollout(environment, UniformPolicy(), 16, generator=seeded()).observation
    backward = change(MLPBackward(4, edges))
    check_backward_policy(backward, seen, seen.adjacency & ~torch.from_numpy(edges))


def test_keeping_more_edges_shares_the_weights_and_conforms():
    backward = away_from_the_beginning(MLPBackward(4))
    required = torch.zeros(4, 4, dtype=torch.bool)
    required[2, 0] = required[1, 2] = True
    kept = backward.keeping(required)
    environment = EdgeAddition(score_table(4, required=[(2, 0), (1, 2)]))
    seen = rollout(environment, UniformPolicy(), 16, generator=seeded()).observation
    check_backward_policy(kept, seen, seen.adjacency & ~required)
    check_backward_policy(backward, seen, seen.adjacency)  # is left as it was
    one, other = (dict(network.named_parameters()) for network in (kept, backward))
    assert all(one[name] is other[name] for name in other)
    # conditioning: where both may undo an edge, the odds are the same
    free = (seen.adjacency & ~required).flatten(1)
    difference = (kept(seen) - backward(seen)).masked_fill(~free, 0.0).detach()
    constant = difference.sum(1, keepdim=True) / free.sum(1, keepdim=True).clamp_min(1)
    torch.testing.assert_close(difference, constant.where(free, 0.0), rtol=0, atol=1e-5)


def test_a_backward_policy_begins_uniform_and_learns():
    seen = rollout(EdgeAddition(score_table(4)), UniformPolicy(), 16, generator=seeded()).observation
    backward = MLPBackward(4)
    present = seen.adjacency.flatten(1)
    some = present.any(1)
    alike = (present / present.sum(1, keepdim=True))[some]
    torch.testing.assert_close(backward(seen)[some].exp(), alike)
    log_pb = away_from_the_beginning(backward)(seen)
    assert (log_pb[some].exp() - alike).abs().max() > 1e-3
    log_pb.masked_fill(~present, 0.0).sum().backward()
    for name, parameter in backward.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@pytest.mark.parametrize("forward_looking", [False, True])
@pytest.mark.parametrize("change", [lambda network: network, away_from_the_beginning], ids=["new", "trained"])
def test_state_flow_conforms(forward_looking, change):
    seen = rollout(EdgeAddition(score_table(4)), UniformPolicy(), 16, generator=seeded()).observation
    network = change(MLPStateFlow(4, forward_looking=forward_looking))
    check_state_flow(network, seen)
    network(seen).square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
    assert network.body[0].weight.grad.any()


def test_where_a_state_flow_begins():
    """From what independent pairs promise, or from the given number, but for a small head."""
    seen = rollout(EdgeAddition(score_table(4)), UniformPolicy(), 16, generator=seeded()).observation
    looking, plain = MLPStateFlow(4), MLPStateFlow(4, forward_looking=False, start=7.5)
    for network in (looking, plain):
        torch.nn.init.zeros_(network.head.weight)
    torch.testing.assert_close(looking(seen), -independent_pairs(seen, torch.ones(()))[:, -1])
    assert plain(seen).tolist() == [7.5] * len(seen)
