import json
import signal

import numpy as np
import processes_at_work
import pytest
import torch
from sampler_cases import score_table

from dag_gfn.errors import OptionError
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.fitting.fit import require_one_training
from dag_gfn.fitting.options import FitOptions
from dag_gfn.gflownet.request import FitStreams
from dag_gfn.gflownet.training import processes
from dag_gfn.gflownet.training.processes import ALONE, LostConnection, Processes, are_several

CPU = torch.device("cpu")


class Connected:
    """Stands for the connection to one other process, whose numbers are given."""

    def __init__(self, monkeypatch, *others):
        self.others = list(others)
        monkeypatch.setattr(processes.dist, "all_reduce", self.all_reduce)

    def all_reduce(self, tensor):
        tensor += self.others.pop(0)


def test_one_process_shares_with_nobody_and_changes_nothing():
    layer = torch.nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    before = layer.weight.grad
    ALONE.average_gradients(layer.parameters())
    assert layer.weight.grad is before
    with ALONE.noting_interrupts():
        assert ALONE.agreed([3.0]) == [3.0]
    assert ALONE.leads


def test_gradients_are_averaged_and_missing_ones_are_zero(monkeypatch):
    used, unused, fixed = (
        torch.nn.Parameter(torch.ones(2, 2)),
        torch.nn.Parameter(torch.ones(3)),
        torch.ones(2),
    )
    used.grad = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    Connected(monkeypatch, torch.tensor([3.0, 2.0, 1.0, 0.0, 6.0, 0.0, 0.0]))
    Processes(0, 2).average_gradients([used, fixed, unused])
    assert used.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert unused.grad.tolist() == [3.0, 0.0, 0.0]


def test_the_plan_is_that_of_the_leading_process(monkeypatch):
    Connected(monkeypatch, torch.tensor([0.0, 0.0, 0.0]), torch.tensor([80.0, 1.0, 0.0]))
    assert Processes(0, 2).agreed([70.0, 0.0]) == [70.0, 0.0]
    assert Processes(1, 2).agreed([90.0, 0.0]) == [80.0, 1.0]


def test_an_interrupt_of_one_is_one_of_all(monkeypatch):
    Connected(monkeypatch, torch.tensor([70.0, 0.0]), torch.tensor([0.0, 1.0]))
    own, steps = Processes(1, 2), []

    def step_and_agree():
        signal.raise_signal(signal.SIGINT)
        steps.append("goes on until the processes agree")
        own.agreed([0.0])

    with pytest.raises(KeyboardInterrupt), own.noting_interrupts():
        step_and_agree()
    assert steps
    with pytest.raises(KeyboardInterrupt):
        Processes(0, 2).agreed([70.0])
    with pytest.raises(KeyboardInterrupt), own.noting_interrupts():  # nobody has asked since
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_lost_connection_is_said(monkeypatch):
    def broken(tensor):
        raise RuntimeError("Connection closed by peer\nmore")

    monkeypatch.setattr(processes.dist, "all_reduce", broken)
    with pytest.raises(LostConnection, match=r"has ended \(Connection closed by peer\)"):
        Processes(1, 2).agreed([1.0])


def test_each_process_trains_with_its_own_random_numbers_and_all_else_is_alike():
    streams = [FitStreams(3, CPU, Processes(rank, 3)) for rank in range(3)]
    assert len({s.training().initial_seed() for s in streams}) == 3
    assert len({s.initial_weights().initial_seed() for s in streams}) == 1
    assert streams[0].training().initial_seed() == FitStreams(3, CPU).training().initial_seed()


def test_the_variables_of_torchrun():
    given = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost"}
    assert are_several(given)
    assert not any(are_several({k: v for k, v in given.items() if k != name}) for name in given)
    assert not are_several(given | {"WORLD_SIZE": "1"})


@pytest.mark.parametrize(
    ("options", "tables", "message"),
    [
        ({}, None, "not for method 'auto'"),
        ({"method": "mcmc"}, None, "not for method 'mcmc'"),
        ({"method": "gflownet", "score": "auto"}, None, "name a score"),
        ({"method": "gflownet"}, "completed tables", "not for completed tables"),
    ],
)
def test_several_processes_train_one_network(options, tables, message):
    chosen = FitOptions.from_keywords(options, caller="fit")
    with pytest.raises(OptionError, match=message):
        require_one_training(Processes(1, 2), chosen, tables=tables)
    require_one_training(Processes(), chosen, tables=tables)


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path):
    first, second = (
        json.loads(out)
        for out, _ in processes_at_work.start([processes_at_work.__file__, tmp_path], 2, cwd=tmp_path)
    )
    for way in ("interrupted", "resumed", "in_time", "again"):
        assert first[way].pop("stream") != second[way].pop("stream")
        assert first[way] == second[way], way
        assert np.isfinite(first[way]["weights"]).all()
    assert (first["interrupted"]["iterations"], first["resumed"]["iterations"]) == (2, 30)
    assert first["in_time"]["cut_short"]
    assert first["again"]["iterations"] > 2
    assert first["interrupted"]["interrupted"]
    assert second["fit"] == "took part"
    assert first["fit"]["draws"] == 50
    log_rewards = score_table(3).log_reward(enumerate_dags(3).astype(np.int64))
    exact = np.exp(log_rewards - np.logaddexp.reduce(log_rewards))
    assert np.abs(np.exp(first["fit"]["probabilities"]) - exact).sum() / 2 < 0.01  # of 25 graphs
