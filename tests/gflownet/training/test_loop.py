import logging

import numpy as np
import oracles
import pytest
import torch
from sampler_cases import log_reward, probabilities_of, score_table, seeded
from scipy.special import kl_div
from torch.utils._python_dispatch import TorchDispatchMode

from dag_gfn.errors import OptionError, StorageError
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives.flow_matching import FlowMatching
from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.exploration import EpsilonSchedule
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import _Training, train
from dag_gfn.gflownet.training.processes import ALONE
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.gflownet.training.report import TrainingReport

SHORT = TrainConfig(iterations=40, batch_size=8, rollout_size=16, steps_per_rollout=4, replay_batches=3)


@pytest.fixture(autouse=True)
def _one_thread():
    """Small tensors lose time with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network(d=3, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return EdgeMLP(d)


def run(config=SHORT, *, d=3, seed=1, policy=None, **options):
    environment = EdgeAddition(score_table(d))
    policy = network(d) if policy is None else policy
    return train(environment, policy, ModifiedDetailedBalance(), config, generator=seeded(seed), **options)


def with_options(**options):
    return TrainConfig(**{**{name: getattr(SHORT, name) for name in SHORT.__dataclass_fields__}, **options})


def weights(policy):
    return torch.cat([tensor.flatten() for tensor in policy.state_dict().values()])


def divergence(policy, table):
    """Return the Jensen-Shannon divergence of the graphs that a policy samples, over all DAGs, in nats."""
    target = oracles.posterior(table.d, log_reward(table))
    ends = oracles.sampling_distribution(table.d, probabilities_of(policy, table), target)
    p, q = (np.array([distribution[key] for key in target]) for distribution in (target, ends))
    assert q.sum() == pytest.approx(1, abs=1e-6)
    return (kl_div(p, (p + q) / 2).sum() + kl_div(q, (p + q) / 2).sum()) / 2


@pytest.mark.slow
def test_a_short_training_comes_close_to_the_posterior():
    table = score_table(3)
    before = network()
    config = TrainConfig(iterations=400, batch_size=32, rollout_size=64, steps_per_rollout=4)
    result = run(config, policy=network())
    assert divergence(result.policy, table) < 0.01
    assert divergence(result.policy, table) < divergence(before, table) / 5
    assert result.iterations == 400
    assert not result.cut_short
    assert not result.interrupted


def test_same_seed_same_weights():
    first, second, other = (run(seed=seed) for seed in (1, 1, 2))
    assert torch.equal(weights(first.policy), weights(second.policy))
    assert not torch.equal(weights(first.policy), weights(other.policy))


def test_the_result_is_an_average_and_the_policy_is_trained_in_place():
    policy = network()
    result = run(policy=policy)
    assert not torch.equal(weights(policy), weights(network()))
    assert not torch.equal(weights(policy), weights(result.policy))
    assert not any(parameter.requires_grad for parameter in result.policy.parameters())
    assert weights(result.policy).isfinite().all()


@pytest.mark.parametrize(("batch_size", "rollout_size"), [(8, 16), (7, 16), (16, 16), (40, 16), (1, 1)])
def test_batch_sizes_that_divide_and_that_do_not(batch_size, rollout_size):
    result = run(with_options(iterations=9, batch_size=batch_size, rollout_size=rollout_size))
    assert result.iterations == 9
    assert weights(result.policy).isfinite().all()


def test_two_nodes_and_a_target_network():
    result = run(with_options(target_update=3), d=2)
    assert weights(result.policy).isfinite().all()


def test_a_table_that_allows_no_edge():
    environment = EdgeAddition(score_table(3, max_parents=0))
    result = train(environment, network(), ModifiedDetailedBalance(), SHORT, generator=seeded())
    assert weights(result.policy).isfinite().all()


def test_reports_and_monitor():
    reports, seen = [], []

    def monitor(policy):
        seen.append(weights(policy).clone())
        return {"calls": float(len(seen))}

    result = run(with_options(monitor_every=0.25), on_report=reports.append, monitor=monitor)
    assert len(seen) == len(result.history) == 4
    assert [report.iteration for report in result.history] == [10, 20, 30, 40]
    assert [report.metrics["calls"] for report in result.history] == [1, 2, 3, 4]
    assert torch.equal(seen[-1], weights(result.policy))
    assert all(isinstance(report, TrainingReport) for report in reports)
    assert reports[0].iteration == 1
    assert (reports[-1].iteration, reports[-1].planned_iterations) == (40, 40)
    assert np.isfinite([report.loss for report in reports]).all()
    assert result.seconds >= reports[-1].seconds > 0


@pytest.mark.parametrize(("every", "calls"), [(0.1, 10), (0.3, 3), (0.01, 40), (1.0, 1), (2.0, 0)])
def test_number_of_monitor_calls(every, calls):
    result = run(with_options(monitor_every=every), monitor=lambda policy: {})
    assert len(result.history) == calls


def test_monitoring_changes_nothing():
    watched = run(monitor=lambda policy: {"x": 1.0}, on_report=lambda report: None)
    assert torch.equal(weights(watched.policy), weights(run().policy))


def test_the_time_budget_shortens_the_schedule():
    result = run(with_options(iterations=10**7, time_budget=1.0))
    assert result.cut_short
    assert 0 < result.iterations < 10**7
    assert not result.interrupted


def test_a_time_budget_that_is_ample_changes_nothing():
    ample = run(with_options(time_budget=3600.0))
    assert not ample.cut_short
    assert ample.iterations == 40
    assert torch.equal(weights(ample.policy), weights(run().policy))


class InterruptOnce:
    """Raises what Ctrl-C raises when it is called the n-th time, and is quiet from then on."""

    def __init__(self, call):
        self.left = call

    def __call__(self, _):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return {}


def test_control_c_ends_training_with_a_result():
    by_report = run(on_report=InterruptOnce(1))
    assert by_report.interrupted
    assert by_report.iterations == 1
    by_monitor = run(with_options(monitor_every=0.25), monitor=InterruptOnce(2))
    assert by_monitor.interrupted
    assert by_monitor.iterations == 20
    assert len(by_monitor.history) == 1
    assert not by_monitor.cut_short
    assert weights(by_monitor.policy).isfinite().all()


def test_training_goes_on_from_its_checkpoint(tmp_path):
    path = tmp_path / "training.safetensors"
    config = with_options(checkpoint_seconds=0.0, monitor_every=0.25)
    stopped = run(config, monitor=InterruptOnce(2), checkpoint=path)
    assert stopped.interrupted
    reports = []
    fresh = {"policy": network(seed=9), "seed": 8}
    resumed = run(config, **fresh, monitor=lambda policy: {}, on_report=reports.append, checkpoint=path)
    # Ctrl-C at step 20 saved it; the monitor does not make up for the first two calls
    assert reports[0].iteration == 21
    assert [report.iteration for report in resumed.history] == [30, 40]
    assert resumed.iterations == 40
    assert not resumed.interrupted
    assert resumed.seconds > 0
    assert weights(resumed.policy).isfinite().all()
    assert np.isfinite(reports[-1].loss)
    again = run(config, policy=network(seed=9), checkpoint=path)
    assert again.iterations == 40  # nothing left to do
    assert torch.equal(weights(again.policy), weights(resumed.policy))


def test_a_resumed_run_keeps_its_target_network_and_its_clock(tmp_path):
    path = tmp_path / "training.safetensors"
    config = with_options(checkpoint_seconds=0.0, target_update=5, time_budget=3600.0)
    first = run(config, checkpoint=path, monitor=InterruptOnce(3))
    resumed = run(config, checkpoint=path)
    assert resumed.iterations == 40
    assert resumed.seconds > first.seconds / 2


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "training.safetensors"
    run(with_options(checkpoint_seconds=0.0), checkpoint=path)
    with pytest.raises(StorageError, match="cannot go on"):
        run(d=4, checkpoint=path)


def test_a_checkpoint_is_written_when_it_is_time_and_at_the_end(tmp_path):
    path = tmp_path / "training.safetensors"
    seen = []
    run(checkpoint=path, monitor=lambda policy: seen.append(path.exists()) or {})
    assert seen
    assert not any(seen)
    assert path.exists()


def test_time_that_is_left_is_used_where_more_training_is_wanted(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("dag_gfn.gflownet.training.loop.time.perf_counter", lambda: clock[0])
    asked = []

    def tick(report):
        clock[0] += 0.5

    def wanted(policy):
        asked.append(clock[0])
        return len(asked) == 1

    config = with_options(time_budget=100.0)  # 40 steps
    result = run(config, go_on=wanted, on_report=tick, monitor=lambda policy: {})
    assert asked[0] == pytest.approx(20.0, abs=1)
    assert result.iterations == pytest.approx(200, abs=5)
    assert clock[0] <= 101
    assert not result.cut_short
    assert len(result.history) == pytest.approx(20, abs=2)
    enough = run(config, go_on=lambda policy: False)
    assert torch.equal(weights(enough.policy), weights(run().policy))


def test_a_slow_stretch_shortens_the_plan_only_while_it_lasts(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("dag_gfn.gflownet.training.loop.time.perf_counter", lambda: clock[0])
    plans = []

    def tick(report):
        clock[0] += 1.0 if report.iteration <= 12 else 0.1
        plans.append(report.planned_iterations)

    result = run(with_options(iterations=100, time_budget=25.0), on_report=tick)
    assert min(plans) < 50
    assert result.iterations > 75
    assert result.cut_short == (result.iterations < 100)


def test_an_objective_that_needs_finished_states_refuses_an_environment_without():
    class Unfinished(EdgeAddition):
        every_state_terminal = False

    with pytest.raises(OptionError, match=r"'modified_db' needs every state .* Unfinished"):
        train(Unfinished(score_table(3)), network(), ModifiedDetailedBalance(), SHORT, generator=seeded())


def test_an_objective_that_sums_inflows_refuses_an_environment_that_does_not_list_what_leads_to_a_state():
    class Forgetful(EdgeAddition):
        predecessors = None

    with pytest.raises(OptionError, match=r"'flow_matching' needs all states that lead to one.* Forgetful"):
        train(Forgetful(score_table(3)), network(), FlowMatching(), SHORT, generator=seeded())


def test_a_policy_that_diverged_is_an_error():
    policy = network()
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.fill_(torch.nan)
    greedy = with_options(exploration=EpsilonSchedule(0.0, 0.0, 1.0))
    with pytest.raises(FloatingPointError, match="diverged"):
        run(greedy, policy=policy)


def messages(caplog, level):
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_a_run_logs_its_start_its_checkpoints_and_why_it_ended(tmp_path, caplog):
    path = tmp_path / "training.safetensors"
    with caplog.at_level(logging.DEBUG, logger="dag_gfn"):
        run(with_options(iterations=4), checkpoint=path)
        run(with_options(iterations=6), checkpoint=path, monitor=lambda policy: {"ess": 0.5})
    assert all(record.name.startswith("dag_gfn.gflownet.training") for record in caplog.records)
    told, details = messages(caplog, logging.INFO), messages(caplog, logging.DEBUG)
    assert told[0] == (
        "training starts: EdgeAddition, objective modified_db, 4 iterations of 8 trajectories, "
        "soap with learning rate 0.003, no time budget"
    )
    assert told[1].startswith("training ends after 4 iterations and ")
    assert told[1].endswith(": all planned iterations are done")
    assert told[2] == f"training resumes at iteration 4 from {path}"
    assert f"checkpoint written at iteration 4: {path}" in details


def test_the_log_has_what_the_monitor_says_and_why_training_ended_early(caplog):
    def diverged(policy):
        raise FloatingPointError("a loss is NaN")

    with caplog.at_level(logging.DEBUG, logger="dag_gfn"):
        run(with_options(iterations=10), monitor=lambda policy: {"ess": 0.25})
        with pytest.raises(FloatingPointError):
            run(with_options(iterations=10), monitor=diverged)
        ended = run(with_options(iterations=10, time_budget=1e-9))
    details, told = messages(caplog, logging.DEBUG), messages(caplog, logging.INFO)
    assert len(details) == 10
    assert details[3].startswith("iteration 4 of 10: loss ")
    assert details[3].endswith("ess 0.25")
    assert "training diverges at iteration 1: a loss is NaN" in told
    assert ended.cut_short
    assert told[-1].endswith("the time budget is used up")


def test_nothing_is_printed_unless_the_user_asks(capfd):
    run(with_options(iterations=2))
    assert capfd.readouterr() == ("", "")


class Waits(TorchDispatchMode):
    """Counts the operations that make a GPU's user wait: a number is read, or a shape depends on data."""

    def __init__(self):
        super().__init__()
        self.numbers, self.shapes = 0, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        by_mask = func is torch.ops.aten.index.Tensor and any(
            index is not None and index.dtype == torch.bool for index in args[1]
        )
        self.numbers += func is torch.ops.aten._local_scalar_dense.default
        self.shapes += by_mask or func.overloadpacket in (torch.ops.aten.nonzero, torch.ops.aten._unique2)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("guided", [False, True])
def test_a_gradient_step_reads_no_number_but_its_choices(guided):
    environment = EdgeAddition(score_table(3))
    config = with_options(optimizer="adam", guide_share=0.5 if guided else 0.0)
    guides = TrajectoryReplay(1)
    guides.add(rollout(environment, network(), 16, generator=seeded()))
    training = _Training(
        environment,
        network(),
        ModifiedDetailedBalance(),
        config,
        seeded(),
        guides if guided else None,
        *[None] * 4,
        ALONE,
    )
    training.step()  # collects trajectories, and the next three steps do not
    for _ in range(3):
        with Waits() as waits:
            training.step()
        assert waits.numbers == (
            2 if guided else 1
        )  # a batch, and whether it is one of guides, drawn on the CPU
        assert waits.shapes <= 3  # states of the chosen rows, and which are distinct


def test_a_collection_waits_for_few_shapes():
    environment = EdgeAddition(score_table(4))
    with Waits() as waits:
        walks = rollout(environment, UniformPolicy(), 16, generator=seeded())
    steps = walks.shape[1]
    assert waits.numbers == steps  # whether logits are finite
    assert waits.shapes == 2 * steps  # which rows end, and which go on
