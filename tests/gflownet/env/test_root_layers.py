"""Root layerings, all of them, against enumerations of DAGs."""

import math

import mpmath
import numpy as np
import oracles
import pytest
import torch
from exact_tables import peaked_table, random_table
from layering_oracles import (
    forbid_outside,
    join_independently,
    layer_numbers,
    layering_weights,
    only_within,
    random_candidates,
    random_log_odds,
)
from sampler_cases import score_table

from dag_gfn.gflownet.env.environment import Environment, EnvironmentWithPredecessors
from dag_gfn.gflownet.env.layer_state import LayerState
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.policy import Observation
from dag_gfn.layerings.layer_weights import LayerWeights


def environment_of(complete):
    return RootLayers(LayerWeights.of(complete))


def walked(environment):
    """Return all states, one step after another, and each finished layering with how often it is reached."""
    levels, finished = [environment.initial_state(1)], {}
    while len(levels[-1]):
        state = levels[-1]
        legal = environment.observe(state).legal_actions
        assert legal.any(1).all()
        stops = legal[:, environment.stop_action]
        for layer_of, log_reward in zip(
            state.layer_of[stops].tolist(), state.log_final_reward[stops].tolist(), strict=True
        ):
            finished.setdefault(tuple(layer_of), []).append(log_reward)
        row, action = legal[:, : environment.stop_action].nonzero(as_tuple=True)
        levels.append(environment.step(state[row], action))
    return State.concatenate(levels), finished


def by_layer_numbers(complete):
    """Return {layer of each node: Σ R(G)} of the layerings with support."""
    sums = {
        tuple(layer_numbers(layers).tolist()): sum(weight for _, weight in dags)
        for layers, dags in layering_weights(complete).items()
    }
    return {layer_of: total for layer_of, total in sums.items() if total > 0}


def sets_of(d, node):
    others = [i for i in range(d) if i != node]
    return [{i for k, i in enumerate(others) if index >> k & 1} for index in range(1 << (d - 1))]


def test_it_is_an_environment():
    environment = environment_of(random_table(3, seed=0).complete)
    assert isinstance(environment, Environment)
    assert not isinstance(environment, EnvironmentWithPredecessors)
    assert (environment.num_nodes, environment.num_actions, environment.stop_action) == (3, 5, 4)
    assert not environment.every_state_terminal
    assert isinstance(environment.observe(environment.initial_state(2)), Observation)


@pytest.mark.parametrize(("d", "ordered_partitions"), [(2, 3), (3, 13), (4, 75), (5, 541)])
def test_each_layering_is_built_in_one_way(d, ordered_partitions):
    _, finished = walked(environment_of(random_table(d, seed=d).complete))
    assert len(finished) == ordered_partitions
    assert all(len(rewards) == 1 for rewards in finished.values())


TABLES = {
    "two": random_table(2, seed=0),
    "three": random_table(3, seed=1, scale=3.0),
    "four": random_table(4, seed=2),
    "far from nought": random_table(4, seed=2, scale=5.0, offset=-40.0),
    "gaps in three": random_table(3, seed=5, forbidden=0.3),
    "gaps in four": random_table(4, seed=3, scale=2.0, forbidden=0.3),
    "more gaps": random_table(4, seed=11, scale=2.0, forbidden=0.5),
    "constrained": score_table(4, required=[(3, 0)], forbidden=[(0, 1), (1, 2)], max_parents=2),
    "required chain": score_table(4, required=[(3, 0), (0, 2), (2, 1)]),
    "one parent": score_table(4, max_parents=1, seed=4),
    "no parent": score_table(3, max_parents=0),
    "one way": score_table(3, forbidden=[(0, 1), (0, 2), (1, 2)]),
    "one graph of two": score_table(2, required=[(1, 0)]),
    "no graph of two": score_table(2, forbidden=[(1, 0), (0, 1)]),
    "cancelling": random_table(4, seed=7, scale=12.0),
}


