"""What any network must do; nothing here depends on its layers."""

import copy

import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.env.edge_addition import EdgeAddition
from dag_gfn.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.policies.conformance import check_policy
from dag_gfn.policies.mlp import MLPPolicy
from dag_gfn.policies.policy import Observation, Policy
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling import evaluate, rollout


@pytest.fixture(params=[2, 3, 6])
def case(request):
    """A network with weights away from their beginning, and trajectories of random walks."""
    d = request.param
    with torch.random.fork_rng():
        torch.manual_seed(5)
        policy = MLPPolicy(d)
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
        meta = Observation(*(t.to("meta") for t in (seen.adjacency, seen.legal, seen.gains)))
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
    seen = Observation(
        adjacency=torch.zeros(1, 3, 3, dtype=torch.bool),
        legal=~torch.eye(3, dtype=torch.bool)[None],
        gains=1e4 * (1 - torch.eye(3))[None],
    )
    assert MLPPolicy(3)(seen).isfinite().all()
