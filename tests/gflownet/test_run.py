"""The recipe of a fit, with a kind that is made for the test."""

from dataclasses import replace

import pytest
import torch
from sampler_cases import request_of, score_table

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import OptionError, TrainingError
from dag_gfn.gflownet import run
from dag_gfn.gflownet.edges.model import build_edge_model
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.request import Watchers
from dag_gfn.gflownet.run import GFlowNetKind, run_fit, usable_device
from dag_gfn.gflownet.training.config import default_config


class Recorded(GFlowNetKind):
    """Says what it is asked for, and draws nothing."""

    marginal = None
    monitor_samples = 16

    def __init__(self, request, budget=None, *, interrupted=0, watchers=None, enough=True):
        table = score_table(3)
        super().__init__(table, request, watchers or Watchers(), budget or TimeBudget())
        self.environment = EdgeAddition(table)
        self.calls, self.interrupted, self.enough = [], interrupted, enough

    def prepare(self):
        self.calls.append("prepare")

    def build_model(self):
        self.calls.append("build")
        return build_edge_model(self.environment, self.request.objective)

    def works_after_training(self, untrained):
        self.calls.append("works")
        return [(10, lambda k: None)]

    def is_enough(self, log_weights):
        self.calls.append(f"enough of {len(log_weights)}")
        return self.enough

    def draw(self, model):
        self.calls.append("draw")
        if self.interrupted:
            self.interrupted -= 1
            raise KeyboardInterrupt
        return "draws"

    def result(self, training, log_probabilities, drawn):
        self.calls.append("result")
        return training, log_probabilities, drawn

    def stop(self):
        self.calls.append("stop")


def quick(iterations=2, **options):
    return request_of(default_config(3, iterations=iterations), **options)


def test_the_order_of_a_fit():
    kind = Recorded(quick())
    training, log_probabilities, drawn = run_fit(kind)
    assert kind.calls == ["prepare", "build", "draw", "result", "stop"]
    assert (training.iterations, training.interrupted, log_probabilities, drawn) == (2, False, None, "draws")
    assert kind.budget.phases.keys() == {"training"}


def test_control_c_while_drawing_draws_again_in_a_hurry():
    kind = Recorded(quick(), interrupted=1)
    training, _, drawn = run_fit(kind)
    assert kind.calls == ["prepare", "build", "draw", "stop", "draw", "result", "stop"]
    assert training.interrupted
    assert drawn == "draws"
    assert kind.budget.remaining() == 0.0


def test_a_second_control_c_ends_it():
    kind = Recorded(quick(), interrupted=2)
    with pytest.raises(KeyboardInterrupt):
        run_fit(kind)
    assert kind.calls[-1] == "stop"


def test_control_c_in_training_stops_what_runs_beside():
    reports = []

    def interrupt(report):
        reports.append(report)
        if len(reports) == 1:
            raise KeyboardInterrupt

    kind = Recorded(quick(1000), watchers=Watchers(on_report=interrupt))
    assert run_fit(kind)[0].interrupted
    assert kind.calls == ["prepare", "build", "stop", "draw", "result", "stop"]
    assert 0 < kind.budget.remaining() <= 10.0


def test_time_is_kept_for_what_comes_after_training(monkeypatch):
    """A clock that stands still: works take no time, and 3 % are kept."""
    seen, real = [], run.train

    def train(environment, model, objective, config, **options):
        seen.append(config.time_budget)
        return real(environment, model, objective, config, **options)

    monkeypatch.setattr(run, "train", train)
    for further in (0.0, 30.0, 95.0):
        kind = Recorded(quick(3), TimeBudget(100.0, clock=lambda: 0.0))
        kind.further_seconds = lambda left, further=further: further * left / 100
        run_fit(kind)
        assert kind.calls[:3] == ["prepare", "build", "works"]
    assert seen == pytest.approx([97.0, 67.0, 20.0])  # a fifth is the least


@pytest.mark.parametrize("given", [True, False])
def test_training_goes_on_only_where_the_user_left_it_open(given):
    request = replace(quick(2, iterations_given=given))
    kind = Recorded(request, TimeBudget(1000.0), enough=True)
    assert run_fit(kind)[0].iterations == 2
    assert ("enough of 16" in kind.calls) != given


def test_numbers_that_overflow_say_what_to_do(monkeypatch):
    def overflow(*given, **named):
        raise FloatingPointError("the loss is infinite")

    monkeypatch.setattr("dag_gfn.gflownet.run.train", overflow)
    kind = Recorded(quick())
    with pytest.raises(TrainingError, match="the loss is infinite; try another seed"):
        run_fit(kind)
    assert kind.calls[-1] == "stop"


def test_devices():
    assert usable_device("cpu") == torch.device("cpu")
    with pytest.raises(OptionError, match="device 'magic' cannot be used"):
        usable_device("magic")
