"""Graphs that a trained sampler has drawn, with what corrects them."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float64

from dag_gfn.gflownet.sampling.importance import ImportanceEstimate


@dataclass(frozen=True)
class WeightedGraphs:
    """Draws from a sampler with what corrects them.

    Attributes
    ----------
    adjacency : ndarray, shape (k, d, d), bool
        ``adjacency[s, i, j]`` is True for i -> j in draw s.
    log_scores : ndarray, shape (k,), float64
        log R of each, in nats.
    log_weights : ndarray, shape (k,), float64
        log of what each draw stands for of the evidence; under these weights the draws are the posterior's.
    """

    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    log_weights: Float64[np.ndarray, " k"]

    def evidence(self) -> ImportanceEstimate:
        """Return what the weights say of log Σ_G R(G): estimate, lower bound, effective sample size."""
        return ImportanceEstimate.from_log_weights(torch.from_numpy(self.log_weights))

    def entropy(self) -> float:
        r"""Return an estimate of the posterior's entropy over graphs in nats: :math:`\log Z - E[\log R(G)]`."""
        counts = self.log_weights > -np.inf  # the others may have no score
        weight = np.exp(self.log_weights[counts] - self.log_weights.max())
        return float(max(0.0, self.evidence().log_z - weight @ self.log_scores[counts] / weight.sum()))
