"""Draws of a sampler and of Markov chains pooled by bridge sampling, and their edge probabilities."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from jaxtyping import Float64, Int16

from dag_gfn.layerings.bridge_sampling import BATCHES, BridgeEstimate, bridge, variance_of_mean
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.posterior import Marginal


@dataclass(frozen=True, eq=False)
class PooledLayerings:
    """Layerings drawn by a sampler and by Markov chains, each with its share in the total weight.

    Use :meth:`of`.

    Attributes
    ----------
    own : WeightedLayerings
        The sampler's n draws.
    chain_layer_of : ndarray, shape (c, m, d), int16
        m draws of each of c chains.
    chain_log_rewards, chain_log_weights : ndarray, shape (c, m), float64
        log R, and log R minus the log-probability with which the sampler draws the same layering.
    estimate : BridgeEstimate
        The evidence and the shares of all draws.
    effective_chain_draws : float
        Number of independent draws that the chains' draws are worth for the feature that mixes most slowly. This is
        usually less than for the evidence, because weights change faster along a chain than edges do.

    Examples
    --------
    Two chains of two draws beside four draws of the sampler, where all weights are equal: Z is that weight.

    >>> import numpy as np
    >>> from dag_gfn.layerings.pooled_draws import PooledLayerings
    >>> from dag_gfn.layerings.weighted_draws import WeightedLayerings
    >>> own = WeightedLayerings(np.zeros((4, 3), dtype=np.int64), np.zeros(4), np.full(4, 2.0))
    >>> chains = np.zeros((2, 2, 3), dtype=np.int16)
    >>> pooled = PooledLayerings.of(own, chains, np.zeros((2, 2)), np.full((2, 2), 2.0))
    >>> round(pooled.estimate.log_z, 6), len(pooled.joined)
    (2.0, 8)
    """

    own: WeightedLayerings
    chain_layer_of: Int16[np.ndarray, "c m d"]
    chain_log_rewards: Float64[np.ndarray, "c m"]
    chain_log_weights: Float64[np.ndarray, "c m"]
    estimate: BridgeEstimate
    effective_chain_draws: float = math.inf

    @classmethod
    def of(
        cls,
        own: WeightedLayerings,
        chain_layer_of: Int16[np.ndarray, "c m d"],
        chain_log_rewards: Float64[np.ndarray, "c m"],
        chain_log_weights: Float64[np.ndarray, "c m"],
        *,
        effective_chain_draws: float | int = math.inf,
    ) -> "PooledLayerings":
        """Return the draws with their shares by bridge sampling; arguments as the attributes."""
        estimate = bridge(own.log_weights, chain_log_weights)
        return cls(
            own, chain_layer_of, chain_log_rewards, chain_log_weights, estimate, float(effective_chain_draws)
        )

    @cached_property
    def joined(self) -> WeightedLayerings:
        """All draws together, the sampler's first, with their normalised log-shares as log-weights."""
        d = self.own.layer_of.shape[1]
        return self.own.with_weights(self.estimate.log_share) + WeightedLayerings(
            self.chain_layer_of.reshape(-1, d).astype(np.int64),
            self.chain_log_rewards.reshape(-1),
            self.estimate.log_chain_share.reshape(-1),
        )

    @property
    def effective_samples(self) -> float:
        """Number of independent draws from the posterior that all draws together are worth, by their shares.

        The chains' draws count by the smaller of their worth for the evidence and for the slowest feature, because
        statements about graphs depend on features.
        """
        own, chains = np.exp(self.estimate.log_share), np.exp(self.estimate.log_chain_share)
        independent = min(self.estimate.independent_chain_draws, self.effective_chain_draws)
        together = chains.size / independent
        return float(1 / ((own**2).sum() + together * (chains**2).sum()))

    def edges(self, weights: LayerWeights) -> Marginal:
        """Return edge probabilities, averaged given the layering, and their standard errors.

        The error of the chains' part comes from the means of batches, because neighbouring draws are correlated.
        """
        d = weights.d
        own_share = np.exp(self.estimate.log_share)
        own = self.own.edge_sums(weights, own_share[None])
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
        mean = own.mean[0] + batch_edges.sum(axis=(0, 1))
        # Σ share² (p - mean)² minus (Σ share (p - mean))² / n, since the number n of the sampler's draws is fixed
        variance = own.variance(mean[None])[0]
        variance -= (own.mean[0] - mean * own_share.sum()) ** 2 / len(own_share)
        apart = chains * parts * (batch_edges - mean * batch_share[:, :, None, None])
        variance = variance.clip(0.0) + variance_of_mean(apart)
        return Marginal(mean.clip(0.0, 1.0), "rao_blackwell", np.sqrt(variance))
