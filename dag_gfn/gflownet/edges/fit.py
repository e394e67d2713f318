"""Train a GFlowNet over edges, and draw DAGs from it."""

from collections.abc import Callable
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from dag_gfn.budget import TimeBudget
from dag_gfn.exact.reference import MAX_ENUMERATED
from dag_gfn.gflownet.chains import guides_of
from dag_gfn.gflownet.edges.guides import guiding_dags, trajectories_to
from dag_gfn.gflownet.edges.imitation import StateImitation
from dag_gfn.gflownet.edges.marginal import EdgeMarginal
from dag_gfn.gflownet.edges.model import build_edge_model, learns_backward
from dag_gfn.gflownet.edges.moves import MovedDraws, moved
from dag_gfn.gflownet.edges.result import EdgeFit
from dag_gfn.gflownet.env.dag_state import closure
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives.importance_weights import effective_share
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.request import FitRequest, Watchers
from dag_gfn.gflownet.run import GFlowNetKind, TimedWork, run_fit
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.sampling.inflow import FlowBackward
from dag_gfn.gflownet.sampling.outcomes import OutcomeSample, sample_outcomes
from dag_gfn.gflownet.sampling.redo import log_weights_of
from dag_gfn.gflownet.training.report import TrainingResult
from dag_gfn.graphs.graph import adjacency_from_masks, parent_masks
from dag_gfn.layerings.family_posterior import FamilyPosterior
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.posterior import r_hat_seconds
from dag_gfn.posterior.limits import MIN_ESS
from dag_gfn.scores import ScoreTable

_MONITOR_SAMPLES = 256
_MANY_NODES = 6  # beyond, a quarter of them is drawn: trajectories are long
_DRAWING_SHARE = 0.8  # of the time after training
_LEAST_DRAWS = 200
_CHAINS, _ROUNDS = 1_000, 8  # draws that are moved, and how often
_ROUNDS_LEFT = 2.2  # rounds for which time must be left, to begin another: it, and weighing where it leads
_LEAST_STARTS = _TOGETHER = 100  # draws after which the clock is looked at
_R_HAT_SHARE = 0.1  # of the time when training begins, at most, for R-hat
_JUDGING_BUDGET = 0.12  # of the time after guides: they slow training down
_SETS_OF_A_NODE = 256


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


class _Moved(NamedTuple):
    """Draws of the policy, where moves have brought them, and the chains that these are compared with."""

    drawn: OutcomeSample
    after: MovedDraws | None
    log_weights_after: Float64[np.ndarray, " n"] | None
    chains: Chains | None
    judging_error: str | None