@pytest.mark.parametrize("name", TABLES)
def test_rewards_are_sums_over_the_dags_of_a_layering(name):
    table = TABLES[name]
    shift = table.complete.max(axis=1).sum()
    complete = table.complete - table.complete.max(axis=1, keepdims=True)
    expected = by_layer_numbers(complete)
    _, finished = walked(environment_of(table.complete))
    rewards = {layer_of: math.exp(reward - shift) for layer_of, (reward,) in finished.items()}
    assert sum(rewards.values()) == pytest.approx(sum(expected.values()), rel=1e-9)
    for layer_of, reward in rewards.items():
        if layer_of in expected:
            assert math.log(reward) == pytest.approx(math.log(expected[layer_of]), abs=2e-6)
        else:  # a dead end
            assert finished[layer_of] == [-math.inf]
    assert expected.keys() <= rewards.keys()  # nothing that has weight is closed to it


def longest_paths(dag):
    """Return each node's layer: the number of edges of the longest path that leads to it."""
    layer_of = [0] * len(dag)
    for _ in dag:
        for i, j in zip(*np.nonzero(dag), strict=True):
            layer_of[j] = max(layer_of[j], layer_of[i] + 1)
    return tuple(layer_of)


@pytest.mark.parametrize("forbidden", [0.0, 0.4])
def test_differences_of_millions_of_nats_are_no_dead_ends(forbidden):
    """As large samples make them: what is possible is known by the parent sets, not by how little it weighs."""
    table = random_table(4, seed=12, scale=1e6, forbidden=forbidden)
    log_weights = {}
    for dag in oracles.all_dags(4):
        weight = float(table.log_reward(np.array([dag.T @ (1 << np.arange(4))]))[0])
        if weight > -np.inf:
            layer_of = longest_paths(dag)
            log_weights[layer_of] = np.logaddexp(log_weights.get(layer_of, -np.inf), weight)
    state, finished = walked(environment := environment_of(table.complete))
    assert {layer_of for layer_of, (reward,) in finished.items() if reward > -math.inf} == log_weights.keys()
    for layer_of, weight in log_weights.items():
        assert finished[layer_of][0] == pytest.approx(weight, rel=1e-9)
    dead, alive = (
        state.log_reward[state.dead],
        [reward for (reward,) in finished.values() if reward > -math.inf],
    )
    assert state.log_reward.isfinite().all()  # training reckons with it
    assert (len(dead) > 0) == (forbidden > 0)
    assert not len(dead) or dead.max() < min(alive)
    assert environment.dead_end > max(alive) - min(alive)


def test_all_of_many_gaps_in_the_table():
    """Rules of closing are never too strict, nor is a dead end a layering."""
    rng = np.random.default_rng(0)
    for seed in range(40):
        d = int(rng.integers(2, 5))
        complete = random_table(d, seed=seed, forbidden=float(rng.uniform(0.2, 0.8))).complete
        expected = by_layer_numbers(complete)
        _, finished = walked(environment_of(complete))
        total = sum(math.exp(reward) for (reward,) in finished.values())
        assert total == pytest.approx(sum(expected.values()), rel=1e-9)
        assert expected.keys() <= finished.keys()


@pytest.mark.parametrize("num_candidates", [1, 2])
def test_candidates_leave_the_other_parent_sets_out(num_candidates, rng):
    complete, candidates = random_table(4, seed=2).complete, random_candidates(4, num_candidates, rng)
    expected = by_layer_numbers(forbid_outside(complete, candidates))
    _, finished = walked(RootLayers(LayerWeights.of(only_within(complete, candidates), candidates)))
    rewards = {layer_of: math.exp(reward) for layer_of, (reward,) in finished.items()}
    assert sum(rewards.values()) == pytest.approx(sum(expected.values()), rel=1e-9)
    assert {layer_of for layer_of, reward in rewards.items() if reward > 0} == expected.keys()


