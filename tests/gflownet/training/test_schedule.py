"""The plan of a training against a clock that the test sets."""

import logging

import pytest

from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.schedule import Schedule


@pytest.fixture
def clock(monkeypatch):
    """The time in seconds, in a list that a test changes."""
    now = [100.0]
    monkeypatch.setattr("dag_gfn.gflownet.training.schedule.working_seconds", lambda: now[0])
    return now


def run(schedule, clock, *, seconds_a_step):
    schedule.start()
    while not schedule.done:
        schedule.iteration += 1
        clock[0] += seconds_a_step
        schedule.check_time()


def test_without_a_budget_the_options_decide(clock):
    schedule = Schedule(TrainConfig(iterations=30))
    run(schedule, clock, seconds_a_step=1000.0)
    assert (schedule.iteration, schedule.cut_short, schedule.progress) == (30, False, 1.0)
    assert schedule.seconds == 30_000
    assert not schedule.has_time_for_another_cycle()
    assert not schedule.begin_another_cycle()


def test_a_budget_that_allows_half_cuts_the_plan_to_half_and_says_so_once(clock, caplog):
    schedule = Schedule(TrainConfig(iterations=1000, time_budget=50.0))
    with caplog.at_level(logging.INFO, logger="dag_gfn"):
        run(schedule, clock, seconds_a_step=0.1)
    assert schedule.iteration == pytest.approx(500, abs=2)
    assert schedule.cut_short
    assert schedule.seconds <= 50.2
    assert [record.getMessage() for record in caplog.records] == [
        "the time budget of 50 s allows about 500 of 1000 iterations: the schedules are shortened"
    ]
    assert not schedule.has_time_for_another_cycle()


def test_time_that_is_left_gives_another_cycle(clock):
    schedule = Schedule(TrainConfig(iterations=100, time_budget=50.0))
    run(schedule, clock, seconds_a_step=0.1)
    assert (schedule.iteration, schedule.cut_short) == (100, False)
    assert schedule.has_time_for_another_cycle()
    assert schedule.begin_another_cycle()
    assert (schedule.cycle, schedule.progress) == (100, 0.0)
    assert schedule.planned == pytest.approx(500, abs=2)


def test_a_resumed_schedule_counts_the_time_and_steps_before(clock):
    first = Schedule(TrainConfig(iterations=100, time_budget=50.0))
    first.start()
    first.iteration = 40
    clock[0] += 12.0
    second = Schedule(TrainConfig(iterations=100, time_budget=50.0))
    second.resume(first.state())
    second.start()
    clock[0] += 3.0
    assert (second.iteration, second.seconds, second.progress) == (40, 15.0, 0.4)
    assert second.state() == first.state() | {"seconds": 15.0}


def test_calls_of_the_monitor_are_due_by_the_share_of_training():
    schedule = Schedule(TrainConfig(iterations=40, monitor_every=0.25))
    due = []
    for schedule.iteration in (0, 9, 10, 11, 39, 40, 40):
        due.append(schedule.monitor_is_due())
        if due[-1]:
            with schedule.monitoring():
                pass
    assert due == [False, False, True, False, True, True, False]


def test_a_monitor_that_has_taken_a_tenth_of_the_time_waits_or_is_called_at_the_end(clock):
    schedule = Schedule(TrainConfig(iterations=40, monitor_every=0.25, time_budget=1_000.0))
    schedule.start()
    due = []
    for schedule.iteration in (10, 20, 30, 40):
        clock[0] += 1.0
        due.append(schedule.monitor_is_due())
        if due[-1]:
            with schedule.monitoring():
                clock[0] += 0.5
    assert due == [True, False, False, True]  # 0.5 seconds are more than a tenth of 2.5, and of 3.5


def test_a_training_of_too_few_steps_ends_at_once(clock):
    for least, steps in ((0, 10), (10, 10), (11, 4)):
        schedule = Schedule(TrainConfig(iterations=40, time_budget=10.0, least_iterations=least))
        run(schedule, clock, seconds_a_step=1.0)
        assert schedule.cut_short
        assert (schedule.iteration, schedule.given_up) == (steps, steps == 4)
    enough = Schedule(TrainConfig(iterations=40, time_budget=100.0, least_iterations=11))
    run(enough, clock, seconds_a_step=1.0)
    assert enough.iteration == 40


def test_what_the_first_two_steps_cost_once_is_no_part_of_a_step(clock):
    """9 seconds with trajectories for 16 steps, 5 with the beginning of the optimiser, then 1: 1.5 each, 55 in 83."""
    for least, ends in ((58, False), (60, True)):
        options = {
            "iterations": 1_000,
            "time_budget": 99.0,
            "least_iterations": least,
            "steps_per_rollout": 16,
        }
        schedule = Schedule(TrainConfig(**options))
        schedule.start()
        for schedule.iteration, seconds in enumerate((9.0, 5.0, 1.0, 1.0), start=1):
            clock[0] += seconds
            schedule.check_time()
        assert schedule.done == ends


def test_the_time_of_the_monitor_is_no_time_of_steps(clock):
    options = {"iterations": 1_000, "time_budget": 40.0, "least_iterations": 20, "monitor_every": 0.001}
    schedule = Schedule(TrainConfig(**options))
    schedule.start()
    for schedule.iteration in range(1, 5):
        clock[0] += 1.0
        schedule.check_time()
        with schedule.monitoring():
            clock[0] += 3.0
    assert not schedule.given_up
