import math

import numpy as np
import oracles
import pytest
import torch
from sampler_cases import exact_policy, log_reward, score_table, seeded

from dag_gfn.env.edge_addition import EdgeAddition
from dag_gfn.importance import importance_estimate, log_importance_weights
from dag_gfn.objectives.objective import FlowTerms
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling import backward_rollout, evaluate, rollout


def test_one_trajectory_by_hand():
    """Two steps and a stop, and a row of padding values that must not count."""
    zeros = torch.zeros(1, 4, dtype=torch.float64)
    terms = FlowTerms(
        mask=torch.tensor([[True, True, True, False]]),
        stops=torch.tensor([[False, False, True, False]]),
        log_pf=torch.tensor([[-1.0, -2.0, -0.5, -77.0]], dtype=torch.float64),
        log_pb=torch.tensor([[0.0, -math.log(2), 0.0, -77.0]], dtype=torch.float64),
        log_stop=zeros,
        log_stop_next=zeros,
        delta_log_reward=zeros,
        log_reward=torch.tensor([-10.0], dtype=torch.float64),
    )
    assert float(log_importance_weights(terms)) == pytest.approx(-10 - math.log(2) + 3.5, abs=1e-12)


@pytest.mark.parametrize(
    ("d", "constraints"),
    [(2, {}), (3, {}), (3, {"required": [(0, 2)]}), (3, {"forbidden": [(1, 0)], "max_parents": 1})],
)
def test_weights_are_the_evidence_at_the_exact_policy(d, constraints):
    table = score_table(d, **constraints)
    environment, policy = EdgeAddition(table), exact_policy(table)
    truth = oracles.log_evidence(d, log_reward(table))
    on_policy = rollout(environment, policy, 50, generator=seeded())
    elsewhere = rollout(environment, UniformPolicy(), 50, generator=seeded())
    backwards = backward_rollout(environment, elsewhere.final, generator=seeded())
    for trajectories in (on_policy, elsewhere, backwards):
        weights = log_importance_weights(evaluate(policy, trajectories))
        np.testing.assert_allclose(weights, truth, atol=2e-6)  # log_pb is float32
    estimate = importance_estimate(environment, policy, 50, generator=seeded())
    assert estimate.ess == pytest.approx(1, abs=1e-9)
    assert estimate.log_z == pytest.approx(truth, abs=2e-6)
    assert estimate.log_z_lower == pytest.approx(truth, abs=2e-6)


@pytest.mark.parametrize("constraints", [{}, {"required": [(0, 2)]}], ids=str)
def test_estimates_from_the_uniform_policy_are_right_within_their_error(constraints):
    table = score_table(3, **constraints)
    environment, n = EdgeAddition(table), 8000
    estimate = importance_estimate(environment, UniformPolicy(), n, generator=seeded())
    truth = oracles.log_evidence(3, log_reward(table))
    # standard error of the mean weight relative to the mean, from the effective sample size
    error = math.sqrt((1 / estimate.ess - 1) / n)
    assert error < 0.1
    assert abs(math.exp(estimate.log_z - truth) - 1) < 4 * error
    assert estimate.log_z_lower <= estimate.log_z
    assert estimate.log_z_lower < truth
    assert 0 < estimate.ess < 1


def test_the_bound_and_the_effective_sample_size_by_their_definitions():
    environment = EdgeAddition(score_table(3))
    estimate = importance_estimate(environment, UniformPolicy(), 500, generator=seeded(3))
    drawn = rollout(environment, UniformPolicy(), 500, generator=seeded(3))
    log_w = log_importance_weights(evaluate(UniformPolicy(), drawn)).numpy()
    w = np.exp(log_w - log_w.max())
    assert estimate.ess == pytest.approx(w.sum() ** 2 / (w**2).sum() / 500, rel=1e-6)
    assert estimate.log_z_lower == pytest.approx(log_w.mean(), rel=1e-6)
    assert estimate.log_z == pytest.approx(math.log(w.mean()) + log_w.max(), rel=1e-6)


def test_the_generator_decides():
    environment = EdgeAddition(score_table(3))
    one, same, other = (
        importance_estimate(environment, UniformPolicy(), 100, generator=seeded(seed)) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