@pytest.mark.parametrize("num_candidates", [1, 2])
@pytest.mark.parametrize("constraints", [{}, {"required": [(2, 0)], "forbidden": [(0, 1)]}], ids=str)
def test_parents_outside_the_candidates_count_by_their_odds(num_candidates, constraints):
    table = score_table(4, **constraints)
    weights = LayerWeights.build(table, num_candidates=num_candidates, outside=True)
    joined = join_independently(table.complete, weights.candidates, weights.log_odds)
    shift = table.complete.max(axis=1, keepdims=True)
    expected = by_layer_numbers(joined - shift)
    assert expected.keys() == by_layer_numbers(table.complete - shift).keys()
    _, finished = walked(RootLayers(weights))
    rewards = {layer_of: math.exp(reward - shift.sum()) for layer_of, (reward,) in finished.items()}
    assert {layer_of for layer_of, reward in rewards.items() if reward > 0} == expected.keys()
    for layer_of, weight in expected.items():
        assert rewards[layer_of] == pytest.approx(weight, rel=1e-6)


def test_all_of_many_gaps_beside_the_candidates(rng):
    for seed in range(20):
        d = int(rng.integers(2, 5))
        complete = random_table(d, seed=seed, forbidden=float(rng.uniform(0.0, 0.5))).complete
        candidates = random_candidates(d, int(rng.integers(1, d)), rng)
        log_odds = random_log_odds(candidates, rng, impossible=0.5)
        weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
        expected = by_layer_numbers(join_independently(complete, candidates, log_odds))
        _, finished = walked(RootLayers(weights))
        total = sum(math.exp(reward) for (reward,) in finished.values())
        assert total == pytest.approx(sum(expected.values()), rel=1e-9)
        assert expected.keys() <= finished.keys()


def in_high_precision(complete, node, inside, last):
    """Return log of the sum of w(T) over T within `inside` that meet `last`."""
    with mpmath.workdps(60):
        total = mpmath.mpf(0)
        for parents, value in zip(sets_of(len(complete), node), complete[node], strict=True):
            if parents <= inside and (parents & last or not inside) and value > -np.inf:
                total += mpmath.exp(mpmath.mpf(float(value)))
        return float(mpmath.log(total)) if total else -math.inf


@pytest.mark.parametrize(
    "table",
    [
        random_table(4, seed=1, scale=10.0),
        random_table(4, seed=3, scale=15.0, forbidden=0.2),
        peaked_table(4, seed=0, nats=25.0),
    ],
    ids=["scattered", "gaps", "peaked"],
)
def test_gains_are_exact_where_differences_cancel(table):
    """Of the seven digits that a difference must keep; below 1e-16 there is none, and no reward either."""
    state, _ = walked(environment := environment_of(table.complete))
    legal = state.legal[:, :4]
    cancelled = 0
    for row, node in legal.nonzero().tolist():
        alone = state[row : row + 1]
        layer_of, closed = alone.layer_of[0].tolist(), int(alone.closed)
        inside = {v for v in range(4) if 0 <= layer_of[v] < closed}
        last = {v for v in inside if layer_of[v] == closed - 1}
        exact = in_high_precision(table.complete, node, inside, last)
        following = environment.step(alone, torch.tensor([node]))
        gain = float(following.log_reward - alone.log_reward)
        if exact == -math.inf:  # gaps, which only the sum over the parent sets sees
            assert following.dead
            assert gain <= -environment.dead_end
            continue
        stuck = bool(following.dead) and not bool(alone.dead)  # by what is left, not by this node
        gain += environment.dead_end * stuck + table.complete[node].max()
        assert gain == pytest.approx(exact, abs=2e-6)
        cancelled += exact - in_high_precision(table.complete, node, inside, inside) < math.log(1e-7)
    assert cancelled > 0


def test_what_is_below_all_digits_has_its_layering():
    complete = np.zeros((2, 2))
    complete[1, 1] = -50.0  # node 1 has no parents, but for 2e-22
    _, finished = walked(environment_of(complete))
    assert finished[0, 1][0] == pytest.approx(-50.0, abs=1e-9)


