import math
from collections import Counter

import numpy as np
import oracles
import pytest
import torch
from sampler_cases import exact_policy, log_reward, policy_of, score_table, seeded, states_of
from scipy import stats

from dag_gfn.env.edge_addition import EdgeAddition
from dag_gfn.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.policies.masking import masked_log_softmax, with_stop
from dag_gfn.policies.mlp import MLPPolicy
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling import backward_rollout, evaluate, rollout, sample_graphs

CONSTRAINTS = [{}, {"required": [(1, 0)], "forbidden": [(0, 2)]}, {"max_parents": 1}, {"max_parents": 0}]


def steps_of(trajectories):
    """Return the places of each trajectory's steps in the flat lists, by a plain loop."""
    b, t = trajectories.shape
    places = {position: m for m, position in enumerate(trajectories.position.tolist())}
    return [[places[r * t + s] for s in range(t) if r * t + s in places] for r in range(b)]


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
    legal = with_stop(trajectories.observation.legal)
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

    environment = EdgeAddition(score_table(3))
    with pytest.raises(FloatingPointError, match="logits are not finite"):
        rollout(environment, diverged, 4, generator=seeded(), epsilon=epsilon)
    with pytest.raises(FloatingPointError, match="logits are not finite"):
        sample_graphs(environment, diverged, 4, generator=seeded())


@pytest.mark.parametrize(("num_samples", "batch_size"), [(0, 4), (1, 4), (12, 4), (13, 4), (3, 4)])
def test_number_of_sampled_graphs(num_samples, batch_size):
    """Divisible by the batch size and not: the last batch is neither empty nor too large."""
    table = score_table(4, required=[(2, 1)])
    environment = EdgeAddition(table)
    options = {"generator": seeded(), "batch_size": batch_size}
    drawn = sample_graphs(environment, UniformPolicy(), num_samples, **options)
    parents, rewards = drawn.parents, drawn.log_reward
    assert parents.shape == (num_samples, 4)
    assert (parents[:, 1] & 4 == 4).all()
    np.testing.assert_allclose(rewards, table.log_reward(parents.numpy()), rtol=1e-12)


def test_sampled_graphs_come_in_the_order_of_the_draws():
    """Graphs with few edges end first; yet the first half of a sample is distributed as the second."""
    environment = EdgeAddition(score_table(3))
    parents = sample_graphs(environment, UniformPolicy(), 4000, generator=seeded(), batch_size=4000).parents
    empty = (parents == 0).all(1)
    counts = [[int(half.sum()), int((~half).sum())] for half in empty.split(2000)]
    assert stats.fisher_exact(counts).pvalue > 1e-3
    assert stats.binomtest(int(empty.sum()), 4000, 1 / 7).pvalue > 1e-3


@pytest.fixture
def evaluated():
    environment = EdgeAddition(score_table(4))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        policy = MLPPolicy(4)
    trajectories = rollout(environment, UniformPolicy(), 25, generator=seeded())
    return policy, trajectories, evaluate(policy, trajectories)


def test_terms_by_a_plain_loop(evaluated):
    policy, trajectories, terms = evaluated
    seen = trajectories.observation
    log_p = masked_log_softmax(policy(seen), with_stop(seen.legal))
    for row, steps in enumerate(steps_of(trajectories)):
        for t, m in enumerate(steps):
            last = t == len(steps) - 1
            assert terms.mask[row, t]
            assert bool(terms.stops[row, t]) == last
            assert terms.log_pf[row, t] == log_p[m, trajectories.action[m]]
            assert terms.log_pb[row, t] == trajectories.log_pb[m]
            assert terms.log_stop[row, t] == log_p[m, -1]
            assert terms.log_stop_next[row, t] == (0.0 if last else log_p[steps[t + 1], -1])
            assert terms.delta_log_reward[row, t] == trajectories.delta_log_reward[m]
    assert torch.equal(terms.log_reward, trajectories.final.log_reward)


def test_padding_of_the_terms_is_zero(evaluated):
    _, trajectories, terms = evaluated
    assert not terms.mask.all()
    assert terms.mask.sum(1).tolist() == [len(steps) for steps in steps_of(trajectories)]
    for name in ("stops", "log_pf", "log_pb", "log_stop", "log_stop_next", "delta_log_reward"):
        assert not getattr(terms, name)[~terms.mask].any(), name


def test_the_target_gives_the_next_stop_without_gradient(evaluated):
    policy, trajectories, terms = evaluated
    aimed = evaluate(UniformPolicy(), trajectories, target=policy)
    assert not aimed.log_stop_next.requires_grad
    assert torch.equal(aimed.log_stop_next, terms.log_stop_next)
    uniform = evaluate(UniformPolicy(), trajectories)
    assert torch.equal(aimed.log_stop, uniform.log_stop)
    assert terms.log_stop_next.requires_grad


def test_gradients_are_finite_where_only_the_stop_is_legal():
    trajectories = rollout(EdgeAddition(score_table(2)), UniformPolicy(), 30, generator=seeded())
    assert not trajectories.observation.legal.any(2).any(1).all()
    policy = MLPPolicy(2)
    ModifiedDetailedBalance()(evaluate(policy, trajectories)).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in policy.parameters())


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
