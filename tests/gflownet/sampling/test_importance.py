import math

import numpy as np
import oracles
import pytest
import torch
from sampler_cases import exact_policy, log_reward, score_table, seeded, states_of

from dag_gfn.gflownet.edges.marginal import EdgeMarginal
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.importance import (
    ImportanceEstimate,
    graph_log_probabilities,
    importance_estimate,
    log_evidence_upper_bound,
    log_importance_weights,
)
from dag_gfn.gflownet.sampling.rollouts import backward_rollout, rollout
from dag_gfn.graphs.graph import adjacency_from_masks


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
        weights = log_importance_weights(policy, trajectories)
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
    log_w = log_importance_weights(UniformPolicy(), drawn).numpy()
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


def test_the_standard_error_is_that_of_repeated_estimates():
    environment = EdgeAddition(score_table(3))
    repeated = [
        importance_estimate(environment, UniformPolicy(), 400, generator=seeded(seed)) for seed in range(200)
    ]
    spread = np.std([estimate.log_z for estimate in repeated])
    assert np.mean([estimate.standard_error for estimate in repeated]) == pytest.approx(spread, rel=0.3)
    alike = ImportanceEstimate.from_log_weights(torch.full((5,), -3.0, dtype=torch.float64))
    assert (alike.ess, alike.standard_error) == (pytest.approx(1), pytest.approx(0, abs=1e-7))


def draws(table, k):
    """Return k exact draws by enumeration, as states."""
    target = oracles.posterior(table.d, log_reward(table))
    keys = list(target)
    chosen = np.random.default_rng(0).choice(len(keys), size=k, p=np.array([target[key] for key in keys]))
    dags = np.array([np.frombuffer(keys[c], dtype=bool).reshape(table.d, table.d) for c in chosen])
    return states_of(EdgeAddition(table), dags)


def test_the_evidence_lies_between_the_bounds():
    table = score_table(3)
    environment, n = EdgeAddition(table), 4000
    truth = oracles.log_evidence(3, log_reward(table))
    upper = log_evidence_upper_bound(environment, UniformPolicy(), draws(table, n), generator=seeded())
    lower = importance_estimate(environment, UniformPolicy(), n, generator=seeded()).log_z_lower
    assert lower + 0.1 < truth < upper - 0.1
    exact = log_evidence_upper_bound(environment, exact_policy(table), draws(table, 50), generator=seeded())
    assert exact == pytest.approx(truth, abs=2e-6)


@pytest.mark.parametrize("constraints", [{}, {"required": [(0, 2)]}], ids=str)
def test_the_probability_of_a_graph_is_that_of_all_ways_to_it(constraints):
    table = score_table(3, **constraints)
    environment = EdgeAddition(table)
    exact = EdgeMarginal(table)
    reached = np.isfinite(exact.log_probabilities(UniformPolicy()))
    dags = adjacency_from_masks(exact.masks.astype(np.int64), 3)[reached]
    mean, error = graph_log_probabilities(
        environment, UniformPolicy(), states_of(environment, dags), num_trajectories=400, generator=seeded()
    )
    truth = exact.log_probabilities(UniformPolicy())[reached]
    assert (np.abs(mean.numpy() - truth) <= 5 * error.numpy() + 1e-5).all()
    assert (error > 0).any()
    one_way = dags.sum((1, 2)) - (1 if constraints else 0) <= 1
    np.testing.assert_allclose(mean.numpy()[one_way], truth[one_way], atol=1e-5)
