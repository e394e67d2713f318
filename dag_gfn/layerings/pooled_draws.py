"""Layerings that a sampler and Markov chains have drawn, taken together: edge probabilities, and DAGs."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from jaxtyping import Float64, Int8

from dag_gfn.layerings.bridge_sampling import BATCHES, BridgeEstimate, bridge, variance_of_mean
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import edge_probabilities
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.posterior import Marginal


@dataclass(frozen=True, eq=False)
class PooledLayerings:
    """Both kinds of draws, each with the share of the posterior that it stands for.

    Attributes
    ----------
    own : WeightedLayerings
        The sampler's n draws.
    chain_layer_of : ndarray, shape (c, m, d), int8
        m draws of each of c chains.
    chain_log_rewards, chain_log_weights : ndarray, shape (c, m), float64
        log R, and log R less the log-probability by which the sampler draws the same layering.
    estimate : BridgeEstimate
    effective_chain_draws : float
        How many independent draws those of the chains are worth for the features that they mix over slowest. Fewer than
        for the evidence, as a rule: the weights of neighbouring draws differ sooner than their edges.
    """

    own: WeightedLayerings
    chain_layer_of: Int8[np.ndarray, "c m d"]
    chain_log_rewards: Float64[np.ndarray, "c m"]
    chain_log_weights: Float64[np.ndarray, "c m"]
    estimate: BridgeEstimate
    effective_chain_draws: float = math.inf

    @classmethod
    def of(
        cls,
        own: WeightedLayerings,
        chain_layer_of: Int8[np.ndarray, "c m d"],
        chain_log_rewards: Float64[np.ndarray, "c m"],
        chain_log_weights: Float64[np.ndarray, "c m"],
        *,
        effective_chain_draws: float | int = math.inf,
    ) -> "PooledLayerings":
        """Return them with their shares, by bridge sampling."""
        estimate = bridge(own.log_weights, chain_log_weights)
        return cls(
            own, chain_layer_of, chain_log_rewards, chain_log_weights, estimate, float(effective_chain_draws)
        )

    @cached_property
    def joined(self) -> WeightedLayerings:
        """All draws in one, the sampler's first, with their normalised log-shares for log-weights."""
        d = self.own.layer_of.shape[1]
        return self.own.with_weights(self.estimate.log_share) + WeightedLayerings(
            self.chain_layer_of.reshape(-1, d).astype(np.int64),
            self.chain_log_rewards.reshape(-1),
            self.estimate.log_chain_share.reshape(-1),
        )

    @property
    def effective_samples(self) -> float:
        """How many independent draws from the posterior they are worth together, by their shares.

        The chains' count for the fewer of what they are worth for the evidence and for the slowest feature: statements
        about graphs hang on features, whatever their number.
        """
        own, chains = np.exp(self.estimate.log_share), np.exp(self.estimate.log_chain_share)
        independent = min(self.estimate.independent_chain_draws, self.effective_chain_draws)
        together = chains.size / independent
        return float(1 / ((own**2).sum() + together * (chains**2).sum()))

    def edges(self, weights: LayerWeights) -> Marginal:
        """Return edge probabilities, averaged given the layering, and their standard errors.

        Errors of the chains' part are from batches, since neighbouring draws are alike.
        """
        d = weights.d
        mean, linear, square = self.own.sums_over_edges(weights, np.exp(self.estimate.log_share)[None])
        mean, linear, square = mean[0], linear[0], square[0]
        chains, m = self.chain_log_rewards.shape
        parts = min(BATCHES, m)
        starts = np.linspace(0, m, parts + 1).astype(np.int64)
        batch_edges, batch_share = np.zeros((chains, parts, d, d)), np.zeros((chains, parts))
        for c in range(chains):
            for b, part in enumerate(slice(i, j) for i, j in pairwise(starts)):
                share = np.exp(self.estimate.log_chain_share[c, part])
                given = edge_probabilities(weights, self.chain_layer_of[c, part])
                batch_edges[c, b] = np.tensordot(share, given, axes=1)
                batch_share[c, b] = share.sum()
        own_share = np.exp(self.estimate.log_share)
        of_own, mean = mean, mean + batch_edges.sum(axis=(0, 1))
        # Σ share² (p - mean)² less the square of its sum: numbers of draws of each kind are fixed
        variance = square - 2 * mean * linear + mean**2 * (own_share**2).sum()
        variance -= (of_own - mean * own_share.sum()) ** 2 / len(own_share)
        apart = chains * parts * (batch_edges - mean * batch_share[:, :, None, None])
        variance = variance.clip(0.0) + variance_of_mean(apart)
        return Marginal(mean.clip(0.0, 1.0), "rao_blackwell", np.sqrt(variance))
