"""Trajectories, forwards and backwards, replayed step by step."""

import math
from collections import Counter

import numpy as np
import oracles
import pytest
import torch
from flow_cases import Lattice
from sampler_cases import exact_policy, log_reward, policy_of, score_table, seeded, states_of, steps_of
from scipy import stats

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.evaluation import evaluate
from dag_gfn.gflownet.sampling.rollouts import backward_rollout, rollout

CONSTRAINTS = [{}, {"required": [(1, 0)], "forbidden": [(0, 2)]}, {"max_parents": 1}, {"max_parents": 0}]


def check_bookkeeping(environment, trajectories):
    """Replay every trajectory on a matrix of its own."""
    d = environment.num_nodes
    start = environment.initial_state(1)
    reward = log_reward(environment.table)
    for row, steps in enumerate(steps_of(trajectories)):
        dag = start.adjacency[0].numpy().copy()
        for count, m in enumerate(steps):
            np.testing.assert_array_equal(trajectories.observation.adjacency[m], dag)
            action = int(trajectories.action[m])
            if count == len(steps) - 1:
                assert action == environment.stop_action
                assert float(trajectories.log_pb[m]) == 0.0
                assert float(trajectories.delta_log_reward[m]) == 0.0
            else:
                assert trajectories.observation.legal[m, action // d, action % d]
                before = reward(dag)
                dag[action // d, action % d] = True
                assert float(trajectories.log_pb[m]) == pytest.approx(-math.log(count + 1), abs=1e-6)
                assert float(trajectories.delta_log_reward[m]) == pytest.approx(
                    reward(dag) - before, abs=1e-4
                )
        np.testing.assert_array_equal(trajectories.final.adjacency[row], dag)
        np.testing.assert_array_equal(trajectories.final.ancestor[row], oracles.closure(dag))
        assert float(trajectories.final.log_reward[row]) == pytest.approx(reward(dag), rel=1e-12)
        total = sum(float(trajectories.delta_log_reward[m]) for m in steps)
        assert total == pytest.approx(reward(dag) - float(start.log_reward[0]), abs=1e-4)
        orders = sum(float(trajectories.log_pb[m]) for m in steps)
        assert orders == pytest.approx(-math.lgamma(len(steps)), abs=1e-5)  # -log k! of k edges


@pytest.mark.parametrize("batch_size", [1, 7, 32])
@pytest.mark.parametrize("constraints", CONSTRAINTS, ids=str)
def test_bookkeeping_of_rollouts(batch_size, constraints):
    environment = EdgeAddition(score_table(4, **constraints))
    trajectories = rollout(environment, UniformPolicy(), batch_size, generator=seeded())
    assert trajectories.shape[0] == len(trajectories.final) == batch_size
    check_bookkeeping(environment, trajectories)


@pytest.mark.parametrize("constraints", CONSTRAINTS, ids=str)
def test_bookkeeping_of_backward_rollouts(constraints):
    environment = EdgeAddition(score_table(4, **constraints))
    graphs = rollout(environment, UniformPolicy(), 40, generator=seeded()).final
    trajectories = backward_rollout(environment, graphs, generator=seeded(2))
    assert torch.equal(trajectories.final.adjacency, graphs.adjacency)
    check_bookkeeping(environment, trajectories)


def test_backward_rollouts_of_empty_graphs_are_single_stops():
    environment = EdgeAddition(score_table(3))
    trajectories = backward_rollout(environment, environment.initial_state(5), generator=seeded())
    assert trajectories.shape == (5, 1)
    assert trajectories.action.tolist() == [environment.stop_action] * 5


@pytest.mark.parametrize("constraints", [{}, {"required": [(1, 0)]}, {"max_parents": 1}], ids=str)
def test_the_exact_policy_samples_the_posterior(constraints):
    table = score_table(3, **constraints)
    n = 10_000
    trajectories = rollout(EdgeAddition(table), exact_policy(table), n, generator=seeded())
    counts = Counter(dag.tobytes() for dag in trajectories.final.adjacency.numpy())
    target = oracles.posterior(3, log_reward(table))
    assert set(counts) <= set(target)
    keys = sorted(target, key=target.get)
    expected = n * np.array([target[key] for key in keys])
    observed = np.array([counts[key] for key in keys])
    rare = np.cumsum(expected) < 10  # chi-square needs a few in every cell: the rare ones share one
    pool = (lambda x: np.append(x[~rare], x[rare].sum())) if rare.any() else (lambda x: x)
    assert stats.chisquare(pool(observed), pool(expected)).pvalue > 1e-3


def test_rollouts_are_uniform_where_epsilon_is_one():
    environment = EdgeAddition(score_table(3))
    determined = policy_of({dag.tobytes(): np.eye(10)[9] for dag in oracles.all_dags(3)})
    always_stop = rollout(environment, determined, 50, generator=seeded())
    assert always_stop.shape == (50, 1)
    n = 4000
    wandering = rollout(environment, determined, n, generator=seeded(), epsilon=1.0)
    first = wandering.action[wandering.position % wandering.shape[1] == 0]
    counts = torch.bincount(first, minlength=10)
    assert stats.chisquare(counts[counts > 0].numpy()).pvalue > 1e-3
    assert (counts > 0).sum() == 7
    some = rollout(environment, determined, n, generator=seeded(), epsilon=0.35)
    edges = (some.action[some.position % some.shape[1] == 0] != 9).sum()
    assert stats.binomtest(int(edges), n, 0.35 * 6 / 7).pvalue > 1e-3


def test_a_hundred_thousand_steps_are_legal():
    environment = EdgeAddition(score_table(3))
    trajectories = rollout(environment, UniformPolicy(), 40_000, generator=seeded())
    assert len(trajectories.action) > 100_000
    legal = trajectories.observation.legal_actions
    assert legal.gather(1, trajectories.action[:, None]).all()
    alone = ~trajectories.observation.legal.any(2).any(1)
    assert alone.sum() > 1000
    assert (trajectories.action[alone] == 9).all()


def test_the_generator_decides():
    environment = EdgeAddition(score_table(4))
    first, second, other = (
        rollout(environment, UniformPolicy(), 20, generator=seeded(seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(first.action, second.action)
    assert torch.equal(first.position, second.position)
    assert not torch.equal(first.final.adjacency, other.final.adjacency)
    state = torch.random.get_rng_state()
    rollout(environment, UniformPolicy(), 20, generator=seeded(3))
    assert torch.equal(state, torch.random.get_rng_state())  # the global stream is left alone


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_a_policy_that_diverged_is_an_error_and_no_endless_walk(epsilon):
    def diverged(observation):
        return torch.full((len(observation), 10), torch.nan)

    with pytest.raises(FloatingPointError, match="logits are not finite"):
        rollout(EdgeAddition(score_table(3)), diverged, 4, generator=seeded(), epsilon=epsilon)


def test_forward_and_backward_agree_on_the_distribution_of_trajectories():
    """At the exact policy P_F(τ) = P(x) P_B(τ | x): log P_F(τ) of backward trajectories is known."""
    table = score_table(3)
    environment = EdgeAddition(table)
    graphs = states_of(environment, oracles.all_dags(3))
    terms = evaluate(exact_policy(table), backward_rollout(environment, graphs, generator=seeded()))
    target = oracles.posterior(3, log_reward(table))
    expected = [math.log(target[dag.tobytes()]) - math.lgamma(dag.sum() + 1) for dag in oracles.all_dags(3)]
    np.testing.assert_allclose(terms.log_pf.sum(1), expected, atol=1e-9)
    orders = [-math.lgamma(dag.sum() + 1) for dag in oracles.all_dags(3)]
    np.testing.assert_allclose(terms.log_pb.sum(1), orders, atol=1e-6)


# --- what is known of the policy that explored ---


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("epsilon", [0.0, 1e-3, 0.4, 1.0])
def test_behaviour_is_the_mixture_that_was_drawn_from(epsilon, temperature):
    table = score_table(3)
    lattice, environment = Lattice(table), EdgeAddition(table)
    log_p = lattice.log_p(lattice.logits()[0])
    trajectories = rollout(
        environment, lattice.model(log_p), 200, generator=seeded(), epsilon=epsilon, temperature=temperature
    )
    states = lattice.numbers(trajectories.observation.adjacency.numpy())
    followed, alike = [], []
    for state, action in zip(states.tolist(), trajectories.action.tolist(), strict=True):
        weights = (log_p[state].exp() ** (1 / temperature)).numpy()
        followed.append(weights[action] / weights.sum())
        alike.append(1 / int(lattice.legal[state].sum()))
    followed, alike = np.array(followed), np.array(alike)
    mixture = (1 - epsilon) * followed + epsilon * alike
    np.testing.assert_allclose(trajectories.log_behaviour, np.log(mixture), atol=1e-5)
    branch = trajectories.log_branch.numpy()
    from_policy, from_uniform = (np.isclose(branch, np.log(p), atol=1e-5) for p in (followed, alike))
    assert (from_policy | from_uniform).all()
    if epsilon in (0.0, 1.0):
        assert (from_uniform if epsilon else from_policy).all()


def test_branches_are_taken_as_often_as_said_and_given_the_branch_actions_are_its_own():
    table = score_table(3)
    lattice, environment = Lattice(table), EdgeAddition(table)
    log_p = lattice.log_p(2 * lattice.logits()[0])
    n, epsilon = 8000, 0.3
    drawn = rollout(environment, lattice.model(log_p), n, generator=seeded(), epsilon=epsilon)
    first = drawn.position % drawn.shape[1] == 0
    action, branch = drawn.action[first].numpy(), drawn.log_branch[first].numpy()
    strayed = np.isclose(branch, -np.log(7), atol=1e-5)
    assert stats.binomtest(int(strayed.sum()), n, epsilon).pvalue > 1e-3
    legal = lattice.legal[0].numpy()
    for taken, p in ((action[strayed], legal / 7), (action[~strayed], log_p[0].exp().numpy())):
        counts = np.bincount(taken, minlength=10)
        assert stats.chisquare(counts[legal], len(taken) * p[legal]).pvalue > 1e-3


@pytest.mark.parametrize("constraints", CONSTRAINTS, ids=str)
def test_on_policy_the_behaviour_is_the_policy(constraints):
    environment = EdgeAddition(score_table(4, **constraints))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        policy = EdgeMLP(4)
    terms = evaluate(policy, rollout(environment, policy, 30, generator=seeded()))
    torch.testing.assert_close(terms.log_behaviour, terms.log_pf.detach(), rtol=1e-5, atol=1e-5)
    assert torch.equal(terms.log_branch, terms.log_behaviour)


def test_backward_trajectories_were_drawn_by_no_forward_policy():
    environment = EdgeAddition(score_table(3))
    graphs = rollout(environment, UniformPolicy(), 10, generator=seeded()).final
    trajectories = backward_rollout(environment, graphs, generator=seeded())
    assert trajectories.log_behaviour.isnan().all()
    assert trajectories.log_branch.isnan().all()


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_tempered_rollouts(temperature):
    table = score_table(3)
    lattice = Lattice(table)
    log_p = lattice.log_p(lattice.logits()[0])
    drawn = rollout(
        EdgeAddition(table), lattice.model(log_p), 5000, generator=seeded(), temperature=temperature
    )
    counts = torch.bincount(drawn.action[drawn.position % drawn.shape[1] == 0], minlength=10).numpy()
    weights = log_p[0].exp().numpy() ** (1 / temperature)
    legal = lattice.legal[0].numpy()
    assert stats.chisquare(counts[legal], 5000 * weights[legal] / weights.sum()).pvalue > 1e-3
