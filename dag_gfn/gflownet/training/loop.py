"""The training loop: collect trajectories, take gradient steps, average the weights."""

import copy
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from dag_gfn.errors import OptionError
from dag_gfn.gflownet.env.environment import Environment, EnvironmentWithPredecessors
from dag_gfn.gflownet.objectives.importance_weights import effective_share
from dag_gfn.gflownet.objectives.objective import FlowTerms, Objective
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.sampling.evaluation import evaluate
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.gflownet.training.checkpoint import load_checkpoint, save_checkpoint
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.processes import ALONE, Processes
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.gflownet.training.report import TrainingReport, TrainingResult
from dag_gfn.gflownet.training.schedule import Schedule
from dag_gfn.gflownet.training.soap import SOAP
from dag_gfn.random_streams import RandomStreams

_IMITATED = 0.5
"""Share of training in which guides are imitated, with a weight that falls to zero."""

logger = logging.getLogger(__name__)


@runtime_checkable
class Teacher(Protocol):
    """Knows how far a policy is from what it should do, from another source than the policy's own trajectories."""

    def loss(self, policy: Policy, *, generator: torch.Generator) -> torch.Tensor:
        """Return a loss that is smallest if the policy samples the target."""
        ...


def train(
    environment: Environment,
    policy: torch.nn.Module,
    objective: Objective,
    config: TrainConfig,
    *,
    generator: torch.Generator,
    guides: TrajectoryReplay | Teacher | None = None,
    monitor: Callable[[FlowModel], dict[str, float]] | None = None,
    go_on: Callable[[FlowModel], bool] | None = None,
    on_report: Callable[[TrainingReport], None] | None = None,
    checkpoint: Path | None = None,
    processes: Processes = ALONE,
) -> TrainingResult:
    """Train the policy in place, and return the average of its weights.

    The logger of this module tells at level INFO how training starts and ends, and at DEBUG what the monitor says and
    when checkpoints are written.

    Parameters
    ----------
    environment : Environment
    policy : torch.nn.Module
        A `Policy` on the environment's device; a `FlowModel` if the objective needs flows, log Z or a backward policy.
    objective : Objective
    config : TrainConfig
    generator : torch.Generator
        Source of all random numbers, on the environment's device.
    guides : TrajectoryReplay or Teacher, optional
        Whole trajectories from another source that are nearly draws from the target, such as those of Markov chains.
        They show modes that the policy would find late. They are imitated until half of training, with a weight that
        falls to zero; a teacher's own loss is minimised to the end.
    monitor : callable, optional
        Is called with the averaged policy from time to time, and returns figures to show. It must not draw from
        `generator`.
    go_on : callable, optional
        Is called with the averaged policy if all iterations are done before the time budget, and returns whether to
        continue. If so, the schedules begin again, for as many iterations as the time allows.
    on_report : callable, optional
        Is called with a report a few times a second.
    checkpoint : Path, optional
        File to which the state is saved from time to time; if it exists, training continues from it.
    processes : Processes
        Those that train together. Monitor, `go_on` and checkpoint are for the leading one alone; weights, the schedule
        and the end of training are the same in all.

    Raises
    ------
    OptionError
        If the objective compares rewards of unfinished states and the environment has none; if it needs the inflow of
        a state and the environment does not list predecessors; or if it needs whole trajectories and single
        transitions are replayed.
    FloatingPointError, torch.linalg.LinAlgError
        If training diverges.
    StorageError
        If the checkpoint cannot be written or read.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance
    >>> from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
    >>> from dag_gfn.gflownet.training.config import TrainConfig
    >>> from dag_gfn.gflownet.training.loop import train
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> config, generator = TrainConfig(iterations=3, rollout_size=8), torch.Generator().manual_seed(0)
    >>> result = train(environment, EdgeMLP(3), ModifiedDetailedBalance(), config, generator=generator)
    >>> result.iterations, result.interrupted
    (3, False)
    """
    if "every_state_terminal" in objective.needs and not environment.every_state_terminal:
        raise OptionError(
            f"objective '{objective.name}' needs every state to be a finished object, which is not so in "
            f"{type(environment).__name__}; choose another objective"
        )
    if "log_inflow" in objective.needs and not isinstance(environment, EnvironmentWithPredecessors):
        raise OptionError(
            f"objective '{objective.name}' needs all states that lead to one, which {type(environment).__name__} "
            "does not list; choose another objective"
        )
    if "whole_trajectories" in objective.needs and config.replay == "transitions":
        raise OptionError(
            f"objective '{objective.name}' needs whole trajectories: it cannot learn from replay='transitions'"
        )
    return _Training(
        environment,
        policy,
        objective,
        config,
        generator,
        guides,
        monitor,
        go_on,
        on_report,
        checkpoint,
        processes,
    ).run()


