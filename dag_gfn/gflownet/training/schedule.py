"""How many gradient steps a training takes: its options say, and a time budget can shorten or extend the plan."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dag_gfn.compilation import working_seconds
from dag_gfn.gflownet.training.config import TrainConfig

_WORTHWHILE = 0.05
"""Share of the time budget that must be left for another cycle of training."""
_FIRST_STEPS = 4
"""Gradient steps that show how many there is time for. The first collects trajectories, and the optimiser begins in the
second, so that the cost of a step is that of the last two."""
_MONITORING = 0.1
"""Share of the time of training that the monitor may have taken when it is called again, where there is a budget."""

logger = logging.getLogger(__name__)


class Schedule:
    """The planned iterations of a training, how many are done, and the time that they took.

    With a time budget the plan is shortened where the speed so far shows that not all iterations will fit, or ended
    where hardly any will. When all are done and time is left, another cycle can begin; its length follows from the
    speed so far.

    Parameters
    ----------
    config : TrainConfig
        Its `iterations`, `least_iterations`, `steps_per_rollout`, `time_budget` and `monitor_every` are used.

    Attributes
    ----------
    iteration : int
        Gradient steps done.
    planned : int
        Gradient steps after which training ends, as far as is known now.
    cycle : int
        Iteration at which the current cycle began: learning rate and exploration follow the progress since then.
    cut_short : bool
        Whether the time budget has shortened the plan.
    given_up : bool
        Whether it has ended it after the first few, since fewer than `least_iterations` were possible.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.config import TrainConfig
    >>> from dag_gfn.gflownet.training.schedule import Schedule
    >>> schedule = Schedule(TrainConfig(iterations=200))
    >>> schedule.iteration = 50
    >>> schedule.planned, schedule.progress
    (200, 0.25)
    """

    def __init__(self, config: TrainConfig):
        self.iterations, self.least_iterations = config.iterations, config.least_iterations
        self.steps_per_rollout = config.steps_per_rollout
        self.time_budget = config.time_budget
        self.monitor_every = config.monitor_every
        self.iteration = 0
        self.planned = config.iterations
        self.cycle = 0
        self.cut_short = self.given_up = False
        self._first = 0  # iteration at which this run began; above 0 if it continues an earlier one
        self._earlier_seconds = 0.0
        self._until_step: dict[int, float] = {}  # seconds until the first steps of this run
        self._monitored, self._monitor_seconds = 0, 0.0  # calls in this cycle, and the time of all of them
        self._started = working_seconds()

    def start(self) -> None:
        """Start the clock."""
        self._started = working_seconds()
        self._monitored = self._monitor_calls  # a resumed run does not repeat the calls before it

    @property
    def seconds(self) -> float:
        """Time of training in seconds, earlier runs of a resumed training included."""
        return self._earlier_seconds + working_seconds() - self._started

    @property
    def progress(self) -> float:
        """Share of the current cycle that is done, in [0, 1]."""
        return min((self.iteration - self.cycle) / max(self.planned - self.cycle, 1), 1.0)

    @property
    def done(self) -> bool:
        """Whether all planned iterations are done."""
        return self.iteration >= self.planned

    @property
    def _monitor_calls(self) -> int:
        """Number of calls of the monitor that are planned in the current cycle until now."""
        return int(self.progress / self.monitor_every + 1e-9)

    def monitor_is_due(self) -> bool:
        """Return whether it is time for the monitor, and it has not taken too much of a time budget already."""
        if self._monitor_calls <= self._monitored:
            return False
        affordable = self._monitor_seconds <= _MONITORING * self.seconds
        return affordable or self.done or self.time_budget is None

    @contextmanager
    def monitoring(self) -> Iterator[None]:
        """Take note, within the block, that the monitor is called."""
        self._monitored, began = self._monitor_calls, working_seconds()
        yield
        self._monitor_seconds += working_seconds() - began

    def check_time(self) -> None:
        """Shorten the plan if the time budget does not allow all of it; adjust it in a later cycle."""
        if self.time_budget is None:
            return
        done = self.iteration - self._first
        left = self.time_budget - self.seconds
        if done <= 2:
            self._until_step[done] = self._step_seconds
        if done == _FIRST_STEPS and self._possible(left) < self.least_iterations:
            logger.info("the time budget of %g s allows few steps only: training ends", self.time_budget)
            self.planned, self.cut_short, self.given_up = self.iteration, True, True
            return
        if self.cycle:
            if left <= 0 or done % 50 == 0:
                self._plan_by_time(self.time_budget)
        elif left <= 0:
            self.planned, self.cut_short = self.iteration, True
        elif (done % 50 == 0 or done < 50) and self.seconds > 0.02 * self.time_budget:
            rate = done / (self.seconds - self._earlier_seconds)
            allowed = self.iteration + max(int(rate * left), 1)
            if self.cut_short or allowed < self.iterations:  # once it is cut, the plan follows the clock
                before, self.planned = self.cut_short, min(allowed, self.iterations)
                self.cut_short = self.planned < self.iterations
                if self.cut_short and not before:
                    logger.info(
                        "the time budget of %g s allows about %d of %d iterations: the schedules are shortened",
                        self.time_budget,
                        self.planned,
                        self.iterations,
                    )

    @property
    def _step_seconds(self) -> float:
        """Time of the steps of this run, without that of the monitor."""
        return self.seconds - self._earlier_seconds - self._monitor_seconds

    def _possible(self, left: float | int) -> float:
        """Return about how many steps there is time for, after the first few."""
        step = (self._step_seconds - self._until_step[2]) / (_FIRST_STEPS - 2)
        collecting = max(self._until_step[1] - step, 0.0) / self.steps_per_rollout
        return self.iteration + left / max(step + collecting, 1e-9)

    def has_time_for_another_cycle(self) -> bool:
        """Return whether all iterations are done and enough of the time budget is left."""
        if self.time_budget is None or self.cut_short or self.iteration - self._first < 1:
            return False
        return self.time_budget - self.seconds >= _WORTHWHILE * self.time_budget

    def begin_another_cycle(self) -> bool:
        """Plan as many iterations as the time that is left allows, and return whether there are any."""
        if self.time_budget is None:
            return False
        self.cycle, self._monitored = self.iteration, 0
        self._plan_by_time(self.time_budget)
        return self.planned > self.iteration

    def _plan_by_time(self, time_budget: float | int) -> None:
        rate = (self.iteration - self._first) / (self.seconds - self._earlier_seconds)
        self.planned = self.iteration + max(int(rate * (time_budget - self.seconds)), 0)

    @property
    def plan(self) -> list[float]:
        """What is decided by a clock; in other processes `follow` takes it over."""
        return [float(self.planned), float(self.cycle), float(self.cut_short)]

    def follow(self, plan: list[float]) -> None:
        """Take over the plan of another process at the same iteration."""
        self.planned, self.cycle, self.cut_short = int(plan[0]), int(plan[1]), bool(plan[2])

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps, as JSON can hold it."""
        return {
            "iteration": self.iteration,
            "planned": self.planned,
            "cycle": self.cycle,
            "cut_short": self.cut_short,
            "seconds": self.seconds,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Continue from the state of a checkpoint."""
        self.iteration, self.planned = state["iteration"], state["planned"]
        self.cut_short, self._earlier_seconds = state["cut_short"], state["seconds"]
        self.cycle = state.get("cycle", 0)
        self._first = self.iteration
