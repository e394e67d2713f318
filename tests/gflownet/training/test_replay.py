import pytest
import torch
from sampler_cases import score_table, seeded
from scipy import stats

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.trajectories import NO_ACTION
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.gflownet.training.replay import TrajectoryReplay

ENVIRONMENT = EdgeAddition(score_table(4))


def collected(size, seed):
    return rollout(ENVIRONMENT, UniformPolicy(), size, generator=seeded(seed))


def test_the_oldest_go_first():
    batches = [collected(4, seed) for seed in range(5)]
    replay = TrajectoryReplay(3)
    assert len(replay) == 0
    for count, batch in enumerate(batches, start=1):
        replay.add(batch)
        assert len(replay) == min(count, 3)
    assert list(map(id, replay.batches)) == list(map(id, batches[2:]))


def test_memory_is_bounded_but_the_newest_batch_stays():
    batches = [collected(20, seed) for seed in range(4)]
    limit = batches[2].num_bytes + batches[3].num_bytes
    replay = TrajectoryReplay(10, max_bytes=limit)
    for batch in batches:
        replay.add(batch)
        assert sum(kept.num_bytes for kept in replay.batches) <= limit
    assert list(map(id, replay.batches)) == [id(batches[2]), id(batches[3])]
    tiny = TrajectoryReplay(10, max_bytes=1)
    for batch in batches:
        tiny.add(batch)
        assert [id(kept) for kept in tiny.batches] == [id(batch)]


@pytest.mark.parametrize("num_rows", [1, 7, 20, 21, 100])
def test_rows_are_different_trajectories_of_one_batch(num_rows):
    replay = TrajectoryReplay(3)
    for seed in range(3):
        replay.add(collected(20, seed))
    sample = replay.sample(num_rows, generator=seeded())
    assert sample.shape[0] == len(sample.final) == min(num_rows, 20)
    rewards = [set(batch.final.log_reward.tolist()) for batch in replay.batches]
    drawn = set(sample.final.log_reward.tolist())
    assert any(drawn <= known for known in rewards)
    stops = sample.pad(sample.action == ENVIRONMENT.stop_action)
    assert (stops.sum(1) == 1).all()  # every trajectory whole, with its stop


def test_all_rows_of_a_batch_are_drawn_once():
    replay = TrajectoryReplay(1)
    batch = collected(20, 0)
    replay.add(batch)
    sample = replay.sample(20, generator=seeded())
    assert sorted(sample.final.log_reward.tolist()) == sorted(batch.final.log_reward.tolist())
    assert len(sample.action) == len(batch.action)


def test_batches_and_rows_are_drawn_uniformly():
    replay = TrajectoryReplay(2)
    sizes = (3, 5)
    for seed, size in enumerate(sizes):
        batch = collected(size, seed)
        batch.final.log_reward.copy_(torch.arange(size) + 10.0 * seed)  # marks to recognise rows by
        replay.add(batch)
    generator = seeded()
    counts = torch.zeros(20)
    for _ in range(1500):
        counts[int(replay.sample(1, generator=generator).final.log_reward)] += 1
    rows = [counts[:3].numpy(), counts[10:15].numpy()]
    assert stats.binomtest(int(rows[0].sum()), 1500).pvalue > 1e-3
    assert all(stats.chisquare(row).pvalue > 1e-3 for row in rows)


def test_the_generator_decides():
    replay = TrajectoryReplay(3)
    for seed in range(3):
        replay.add(collected(20, seed))
    first, second = (replay.sample(8, generator=seeded(5)) for _ in range(2))
    assert torch.equal(first.action, second.action)


@pytest.mark.parametrize("num_rows", [1, 5, 20, 50])
def test_single_steps_are_about_as_many_as_the_rows_have(num_rows):
    replay = TrajectoryReplay(1)
    batch = collected(20, 0)
    replay.add(batch)
    sample = replay.sample_transitions(num_rows, generator=seeded())
    k = min(num_rows * len(batch.action) // 20, len(batch.action))
    assert sample.shape == (k, 2)
    steps = sample.action[sample.position % 2 == 0]
    assert (steps != NO_ACTION).all()
    if num_rows >= 20:  # each once, those that stop among them
        assert sorted(steps.tolist()) == sorted(batch.action.tolist())


def test_every_step_is_drawn_alike():
    replay = TrajectoryReplay(1)
    batch = collected(6, 3)
    batch.delta_log_reward.copy_(torch.arange(len(batch.action)))  # marks to recognise steps by
    replay.add(batch)
    generator = seeded()
    counts = torch.zeros(len(batch.action))
    for _ in range(400):
        sample = replay.sample_transitions(1, generator=generator)
        counts[sample.delta_log_reward[sample.position % 2 == 0].long()] += 1
    assert stats.chisquare(counts.numpy()).pvalue > 1e-3


def test_single_steps_of_a_batch_that_stopped_at_once():
    environment = EdgeAddition(score_table(3, max_parents=0))
    replay = TrajectoryReplay(1)
    replay.add(rollout(environment, UniformPolicy(), 4, generator=seeded()))
    sample = replay.sample_transitions(2, generator=seeded())
    assert sample.action.tolist() == [environment.stop_action] * 2
