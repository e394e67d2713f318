"""Train a GFlowNet over root layerings with Markov chains as guides and judges, and draw from it."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from dag_gfn.budget import TimeBudget
from dag_gfn.exact.reference import MAX_ENUMERATED
from dag_gfn.gflownet.chains import Guides, guides_of
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.marginal import LayerMarginal
from dag_gfn.gflownet.layers.model import build_layer_model, fit_flow
from dag_gfn.gflownet.layers.result import WANTED_SAMPLES, LayerFit
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.objectives.importance_weights import effective_share
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.layer_network import LayerNetwork
from dag_gfn.gflownet.request import FitRequest, Watchers
from dag_gfn.gflownet.run import GFlowNetKind, TimedWork, run_fit
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.gflownet.training.replay import TrajectoryReplay
from dag_gfn.gflownet.training.report import TrainingResult
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.layerings.posterior_dags import draw_trial_dags
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.corrected_posterior import BEFORE_CORRECTION
from dag_gfn.mcmc.posterior import r_hat_seconds
from dag_gfn.posterior.limits import MAX_SHAPE
from dag_gfn.posterior.metrics import pareto_smoothed
from dag_gfn.scores import ScoreTable

_GUIDES_TOGETHER = 512
_JUDGING_BUDGET = 0.7  # of the time after guides
_PREPARING_SHARE = 0.05  # of the time that is left then, for half of building guides
_JUDGED_SHARE = 0.1  # of the time when training begins, at most, for R-hat
_CORRECTING_SHARE = 0.4  # of the same, for chains that take true scores into account, where they have to
_OWN_SHARE = 0.4  # of the time after training, for draws of the sampler
_TRIED = 256  # layerings by which times are foreseen
LEAST_LAYERINGS = 256
"""Draws of the sampler however little time is left."""
_MONITOR_SAMPLES = 512
_MOST_DRAWS = 4
_HOPELESS = 25  # gradient steps: with fewer, all that the fit knows comes from the chains that judge it


def fit_layers(
    table: ScoreTable,
    request: FitRequest,
    *,
    watchers: Watchers | None = None,
    budget: TimeBudget | None = None,
) -> LayerFit:
    """Train a GFlowNet over root layerings, and draw layerings from it.

    Markov chains of a few seconds, the guides, show where the posterior is. Training learns from their layerings and
    from those that the policy builds itself, and the flow starts from the rewards along the guides. Longer chains, the
    judges, run on another core during training. Training never sees them; its result is compared with them.

    Parameters
    ----------
    table : ScoreTable
    request : FitRequest
    watchers : Watchers, optional
    budget : TimeBudget, optional
        Of the whole fit, corrections among it; by default `config.time_budget`, from now on.

    Raises
    ------
    OptionError
        If the device cannot be used, or the objective does not go with the environment.
    TrainingError
        If training diverged.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.layers.fit import fit_layers
    >>> from dag_gfn.gflownet.request import FitRequest
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 2)))))
    >>> config = default_config(2, environment="layers", iterations=2, behaviour="on")  # without Markov chains
    >>> fit = fit_layers(table, FitRequest(0, config, 10, make_objective("subtrajectory_balance")))
    >>> fit.drawn.layer_of.shape, round(float(np.exp(fit.log_probabilities).sum()), 6)  # the policy's, of all 3 DAGs
    ((40, 2), 1.0)
    """
    budget = TimeBudget(request.config.time_budget) if budget is None else budget
    return run_fit(_OverLayers(table, request, Watchers() if watchers is None else watchers, budget))


@dataclass(frozen=True)
class _Judged:
    """Final draws of the sampler, the chains that they are compared with, and why these failed if they did."""

    drawn: WeightedLayerings
    chains: Chains | None
    judging_error: str | None


@final
class _OverLayers(GFlowNetKind[_Judged, LayerFit]):
    """A GFlowNet that builds root layerings node by node."""

    environment: RootLayers
    guides: TrajectoryReplay | None = None
    monitor_samples = _MONITOR_SAMPLES
    least_iterations = _HOPELESS

    def __init__(self, table: ScoreTable, request: FitRequest, watchers: Watchers, budget: TimeBudget):
        super().__init__(table, request, watchers, budget)
        refined = self.layer_weights()
        self.weights, self.starts = refined.weights, refined.untempered_starts()
        self.coverage = refined.coverage(table.names)
        self.uneven = refined.uneven
        self.environment = RootLayers(self.weights, device=self.streams.device)
        self.marginal = LayerMarginal(table, self.environment) if table.d <= MAX_ENUMERATED else None
        self.shown: Guides | None = None

    def prepare(self) -> None:
        """Draw the guides, let the judges begin, and build the guides' trajectories."""
        if self.request.config.guide_share == 0:
            return
        budget = self.budget
        with budget.phase("guides"):
            self.shown = guides_of(self.weights, self.request, self.budget, self.watchers, self.starts)
        share = BEFORE_CORRECTION if self.uneven else _JUDGING_BUDGET
        self.begin_judging(self.weights, share, self.starts)
        with budget.phase("preparation"):
            self.guides = self._trajectories(self.shown)

    def build_model(self) -> FlowModel:
        request = self.request
        return build_layer_model(self.environment, request.objective, self.guides, policy=request.policy)

    def adapt(self, model: FlowModel) -> None:
        """Fit the flow to the guides, beside what the network has learned elsewhere."""
        if self.guides is not None and isinstance(model.policy, LayerNetwork):
            fit_flow(model.policy, self.environment, self.guides, beside_corrections=True)

    def works_after_training(self, untrained: FlowModel) -> list[TimedWork]:
        sampler, weights, wanted = self._sampler(untrained), self.weights, self.request.num_samples
        seed, rng = self.streams.trials_seed(), self.streams.trial_graphs()
        if self.shown is None:
            tried = sampler.layerings(_TRIED, seed=seed).layer_of
        else:
            tried = self.shown.layer_of[:_TRIED]
        judged = 0 if self.judges is None else self.judges.most_layerings
        return [
            (wanted, lambda k: sampler.layerings(k, seed=seed)),
            (judged, lambda k: sampler.log_weights_of(tried[:k])),
            (wanted + judged, lambda k: edge_probabilities(weights, tried[:k].astype(np.int16))),
            (wanted, lambda k: draw_trial_dags(weights, self.table, tried[:k], rng=rng)),
        ]

    def further_seconds(self, left: float | int) -> float:
        """Return the seconds of R-hat, of chains by true scores, and of guides drawn before a run was resumed."""
        if self.shown is None:
            return 0.0
        earlier = max(self.shown.seconds - self.budget.phases["guides"], 0.0)
        if self.uneven:
            earlier += _CORRECTING_SHARE * left
        return earlier + min(r_hat_seconds(self.table.d), _JUDGED_SHARE * left)

    def is_enough(self, log_weights: Float[Tensor, " k"]) -> bool:
        """Return whether the draws will be worth enough independent ones, and their weights reliable."""
        wanted = self.request.num_samples
        if float(effective_share(log_weights)) * wanted < min(WANTED_SAMPLES, 0.5 * wanted):
            return False
        return self.marginal is not None or pareto_smoothed(log_weights.cpu().numpy())[1] <= MAX_SHAPE

    def draw(self, model: FlowModel) -> _Judged:
        sampler, seed = self._sampler(model), self.streams.trials_seed()
        with self.budget.phase("judges"):
            chains, judging_error = self.judging_chains()
        with self.budget.phase("draws"):
            number = self.budget.affordable(
                self.request.num_samples,
                lambda k: sampler.layerings(k, seed=seed),
                share=_OWN_SHARE,
                least=LEAST_LAYERINGS,
                what="layerings are drawn",
            )
            drawn = self._drawn(sampler, number, _MOST_DRAWS if chains is None else 1)
        return _Judged(drawn, chains, judging_error)

    def result(
        self,
        training: TrainingResult,
        log_probabilities: Float64[np.ndarray, " m"] | None,
        drawn: _Judged,
    ) -> LayerFit:
        return LayerFit(
            training=training,
            sampler=self._sampler(training.policy),
            log_probabilities=log_probabilities,
            drawn=drawn.drawn,
            guides=self.shown,
            chains=drawn.chains,
            num_samples=self.request.num_samples,
            seed=self.request.seed,
            judging_error=drawn.judging_error,
            uneven=self.uneven,
            coverage=self.coverage,
        )

    def _sampler(self, model: FlowModel) -> LayerSampler:
        return LayerSampler(self.table, self.weights, model)

    def _trajectories(self, guides: Guides) -> TrajectoryReplay:
        """Return the trajectories that build the guides, as many as there is time for."""
        environment, on_share = self.environment, self.watchers.of_phase("preparation")
        shown = torch.from_numpy(guides.layer_of).to(environment.device)
        number = self.budget.affordable(
            len(shown),
            lambda k: environment.state_of(shown[:k]),
            share=_PREPARING_SHARE,  # each is built twice
            least=_TRIED,
            what="layerings of Markov chains are learned from",
        )
        parts = shown[:number].split(_GUIDES_TOGETHER)
        replay = TrajectoryReplay(len(parts))
        nothing_random = torch.Generator(device=environment.device)
        for part in parts:
            finished = environment.state_of(part)
            finished = finished[finished.log_final_reward.isfinite()]
            replay.add(backward_rollout(environment, finished, generator=nothing_random))
            if on_share is not None:
                on_share(len(replay) / len(parts))
        return replay

    def _drawn(self, sampler: LayerSampler, number: int, most: int) -> WeightedLayerings:
        """Return `number` layerings, or up to `most` times as many where their weights are uneven."""
        budget, streams = self.budget, self.streams
        began = budget.elapsed()
        drawn = sampler.layerings(number, seed=streams.draws_seed(), on_share=self.watchers.of_phase("draws"))
        for further in range(1, most):
            left = budget.remaining()
            if drawn.effective_samples >= WANTED_SAMPLES:
                break
            if left is not None and left < 4 * (budget.elapsed() - began) / further:
                break
            drawn = drawn + sampler.layerings(number, seed=streams.draws_seed(further))
        return drawn
