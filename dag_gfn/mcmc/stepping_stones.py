r"""The evidence by chains at rising powers of the posterior, from layerings that are all alike.

With w(L) the weight of a root layering L and :math:`Z_\beta = \sum_L w(L)^\beta`, :math:`Z_0` is the number of
layerings, which is known, and :math:`Z_1` the evidence. From draws at the power :math:`\beta_k`,

.. math:: Z_{\beta_{k+1}} / Z_{\beta_k} = E_{\beta_k}\big[w(L)^{\beta_{k+1} - \beta_k}\big] .

The next power is the largest at which the weights of the draws are worth half as many draws. Draws at power 0 are
independent and need no chain.

References
----------
Xie, Lewis, Fan, Kuo and Chen, "Improving marginal likelihood estimation for Bayesian phylogenetic model selection",
Systematic Biology 60 (2011). Del Moral, Doucet and Jasra, "Sequential Monte Carlo samplers", JRSS B 68 (2006), for
powers that are chosen on the way.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.layerings.corrected_dags import correct_dags
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.partition import LayeringDraws, LayeringState, init_at, log_weight_of, run
from dag_gfn.mcmc.refined_weights import refined_weights
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.scores import ScoreTable

RUNS = 4
"""Independent estimates, whose spread gives the error."""
_FIRST = 1_000  # independent layerings at power 0
_BLOCKS, _BURN_IN = 200, 50
_STEPS_PER_NODE = 5
_ALIKE = 4  # neighbouring layerings of a chain, that count for one
_WORTH = 0.5  # least share of the draws that the weights may be worth
_LEAST_SUPPORT = 0.01  # of the layerings, that must have some weight
_MOST_POWERS = 2_000


def tempered_evidence(
    table: ScoreTable,
    *,
    seed: int,
    budget: TimeBudget | None = None,
    runs: int = RUNS,
    num_candidates: int | None = None,
) -> Evidence:
    """Return an estimate of log Z with its standard error, from independent runs.

    Where there are parents outside the candidates (`LayerWeights`), it is that by approximate weights, and the mean
    ratio of true to approximate weights of layerings at power 1 corrects it (`correct_dags`).

    Parameters
    ----------
    table : ScoreTable
    seed : int
    budget : TimeBudget, optional
        When it is over no further run begins.
    runs : int
        At least 2.
    num_candidates : int, optional
        As for `LayerWeights.build`.

    Returns
    -------
    Evidence
        Not known where nearly all layerings are excluded, fewer than two runs were done in time, or the ratios are too
        uneven for their mean to be known.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.exact.dag_dp import log_evidence
    >>> from dag_gfn.mcmc.stepping_stones import tempered_evidence
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(np.random.default_rng(0).normal(size=(20, 3)))))
    >>> found = tempered_evidence(table, seed=0, runs=2)
    >>> bool(abs(found.log_z - log_evidence(table)) < 0.3)
    True
    """
    budget = TimeBudget() if budget is None else budget
    weights = refined_weights(table, seed=seed, num_candidates=num_candidates, budget=budget).weights
    found: list[float] = []
    ends: list[Int64[np.ndarray, "k d"]] = []
    for stream in np.random.SeedSequence([seed, 19]).spawn(runs):
        if len(found) >= 2 and budget.is_over():
            break
        rng = np.random.default_rng(stream)
        of_run = _one_run(weights, rng)
        if of_run is None:
            return Evidence(None, None, "tempered")
        log_z, state = of_run
        found.append(log_z)
        if weights.has_outside:
            ends.append(_run(weights, state, 1.0, rng)[0].layer_of[_BURN_IN:])
    log_z, error = float(np.mean(found)), float(np.std(found, ddof=1) / math.sqrt(len(found)))
    if not weights.has_outside:
        return Evidence.known(log_z, error, "tempered")
    layerings, rng = np.concatenate(ends), np.random.default_rng([seed, 20])
    corrected = correct_dags(weights, table, layerings, independent=len(layerings) / _ALIKE, rng=rng)
    if corrected is None or not corrected.reliable:
        return Evidence(None, None, "tempered")
    error = math.hypot(error, corrected.shift_standard_error)
    return Evidence.known(log_z + corrected.log_z_shift, error, "tempered")


def number_of_layerings(d: int) -> list[int]:
    """Return the numbers of ordered partitions of 0 .. d nodes into layers.

    Examples
    --------
    >>> from dag_gfn.mcmc.stepping_stones import number_of_layerings
    >>> number_of_layerings(4)
    [1, 1, 3, 13, 75]
    """
    counts = [1]
    for n in range(1, d + 1):
        counts.append(sum(math.comb(n, k) * counts[n - k] for k in range(1, n + 1)))
    return counts


def uniform_layering(d: int, counts: Sequence[int], rng: np.random.Generator) -> Int64[np.ndarray, " d"]:
    """Return one of all layerings of d nodes, each equally probable: the layer of each node.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.stepping_stones import number_of_layerings, uniform_layering
    >>> uniform_layering(4, number_of_layerings(4), np.random.default_rng(0)).shape
    (4,)
    """
    order, layer_of = rng.permutation(d), np.zeros(d, dtype=np.int64)
    placed, layer = 0, 0
    while placed < d:
        left, size, total, uniform = d - placed, 0, 0.0, rng.random()
        while uniform >= total and size < left:
            size += 1
            total += math.comb(left, size) * counts[left - size] / counts[left]
        layer_of[order[placed : placed + size]] = layer
        placed, layer = placed + size, layer + 1
    return layer_of


def _one_run(weights: LayerWeights, rng: np.random.Generator) -> tuple[float, LayeringState] | None:
    """Return one estimate of log Z by the weights, and the last layering; None where nearly all are excluded."""
    d = weights.d
    counts = number_of_layerings(d)
    drawn = [uniform_layering(d, counts, rng) for _ in range(_FIRST)]
    log_weights = np.array([log_weight_of(weights, layer_of) for layer_of in drawn])
    finite = np.isfinite(log_weights)
    if finite.mean() < _LEAST_SUPPORT:
        return None
    log_z, power = math.log(counts[d]), 0.0
    step = _next_step(log_weights[finite], 1.0)
    share = np.where(finite, np.exp(step * (log_weights - log_weights[finite].max())), 0.0)
    state = init_at(weights, drawn[rng.choice(_FIRST, p=share / share.sum())])
    for _ in range(_MOST_POWERS):
        log_z += float(np.logaddexp.reduce(step * log_weights)) - math.log(len(log_weights))
        power = min(power + step, 1.0)
        if power >= 1.0:
            return log_z, state
        chain, state = _run(weights, state, power, rng)
        log_weights = chain.log_weights[_BURN_IN:]
        step = _next_step(log_weights, 1.0 - power)
    return None


def _run(
    weights: LayerWeights, state: LayeringState, power: float, rng: np.random.Generator
) -> tuple[LayeringDraws, LayeringState]:
    """Return the draws of a short chain at a power, burn-in among them, and its last layering."""
    drawn, state, _ = run(
        weights,
        state,
        rng=rng,
        blocks=_BLOCKS + _BURN_IN,
        thinning=_STEPS_PER_NODE * weights.d,
        temperature=1.0 / power,
    )
    return drawn, state


def _next_step(log_weights: Float64[np.ndarray, " k"], most: float) -> float:
    """Return the largest step of the power, at most `most`, at which the weights are worth enough draws."""

    def worth(step: float) -> float:
        share = np.exp(step * (log_weights - log_weights.max()))
        return float(share.sum() ** 2 / (share**2).sum() / len(share))

    if worth(most) >= _WORTH:
        return most
    low, high = 0.0, most
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if worth(middle) >= _WORTH else (low, middle)
    return max(low, 1e-12)
