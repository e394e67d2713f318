import copy

import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.conformance import check_policy
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP, MLPBackward, MLPStateFlow
from dag_gfn.gflownet.policies.flow_model import BackwardPolicy, FlowModel
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout


@pytest.fixture
def seen():
    return rollout(EdgeAddition(score_table(3)), UniformPolicy(), 12, generator=seeded()).observation


def test_as_a_policy_it_is_its_forward_policy(seen):
    policy = EdgeMLP(3)
    model = FlowModel(policy, backward=MLPBackward(3), state_flow=MLPStateFlow(3), log_z=2.0)
    assert isinstance(model, Policy)
    assert isinstance(model.backward, BackwardPolicy)
    check_policy(model, seen)
    assert torch.equal(model(seen), policy(seen))


def test_any_policy_is_a_model_that_has_nothing_beside():
    policy = UniformPolicy()
    model = FlowModel.of(policy)
    assert model.policy is policy
    assert (model.backward, model.state_flow, model.log_z) == (None, None, None)
    assert FlowModel.of(model) is model
    assert FlowModel.of(lambda seen: seen.gains.flatten(1)).log_z is None  # a function has no parameters


def test_flows_are_relative_to_the_reward_where_they_look_forward(seen):
    network = MLPStateFlow(3)
    log_reward = torch.linspace(-5, 5, len(seen))
    plain = FlowModel(UniformPolicy(), state_flow=network)
    looking = FlowModel(UniformPolicy(), state_flow=network, forward_looking=True)
    assert torch.equal(plain.log_flow(seen, log_reward), network(seen))
    assert torch.equal(looking.log_flow(seen, log_reward), network(seen) + log_reward)


@pytest.mark.parametrize("log_z", [0, 0.0, -3.5])
def test_log_z_is_a_parameter_whatever_its_value(log_z):
    model = FlowModel(UniformPolicy(), log_z=log_z)
    assert [name for name, _ in model.named_parameters()] == ["log_z"]
    assert model.log_z.shape == ()
    assert model.log_z.item() == log_z


def test_all_that_is_learned_is_saved(seen):
    parts = {"backward": MLPBackward(3), "state_flow": MLPStateFlow(3), "log_z": 1.5}
    model = FlowModel(EdgeMLP(3), **parts)
    names = {name.split(".")[0] for name in model.state_dict()}
    assert names == {"policy", "backward", "state_flow", "log_z"}
    other = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(seen), model(seen))
    assert torch.equal(other.backward(seen), model.backward(seen))
    assert torch.equal(other.state_flow(seen), model.state_flow(seen))
