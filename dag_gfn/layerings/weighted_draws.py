"""Root layerings with importance weights, and the edge probabilities and DAGs that they give."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.layerings.edge_sums import EdgeSums
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.metrics import effective_sample_size, pareto_smoothed

_AT_A_TIME = 1024  # layerings: a matrix of edge probabilities is kept for each


@dataclass(frozen=True)
class WeightedLayerings:
    r"""Layerings drawn by a sampler with known probabilities, and the importance weights that correct them.

    The sampler builds each layering in one way only, so that the weight :math:`w = R / P_\theta` of a draw is exact.
    The mean of w is an unbiased estimate of the evidence, and weighted means converge to those of the posterior,
    whatever the sampler has learned.

    Attributes
    ----------
    layer_of : ndarray, shape (k, d), int64
        Layer of each node.
    log_rewards : ndarray, shape (k,), float64
        log of the sum of R(G) over the DAGs of each layering, in nats.
    log_weights : ndarray, shape (k,), float64
        log w.
    log_finished : float
        log of the probability that the sampler completes a layering instead of ending where no further layer is
        possible. Only complete ones are among the draws, and the log-weights take this probability into account.

    Examples
    --------
    Weights 1 and 3 are worth 16/10 draws from the posterior:

    >>> import numpy as np
    >>> from dag_gfn.layerings.weighted_draws import WeightedLayerings
    >>> layer_of = np.array([[0, 1], [1, 0]])
    >>> drawn = WeightedLayerings(layer_of, log_rewards=np.zeros(2), log_weights=np.log([1.0, 3.0]))
    >>> round(drawn.effective_samples, 6)
    1.6
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
        """Return the log-probability to complete a layering, estimated from the draws of both."""
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
        """Effective sample size of the weights, (Σw)² / Σw²: the number of draws from the posterior they are worth."""
        return effective_sample_size(self.log_weights)

    def resample(
        self, m: int, log_share: Float64[np.ndarray, " k"], *, rng: np.random.Generator
    ) -> Int64[np.ndarray, " m"]:
        """Return the indices of m draws, chosen by their shares (systematic resampling, which is unbiased).

        Parameters
        ----------
        m : int
        log_share : ndarray, shape (k,), float64
            Log-weights by which to choose; they need not be normalised.
        rng : numpy.random.Generator
        """
        cumulative = np.exp(log_share - np.logaddexp.reduce(log_share)).cumsum()
        at = (rng.random() + np.arange(m)) / m * cumulative[-1]
        return np.minimum(cumulative.searchsorted(at), len(self) - 1)

    def smoothed(self) -> tuple[Float64[np.ndarray, " k"], float]:
        """Return normalised log-weights, the largest smoothed, and the shape of their tail (see `pareto_smoothed`)."""
        return pareto_smoothed(self.log_weights)

    def edges(self, weights: LayerWeights, log_share: Float64[np.ndarray, " k"] | None = None) -> Marginal:
        """Return edge probabilities, averaged given the layering, and their standard errors.

        Parameters
        ----------
        weights : LayerWeights
        log_share : ndarray, shape (k,), float64, optional
            Normalised log-weights; by default all draws have the same.
        """
        return self._edges(weights, [np.zeros(len(self)) if log_share is None else log_share])[0]

    def raw_and_reweighted_edges(
        self,
        weights: LayerWeights,
        log_share: Float64[np.ndarray, " k"],
        *,
        on_share: Callable[[float], None] | None = None,
    ) -> tuple[Marginal, Marginal]:
        """Return `edges` without and with the shares, in one pass over the layerings.

        `on_share` is called with the share of them that is done, in [0, 1].
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
        sums = self.edge_sums(weights, shares, on_share=on_share)
        errors = np.sqrt(sums.variance().clip(0.0))
        return [
            Marginal(mean.clip(0.0, 1.0), "rao_blackwell", error)
            for mean, error in zip(sums.mean, errors, strict=True)
        ]

    def edge_sums(
        self,
        weights: LayerWeights,
        shares: Float64[np.ndarray, "m k"],
        *,
        on_share: Callable[[float], None] | None = None,
    ) -> EdgeSums:
        """Return the sums over the draws of the edge probabilities given the layering, for m rows of shares at once."""
        k, d = self.layer_of.shape

        def given() -> Iterator[tuple[slice, Float64[np.ndarray, "n d d"]]]:
            for start in range(0, k, _AT_A_TIME):
                part = slice(start, start + _AT_A_TIME)
                yield part, edge_probabilities(weights, self.layer_of[part].astype(np.int16))
                if on_share is not None:
                    on_share(min(part.stop / k, 1.0))

        return EdgeSums.of(shares, given(), d)

    def dags(self, weights: LayerWeights, *, rng: np.random.Generator) -> Bool[np.ndarray, "k d d"]:
        """Return a DAG of each layering; ``[s, i, j]`` is True for i -> j in draw s (row -> column)."""
        return draw_dags(weights, self.layer_of.astype(np.int16), rng=rng)
