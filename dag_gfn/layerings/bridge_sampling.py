r"""The evidence by bridge sampling, from draws of a sampler with known probabilities and draws of Markov chains.

Importance weights :math:`w = R / P_\theta` of the sampler's own draws fail where the sampler rarely draws what has most
posterior mass. Their reciprocals over draws from the posterior fail where the sampler draws what has none. Together,
the two samples only need to overlap. With n draws of the sampler, m of the chains and :math:`\ell = \log w`, log Z
solves

.. math:: \sum_{x \sim P_\theta} \sigma\!\left(\ell(x) - \log Z + \log\tfrac{m}{n}\right)
          = \sum_{y \sim R / Z} \sigma\!\left(\log Z - \log\tfrac{m}{n} - \ell(y)\right), \qquad
          \sigma(t) = \frac{1}{1 + e^{-t}},

Every draw then has the weight :math:`u = R / (n P_\theta + m R / Z)`, at most Z/m however rarely the sampler draws it,
and weighted means of the pooled draws estimate those of the posterior. Draws of a chain are correlated; m is the number
of independent draws that they are worth.

References
----------
Bennett, Journal of Computational Physics 22, 1976. Meng and Wong, Statistica Sinica 6, 1996. Kong, McCullagh, Meng,
Nicolae and Tan, JRSS B 65, 2003 (the pooled draws, and the error by information). Frühwirth-Schnatter, Econometrics
Journal 7, 2004 (the error to first order).
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.optimize import brentq
from scipy.special import expit, log_expit

BATCHES = 25
"""Batches of each chain, whose means count as independent."""
_ROUNDS = 4
_FAR = 600.0  # nats above the largest of the sampler's log-weights, where the chains' are cut


@dataclass(frozen=True, eq=False)
class BridgeEstimate:
    """The evidence, and the share of every draw in the total weight.

    Attributes
    ----------
    log_z : float
        log Z in nats.
    standard_error : float
        Standard error of log_z: the larger of the first-order error and the error from the information in the overlap
        of the two samples. Without overlap it grows without bound, however even the weights of each kind are.
    independent_chain_draws : float
        Number of independent draws that the chains' draws are worth for this estimate.
    log_share, log_chain_share : ndarray, shapes (n,) and (c, m), float64
        Log-weights of the sampler's draws and of the chains' draws, normalised over all of them together.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.bridge_sampling import bridge
    >>> estimate = bridge(np.zeros(100), np.zeros((2, 50)))  # the sampler draws from the posterior itself
    >>> round(estimate.log_z, 6), round(estimate.share_of_chains, 6)
    (0.0, 0.5)
    """

    log_z: float
    standard_error: float
    independent_chain_draws: float
    log_share: Float64[np.ndarray, " n"]
    log_chain_share: Float64[np.ndarray, "c m"]

    @property
    def share_of_chains(self) -> float:
        """Share of the chains' draws in the total weight; near 1 where the two samples hardly overlap."""
        return float(np.exp(self.log_chain_share).sum())