@pytest.mark.parametrize(
    "table",
    [random_table(4, seed=2), random_table(4, seed=3, forbidden=0.3), random_table(3, seed=0, scale=4.0)],
    ids=["plain", "gaps", "three"],
)
def test_observed_shares_by_their_definition(table):
    complete, d = table.complete, len(table.complete)
    environment = environment_of(complete)
    state, _ = walked(environment)
    seen = environment.observe(state)
    linear = np.exp(complete)
    for row in range(len(state)):
        layer_of, closed = state.layer_of[row].tolist(), int(state.closed[row])
        inside = {v for v in range(d) if 0 <= layer_of[v] < closed}
        last = {v for v in inside if layer_of[v] == closed - 1}
        layer = {v for v in range(d) if layer_of[v] == closed}
        for mask, members in ((seen.placed, inside), (seen.last, last), (seen.open, layer)):
            assert set(mask[row].nonzero().flatten().tolist()) == members
        for v in set(range(d)) - inside:
            sets = sets_of(d, v)
            share = linear[v] / linear[v].sum()
            now = sum(s for t, s in zip(sets, share, strict=True) if t <= inside and (t & last or not inside))
            later = sum(s for t, s in zip(sets, share, strict=True) if not t <= inside)
            beyond = sum(s for t, s in zip(sets, share, strict=True) if not t <= inside | layer - {v})
            if v not in layer:
                assert math.exp(seen.now[row, v]) == pytest.approx(now, abs=1e-6)
                assert math.exp(seen.later[row, v]) == pytest.approx(later, abs=1e-6)
                assert math.exp(seen.beyond[row, v]) == pytest.approx(beyond, abs=1e-6)
    assert torch.isfinite(seen.clash).all()
    assert (seen.clash <= 0).all()


def test_states_are_built_anew_as_they_were():
    environment = environment_of(random_table(4, seed=3, forbidden=0.3).complete)
    state, _ = walked(environment)
    again = environment.state_of(state.layer_of, state.closed)
    torch.testing.assert_close(again.log_reward, state.log_reward)
    assert torch.equal(again.legal, state.legal)
    finished = state[state.legal[:, -1] & (state.layer_of >= 0).all(1)]
    torch.testing.assert_close(environment.state_of(finished.layer_of).log_reward, finished.log_reward)


def test_no_rows():
    environment = environment_of(random_table(3, seed=0).complete)
    none = environment.initial_state(0)
    assert len(environment.step(none, torch.zeros(0, dtype=torch.long))) == 0
    assert len(environment.observe(none)) == 0
    assert environment.backward_actions(none)[0].shape == (0, 0)
    assert len(environment.state_of(torch.zeros(0, 3, dtype=torch.long))) == 0


def test_states_that_look_alike_are_seen_once():
    environment = RootLayers(LayerWeights.of(random_table(4, seed=2).complete))
    generator = torch.Generator().manual_seed(0)
    state = environment.initial_state(200)
    for _ in range(4):
        action = torch.multinomial(state.legal.double(), 1, generator=generator).squeeze(1)
        state = environment.step(state, action)
    place, which = state.distinct()
    observation = environment.observe(state)
    first = environment.observe(state[place])[which]
    for seen, again in zip(observation.tensors, first.tensors, strict=True):
        torch.testing.assert_close(seen, again)
    assert len(place) == len(observation.distinct()[0]) < len(state)


def test_states_of_many_nodes_all_count_as_distinct():
    layer_of = torch.zeros(3, 32, dtype=torch.long)
    some = torch.zeros(3, 32)
    state = LayerState(
        torch.zeros(3),
        layer_of,
        torch.ones(3, dtype=torch.long),
        some,
        some,
        some,
        torch.zeros(3, dtype=torch.bool),
        some.bool(),
    )
    assert [values.tolist() for values in state.distinct()] == [[0, 1, 2], [0, 1, 2]]
