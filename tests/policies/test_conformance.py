import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.env.edge_addition import EdgeAddition
from dag_gfn.policies.conformance import check_policy
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling import rollout


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