def bridge(
    log_weights: Float64[np.ndarray, " n"], chain_log_weights: Float64[np.ndarray, "c m"]
) -> BridgeEstimate:
    """Return the evidence from both samples.

    Parameters
    ----------
    log_weights : ndarray, shape (n,), float64
        log R - log P_θ of independent draws of the sampler, in nats.
    chain_log_weights : ndarray, shape (c, m), float64
        The same for m draws of each of c chains with the posterior as their limit; infinite where the sampler never
        draws them.

    Raises
    ------
    ValueError
        If one of the samples is empty, or no draw of the sampler has weight.

    Examples
    --------
    With R = 2 and 6 and a sampler that draws both outcomes with probability 1/2, the weights are 4 and 12, and Z is 8:

    >>> import numpy as np
    >>> from dag_gfn.layerings.bridge_sampling import bridge
    >>> own = np.log(np.tile([4.0, 12.0], 500))
    >>> chains = np.log(np.random.default_rng(0).permutation(np.repeat([4.0, 12.0], [250, 750]))[None])
    >>> round(float(np.exp(bridge(own, chains).log_z)), 2)
    8.0
    """
    n, m = len(log_weights), chain_log_weights.size
    if n == 0 or m == 0 or not (log_weights > -np.inf).any():
        raise ValueError(f"expected draws of both kinds, with weight, not {n} and {m}")
    chain_log_weights = np.minimum(chain_log_weights, log_weights.max() + _FAR)
    independent = float(m)
    for _ in range(_ROUNDS):
        level = _level(log_weights, chain_log_weights, independent / m)
        of_chains = expit(level - chain_log_weights)
        variance = batch_variance(of_chains)
        spread = float(of_chains.var()) / m
        independent = float(m) if variance <= spread else max(m * spread / variance, 1.0)
    level = _level(log_weights, chain_log_weights, independent / m)
    log_z = level + math.log(independent / n)
    own, of_chains = expit(log_weights - level), expit(level - chain_log_weights)
    first_order = own.var() / n / own.mean() ** 2 + batch_variance(of_chains) / of_chains.mean() ** 2
    information = (own * (1 - own)).sum() + independent / m * (of_chains * (1 - of_chains)).sum()
    error = math.sqrt(max(first_order, 1 / information - 1 / n - 1 / independent))
    # u = (Z / m) σ(ℓ - level), times the independent draws that one draw of the chains is worth
    log_share = log_expit(log_weights - level)
    log_chain_share = log_expit(chain_log_weights - level) + math.log(independent / m)
    total = np.logaddexp(np.logaddexp.reduce(log_share), np.logaddexp.reduce(log_chain_share, axis=None))
    return BridgeEstimate(float(log_z), error, independent, log_share - total, log_chain_share - total)


def _level(
    log_weights: Float64[np.ndarray, " n"], chain_log_weights: Float64[np.ndarray, "c m"], worth: float
) -> float:
    """Return where both sums are equal: with the level, the sampler's sum falls and the chains' sum grows.

    `worth` is the number of independent draws that one draw of the chains is worth.
    """
    finite = np.concatenate([log_weights, chain_log_weights.ravel()])
    finite = finite[np.isfinite(finite)]
    spare = math.log(len(log_weights) + chain_log_weights.size) - math.log(worth) + 50.0

    def surplus(level: float) -> float:
        log_own = np.logaddexp.reduce(log_expit(log_weights - level))
        log_chains = np.logaddexp.reduce(log_expit(level - chain_log_weights), axis=None) + math.log(worth)
        return float(log_own - log_chains)

    return brentq(surplus, finite.min() - spare, finite.max() + spare, xtol=1e-10)


def batch_variance(values: Float64[np.ndarray, "c m"]) -> float:
    """Return the variance of the mean of m draws from each of c chains, by the means of batches.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.bridge_sampling import batch_variance
    >>> batch_variance(np.array([[0.0, 1.0, 0.0, 1.0]]))  # four batches of one draw: variance 1/4, over 4 - 1
    0.08333333333333333
    """
    chains, m = values.shape
    parts = min(BATCHES, m)
    means = values[:, m % parts :].reshape(chains, parts, -1, 1).mean(axis=2)
    return float(variance_of_mean(means)[0])


def variance_of_mean(means: Float64[np.ndarray, "c parts *shape"]) -> Float64[np.ndarray, "*shape"]:
    """Return the variance of the mean of batch means: that between batches or between chains, whichever is larger.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.bridge_sampling import variance_of_mean
    >>> means = np.array([[[0.0], [0.0]], [[1.0], [1.0]]])  # two batches of each of two chains, which disagree
    >>> variance_of_mean(means).tolist()
    [0.25]
    """
    chains, parts = means.shape[:2]
    if chains * parts == 1:
        return np.full(means.shape[2:], np.inf)
    of_batches = means.var(axis=(0, 1)) / (chains * parts - 1)
    if chains == 1:
        return of_batches
    return np.maximum(of_batches, means.mean(axis=1).var(axis=0) / (chains - 1))
