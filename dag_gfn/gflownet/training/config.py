"""What training is told: its options and its objective, by the number of nodes unless the user says otherwise."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.gflownet.objectives import OBJECTIVES, Objective
from dag_gfn.gflownet.sampling.exploration import EpsilonSchedule

MAX_SMALL = 6
"""Up to this many nodes distinct states are few, and a training step can afford more than one look at each."""


@dataclass(frozen=True)
class TrainConfig:
    """Every option of training.

    Attributes
    ----------
    iterations : int
        Gradient steps.
    time_budget : float or None
        Seconds after which training ends in any case. Where it is seen that the clock will not allow all
        iterations, the schedules are shortened so that they end with it.
    batch_size : int
        Trajectories in a gradient step.
    rollout_size : int
        Trajectories collected at a time.
    steps_per_rollout : int
        Gradient steps between collections.
    replay_batches : int
        Collected batches that are kept and drawn from.
    learning_rate : float
        Peak of the one-cycle schedule: linear warm-up, then a cosine down to zero.
    warmup : float
        Share of training that the warm-up takes.
    log_z_learning_rate : float
        The same of log Z, where the objective learns it.
    optimizer : {"soap", "adam"}
    exploration : EpsilonSchedule
    temperature : float
        By which the policy's log-probabilities are divided when trajectories are collected.
    replay : {"trajectories", "transitions"}
        What a gradient step draws from the collected batches.
    average_decay : float
        Decay per step of the exponential average of the weights, which is the result.
    gradient_clip : float
        Largest norm of the gradient.
    guide_share : float
        Share of gradient steps that learn from guides, where there are any.
    imitation : float
        Weight, in these steps, of the mean of -log P_F of a trajectory beside the objective, falling linearly to none
        at half of training. Over draws from the posterior it is least where the policy samples it (forward KL).
    target_update : int
        Steps between copies of the policy into a target network; 0 for none.
    monitor_every : float
        Share of training between calls of the monitor.
    checkpoint_seconds : float
        Seconds between checkpoints, where they are asked for.
    """

    iterations: int = 20_000
    time_budget: float | int | None = None
    batch_size: int = 64
    rollout_size: int = 256
    steps_per_rollout: int = 16
    replay_batches: int = 50
    learning_rate: float | int = 3e-3
    warmup: float | int = 0.05
    log_z_learning_rate: float | int = 0.1
    optimizer: str = "soap"
    exploration: EpsilonSchedule = field(default_factory=lambda: EpsilonSchedule(1.0, 0.3, 0.5))
    temperature: float | int = 1.0
    replay: str = "trajectories"
    average_decay: float | int = 0.999
    gradient_clip: float | int = 10.0
    guide_share: float | int = 0.5
    imitation: float | int = 1.0
    target_update: int = 0
    monitor_every: float | int = 0.1
    checkpoint_seconds: float | int = 60.0

    def __post_init__(self):
        for name in ("iterations", "batch_size", "rollout_size", "steps_per_rollout", "replay_batches"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < 1:
                raise OptionError(f"{name} must be a whole number, at least 1, not {value!r}")
        for name in ("learning_rate", "log_z_learning_rate", "temperature", "gradient_clip", "monitor_every"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not value > 0:
                raise OptionError(f"{name} must be a positive number, not {value!r}")
        for name in ("warmup", "average_decay"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= value < 1:
                raise OptionError(f"{name} must be a share in [0, 1), not {value!r}")
        for name, most in (("guide_share", 1), ("imitation", math.inf)):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= value <= most:
                raise OptionError(f"{name} must be a number from 0 to {most}, not {value!r}")
        if not isinstance(self.exploration, EpsilonSchedule):
            raise OptionError(f"exploration must be [start, end, until], not {self.exploration!r}")
        if self.optimizer not in ("soap", "adam"):
            raise OptionError(f"unknown optimizer '{self.optimizer}': choose soap, adam")
        if self.replay not in ("trajectories", "transitions"):
            raise OptionError(f"unknown replay '{self.replay}': choose trajectories, transitions")
        if self.time_budget is not None and not self.time_budget > 0:
            raise OptionError(f"time_budget must be a positive number of seconds, not {self.time_budget}")

    def learning_rate_at(self, progress: float) -> float:
        """Return the learning rate at a share of training in [0, 1]."""
        if progress < self.warmup:
            return self.learning_rate * (0.01 + 0.99 * progress / self.warmup)
        along = (progress - self.warmup) / (1 - self.warmup)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(along, 1.0)))


def default_config(
    d: int,
    *,
    environment: str = "edges",
    objective: str = "modified_db",
    behaviour: str = "off",
    iterations: int | None = None,
    time_budget: float | int | None = None,
    options: Mapping[str, Any] | None = None,
) -> TrainConfig:
    """Return the options of training for d nodes.

    With edges, up to 6 nodes a gradient step sees some 900 states and takes SOAP's direction; beyond, some 450 of
    longer trajectories, and Adam's. From about 7 nodes on uniformly random actions lead to dense graphs that the data
    speak against, so exploration is rarer. With layers some thousand steps suffice, on 256
    trajectories up to 6 nodes and 64 beyond.
    With ``behaviour="on"`` there is no exploration and no replay: each step learns from fresh trajectories of
    the policy itself. ``options`` sets fields of the result otherwise; ``exploration`` may be a list, of the
    parameters of `EpsilonSchedule`.

    Raises
    ------
    OptionError
        If `TrainConfig` has no such field.
    """
    options = dict(options or {})
    if isinstance(options.get("exploration"), list):
        named = dict(zip(("start", "end", "until"), options["exploration"], strict=False))
        options["exploration"] = _made("exploration", EpsilonSchedule, {}, named)
    if environment == "layers":
        chosen = _layers_config(d, behaviour, iterations, time_budget)
    else:
        chosen = _config(d, objective, behaviour, iterations, time_budget)
    return _made("training", TrainConfig, vars(chosen), options)


def _config(
    d: int, objective: str, behaviour: str, iterations: int | None, time_budget: float | int | None
) -> TrainConfig:
    small = d <= MAX_SMALL
    batch_size = 128 if small else max(8, 200 // d)
    common = {
        "iterations": min(20_000, 4_000 + 1_000 * d) if iterations is None else iterations,
        "time_budget": None if time_budget is None else float(time_budget),
        "batch_size": batch_size,
        # preconditioning takes as long as the step itself where there are d^2 inputs and few states to a step
        "optimizer": "soap" if small else "adam",
        "learning_rate": _small_learning_rate(OBJECTIVES[objective].needs) if small else 1e-3,
    }
    if behaviour == "on":
        return TrainConfig(
            **common,
            rollout_size=batch_size,
            steps_per_rollout=1,
            replay_batches=1,
            exploration=EpsilonSchedule(0.0, 0.0),
        )
    return TrainConfig(
        **common,
        rollout_size=256 if small else 64 if d <= 20 else 16,
        steps_per_rollout=16 if d <= 20 else 8,
        exploration=EpsilonSchedule(1.0, 0.3) if small else EpsilonSchedule(0.3, 0.05),
    )


def _layers_config(
    d: int, behaviour: str, iterations: int | None, time_budget: float | int | None
) -> TrainConfig:
    common = {
        "iterations": 1_500 + 150 * d if iterations is None else iterations,
        "time_budget": None if time_budget is None else float(time_budget),
        "optimizer": "soap",  # with 11 d inputs preconditioning is cheap, as it is not with the d^2 of edges
        "learning_rate": 3e-3,
    }
    if behaviour == "on":
        return TrainConfig(
            **common,
            batch_size=64,
            rollout_size=64,
            steps_per_rollout=1,
            replay_batches=1,
            exploration=EpsilonSchedule(0.0, 0.0),
            guide_share=0.0,
        )
    return TrainConfig(
        **common,
        # with few nodes most states of a batch are the same, and a larger one costs next to nothing
        batch_size=256 if d <= MAX_SMALL else 64,
        rollout_size=256,
        steps_per_rollout=8,
        replay_batches=20,
        exploration=EpsilonSchedule(0.5, 0.1) if d <= MAX_SMALL else EpsilonSchedule(0.3, 0.02),
    )


def _small_learning_rate(needs: frozenset[str]) -> float:
    """Return what suits graphs of few nodes: gradients of whole trajectories, and of scores most, are noisy."""
    if {"log_behaviour", "log_branch"} & needs:
        return 1e-3
    return 3e-3 if "whole_trajectories" in needs else 6e-3


def make_objective(name: str, options: Mapping[str, Any] | None = None) -> Objective:
    """Return an objective by name, with the given fields set.

    Raises
    ------
    OptionError
        If there is no such objective, or it has no such field.
    """
    if name not in OBJECTIVES:
        raise OptionError(f"unknown objective '{name}': choose {', '.join(OBJECTIVES)}")
    return _made(f"objective '{name}'", OBJECTIVES[name], {}, options)


def _made(what: str, kind: type, defaults: dict[str, Any], options: Mapping[str, Any] | None) -> Any:
    """Return a dataclass with the user's options over the defaults, and blame what is wrong on the options."""
    known = sorted(field.name for field in fields(kind) if field.init)
    for unknown in set(options or {}) - set(known):
        raise OptionError(f"{what} has no option '{unknown}': it has {', '.join(known) or 'none'}")
    try:
        return kind(**{**defaults, **(options or {})})
    except (TypeError, ValueError) as error:
        raise OptionError(f"{what} cannot be made with {dict(options or {})}: {error}") from error
