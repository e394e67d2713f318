"""How training goes, and what comes of it."""

from dataclasses import dataclass

from dag_gfn.gflownet.policies.flow_model import FlowModel


@dataclass(frozen=True)
class TrainingReport:
    """How training goes, at one iteration.

    Attributes
    ----------
    iteration, planned_iterations : int
        Gradient steps done, and those planned as far as is known.
    loss : float
        Running mean; NaN before the first step.
    epsilon : float
        Probability of a uniformly random action when trajectories are collected.
    seconds : float
        Since the start, earlier runs of a resumed training included.
    metrics : dict
        The last answer of the monitor.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.report import TrainingReport
    >>> report = TrainingReport(50, 200, loss=0.25, epsilon=0.3, seconds=1.5, metrics={"ess": 0.8})
    >>> report.iteration / report.planned_iterations
    0.25
    """

    iteration: int
    planned_iterations: int
    loss: float
    epsilon: float
    seconds: float
    metrics: dict[str, float]


@dataclass(frozen=True)
class TrainingResult:
    """The trained policy, and how training went.

    Attributes
    ----------
    policy : FlowModel
        With the average of the weights.
    iterations : int
        Gradient steps done.
    history : list of TrainingReport
        One for each call of the monitor.
    cut_short : bool
        Whether the time budget shortened the schedule.
    given_up : bool
        Whether training ended after its first steps, since the time budget would have allowed hardly more.
    interrupted : bool
        Whether Ctrl-C ended training.
    seconds : float

    Examples
    --------
    >>> from dag_gfn.gflownet.policies.flow_model import FlowModel
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.training.report import TrainingResult
    >>> result = TrainingResult(FlowModel(UniformPolicy()), 100, [], cut_short=True, interrupted=False, seconds=2.0)
    >>> result.iterations, result.cut_short
    (100, True)
    """

    policy: FlowModel
    iterations: int
    history: list[TrainingReport]
    cut_short: bool
    interrupted: bool
    seconds: float
    given_up: bool = False
