"""Root layerings with importance weights: the evidence, edge probabilities and DAGs that they give."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags, edge_probabilities
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.metrics import effective_sample_size, pareto_smoothed

_AT_A_TIME = 1024  # layerings: a matrix of edge probabilities is kept for each


@dataclass(frozen=True)
class WeightedLayerings:
    r"""Draws from a sampler whose probabilities are known, and what corrects them.

    Each layering has one trajectory, so that the weight :math:`w = R / P_\theta` of a draw is exact: the mean of w is
    an unbiased estimate of the evidence, and weighted means tend to the posterior's whatever the sampler has learned.

    Attributes
    ----------
    layer_of : ndarray, shape (k, d), int64
        Layer of each node.
    log_rewards : ndarray, shape (k,), float64
        log of the sum of R(G) over the DAGs of each layering, in nats.
    log_weights : ndarray, shape (k,), float64
        log w.
    log_finished : float
        log of the share of what the sampler builds that is finished, the draws being those that were: it is part of
        the log-weights.
    """

    layer_of: Int64[np.ndarray, "k d"]
    log_rewards: Float64[np.ndarray, " k"]
    log_weights: Float64[np.ndarray, " k"]
    log_finished: float = 0.0

    def __len__(self) -> int:
        return len(self.layer_of)

    def __getitem__(self, rows: slice | Int64[np.ndarray, " m"]) -> "WeightedLayerings":
        """Return the chosen draws."""
        return replace(
            self,
            layer_of=self.layer_of[rows],
            log_rewards=self.log_rewards[rows],
            log_weights=self.log_weights[rows],
        )

    def __add__(self, more: "WeightedLayerings") -> "WeightedLayerings":
        """Return the draws of both."""
        return WeightedLayerings(
            np.concatenate([self.layer_of, more.layer_of]),
            np.concatenate([self.log_rewards, more.log_rewards]),
            np.concatenate([self.log_weights, more.log_weights]),
            self._log_finished_with(more),
        )

    def _log_finished_with(self, more: "WeightedLayerings") -> float:
        """Return the log-share that was finished of all that was built for both."""
        finished = len(self) + len(more)
        if finished == 0:
            return self.log_finished
        built = len(self) * math.exp(-self.log_finished) + len(more) * math.exp(-more.log_finished)
        return math.log(finished / built)

    def with_weights(self, log_weights: Float64[np.ndarray, " k"]) -> "WeightedLayerings":
        """Return the same layerings with other log-weights."""
        return replace(self, log_weights=log_weights)

    @property
    def effective_samples(self) -> float:
        """Effective sample size of the weights, (Σw)² / Σw²: how many draws from the posterior they are worth."""
        return effective_sample_size(self.log_weights)

    def resample(
        self, m: int, log_share: Float64[np.ndarray, " k"], *, rng: np.random.Generator
    ) -> Int64[np.ndarray, " m"]:
        """Return m places among the draws, as often as their shares say (systematic resampling, unbiased)."""
        cumulative = np.exp(log_share - np.logaddexp.reduce(log_share)).cumsum()
        at = (rng.random() + np.arange(m)) / m * cumulative[-1]
        return np.minimum(cumulative.searchsorted(at), len(self) - 1)

    def smoothed(self) -> tuple[Float64[np.ndarray, " k"], float]:
        """Return normalised log-weights whose largest are smoothed, and the shape of their tail (`pareto_smoothed`)."""
        return pareto_smoothed(self.log_weights)

    def edges(self, weights: LayerWeights, log_share: Float64[np.ndarray, " k"] | None = None) -> Marginal:
        """Return edge probabilities, averaged given the layering, and their standard errors.

        Parameters
        ----------
        weights : LayerWeights
        log_share : ndarray, shape (k,), float64, optional
            Normalised log-weights; by default all draws count alike.
        """
        return self._edges(weights, [np.zeros(len(self)) if log_share is None else log_share])[0]

    def raw_and_reweighted_edges(
        self,
        weights: LayerWeights,
        log_share: Float64[np.ndarray, " k"],
        *,
        on_share: Callable[[float], None] | None = None,
    ) -> tuple[Marginal, Marginal]:
        """Return `edges` without and with the shares, having gone through the layerings once.

        `on_share` is told which share of them is done, in [0, 1].
        """
        raw, reweighted = self._edges(weights, [np.zeros(len(self)), log_share], on_share)
        return raw, reweighted

    def _edges(
        self,
        weights: LayerWeights,
        log_shares: list[Float64[np.ndarray, " k"]],
        on_share: Callable[[float], None] | None = None,
    ) -> list[Marginal]:
        shares = np.stack([np.exp(log_share - np.logaddexp.reduce(log_share)) for log_share in log_shares])
        mean, linear, square = self.sums_over_edges(weights, shares, on_share=on_share)
        # Σ share² (p - mean)², the delta method for a ratio of means
        variance = square - 2 * mean * linear + mean**2 * (shares**2).sum(axis=1)[:, None, None]
        error = np.sqrt(variance.clip(0.0))
        return [Marginal(p.clip(0.0, 1.0), "rao_blackwell", e) for p, e in zip(mean, error, strict=True)]

    def sums_over_edges(
        self,
        weights: LayerWeights,
        shares: Float64[np.ndarray, "m k"],
        *,
        on_share: Callable[[float], None] | None = None,
    ) -> tuple[Float64[np.ndarray, "m d d"], Float64[np.ndarray, "m d d"], Float64[np.ndarray, "m d d"]]:
        """Return Σ share p, Σ share² p and Σ share² p² over the draws, p the probability of an edge given the layering.

        For m rows of shares at once; in the results, row i and column j of the last two axes are about i -> j.
        """
        k, d = self.layer_of.shape
        mean, linear, square = np.zeros((3, len(shares), d, d))
        for part in (slice(start, start + _AT_A_TIME) for start in range(0, k, _AT_A_TIME)):
            given = edge_probabilities(weights, self.layer_of[part].astype(np.int8))
            mean += np.tensordot(shares[:, part], given, axes=1)
            linear += np.tensordot(shares[:, part] ** 2, given, axes=1)
            square += np.tensordot(shares[:, part] ** 2, given**2, axes=1)
            if on_share is not None:
                on_share(min(part.stop / k, 1.0))
        return mean, linear, square

    def dags(self, weights: LayerWeights, *, rng: np.random.Generator) -> Bool[np.ndarray, "k d d"]:
        """Return a DAG of each layering, ``[s, i, j]`` True for i -> j (row -> column)."""
        return draw_dags(weights, self.layer_of.astype(np.int8), rng=rng)