@final
class _OverEdges(GFlowNetKind[_Moved, EdgeFit]):
    """A GFlowNet whose every state is a DAG, and every step an edge."""

    environment: EdgeAddition
    families: FamilyPosterior | None = None
    weights: LayerWeights | None = None

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
        streams, weights = self.streams, self.layer_weights().weights
        self.weights = weights
        with self.budget.phase("guides"):
            guides = guides_of(weights, self.request, self.budget, self.watchers)
        if not weights.has_outside:  # else the edges of chains would have to be corrected first
            self.begin_judging(weights, _JUDGING_BUDGET)
        with self.budget.phase("preparation"):
            dags = guiding_dags(weights, guides, rng=streams.guiding_graphs())
            if self.uses_families():
                self.families = FamilyPosterior.of_layerings(weights, guides.layer_of, most=_SETS_OF_A_NODE)
                self.guides = StateImitation(
                    self.environment,
                    torch.from_numpy(parent_masks(dags)),
                    num_states=self.request.config.guided_states,
                )
            else:
                self.guides = trajectories_to(self.environment, dags, generator=streams.guiding_orders())

    def uses_families(self) -> bool:
        """Return whether the network begins with parent sets of guides.

        Its outputs are probabilities, not the flows that flow matching needs; and what it imitates is right for the
        uniform backward policy alone.
        """
        return self.request.policy == "mlp" and self.has_uniform_backward()

    def build_model(self) -> FlowModel:
        request = self.request
        return build_edge_model(
            self.environment,
            request.objective,
            policy=request.policy,
            backward=request.backward,
            families=self.families,
        )

    def works_after_training(self, untrained: FlowModel) -> list[TimedWork]:
        model = self.weighed(untrained)
        if not self.moves_draws():
            return [(self.request.num_samples, lambda k: self._drawn(model, k))]
        # a round of moves, and the weights of where they lead, take about as long as the draws
        return [(self._chains() * (_ROUNDS + 2), lambda k: self._drawn(model, k))]

    def further_seconds(self, left: float | int) -> float:
        """Return the seconds of R-hat."""
        return 0.0 if self.judges is None else min(r_hat_seconds(self.table.d), _R_HAT_SHARE * left)

    def moves_draws(self) -> bool:
        """Return whether draws are moved: there are guides, and the backward policy is the uniform one."""
        return self.weights is not None and self.has_uniform_backward()

    def has_uniform_backward(self) -> bool:
        """Return whether the backward policy is the uniform one: neither learned nor that of flows into states."""
        objective = self.request.objective
        return not learns_backward(objective, self.request.backward) and "log_inflow" not in objective.needs

    def weighed(self, model: FlowModel) -> FlowModel:
        """Return the model, with the flows' own backward policy where the objective learns flows into states."""
        if "log_inflow" not in self.request.objective.needs:
            return model
        return FlowModel(model.policy, backward=FlowBackward(self.environment, model.policy))

    def is_enough(self, log_weights: Float[Tensor, " k"]) -> bool:
        return float(effective_share(log_weights)) >= MIN_ESS

    def draw(self, model: FlowModel) -> _Moved:
        moves = self.moves_draws()
        with self.budget.phase("judges"):
            chains, judging_error = self.judging_chains()
        began = self.budget.elapsed()
        with self.budget.phase("draws"):
            drawn = self._starts(model) if moves else self._final(model)
        seconds = self.budget.elapsed() - began
        after, log_weights = None, None
        if self.weights is not None and moves and self._has_time_for(_ROUNDS_LEFT * seconds):
            with self.budget.phase("moves"):
                after = self._after_moves(model, drawn, self.weights)
            rounds = len(after.parents)
            if rounds < _ROUNDS:
                self.budget.cuts.append(f"graphs are moved {rounds} times instead of {_ROUNDS}")
            if self._has_time_for(seconds):
                with self.budget.phase("evidence"):
                    log_weights = self._log_weights_of(model, after)
        return _Moved(drawn, after, log_weights, chains, judging_error)

    def _has_time_for(self, seconds: float) -> bool:
        left = self.budget.remaining()
        return left is None or left > seconds

    def _chains(self) -> int:
        return min(_CHAINS, self.request.num_samples)

    def _final(self, model: FlowModel) -> OutcomeSample:
        """Return the draws that are the result, as many as there is time for."""
        number = self.budget.affordable(
            self.request.num_samples,
            lambda k: self._drawn(model, k),
            share=_DRAWING_SHARE,
            least=_LEAST_DRAWS,
            what="graphs are drawn",
        )
        return self._drawn(model, number, self.watchers.of_phase("draws"))

    def _starts(self, model: FlowModel) -> OutcomeSample:
        """Return the draws that moves begin at: as many as leave time for the rounds, of which each takes as long."""
        budget, wanted, generator = self.budget, self._chains(), self.streams.draws()
        left, began = budget.remaining(), budget.elapsed()
        parts: list[OutcomeSample] = []
        most = None if left is None else _DRAWING_SHARE * left / (_ROUNDS + 1)
        on_share, number = self.watchers.of_phase("draws"), 0
        while number < wanted:
            if most is not None and number >= _LEAST_STARTS and budget.elapsed() - began > most:
                budget.cuts.append(f"{number:,} graphs are drawn instead of {wanted:,}")
                break
            size = min(_TOGETHER, wanted - number)
            parts.append(sample_outcomes(self.environment, model, size, generator=generator))
            number += size
            if on_share is not None:
                on_share(number / wanted)
        return OutcomeSample(
            torch.cat([part.outcome for part in parts]),
            torch.cat([part.log_reward for part in parts]),
            torch.cat([part.log_weight for part in parts]),
        )

    def _after_moves(self, model: FlowModel, drawn: OutcomeSample, weights: LayerWeights) -> MovedDraws:
        """Move the draws, as often as there is time for."""
        budget, streams = self.budget, self.streams
        began, on_share = budget.elapsed(), self.watchers.of_phase("moves")

        def goes_on(done: int) -> bool:
            if on_share is not None:
                on_share(done / _ROUNDS)
            return self._has_time_for(_ROUNDS_LEFT * (budget.elapsed() - began) / done)

        return moved(
            self.environment,
            model,
            drawn.outcome[drawn.log_reward.isfinite()],
            None if weights.has_outside else weights,
            rounds=_ROUNDS,
            generator=streams.moves(),
            rng=streams.moved_graphs(),
            goes_on=goes_on,
        )

    def _log_weights_of(self, model: FlowModel, after: MovedDraws) -> Float64[np.ndarray, " n"]:
        """Return the log-weights of trajectories to where each chain has come."""
        environment, ends = self.environment, torch.from_numpy(after.parents[-1]).to(self.environment.device)
        graphs = environment.state_of(ends, closure(ends))
        return log_weights_of(environment, model, graphs, generator=self.streams.weighing()).cpu().numpy()

    def result(
        self,
        training: TrainingResult,
        log_probabilities: Float64[np.ndarray, " m"] | None,
        drawn: _Moved,
    ) -> EdgeFit:
        own = drawn.drawn
        return EdgeFit(
            training=training,
            adjacency=adjacency_from_masks(own.outcome.cpu().numpy(), self.table.d),
            log_scores=own.log_reward.cpu().numpy(),
            log_weights=own.log_weight.cpu().numpy(),
            log_probabilities=log_probabilities,
            importance=ImportanceEstimate.from_log_weights(own.log_weight),
            moved=drawn.after,
            moved_log_weights=drawn.log_weights_after,
            chains=drawn.chains,
            judging_error=drawn.judging_error,
        )

    def _drawn(
        self, model: FlowModel, k: int, on_share: Callable[[float], None] | None = None
    ) -> OutcomeSample:
        # a stream of its own: more or fewer training steps change the policy alone
        return sample_outcomes(self.environment, model, k, generator=self.streams.draws(), on_share=on_share)
