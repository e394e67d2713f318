"""The recipe of every GFlowNet's fit: build a model, train it within the time budget, draw from it."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import OptionError, TrainingError
from dag_gfn.gflownet.chains import JudgingChains
from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.objectives.importance_weights import effective_share
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.initial_weights import DrawnFrom
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.request import FitRequest, FitStreams, Watchers
from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
from dag_gfn.gflownet.sampling.threads import single_thread
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import Teacher, train
from dag_gfn.gflownet.training.processes import TookPart
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.gflownet.training.report import TrainingResult
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.refined_weights import RefinedWeights, refined_weights
from dag_gfn.scores import ScoreTable

_log = logging.getLogger(__name__)
_GRACE = 10.0  # seconds for draws after Ctrl-C
_LEAST_TRAINING = 0.2  # of the whole time, at least
_DRAWN_SHARE = 0.4  # of the time when training begins, at most, for all that comes after it
_REST_SHARE = 0.03  # of the same, for what takes the same time for any number of draws

Draws = TypeVar("Draws")
Fit = TypeVar("Fit")
TimedWork = tuple[int, Callable[[int], object]]
"""The number of pieces of work, and a function that does a given number of them."""


class PolicyDistribution(Protocol):
    """Knows a policy's distribution over all DAGs on a few nodes."""

    def log_probabilities(self, policy: Policy) -> Float64[np.ndarray, " m"]:
        """Return log P(G) of every DAG, in the order of `enumerate_dags`."""
        ...


class GFlowNetKind(ABC, Generic[Draws, Fit]):
    """What differs between kinds of GFlowNets, for `run_fit` to call in this order.

    Parameters
    ----------
    table : ScoreTable
    request : FitRequest
    watchers : Watchers
    budget : TimeBudget

    Attributes
    ----------
    streams : FitStreams
    environment : Environment
    marginal : PolicyDistribution or None
        Where nodes are few.
    monitor_samples : int
        Draws that show how far training is.
    guides : TrajectoryReplay, Teacher or None
        Trajectories of another origin to learn from, or what knows the target otherwise.
    judges : JudgingChains or None
        Markov chains that run meanwhile, for the result to be compared with.
    least_iterations : int
        Fewer gradient steps are not worth the time that the judges could use.

    Examples
    --------
    >>> from dag_gfn.gflownet.run import GFlowNetKind
    >>> sorted(GFlowNetKind.__abstractmethods__)  # what every kind defines
    ['build_model', 'draw', 'is_enough', 'result', 'works_after_training']
    """

    environment: Environment
    marginal: PolicyDistribution | None
    monitor_samples: int
    guides: TrajectoryReplay | Teacher | None = None
    judges: JudgingChains | None = None
    least_iterations = 0

    def __init__(self, table: ScoreTable, request: FitRequest, watchers: Watchers, budget: TimeBudget):
        self.table, self.request, self.watchers, self.budget = table, request, watchers, budget
        self.streams = FitStreams(request.seed, usable_device(request.device), request.processes)

    def layer_weights(self) -> RefinedWeights:
        """Return the table with parents summed out; of several processes the leading one does it for all."""
        with self.budget.phase("parent sets"):
            return self.request.processes.shared(self._own_layer_weights)

    def _own_layer_weights(self) -> RefinedWeights:
        """Return those beside a checkpoint, as beyond 20 nodes the clock has a say in them; else new ones."""
        checkpoint, beside = self.request.checkpoint, None
        if checkpoint is not None and not self.table.is_complete:
            beside = checkpoint.with_suffix(".weights.safetensors")
            if checkpoint.exists() and beside.exists():
                return RefinedWeights.load(beside, self.table)
        refined = refined_weights(
            self.table, seed=self.request.seed, budget=self.budget, on_phase=self.watchers.on_phase
        )
        if beside is not None:
            refined.save(beside)
        return refined

    def prepare(self) -> None:
        """Do the work that precedes the model: by default none."""

    @abstractmethod
    def build_model(self) -> FlowModel:
        """Return an untrained model."""

    def adapt(self, model: FlowModel) -> None:
        """Adapt a model that begins with the parameters of another table's: by default not at all."""

    @abstractmethod
    def works_after_training(self, untrained: FlowModel) -> list[TimedWork]:
        """Return the work after training; it is tried with the untrained model to estimate its time."""

    def further_seconds(self, left: float | int) -> float:
        """Return the seconds to keep for work that cannot be tried, where so many seconds are left."""
        return 0.0

    def begin_judging(
        self, weights: LayerWeights, share: float, starts: Sequence[Int64[np.ndarray, " d"]] = ()
    ) -> None:
        """Let the judges begin, for a share of the time that is left; of several processes the leading one has them."""
        left, processes = self.budget.remaining(), self.request.processes
        if not processes.leads:
            return
        self.judges = JudgingChains(
            weights,
            starts=starts,
            seed=self.request.seed,
            training_iterations=self.request.config.iterations,
            time_limit=None if left is None else share * left,
            training_cores=processes.here,
        )

    def judging_chains(self) -> tuple[Chains | None, str | None]:
        """Wait for the judges; return their chains, or None and the error if they failed: training is not lost then."""
        if self.judges is None:
            return None, None
        try:
            return self.judges.result(self.watchers.of_phase("waiting for Markov chains")), None
        except Exception as error:
            _log.debug("the chains that judge training failed", exc_info=error)
            return None, " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")

    def least_training_seconds(self) -> float:
        """Return how long training may go on in any case: the judges still run, and would be waited for."""
        return 0.0 if self.judges is None else self.judges.remaining_seconds()

    def weighed(self, model: FlowModel) -> FlowModel:
        """Return the model with the backward policy by which its draws are weighed."""
        return model

    @abstractmethod
    def is_enough(self, log_weights: Float[Tensor, " k"]) -> bool:
        """Return whether training may end, by the importance weights of some draws."""

    @abstractmethod
    def draw(self, model: FlowModel) -> Draws:
        """Return the final draws, as many as there is time for. It may be called again after Ctrl-C."""

    @abstractmethod
    def result(
        self,
        training: TrainingResult,
        log_probabilities: Float64[np.ndarray, " m"] | None,
        drawn: Draws,
    ) -> Fit:
        """Return the fit."""

    def stop(self) -> None:
        """Ask the judges to end soon."""
        if self.judges is not None:
            self.judges.stop()


