"""The result of a GFlowNet over edges: its samples, and the posterior that they estimate."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.budget import TimeBudget
from dag_gfn.gflownet.edges.moves import MovedDraws
from dag_gfn.gflownet.edges.sampler import EdgeSampler
from dag_gfn.gflownet.record import importance_of, policy_posterior, training_record, training_seconds
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.report import TrainingResult
from dag_gfn.graphs.graph import parent_masks
from dag_gfn.layerings.bridge_sampling import bridge
from dag_gfn.mcmc.agreement import edges_of_chains, tempering_of
from dag_gfn.mcmc.chains import Chains
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.diagnostic_parts import Importance, Moves
from dag_gfn.posterior.diagnostics import EdgeDiagnostics
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.posterior.missing_mass import draws_by_errors, unmet_mass, with_least_errors
from dag_gfn.scores import ScoreTable

_JUDGED_SHARE = 0.3  # of the time that is left, at most, for R-hat


@dataclass(frozen=True)
class EdgeFit:
    """A trained GFlowNet's samples.

    Attributes
    ----------
    training : TrainingResult
    adjacency : ndarray, shape (k, d, d), bool
        Sampled graphs; ``adjacency[s, i, j]`` is True for i -> j in draw s.
    log_scores, log_weights : ndarray, shape (k,), float64
        log R of each, and the log-weight of its trajectory, in nats.
    log_probabilities : ndarray, shape (m,), float64, or None
        The policy's exact distribution over all DAGs, in the order of `enumerate_dags`, where d <= 5.
    importance : ImportanceEstimate
    moved : MovedDraws or None
        The draws after moves of the policy.
    moved_log_weights : ndarray, shape (n,), float64, or None
        log R + log P_B - log P_F of a trajectory to where each chain of moves has come.
    chains : Chains or None
        The Markov chains that the result is compared with.
    judging_error : str or None
        What went wrong with these, where there should have been some.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.gflownet.edges.fit import fit_edges
    >>> from dag_gfn.gflownet.request import FitRequest
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> config = default_config(2, environment="edges", iterations=2)
    >>> fit = fit_edges(table, FitRequest(0, config, 10, make_objective("modified_db")))
    >>> len(fit.result(table, config).posterior)  # the policy over all 3 DAGs
    3
    """

    training: TrainingResult
    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    log_weights: Float64[np.ndarray, " k"]
    log_probabilities: Float64[np.ndarray, " m"] | None
    importance: ImportanceEstimate
    moved: MovedDraws | None = None
    moved_log_weights: Float64[np.ndarray, " n"] | None = None
    chains: Chains | None = None
    judging_error: str | None = None

    def result(
        self, table: ScoreTable, config: TrainConfig, *, budget: TimeBudget | None = None
    ) -> MethodResult:
        """Return the posterior, with the diagnostics.

        It is the policy's exact distribution over DAGs where that is known, else the moved draws, else the draws.

        Parameters
        ----------
        table : ScoreTable
        config : TrainConfig
        budget : TimeBudget, optional
            Of the whole fit.
        """
        budget = TimeBudget() if budget is None else budget
        upper = None if self.moved_log_weights is None else float(self.moved_log_weights.mean())
        importance = importance_of(self.importance, len(self.adjacency), log_z_upper=upper)
        evidence = self._evidence(importance)
        mass: float | None = None
        agreement, tempering, of_chains = None, None, None
        if self.chains is not None:
            with budget.phase("judging", shown="R-hat of the chains"):
                left = budget.remaining()
                of_chains, agreement = edges_of_chains(
                    self.chains, seconds=None if left is None else _JUDGED_SHARE * left
                )
                tempering = tempering_of(self.chains)
        moves = None
        if self.log_probabilities is not None:
            posterior = policy_posterior(table, self.log_probabilities, log_evidence=evidence.log_z)
        elif self.moved is not None:
            posterior, moves = self._of_moved(table, self.moved)
            mass = unmet_mass(posterior.effective_samples or 1.0)
            edge = with_least_errors(posterior.marginal("edge"), mass, table.constraints.open_pairs())
            posterior = replace(
                posterior, log_evidence=evidence.log_z, marginals={**posterior.marginals, "edge": edge}
            )
        else:
            posterior = GraphPosterior.from_samples(
                table.names, self.adjacency, self.log_scores, log_evidence=evidence.log_z
            )
        edge = posterior.marginal("edge")
        apart = None if of_chains is None else float(np.abs(edge.values - of_chains.values).max())
        return MethodResult(
            posterior=replace(posterior, sampler=EdgeSampler(table, self.training.policy)),
            diagnostics=EdgeDiagnostics(
                iterations=self.training.iterations,
                cut_short_by_time_budget=self.training.cut_short,
                importance=importance,
                agreement=agreement,
                tempering=tempering,
                uncounted_mass=mass,
                moves=moves,
                chain_edge_difference=apart,
                max_edge_standard_error=None if moves is None else float(edge.errors().max()),
                judging_error=self.judging_error,
            ),
            evidence=evidence,
            interrupted=self.training.interrupted
            or (self.chains is not None and self.chains.interrupted)
            or (self.moved is not None and self.moved.interrupted),
            timing=training_seconds(self.training),
            training=training_record(self.training, config),
        )

    def _evidence(self, importance: Importance) -> Evidence:
        """Return the log evidence: by bridge sampling between draws and moved draws, where there are these."""
        if self.moved_log_weights is None:
            return Evidence(importance.log_z, importance.log_z_standard_error, "importance weights")
        # each chain begins at one of the draws: draws of one half, and the chains of the other
        half = len(self.log_weights) // 2
        estimate = bridge(self.log_weights[:half], self.moved_log_weights[half:, None])
        return Evidence.known(estimate.log_z, estimate.standard_error, "bridge sampling, with moved draws")

    def _of_moved(self, table: ScoreTable, moved: MovedDraws) -> tuple[GraphPosterior, Moves]:
        """Return the posterior by moved draws, and what the moves have done."""
        edge, adjacency = moved.marginal(), moved.adjacency()
        rounds, chains, _ = moved.parents.shape
        moves = Moves(
            moved_chains=chains,
            move_rounds=rounds,
            move_acceptance=moved.acceptance,
            raw_to_moved_edge_difference=float(np.abs(self.adjacency.mean(axis=0) - edge.values).max()),
            edge_drift=moved.drift(),
        )
        posterior = GraphPosterior.from_samples(
            table.names,
            adjacency,
            table.log_reward(parent_masks(adjacency)),
            # those of a chain are alike, and graphs are known no better than the least certain edge
            effective_samples=min(draws_by_errors(edge), chains),
            marginals={"edge": edge},
        )
        return posterior, moves
