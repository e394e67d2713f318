import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.env.edge_addition import EdgeAddition
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling import rollout


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
    for name in ("log_pb", "delta_log_reward"):
        before = trajectories.pad(getattr(trajectories, name))
        assert torch.equal(chosen.pad(getattr(chosen, name)), before[rows])
    edges = trajectories.pad(trajectories.observation.adjacency.sum((1, 2)).float())
    assert torch.equal(chosen.pad(chosen.observation.adjacency.sum((1, 2)).float()), edges[rows])
    assert torch.equal(chosen.final.adjacency, trajectories.final.adjacency[rows])
    assert torch.equal(chosen.final.log_reward, trajectories.final.log_reward[rows])


def test_bytes_of_the_observations(trajectories):
    m = len(trajectories.action)
    assert trajectories.num_bytes == m * 16 * (1 + 1 + 4)
