"""The options of training, and their default values by the number of nodes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.gflownet.objectives import OBJECTIVES, Objective
from dag_gfn.gflownet.sampling.exploration import EpsilonSchedule

MAX_SMALL = 6
"""Up to this many nodes, batches hold few distinct states and larger batches cost little."""


@dataclass(frozen=True)
class TrainConfig:
    """Every option of training.

    Attributes
    ----------
    iterations : int
        Gradient steps.
    time_budget : float or None
        Seconds after which training ends in any case. If the speed shows that not all iterations will fit, the
        schedules are shortened so that they end in time.
    batch_size : int
        Trajectories in a gradient step.
    rollout_size : int
        Trajectories collected at a time.
    steps_per_rollout : int
        Gradient steps between collections.
    replay_batches : int
        Collected batches from which gradient steps draw.
    learning_rate : float
        Peak of the one-cycle schedule: a linear warm-up, then a cosine to zero.
    warmup : float
        Share of training that the warm-up takes.
    log_z_learning_rate : float
        Peak learning rate of log Z, if the objective learns it.
    optimizer : {"soap", "adam"}
    exploration : EpsilonSchedule
        Probability of a uniformly random action when trajectories are collected.
    temperature : float
        When trajectories are collected, the policy's log-probabilities are divided by it.
    replay : {"trajectories", "transitions"}
        What a gradient step draws from the collected batches: whole trajectories or single steps.
    average_decay : float
        Decay per step of the exponential average of the weights; the average is the result of training.
    gradient_clip : float
        Largest norm of the gradient.
    guide_share : float
        Share of gradient steps that learn from guides, if there are any.
    guided_states : int
        Over edges, states of guiding graphs in such a step.
    imitation : float
        Where guides are whole trajectories, the weight of the imitation loss in these steps: the mean of -log P_F of
        the guides is added to the objective. The weight falls linearly to zero at half of training. Over draws from the
        posterior this loss is the forward KL up to a constant, smallest if the policy samples the posterior.
    target_update : int
        Steps between copies of the policy into a target network; 0 for none.
    monitor_every : float
        Share of training between calls of the monitor.
    checkpoint_seconds : float
        Seconds between checkpoints, if there are any.
    least_iterations : int
        Training ends at once where its first steps show that a time budget allows fewer than these.

    Raises
    ------
    OptionError
        If a value is out of range.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.config import TrainConfig
    >>> config = TrainConfig(iterations=1000, learning_rate=0.004, warmup=0.1)
    >>> [round(config.learning_rate_at(progress), 6) for progress in (0.0, 0.1, 0.55, 1.0)]
    [4e-05, 0.004, 0.002, 0.0]
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
    guided_states: int = 256
    imitation: float | int = 1.0
    target_update: int = 0
    monitor_every: float | int = 0.1
    checkpoint_seconds: float | int = 60.0
    least_iterations: int = 0

    def __post_init__(self):
        counts = (
            "iterations",
            "batch_size",
            "rollout_size",
            "steps_per_rollout",
            "replay_batches",
            "guided_states",
        )
        for name in counts:
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < 1:
                raise OptionError(f"{name} must be a whole number, at least 1, not {value!r}")
        if not isinstance(self.least_iterations, Integral) or self.least_iterations < 0:
            raise OptionError(f"least_iterations must be a whole number, not {self.least_iterations!r}")
        for name in ("learning_rate", "log_z_learning_rate", "temperature", "gradient_clip", "monitor_every"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not float(value) > 0:
                raise OptionError(f"{name} must be a positive number, not {value!r}")
        for name in ("warmup", "average_decay"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= float(value) < 1:
                raise OptionError(f"{name} must be a share in [0, 1), not {value!r}")
        for name, most in (("guide_share", 1), ("imitation", math.inf)):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= float(value) <= most:
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

    Environment "edges": up to 6 nodes a gradient step uses about 900 states and the optimiser SOAP, beyond about 250
    states of longer trajectories and Adam. From 7 nodes on exploration is rarer, since uniformly random actions lead to
    dense graphs of low probability. Environment "layers": a few thousand steps, on 256 trajectories up to 6 nodes and
    64 beyond. With ``behaviour="on"`` there is no exploration and no replay: each step uses fresh trajectories of the
    policy itself.

    Parameters
    ----------
    d : int
        Number of nodes.
    environment : {"edges", "layers"}
    objective : str
        A name in `OBJECTIVES`.
    behaviour : {"off", "on"}
    iterations, time_budget : optional
        Of `TrainConfig`; by default the iterations follow from d, and there is no time budget.
    options : mapping, optional
        Other fields of `TrainConfig`, which replace the defaults; ``exploration`` may be a list of the parameters of
        `EpsilonSchedule`.

    Raises
    ------
    OptionError
        If `TrainConfig` has no such field, or a value is out of range.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.config import default_config
    >>> config = default_config(20, environment="layers", options={"exploration": [0.5, 0.1], "batch_size": 32})
    >>> config.iterations, config.batch_size, config.exploration.start
    (4500, 32, 0.5)
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
    guided = (
        not small and behaviour == "off"
    )  # few nodes have few DAGs: all of them are met without being shown
    batch_size = 128 if small else max(4, 80 // d) if guided else max(8, 200 // d)
    common = TrainConfig(
        iterations=min(20_000, 4_000 + 1_000 * d) if iterations is None else iterations,
        time_budget=None if time_budget is None else float(time_budget),
        batch_size=batch_size,
        # with d^2 inputs and few states in a step, preconditioning would take as long as the step itself
        optimizer="soap" if small else "adam",
        learning_rate=_small_learning_rate(OBJECTIVES[objective].needs) if small else 1e-3,
        guide_share=0.5 if guided else 0.0,
    )
    if behaviour == "on":
        return replace(
            common,
            rollout_size=batch_size,
            steps_per_rollout=1,
            replay_batches=1,
            exploration=EpsilonSchedule(0.0, 0.0),
        )
    return replace(
        common,
        rollout_size=256 if small else 32 if d <= 20 else 16,
        steps_per_rollout=16 if d <= 20 else 8,
        exploration=EpsilonSchedule(1.0, 0.3) if small else EpsilonSchedule(0.3, 0.05),
    )


def _layers_config(
    d: int, behaviour: str, iterations: int | None, time_budget: float | int | None
) -> TrainConfig:
    common = TrainConfig(
        iterations=1_500 + 150 * d if iterations is None else iterations,
        time_budget=None if time_budget is None else float(time_budget),
        optimizer="soap",  # preconditioning is cheap with 11 d inputs, unlike the d^2 inputs with edges
        learning_rate=3e-3,
    )
    if behaviour == "on":
        return replace(
            common,
            batch_size=64,
            rollout_size=64,
            steps_per_rollout=1,
            replay_batches=1,
            exploration=EpsilonSchedule(0.0, 0.0),
            guide_share=0.0,
        )
    return replace(
        common,
        # with few nodes most states of a batch are equal, and a larger batch costs little
        batch_size=256 if d <= MAX_SMALL else 64,
        rollout_size=256,
        steps_per_rollout=8,
        replay_batches=20,
        exploration=EpsilonSchedule(0.5, 0.1) if d <= MAX_SMALL else EpsilonSchedule(0.3, 0.02),
    )


def _small_learning_rate(needs: frozenset[str]) -> float:
    """Return the learning rate for few nodes, by how noisy the gradients of the objective are.

    Those of whole trajectories are noisier than those of transitions, and score-function gradients are the noisiest.
    """
    if {"log_behaviour", "log_branch"} & needs:
        return 1e-3
    return 3e-3 if "whole_trajectories" in needs else 6e-3


def make_objective(name: str, options: Mapping[str, Any] | None = None) -> Objective:
    """Return an objective by its name, with the given options.

    Raises
    ------
    OptionError
        If there is no such objective, it has no such option, or a value is out of range.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.config import make_objective
    >>> make_objective("trajectory_balance", {"huber_delta": 2.0})
    TrajectoryBalance(huber_delta=2.0)
    """
    if name not in OBJECTIVES:
        raise OptionError(f"unknown objective '{name}': choose {', '.join(OBJECTIVES)}")
    return _made(f"objective '{name}'", OBJECTIVES[name], {}, options)


def _made(what: str, kind: type, defaults: dict[str, Any], options: Mapping[str, Any] | None) -> Any:
    """Return an instance of a dataclass with the options over the defaults; errors name the options."""
    known = sorted(field.name for field in fields(kind) if field.init)
    for unknown in set(options or {}) - set(known):
        raise OptionError(f"{what} has no option '{unknown}': it has {', '.join(known) or 'none'}")
    try:
        return kind(**{**defaults, **(options or {})})
    except (TypeError, ValueError) as error:
        raise OptionError(f"{what} cannot be made with {dict(options or {})}: {error}") from error
