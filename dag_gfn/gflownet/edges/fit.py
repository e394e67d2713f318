"""Train a GFlowNet over edges, and draw DAGs from it."""

from typing import final

import numpy as np
from jaxtyping import Float, Float64
from torch import Tensor

from dag_gfn.budget import TimeBudget
from dag_gfn.exact.reference import MAX_ENUMERATED
from dag_gfn.gflownet.chains import guides_of
from dag_gfn.gflownet.edges.guides import guiding_dags, trajectories_to
from dag_gfn.gflownet.edges.marginal import EdgeMarginal
from dag_gfn.gflownet.edges.model import build_edge_model
from dag_gfn.gflownet.edges.result import EdgeFit
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives.importance_weights import effective_share
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.request import FitRequest, Watchers
from dag_gfn.gflownet.run import GFlowNetKind, TimedWork, run_fit
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.sampling.inflow import FlowBackward
from dag_gfn.gflownet.sampling.outcomes import OutcomeSample, sample_outcomes
from dag_gfn.gflownet.training.loop import TrainingResult
from dag_gfn.graphs.graph import adjacency_from_masks
from dag_gfn.posterior.limits import MIN_ESS
from dag_gfn.scores import ScoreTable

_MONITOR_SAMPLES = 256
_MANY_NODES = 20  # beyond, a quarter of them is drawn
_DRAWING_SHARE = 0.8  # of the time after training
_LEAST_DRAWS = 200


def fit_edges(
    table: ScoreTable,
    request: FitRequest,
    *,
    watchers: Watchers | None = None,
    budget: TimeBudget | None = None,
) -> EdgeFit:
    """Train a GFlowNet over edges, and draw DAGs from it.

    Parameters
    ----------
    table : ScoreTable
    request : FitRequest
    watchers : Watchers, optional
    budget : TimeBudget, optional
        Of the whole fit; by default `config.time_budget`, from now on.

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
    >>> from dag_gfn.gflownet.edges.fit import fit_edges
    >>> from dag_gfn.gflownet.request import FitRequest
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 3)))))
    >>> fit = fit_edges(table, FitRequest(0, default_config(3, iterations=2), 10, make_objective("modified_db")))
    >>> fit.adjacency.shape, round(float(np.exp(fit.log_probabilities).sum()), 6)  # the policy's, of all 25 DAGs
    ((10, 3, 3), 1.0)
    """
    budget = TimeBudget(request.config.time_budget) if budget is None else budget
    return run_fit(_OverEdges(table, request, Watchers() if watchers is None else watchers, budget))


@final
class _OverEdges(GFlowNetKind[OutcomeSample, EdgeFit]):
    """A GFlowNet whose every state is a DAG, and every step an edge."""

    environment: EdgeAddition

    def __init__(self, table: ScoreTable, request: FitRequest, watchers: Watchers, budget: TimeBudget):
        super().__init__(table, request, watchers, budget)
        device = self.streams.device
        self.environment = EdgeAddition(table, device=device)
        self.marginal = EdgeMarginal(table, device=device) if table.d <= MAX_ENUMERATED else None
        self.monitor_samples = _MONITOR_SAMPLES if table.d <= _MANY_NODES else _MONITOR_SAMPLES // 4

    def prepare(self) -> None:
        """Draw DAGs of Markov chains, and take them apart edge by edge."""
        if self.request.config.guide_share == 0:
            return
        streams, weights = self.streams, self.layer_weights()
        with self.budget.phase("guides"):
            guides = guides_of(weights, self.request, self.budget, self.watchers)
        with self.budget.phase("preparation"):
            dags = guiding_dags(weights, guides, rng=streams.guiding_graphs())
            self.guides = trajectories_to(self.environment, dags, generator=streams.guiding_orders())

    def build_model(self) -> FlowModel:
        request = self.request
        return build_edge_model(
            self.environment, request.objective, policy=request.policy, backward=request.backward
        )

    def works_after_training(self, untrained: FlowModel) -> list[TimedWork]:
        model = self.weighed(untrained)
        return [(self.request.num_samples, lambda k: self._drawn(model, k))]

    def weighed(self, model: FlowModel) -> FlowModel:
        """Return the model, with the flows' own backward policy where the objective learns flows into states."""
        if "log_inflow" not in self.request.objective.needs:
            return model
        return FlowModel(model.policy, backward=FlowBackward(self.environment, model.policy))

    def is_enough(self, log_weights: Float[Tensor, " k"]) -> bool:
        return float(effective_share(log_weights)) >= MIN_ESS

    def draw(self, model: FlowModel) -> OutcomeSample:
        with self.budget.phase("draws"):
            number = self.budget.affordable(
                self.request.num_samples,
                lambda k: self._drawn(model, k),
                share=_DRAWING_SHARE,
                least=_LEAST_DRAWS,
                what="graphs are drawn",
            )
            return self._drawn(model, number)

    def result(
        self,
        training: TrainingResult,
        log_probabilities: Float64[np.ndarray, " m"] | None,
        drawn: OutcomeSample,
    ) -> EdgeFit:
        return EdgeFit(
            training=training,
            adjacency=adjacency_from_masks(drawn.outcome.cpu().numpy(), self.table.d),
            log_scores=drawn.log_reward.cpu().numpy(),
            log_probabilities=log_probabilities,
            importance=ImportanceEstimate.from_log_weights(drawn.log_weight),
        )

    def _drawn(self, model: FlowModel, k: int) -> OutcomeSample:
        # a stream of its own: more or fewer training steps change the policy alone
        return sample_outcomes(
            self.environment,
            model,
            k,
            generator=self.streams.draws(),
            on_share=self.watchers.of_phase("draws"),
        )