def run_fit(kind: GFlowNetKind[Draws, Fit]) -> Fit:
    """Build a model, train it within the time budget, and draw from it; Ctrl-C in training keeps the policy.

    Raises
    ------
    TrainingError
        If training diverged.
    TookPart
        Once training is over, in every process but the leading one.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.edges.fit import fit_edges  # it calls `run_fit` with the kind that adds edges
    >>> from dag_gfn.gflownet.request import FitRequest
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 2)))))
    >>> request = FitRequest(0, default_config(2, iterations=3), 10, make_objective("modified_db"))
    >>> fit_edges(table, request).training.iterations
    3
    """
    budget = kind.budget
    try:
        with single_thread(kind.streams.device):
            kind.prepare()
            with DrawnFrom(kind.streams.initial_weights()):
                model = kind.build_model()
            if kind.request.start is not None:
                _begin_with(model, kind.request.start)
                kind.adapt(model)
            config = _with_time_for_draws(kind, model)
            with budget.phase("training"):
                training = _trained(kind, model, config)
            if not kind.request.processes.leads:
                raise TookPart
            if training.given_up:
                budget.cuts.append(
                    f"the network is left almost untrained, since fewer than {config.least_iterations} gradient steps "
                    "would have been possible: the result rests on Markov chains"
                )
            if training.interrupted:
                budget.hurry(_GRACE)
                kind.stop()
            log_probabilities = (
                None if kind.marginal is None else kind.marginal.log_probabilities(training.policy)
            )
            try:
                drawn = kind.draw(training.policy)
            except KeyboardInterrupt:  # what was trained is not lost: fewer draws are quick
                budget.hurry()
                kind.stop()
                training = replace(training, interrupted=True)
                drawn = kind.draw(training.policy)
        return kind.result(training, log_probabilities, drawn)
    finally:
        kind.stop()


