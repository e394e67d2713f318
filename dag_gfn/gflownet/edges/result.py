"""The result of a GFlowNet over edges: its samples, and the posterior that they estimate."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.gflownet.edges.sampler import EdgeSampler
from dag_gfn.gflownet.record import importance_of, policy_posterior, training_record, training_seconds
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import TrainingResult
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.diagnostics import EdgeDiagnostics
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.scores import ScoreTable


@dataclass(frozen=True)
class EdgeFit:
    """A trained GFlowNet's samples.

    Attributes
    ----------
    training : TrainingResult
    adjacency : ndarray, shape (k, d, d), bool
        Sampled graphs; ``adjacency[s, i, j]`` is True for i -> j in draw s.
    log_scores : ndarray, shape (k,), float64
        log R of each, in nats.
    log_probabilities : ndarray, shape (m,), float64, or None
        The policy's exact distribution over all DAGs, in the order of `enumerate_dags`, where d <= 5.
    importance : ImportanceEstimate

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
    log_probabilities: Float64[np.ndarray, " m"] | None
    importance: ImportanceEstimate

    def result(self, table: ScoreTable, config: TrainConfig) -> MethodResult:
        """Return the policy's exact distribution over DAGs where it is known, else the samples; and the diagnostics."""
        importance = importance_of(self.importance, len(self.adjacency))
        evidence = Evidence(importance.log_z, importance.log_z_standard_error, "importance weights")
        if self.log_probabilities is None:
            posterior = GraphPosterior.from_samples(
                table.names, self.adjacency, self.log_scores, log_evidence=evidence.log_z
            )
        else:
            posterior = policy_posterior(table, self.log_probabilities, log_evidence=evidence.log_z)
        return MethodResult(
            posterior=replace(posterior, sampler=EdgeSampler(table, self.training.policy)),
            diagnostics=EdgeDiagnostics(
                iterations=self.training.iterations,
                cut_short_by_time_budget=self.training.cut_short,
                importance=importance,
            ),
            evidence=evidence,
            interrupted=self.training.interrupted,
            timing=training_seconds(self.training),
            training=training_record(self.training, config),
        )
