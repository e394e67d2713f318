"""The training loop: collect trajectories, take gradient steps, average the weights."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from dag_gfn.errors import OptionError
from dag_gfn.gflownet.env.environment import Environment, EnvironmentWithPredecessors
from dag_gfn.gflownet.objectives.importance_weights import effective_share
from dag_gfn.gflownet.objectives.objective import FlowTerms, Objective
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.sampling.evaluation import evaluate
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.gflownet.training.checkpoint import load_checkpoint, save_checkpoint
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.gflownet.training.soap import SOAP

_WORTHWHILE = 0.05
"""Share of the time budget that must be left for another schedule."""
_IMITATED = 0.5
"""Share of training in which guides are imitated, less and less."""


@dataclass(frozen=True)
class TrainingReport:
    """What can be told while training goes on.

    ``loss`` is a running mean; ``metrics`` is the monitor's last answer; ``seconds`` counts from the start,
    earlier runs of a resumed training included.
    """

    iteration: int
    planned_iterations: int
    loss: float
    epsilon: float
    seconds: float
    metrics: dict[str, float]


@dataclass(frozen=True)
class TrainingResult:
    """The averaged policy and how training went.

    ``policy`` is the averaged model. ``history`` has a report for each call of the monitor. ``cut_short`` tells
    that the time budget shortened the schedule, ``interrupted`` that Ctrl-C ended it.
    """

    policy: FlowModel
    iterations: int
    history: list[TrainingReport]
    cut_short: bool
    interrupted: bool
    seconds: float


def train(
    environment: Environment,
    policy: torch.nn.Module,
    objective: Objective,
    config: TrainConfig,
    *,
    generator: torch.Generator,
    guides: TrajectoryReplay | None = None,
    monitor: Callable[[torch.nn.Module], dict[str, float]] | None = None,
    go_on: Callable[[torch.nn.Module], bool] | None = None,
    on_report: Callable[[TrainingReport], None] | None = None,
    checkpoint: Path | None = None,
) -> TrainingResult:
    """Train the policy in place and return the average of its weights.

    Parameters
    ----------
    environment : Environment
    policy : torch.nn.Module
        Is a `Policy`, on the environment's device; a `FlowModel` where the objective needs more than that.
    objective : Objective
    config : TrainConfig
    generator : torch.Generator
        Source of all randomness, on the environment's device.
    guides : TrajectoryReplay, optional
        Whole trajectories of another origin, near to draws from the target, such as those of Markov chains. They show
        modes that the policy would be long in finding.
    monitor : callable, optional
        Is given the averaged policy now and then and returns figures to show. It must not draw from
        `generator`.
    go_on : callable, optional
        With a time budget: is given the averaged policy when all iterations are done and there is time left, and says
        whether to train on. The schedules then begin anew, and are as long as the clock allows.
    on_report : callable, optional
        Is told how training goes, a few times a second.
    checkpoint : Path, optional
        File to save to now and then, and to go on from where it exists already.

    Raises
    ------
    OptionError
        If the objective compares rewards of unfinished states and the environment has none, or sums the flow into a
        state and the environment does not list what leads to it, or needs whole trajectories and is given steps.
    """
    if "every_state_terminal" in objective.needs and not environment.every_state_terminal:
        raise OptionError(
            f"objective '{objective.name}' needs every state to be a finished graph, which is not so in "
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
        environment, policy, objective, config, generator, guides, monitor, go_on, on_report, checkpoint
    ).run()


class _Training:
    """One run: what changes from step to step, and the steps."""

    def __init__(
        self, environment, policy, objective, config, generator, guides, monitor, go_on, on_report, checkpoint
    ):
        self.go_on = go_on
        self.guides = guides
        policy = FlowModel.of(policy)
        self.environment, self.policy, self.objective, self.config = environment, policy, objective, config
        self.generator, self.monitor, self.on_report, self.checkpoint = (
            generator,
            monitor,
            on_report,
            checkpoint,
        )
        self.average = copy.deepcopy(policy).requires_grad_(False)
        self.target = copy.deepcopy(policy).requires_grad_(False) if config.target_update else None
        groups, rate = self.parameter_groups(), config.learning_rate
        if config.optimizer == "adam":
            self.optimizer = torch.optim.Adam(groups, lr=rate, fused=True)
        else:
            self.optimizer = SOAP(groups, lr=rate)
        self.replay = TrajectoryReplay(config.replay_batches)
        self.iteration = 0
        self.planned = config.iterations
        self.cycle = 0  # the iteration at which the schedules have begun
        self.cut_short = False
        self.mean_loss = torch.tensor(math.nan)
        self.weights_ess: torch.Tensor | None = None
        self.metrics: dict[str, float] = {}
        self.history: list[TrainingReport] = []
        self.earlier_seconds = 0.0
        if checkpoint is not None and checkpoint.exists():
            state = load_checkpoint(checkpoint, policy, self.average, self.optimizer, generator)
            self.iteration, self.planned = state["iteration"], state["planned"]
            self.cut_short, self.earlier_seconds = state["cut_short"], state["seconds"]
            self.cycle = state.get("cycle", 0)
            if self.target is not None:
                self.target.load_state_dict(policy.state_dict())
        self.first = self.iteration

    def parameter_groups(self) -> list[dict]:
        """Return the parameters with their peak learning rates: log Z is one number and may move fast."""
        config, log_z = self.config, self.policy.log_z
        network = [parameter for parameter in self.policy.parameters() if parameter is not log_z]
        groups = [{"params": network, "peak": config.learning_rate}]
        if log_z is not None:
            groups.append({"params": [log_z], "peak": config.log_z_learning_rate})
        return groups

    @property
    def seconds(self) -> float:
        return self.earlier_seconds + time.perf_counter() - self.started

    def run(self) -> TrainingResult:
        self.started = time.perf_counter()
        last_report, last_save = -math.inf, self.started
        self.monitored = self.monitor_calls_due()
        interrupted = False
        try:
            while self.iteration < self.planned or self.begins_anew():
                self.step()
                now = time.perf_counter()
                if self.config.time_budget is not None:
                    self.mind_the_clock()
                if self.monitor is not None and self.monitor_calls_due() > self.monitored:
                    self.monitored = self.monitor_calls_due()
                    self.metrics = self.monitor(self.average)
                    if self.weights_ess is not None:
                        self.metrics["weights_ess"] = float(self.weights_ess)
                    self.history.append(self.report())
                if self.on_report is not None and now - last_report > 0.25:
                    last_report = now
                    self.on_report(self.report())
                if self.checkpoint is not None and now - last_save > self.config.checkpoint_seconds:
                    last_save = now
                    self.save()
        except KeyboardInterrupt:
            interrupted = True
        if self.on_report is not None:
            self.on_report(self.report())
        if self.checkpoint is not None:  # whatever happens to what follows, training need not be repeated
            self.save()
        return TrainingResult(
            self.average, self.iteration, self.history, self.cut_short, interrupted, self.seconds
        )

    @property
    def progress(self) -> float:
        return min((self.iteration - self.cycle) / max(self.planned - self.cycle, 1), 1.0)

    def monitor_calls_due(self) -> int:
        """Return the number of calls in this schedule until now; a resumed run does not make up for those before it."""
        return int(self.progress / self.config.monitor_every + 1e-9)

    def report(self) -> TrainingReport:
        epsilon = self.config.exploration(self.progress)
        loss = float(self.mean_loss)
        return TrainingReport(self.iteration, self.planned, loss, epsilon, self.seconds, self.metrics)

    def step(self) -> None:
        """Collect, if it is time to, and take one gradient step."""
        config = self.config
        if not len(self.replay) or self.iteration % config.steps_per_rollout == 0:
            epsilon = config.exploration(self.progress)
            collected = rollout(
                self.environment,
                self.policy,
                config.rollout_size,
                generator=self.generator,
                epsilon=epsilon,
                temperature=config.temperature,
            )
            self.replay.add(collected)
        guided = self.follows_a_guide()
        source = self.guides if guided else self.replay
        draw = source.sample if guided or config.replay == "trajectories" else source.sample_transitions
        batch = draw(config.batch_size, generator=self.generator)
        share = config.learning_rate_at(self.progress) / config.learning_rate
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * share
        terms = evaluate(
            self.policy,
            batch,
            target=self.target,
            environment=self.environment if "log_inflow" in self.objective.needs else None,
        )
        loss = self.loss(terms, guided)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.policy.parameters(), config.gradient_clip)
        self.optimizer.step()
        self.iteration += 1
        self.follow()
        if guided:
            return
        value = loss.detach()
        self.mean_loss = value if self.mean_loss.isnan() else self.mean_loss.lerp(value, 0.02)
        if "log_behaviour" in self.objective.needs:
            ess = effective_share((terms.log_pf - terms.log_behaviour).sum(1))
            self.weights_ess = ess if self.weights_ess is None else self.weights_ess.lerp(ess, 0.02)

    def follows_a_guide(self) -> bool:
        """Draw whether the next step learns from guides."""
        if self.guides is None or self.config.guide_share == 0:
            return False
        drawn = torch.rand((), generator=self.generator, device=self.generator.device)
        return bool(drawn < self.config.guide_share)

    def loss(self, terms: FlowTerms, guided: bool) -> torch.Tensor:
        """Return the objective; for guides with their imitation, alone where the objective weighs by the behaviour."""
        if not guided:
            return self.objective(terms)
        # guides are many and not all there is: what is learned from them alone must give way to the objective
        weight = self.config.imitation * max(0.0, 1.0 - self.progress / _IMITATED)
        imitation = -weight * terms.log_pf.sum(1).mean()
        if {"log_behaviour", "log_branch"} & self.objective.needs:
            return imitation
        return self.objective(terms) + imitation

    @torch.no_grad()
    def follow(self) -> None:
        """Move the average (and now and then the target) towards the policy."""
        # while young, average over the steps there have been rather than over 1 / (1 - decay) of them
        decay = min(self.config.average_decay, (1 + self.iteration) / (10 + self.iteration))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.policy.parameters()), 1 - decay)
        if self.target is not None and self.iteration % self.config.target_update == 0:
            self.target.load_state_dict(self.policy.state_dict())

    def begins_anew(self) -> bool:
        """Plan a schedule for the time that is left, if there is some, and more training is wanted."""
        budget, done = self.config.time_budget, self.iteration - self.first
        if self.go_on is None or budget is None or self.cut_short or done < 1:
            return False
        if budget - self.seconds < _WORTHWHILE * budget or not self.go_on(self.average):
            return False
        self.cycle, self.monitored = self.iteration, 0
        self.plan_by_the_clock()
        return self.planned > self.iteration

    def plan_by_the_clock(self) -> None:
        """Plan as many iterations as the time that is left allows."""
        rate = (self.iteration - self.first) / (self.seconds - self.earlier_seconds)
        left = self.config.time_budget - self.seconds
        self.planned = self.iteration + max(int(rate * left), 0)

    def mind_the_clock(self) -> None:
        """Shorten the plan where the time budget will not allow all of it; a plan by the clock follows it."""
        done = self.iteration - self.first
        left = self.config.time_budget - self.seconds
        if self.cycle:
            if left <= 0 or done % 50 == 0:
                self.plan_by_the_clock()
        elif left <= 0:
            self.planned, self.cut_short = self.iteration, True
        elif (done % 50 == 0 or done < 50) and self.seconds > 0.02 * self.config.time_budget:
            rate = done / (self.seconds - self.earlier_seconds)
            allowed = self.iteration + max(int(rate * left), 1)
            if self.cut_short or allowed < self.config.iterations:  # once cut, the plan follows the clock
                self.planned = min(allowed, self.config.iterations)
                self.cut_short = self.planned < self.config.iterations

    def save(self) -> None:
        state = {
            "iteration": self.iteration,
            "planned": self.planned,
            "cycle": self.cycle,
            "cut_short": self.cut_short,
            "seconds": self.seconds,
        }
        save_checkpoint(self.checkpoint, self.policy, self.average, self.optimizer, self.generator, state)