class _Training:
    """One run: its state, and the steps that change it."""

    def __init__(
        self,
        environment: Environment,
        policy: Policy,
        objective: Objective,
        config: TrainConfig,
        generator: torch.Generator,
        guides: TrajectoryReplay | Teacher | None,
        monitor: Callable[[FlowModel], dict[str, float]] | None,
        go_on: Callable[[FlowModel], bool] | None,
        on_report: Callable[[TrainingReport], None] | None,
        checkpoint: Path | None,
        processes: Processes,
    ):
        self.environment, self.objective, self.config = environment, objective, config
        self.generator, self.guides, self.checkpoint = generator, guides, checkpoint
        self.monitor, self.go_on, self.on_report = monitor, go_on, on_report
        self.processes = processes
        self.policy = FlowModel.of(policy)
        self.average = copy.deepcopy(self.policy).requires_grad_(False)
        self.target = copy.deepcopy(self.policy).requires_grad_(False) if config.target_update else None
        self.predecessors = environment if isinstance(environment, EnvironmentWithPredecessors) else None
        groups, rate = self.parameter_groups(), config.learning_rate
        self.optimizer: torch.optim.Optimizer
        if config.optimizer == "adam":
            self.optimizer = torch.optim.Adam(groups, lr=rate, fused=True)
        else:
            self.optimizer = SOAP(groups, lr=rate)
        self.replay = TrajectoryReplay(config.replay_batches)
        self.schedule = Schedule(config)
        self.mean_loss = torch.tensor(math.nan, device=generator.device)
        self.weights_ess: torch.Tensor | None = None
        self.metrics: dict[str, float] = {}
        self.history: list[TrainingReport] = []
        if checkpoint is not None and checkpoint.exists():
            state = load_checkpoint(checkpoint, self.policy, self.average, self.optimizer, generator)
            self.schedule.resume(state)
            logger.info("training resumes at iteration %d from %s", self.schedule.iteration, checkpoint)
        if processes.count > 1:
            self.begin_alike()
        self.choices = self.generator_of_choices()
        if self.target is not None:
            self.target.load_state_dict(self.policy.state_dict())

    def begin_alike(self) -> None:
        """Take over the weights, the optimiser and the schedule of the leading process."""
        policy, average, optimizer, state = self.processes.shared(
            lambda: (
                self.policy.state_dict(),
                self.average.state_dict(),
                self.optimizer.state_dict(),
                self.schedule.state(),
            )
        )
        if self.processes.leads:
            return
        self.policy.load_state_dict(policy)
        self.average.load_state_dict(average)
        self.optimizer.load_state_dict(optimizer)
        self.schedule.resume(state)
        if self.schedule.iteration:  # the random numbers of earlier steps are not drawn again
            own = RandomStreams(self.generator.initial_seed())
            self.generator.manual_seed(own.torch_seed(f"resumed at {self.schedule.iteration}"))

    def generator_of_choices(self) -> torch.Generator:
        """Return the source of choices that decide what is done next: on the CPU, so that nothing waits for a GPU."""
        if self.generator.device.type == "cpu":
            return self.generator
        streams = RandomStreams(self.generator.initial_seed())
        return torch.Generator().manual_seed(streams.torch_seed(f"choices from {self.schedule.iteration}"))

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the parameters with their peak learning rates; log Z, a single number, has its own."""
        config, log_z = self.config, self.policy.log_z
        network = [parameter for parameter in self.policy.parameters() if parameter is not log_z]
        groups: list[dict[str, Any]] = [{"params": network, "peak": config.learning_rate}]
        if log_z is not None:
            groups.append({"params": [log_z], "peak": config.log_z_learning_rate})
        return groups

    def run(self) -> TrainingResult:
        """Take all steps, with reports and checkpoints between them."""
        schedule, config = self.schedule, self.config
        logger.info(
            "training starts: %s, objective %s, %d iterations of %d trajectories, %s with learning rate %g, %s",
            type(self.environment).__name__,
            self.objective.name,
            schedule.planned,
            config.batch_size,
            config.optimizer,
            config.learning_rate,
            "no time budget" if config.time_budget is None else f"time budget {config.time_budget:g} s",
        )
        schedule.start()
        last_report, last_save = -math.inf, time.perf_counter()
        interrupted = False
        try:
            with self.processes.noting_interrupts():
                while not schedule.done or self.begins_another_cycle():
                    self.step()
                    now = time.perf_counter()
                    if self.processes.leads:
                        schedule.check_time()
                    self.agree()
                    if self.monitor is not None and schedule.monitor_is_due():
                        self.call_monitor(self.monitor)
                    if self.on_report is not None and now - last_report > 0.25:
                        last_report = now
                        self.on_report(self.report())
                    if self.checkpoint is not None and now - last_save > config.checkpoint_seconds:
                        last_save = now
                        self.save(self.checkpoint)
        except KeyboardInterrupt:
            interrupted = True
        except (FloatingPointError, torch.linalg.LinAlgError) as error:
            logger.info("training diverges at iteration %d: %s", schedule.iteration, error)
            raise
        if self.on_report is not None:
            self.on_report(self.report())
        if self.checkpoint is not None:  # if a later step of the fit fails, training need not be repeated
            self.save(self.checkpoint)
        why = "all planned iterations are done"
        if interrupted:
            why = "it was interrupted"
        elif schedule.given_up:
            why = "the time budget would allow hardly more"
        elif schedule.cut_short:
            why = "the time budget is used up"
        logger.info(
            "training ends after %d iterations and %.1f s: %s", schedule.iteration, schedule.seconds, why
        )
        return TrainingResult(
            self.average,
            schedule.iteration,
            self.history,
            schedule.cut_short,
            interrupted,
            schedule.seconds,
            schedule.given_up,
        )

    def call_monitor(self, monitor: Callable[[FlowModel], dict[str, float]]) -> None:
        """Ask the monitor for figures of the averaged policy, and keep them with a report."""
        with self.schedule.monitoring():
            self.metrics = monitor(self.average)
        if self.weights_ess is not None:
            self.metrics["weights_ess"] = float(self.weights_ess)
        report = self.report()
        self.history.append(report)
        logger.debug(
            "iteration %d of %d: loss %.4g, learning rate %.3g, epsilon %.3g, %s",
            report.iteration,
            report.planned_iterations,
            report.loss,
            self.config.learning_rate_at(self.schedule.progress),
            report.epsilon,
            ", ".join(f"{name} {value:.4g}" for name, value in report.metrics.items()) or "no metrics",
        )

    def report(self) -> TrainingReport:
        """Return how training goes now."""
        schedule = self.schedule
        epsilon = self.config.exploration(schedule.progress)
        return TrainingReport(
            schedule.iteration,
            schedule.planned,
            float(self.mean_loss),
            epsilon,
            schedule.seconds,
            self.metrics,
        )

    def step(self) -> None:
        """Collect trajectories if it is time to, and take one gradient step."""
        config, progress = self.config, self.schedule.progress
        if not len(self.replay) or self.schedule.iteration % config.steps_per_rollout == 0:
            collected = rollout(
                self.environment,
                self.policy,
                config.rollout_size,
                generator=self.generator,
                epsilon=config.exploration(progress),
                temperature=config.temperature,
            )
            self.replay.add(collected)
        guides = self.guides if self.follows_a_guide() else None
        share = config.learning_rate_at(progress) / config.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * share
        if guides is None or isinstance(guides, TrajectoryReplay):
            loss = self.loss_of_trajectories(guides)
        else:
            loss = guides.loss(self.policy, generator=self.generator)
        self.optimizer.zero_grad()
        loss.backward()
        self.processes.average_gradients(self.policy.parameters())
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), config.gradient_clip)
        self.optimizer.step()
        self.schedule.iteration += 1
        self.follow()
        if guides is None:
            value = loss.detach()
            self.mean_loss = torch.where(self.mean_loss.isnan(), value, self.mean_loss.lerp(value, 0.02))

    def loss_of_trajectories(self, guides: TrajectoryReplay | None) -> torch.Tensor:
        """Return the loss on some of the guides, or of the policy's own trajectories."""
        config, source = self.config, self.replay if guides is None else guides
        whole = guides is not None or config.replay == "trajectories"
        draw = source.sample if whole else source.sample_transitions
        batch = draw(config.batch_size, generator=self.generator, choices=self.choices)
        needs_inflow = "log_inflow" in self.objective.needs
        terms = evaluate(
            self.policy,
            batch,
            target=self.target,
            environment=self.predecessors if needs_inflow else None,
        )
        if guides is None and "log_behaviour" in self.objective.needs:
            ess = effective_share((terms.log_pf.detach() - terms.filled("log_behaviour")).sum(1))
            self.weights_ess = ess if self.weights_ess is None else self.weights_ess.lerp(ess, 0.02)
        return self.loss(terms, guided=guides is not None)

    def follows_a_guide(self) -> bool:
        """Draw whether the next step learns from guides."""
        if self.guides is None or self.config.guide_share == 0:
            return False
        drawn = torch.rand((), generator=self.choices, device=self.choices.device)
        return bool(drawn < self.config.guide_share)

    def loss(self, terms: FlowTerms, guided: bool) -> torch.Tensor:
        """Return the objective; for guides, the imitation loss is added, or replaces an objective that weighs draws."""
        if not guided:
            return self.objective(terms)
        # guides are many but not all modes: imitation must give way to the objective
        weight = self.config.imitation * max(0.0, 1.0 - self.schedule.progress / _IMITATED)
        imitation = -weight * terms.log_pf.sum(1).mean()
        if {"log_behaviour", "log_branch"} & self.objective.needs:
            return imitation  # the probability of a guide under the behaviour policy is unknown
        return self.objective(terms) + imitation

    @torch.no_grad()
    def follow(self) -> None:
        """Update the average of the weights, and now and then the target network."""
        # early on, average over all steps so far instead of 1 / (1 - decay) steps
        iteration = self.schedule.iteration
        decay = min(self.config.average_decay, (1 + iteration) / (10 + iteration))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.policy.parameters()), 1 - decay)
        if self.target is not None and iteration % self.config.target_update == 0:
            self.target.load_state_dict(self.policy.state_dict())

    def agree(self) -> None:
        """Take over the plan of the leading process; if one was interrupted, all are."""
        if self.processes.count > 1:
            self.schedule.follow(self.processes.agreed(self.schedule.plan))

    def begins_another_cycle(self) -> bool:
        """Begin the schedules again, if time is left and more training is wanted."""
        schedule = self.schedule
        wanted = self.go_on is not None and schedule.has_time_for_another_cycle() and self.go_on(self.average)
        if wanted and schedule.begin_another_cycle():
            logger.info(
                "time is left: learning rate and exploration begin again at iteration %d, until about iteration %d",
                schedule.iteration,
                schedule.planned,
            )
        self.agree()
        return not self.schedule.done

    def save(self, checkpoint: Path) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            checkpoint, self.policy, self.average, self.optimizer, self.generator, self.schedule.state()
        )
        logger.debug("checkpoint written at iteration %d: %s", self.schedule.iteration, checkpoint)
