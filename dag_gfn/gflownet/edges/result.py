"""What a GFlowNet trained over edges gives: its samples, and the posterior that they estimate."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.gflownet.edges.sampler import EdgeSampler
from dag_gfn.gflownet.record import policy_posterior, training_info
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import TrainingResult
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import ScoreTable


@dataclass(frozen=True)
class GFlowNetFit:
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
    """

    training: TrainingResult
    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    log_probabilities: Float64[np.ndarray, " m"] | None
    importance: ImportanceEstimate

    def posterior(self, table: ScoreTable, config: TrainConfig) -> GraphPosterior:
        """Return it as a `GraphPosterior`: the policy's exact distribution where it is known, else the samples."""
        info = training_info(self.training, config, self.importance, len(self.adjacency))
        log_evidence = info["diagnostics"]["log_z"]
        info["log_evidence_standard_error"] = info["diagnostics"]["log_z_standard_error"]
        sampler = EdgeSampler(table, self.training.policy)
        if self.log_probabilities is None:
            posterior = GraphPosterior.from_samples(
                table.names, self.adjacency, self.log_scores, log_evidence=log_evidence, info=info
            )
            return replace(posterior, sampler=sampler)
        posterior = policy_posterior(table, self.log_probabilities, info)
        return replace(posterior, log_evidence=log_evidence, sampler=sampler)
