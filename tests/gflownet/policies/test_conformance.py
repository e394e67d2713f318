import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies import EDGE_POLICIES, LAYER_POLICIES
from dag_gfn.gflownet.policies.conformance import check_backward_policy, check_policy, check_state_flow
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.layerings.layer_weights import LayerWeights


@pytest.mark.parametrize("name", EDGE_POLICIES)
def test_every_network_that_adds_edges_conforms(name):
    seen = rollout(EdgeAddition(score_table(4)), UniformPolicy(), 16, generator=seeded()).observation
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = EDGE_POLICIES[name](4)
    check_policy(network, seen)


@pytest.mark.parametrize("name", LAYER_POLICIES)
def test_every_network_that_builds_root_layerings_conforms(name):
    environment = RootLayers(LayerWeights.of(score_table(4).complete))
    seen = rollout(environment, UniformPolicy(), 16, generator=seeded()).observation
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = LAYER_POLICIES[name](environment.log_all, environment.log_without)
    check_policy(network, seen)
    check_state_flow(lambda observation: network.logits_and_flow(observation)[1], seen)


def zeros(observation):
    b, d, _ = observation.legal.shape
    return torch.zeros(b, d * d + 1)


def without_stop(observation):
    return zeros(observation)[:, :-1]


def infinite(observation):
    return zeros(observation) - torch.inf


def integer(observation):
    return zeros(observation).long()


def looks_at_the_batch(observation):
    logits = zeros(observation)
    logits[:, -1] = observation.gains.sum()
    return logits


def noisy(observation):
    return torch.randn_like(zeros(observation))


def overwrites(observation):
    observation.gains.zero_()
    return zeros(observation)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (without_stop, "logits have shape"),
        (infinite, "not a finite number"),
        (integer, "not floating-point"),
        (looks_at_the_batch, "a batch differs from single states"),
        (noisy, "two calls give different logits"),
        (overwrites, "changes the gains"),
    ],
)
def test_what_is_broken_is_named(broken, message):
    trajectories = rollout(EdgeAddition(score_table(3)), UniformPolicy(), 8, generator=seeded())
    check_policy(zeros, trajectories.observation)
    # integer logits have no type annotation to break here: plain functions are not checked
    with pytest.raises(AssertionError, match=message):
        check_policy(broken, trajectories.observation)


class Backward:
    """A backward policy of a function."""

    def __init__(self, function):
        self.function = function

    def __call__(self, observation):
        return self.function(observation)

    def keeping(self, required):
        raise NotImplementedError


def uniform_backward(observation):
    present = observation.adjacency.flatten(1)
    some = present.any(1, keepdim=True)
    return torch.where(some, present.float().log() - present.sum(1, keepdim=True).clamp_min(1).log(), 0.0)


def too_wide(observation):
    return torch.cat([uniform_backward(observation), uniform_backward(observation)[:, :1]], dim=1)


def undoes_what_is_not_there(observation):
    return uniform_backward(observation).nan_to_num(neginf=-5.0)


def sums_to_two(observation):
    return uniform_backward(observation) + 0.7


def nan_where_nothing_can_be_undone(observation):
    present = observation.adjacency.flatten(1)
    return torch.zeros_like(present.float()).masked_fill(~present, -torch.inf).log_softmax(1)


def prefers_by_the_batch(observation):
    weight = len(observation) * torch.arange(9.0)
    masked = weight.expand(len(observation), 9).masked_fill(~observation.adjacency.flatten(1), -torch.inf)
    return masked.where(observation.adjacency.flatten(1).any(1, keepdim=True), 0.0).log_softmax(1)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (too_wide, "have shape"),
        (undoes_what_is_not_there, "cannot be undone has a probability"),
        (sums_to_two, "do not sum to one"),
        (nan_where_nothing_can_be_undone, "NaN"),
        (prefers_by_the_batch, "a batch differs from single states"),
        (lambda seen: uniform_backward(seen) + torch.rand(len(seen), 1), "two calls differ"),
    ],
)
def test_what_is_broken_in_a_backward_policy_is_named(broken, message):
    seen = rollout(EdgeAddition(score_table(3)), UniformPolicy(), 8, generator=seeded()).observation
    check_backward_policy(Backward(uniform_backward), seen, seen.adjacency)
    with pytest.raises(AssertionError, match=message):
        check_backward_policy(Backward(broken), seen, seen.adjacency)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda seen: seen.gains.sum((1, 2))[:, None], "flows have shape"),
        (lambda seen: seen.gains.sum((1, 2)) / 0, "not a finite number"),
        (
            lambda seen: seen.gains.sum((1, 2)) + seen.gains.mean().nan_to_num(),
            "a batch differs from single states",
        ),
        (lambda seen: seen.gains.sum((1, 2)).long(), "not floating-point"),
        (lambda seen: torch.rand(len(seen)), "two calls differ"),
        (lambda seen: torch.zeros(max(1, len(seen))), "a batch of no states"),
    ],
)
def test_what_is_broken_in_a_state_flow_is_named(broken, message):
    seen = rollout(EdgeAddition(score_table(3)), UniformPolicy(), 8, generator=seeded()).observation
    check_state_flow(lambda seen: seen.gains.sum((1, 2)), seen)
    with pytest.raises(AssertionError, match=message):
        check_state_flow(broken, seen)
