r"""The evidence from two samples: draws of a sampler whose probabilities are known, and draws of Markov chains.

Importance weights :math:`w = R / P_\theta` of the sampler's own draws fail where it seldom draws what has most weight,
their reciprocals over draws from the posterior where it draws what has none. Put together, the two samples need no more
than to overlap. With n and m draws, and :math:`\ell = \log w`, log Z is where

.. math:: \sum_{x \sim P_\theta} \sigma\!\left(\ell(x) - \log Z + \log\tfrac{m}{n}\right)
          = \sum_{y \sim R / Z} \sigma\!\left(\log Z - \log\tfrac{m}{n} - \ell(y)\right), \qquad
          \sigma(t) = \frac{1}{1 + e^{-t}},

and every draw then stands for :math:`u = R / (n P_\theta + m R / Z)` of the total weight, at most Z/m however rarely
the sampler draws it: the weighted means of the pooled draws are the posterior's. Draws of a chain hang together, and m
is the number of independent draws that they are worth.

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
"""Parts of each chain between which its draws count as independent."""
_ROUNDS = 4
_FAR = 600.0  # nats


@dataclass(frozen=True, eq=False)
class BridgeEstimate:
    """The evidence, and what every draw stands for.

    Attributes
    ----------
    log_z : float
        log Z in nats.
    standard_error : float
        Of log_z: to first order, or by the information that the overlap of both holds where that leaves more in doubt.
        Without any overlap it is beyond all bounds, however even the weights of each kind are.
    independent_chain_draws : float
        How many independent draws those of the chains were worth here.
    log_share, log_chain_share : ndarray, shapes (n,) and (c, m), float64
        Normalised log-weights of the sampler's draws and of the chains', of all together.
    """

    log_z: float
    standard_error: float
    independent_chain_draws: float
    log_share: Float64[np.ndarray, " n"]
    log_chain_share: Float64[np.ndarray, "c m"]

    @property
    def share_of_chains(self) -> float:
        """The part of the total weight that draws of chains stand for; near 1 where the two hardly overlap."""
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
        The same of m draws of each of c chains whose limit is the posterior; infinite where the sampler never draws
        them.

    Raises
    ------
    ValueError
        If there are no draws of one kind, or no draw of the sampler has weight.
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
    # u = (Z / m) σ(ℓ - level); each of the chains' draws counts for less than one
    log_share = log_expit(log_weights - level)
    log_chain_share = log_expit(chain_log_weights - level) + math.log(independent / m)
    total = np.logaddexp(np.logaddexp.reduce(log_share), np.logaddexp.reduce(log_chain_share, axis=None))
    return BridgeEstimate(float(log_z), error, independent, log_share - total, log_chain_share - total)


def _level(
    log_weights: Float64[np.ndarray, " n"], chain_log_weights: Float64[np.ndarray, "c m"], worth: float
) -> float:
    """Return where both sums are alike: that over the sampler's draws falls, that over the chains' grows."""
    finite = np.concatenate([log_weights, chain_log_weights.ravel()])
    finite = finite[np.isfinite(finite)]
    spare = math.log(len(log_weights) + chain_log_weights.size) - math.log(worth) + 50.0

    def surplus(level: float) -> float:
        log_own = np.logaddexp.reduce(log_expit(log_weights - level))
        log_chains = np.logaddexp.reduce(log_expit(level - chain_log_weights), axis=None) + math.log(worth)
        return float(log_own - log_chains)

    return brentq(surplus, finite.min() - spare, finite.max() + spare, xtol=1e-10)


def batch_variance(values: Float64[np.ndarray, "c m"]) -> float:
    """Return the variance of the mean of m draws from each of c chains."""
    chains, m = values.shape
    parts = min(BATCHES, m)
    means = values[:, m % parts :].reshape(chains, parts, -1, 1).mean(axis=2)
    return float(variance_of_mean(means)[0])


def variance_of_mean(means: Float64[np.ndarray, "c parts *shape"]) -> Float64[np.ndarray, "*shape"]:
    """Return the variance of the mean of batch means: between batches, or between chains if that tells of more."""
    chains, parts = means.shape[:2]
    if chains * parts == 1:
        return np.full(means.shape[2:], np.inf)
    of_batches = means.var(axis=(0, 1)) / (chains * parts - 1)
    if chains == 1:
        return of_batches
    return np.maximum(of_batches, means.mean(axis=1).var(axis=0) / (chains - 1))