def usable_device(device: str) -> torch.device:
    """Return the device that torch knows by this name.

    Raises
    ------
    OptionError
        If it cannot be used here.

    Examples
    --------
    >>> from dag_gfn.gflownet.run import usable_device
    >>> usable_device("cpu")
    device(type='cpu')
    """
    try:
        place = torch.device(device)
        torch.Generator(device=place)
    except (RuntimeError, AssertionError) as error:
        raise OptionError(f"device '{device}' cannot be used: {str(error).splitlines()[0]}") from error
    return place


_OWN = ("log_z", "state_flow.start")
"""What a model keeps when it begins with the parameters of another: the evidence differs from table to table."""


def _begin_with(model: FlowModel, start: dict[str, Tensor]) -> None:
    """Give a model the parameters of another; what the other objective did not learn begins anew.

    Raises
    ------
    OptionError
        If the networks differ.
    """
    own = dict(model.named_parameters())
    differ = [
        name
        for name, value in own.items()
        if name.startswith("policy.") and (name not in start or start[name].shape != value.shape)
    ]
    if differ:
        raise OptionError(
            "the network to begin with (warm_start, --warm-start) has other sizes or parts than this one: it was "
            "trained by another version, or with another objective, backward policy or share of guides. Leave "
            "warm_start out"
        )
    taken = {
        name: value
        for name, value in start.items()
        if name in own and name not in _OWN and value.shape == own[name].shape
    }
    model.load_state_dict(model.state_dict() | taken)


def _with_time_for_draws(kind: GFlowNetKind[Draws, Fit], untrained: FlowModel) -> TrainConfig:
    """Return the options of training; its time is the part of the budget that later work is expected to leave."""
    budget, config = kind.budget, kind.request.config
    left = budget.remaining()
    if not kind.request.processes.leads:
        return replace(config, time_budget=None)  # the clock of the leading process counts
    if budget.total is None or left is None:
        return config
    works = kind.works_after_training(untrained)
    allowed = _DRAWN_SHARE * left
    with budget.phase("trials"):
        needed = sum(budget.seconds_of(number, work, allowed=allowed / len(works)) for number, work in works)
    kept = min(needed, allowed) + _REST_SHARE * left + kind.further_seconds(left)
    least = max(_LEAST_TRAINING * budget.total, kind.least_training_seconds())
    seconds = max((budget.remaining() or 0.0) - kept, least)
    asked = (
        kind.request.iterations_given or kind.request.start is not None
    )  # a network of another table is worth more
    if kind.judges is not None and not asked:
        config = replace(config, least_iterations=max(config.least_iterations, kind.least_iterations))
    return replace(config, time_budget=seconds)


def _trained(kind: GFlowNetKind[Draws, Fit], model: FlowModel, config: TrainConfig) -> TrainingResult:
    """Train, and return the averaged model as its draws are weighed."""

    def log_weights(averaged: FlowModel) -> Float[Tensor, " k"]:
        sample = sample_outcomes(
            kind.environment,
            kind.weighed(averaged),
            kind.monitor_samples,
            generator=kind.streams.monitor(),
        )
        return sample.log_weight

    def monitor(averaged: FlowModel) -> dict[str, float]:
        figures = {"ess": float(effective_share(log_weights(averaged)))}
        if kind.marginal is not None and kind.watchers.judge is not None:
            figures |= kind.watchers.judge(kind.marginal.log_probabilities(averaged))
        return figures

    def goes_on(averaged: FlowModel) -> bool:
        return not kind.is_enough(log_weights(averaged))

    leads = kind.request.processes.leads
    try:
        training = train(
            kind.environment,
            model,
            kind.request.objective,
            config,
            generator=kind.streams.training(),
            guides=kind.guides,
            monitor=monitor if leads else None,
            go_on=goes_on if leads and not kind.request.iterations_given else None,
            on_report=kind.watchers.on_report if leads else None,
            checkpoint=kind.request.checkpoint if leads else None,
            processes=kind.request.processes,
        )
    except (FloatingPointError, torch.linalg.LinAlgError) as error:
        raise TrainingError(
            f"{error}; try another seed, or look for columns whose scores are extreme"
        ) from error
    return replace(training, policy=kind.weighed(training.policy))
