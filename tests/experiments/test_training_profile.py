import time

import pytest
import training_profile


def test_a_part_is_charged_for_its_own_time_alone(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    parts = training_profile.Parts()

    def takes(seconds, *calls):
        def function():
            clock[0] += seconds
            for call in calls:
                call()

        return function

    look_up = parts.timed("table look-up", takes(1.0))
    forward = parts.timed("forward", takes(10.0))
    environment = parts.timed("environment", takes(100.0, look_up))
    collecting = parts.timed("rest of collecting", takes(1000.0, environment, forward))
    environment()  # before training: nobody's
    parts.timed("rest", takes(10_000.0, collecting, forward))()
    assert parts.seconds == {
        "table look-up": 1.0,
        "environment": 100.0,
        "forward, collecting": 10.0,
        "rest of collecting": 1000.0,
        "forward": 10.0,
        "rest": 10_000.0,
    }


@pytest.mark.parametrize("environment", ["layers", "edges"])
def test_every_part_takes_time(environment, capsys):
    training_profile.main(["--environment", environment, "--nodes", "4", "--steps", "8"])
    shown = capsys.readouterr().out
    for part in (*training_profile.PARTS, "forward, collecting", "steps per second"):
        assert f"| {part} |" in shown
