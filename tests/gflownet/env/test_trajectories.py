from collections import Counter

import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.trajectories import NO_ACTION
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout


@pytest.fixture
def trajectories():
    return rollout(EdgeAddition(score_table(4)), UniformPolicy(), 20, generator=seeded())


def rows_of(trajectories):
    """Return, for each trajectory, its actions in order: unpadded, by a plain loop."""
    b, t = trajectories.shape
    rows = [[None] * t for _ in range(b)]
    for position, action in zip(trajectories.position.tolist(), trajectories.action.tolist(), strict=True):
        assert rows[position // t][position % t] is None
        rows[position // t][position % t] = action
    return [[action for action in row if action is not None] for row in rows]


def test_every_trajectory_is_there_from_its_first_step_to_its_stop(trajectories):
    b, t = trajectories.shape
    steps = rows_of(trajectories)
    assert b == 20
    assert max(map(len, steps)) == t
    for row in steps:
        assert row[-1] == 16
        assert 16 not in row[:-1]


def test_padding_is_zero(trajectories):
    flat = torch.arange(1.0, len(trajectories.action) + 1)
    grid = trajectories.pad(flat)
    assert grid.shape == trajectories.shape
    assert torch.equal(grid.flatten()[trajectories.position], flat)
    assert float(grid.sum()) == float(flat.sum())
    mask = trajectories.pad(torch.ones_like(flat, dtype=torch.bool))
    assert mask.dtype == torch.bool
    assert mask.sum(1).tolist() == [len(row) for row in rows_of(trajectories)]
    assert not grid[~mask].any()


def test_padding_lets_gradients_through(trajectories):
    flat = torch.ones(len(trajectories.action), requires_grad=True)
    (trajectories.pad(flat) ** 2).sum().backward()
    assert torch.equal(flat.grad, torch.full_like(flat, 2.0))


@pytest.mark.parametrize("rows", [[3], [7, 2, 19, 0], list(range(20)), list(range(19, -1, -1)), []])
def test_select_keeps_trajectories_whole(trajectories, rows):
    chosen = trajectories.select(torch.tensor(rows, dtype=torch.long))
    steps = rows_of(trajectories)
    assert rows_of(chosen) == [steps[row] for row in rows]
    assert chosen.shape[0] == len(rows)
    for name in ("log_pb", "log_reward", "delta_log_reward", "log_behaviour", "log_branch"):
        before = trajectories.pad(getattr(trajectories, name))
        assert torch.equal(chosen.pad(getattr(chosen, name)), before[rows])
    edges = trajectories.pad(trajectories.observation.adjacency.sum((1, 2)).float())
    assert torch.equal(chosen.pad(chosen.observation.adjacency.sum((1, 2)).float()), edges[rows])
    assert torch.equal(chosen.final.adjacency, trajectories.final.adjacency[rows])
    assert torch.equal(chosen.final.log_reward, trajectories.final.log_reward[rows])


def test_bytes_of_the_observations(trajectories):
    m = len(trajectories.action)
    assert trajectories.num_bytes == m * 16 * (1 + 1 + 4)


def test_rewards_are_relative_to_the_first_states(trajectories):
    log_reward = trajectories.pad(trajectories.log_reward)
    delta = trajectories.pad(trajectories.delta_log_reward)
    mask = trajectories.pad(torch.ones_like(trajectories.action, dtype=torch.bool))
    assert not log_reward[:, 0].any()
    torch.testing.assert_close(log_reward[:, 1:][mask[:, 1:]], delta.cumsum(1)[:, :-1][mask[:, 1:]])
    first = EdgeAddition(score_table(4)).initial_state(1).log_reward
    torch.testing.assert_close(delta.sum(1), (trajectories.final.log_reward - first).float())


def test_single_steps_by_a_plain_loop(trajectories):
    states = torch.randperm(len(trajectories.action), generator=seeded(5))[:30]
    single = trajectories.transitions(states)
    assert single.shape == (30, 2)
    assert single.final is None
    places = {position: m for m, position in enumerate(trajectories.position.tolist())}
    found = {position: m for m, position in enumerate(single.position.tolist())}
    kinds = Counter()
    for row, state in enumerate(states.tolist()):
        m = found.pop(2 * row)
        for name in ("action", "log_pb", "log_reward", "delta_log_reward", "log_behaviour", "log_branch"):
            assert getattr(single, name)[m] == getattr(trajectories, name)[state]
        assert torch.equal(single.observation.adjacency[m], trajectories.observation.adjacency[state])
        stops = int(single.action[m]) == 16
        kinds[stops] += 1
        if not stops:
            m, following = found.pop(2 * row + 1), places[int(trajectories.position[state]) + 1]
            assert single.action[m] == NO_ACTION
            assert single.log_reward[m] == trajectories.log_reward[following]
            for name in ("adjacency", "legal", "gains"):
                of_one, of_other = (getattr(x.observation, name) for x in (single, trajectories))
                assert torch.equal(of_one[m], of_other[following])
    assert not found
    assert min(kinds.values()) > 1
    assert NO_ACTION not in trajectories.action  # what was cut up is left as it was


def test_single_steps_of_the_longest_trajectory_end_with_its_stop(trajectories):
    """What follows a stop in the last column is the next trajectory's first step, which is another matter."""
    t = trajectories.shape[1]
    last = (trajectories.position % t == t - 1).nonzero().squeeze(1)
    assert len(last)
    single = trajectories.transitions(last)
    assert single.action.tolist() == [16] * len(last)


@pytest.mark.parametrize("d", [2, 3, 7, 8])
def test_distinct_states_by_a_plain_loop(d):
    trajectories = rollout(EdgeAddition(score_table(d)), UniformPolicy(), 30, generator=seeded())
    place, which = trajectories.distinct_states()
    graphs = [dag.numpy().tobytes() for dag in trajectories.observation.adjacency]
    assert [graphs[place[k]] for k in which] == graphs
    if d <= 7:
        assert len(place) == len(set(graphs)) < len(graphs)
    else:
        assert torch.equal(place, torch.arange(len(graphs)))
