"""The limits by which a verdict decides, and what keeps within them."""

from dag_gfn.posterior.diagnostic_parts import Tempering

MAX_R_HAT = 1.05
MIN_EFFECTIVE_DRAWS = 400
"""R-hat at most, and effective draws at least, with which chains count as converged and weighted means as reliable."""
MIN_CHAIN_DRAWS = 100
"""The same, where the standard errors of all edges are small."""
MIN_ARRIVALS = 60
"""Times that layerings have to come from the highest temperature to tempered chains: so many miss a mode of 5 % of the
posterior in one of 20 fits."""
MIN_PATH_DRAWS = 200
"""Independent draws that graphs have to be worth, for probabilities of paths to be relied on."""
MIN_CORRECTED = 100
"""Independent draws that corrected ones have to be worth."""
MAX_LEFT_OUT = 1.4
"""Likely parents in random orders that are no candidates, for each column: with more, modes may be missed."""
MAX_SHAPE = 0.7
"""Of the tail of importance weights, at most, for weighted means to be reliable (`metrics.pareto_smoothed`)."""
MAX_EDGE_ERROR = 0.05
"""Largest edge error, by the exact check, with which a fit counts as converged; that of a path likewise."""
MAX_EVIDENCE_ERROR = 0.25
"""Standard error of the log evidence, in nats, with which that counts as converged: twice as much is half a nat."""
MAX_GRAPH_ERROR = 0.1
"""The same, with which probabilities of single graphs do: each is known to a tenth of itself."""
MAX_STANDARD_ERROR = 0.02
"""Of an edge probability, with which chains and pooled draws count as converged: two and a half times as much is the
largest error."""
MAX_DRIFT = 0.03
"""Of an edge probability, from the first half of the moves that count to the second."""
MAX_CHAIN_GAP = 1.0
"""Nats by which the weights of a chain's layerings may lie above the evidence, for a sampler to cover where it is."""
MAX_BOUND_GAP = 3.0
"""Nats between the upper bound of the log evidence, by chains, and its estimate by a sampler's own weights."""
MAX_MISSING_MASS = 0.05
"""Share of the posterior that a sampler's draws may leave out, by its evidence and that with chains."""
MAX_RATIO_SPREAD = 1.0
"""Standard deviation over tempered chains of their estimates of the log evidence, in nats."""
MIN_ESS = 0.1
"""Effective sample size, as a share of the samples, below which a fit without an exact check counts as failed."""
MIN_STEPS = 200
"""Gradient steps, below which a network has hardly been trained."""
MIN_TABLES = 20
"""Independent tables that completed ones have to be worth, where cells were not seen."""
MAX_SWEEP_R_HAT, MAX_TABLE_R_HAT = 1.1, 1.2
"""R-hat at most of the edges over the chains that tables come from: by the graphs of all sweeps, and by few tables."""
MAX_TABLE_ERROR = 0.05
"""Standard error of an edge probability, with which a mixture of completed tables counts as converged."""
MAX_UNCONVERGED_TABLES = 0.1
"""Share of the completed tables, at most, on which the method may not have converged."""


def at_most(error: float | None, most: float) -> bool:
    """Return whether an error is known, None standing for what is not finite, and at most this large.

    Examples
    --------
    >>> from dag_gfn.posterior.limits import at_most
    >>> at_most(0.01, 0.05), at_most(0.1, 0.05), at_most(None, 0.05)
    (True, False, False)
    """
    return error is not None and error <= most


def unexplored(tempering: Tempering | None) -> bool:
    """Return whether chains are tempered, and too few layerings came from the highest temperature to know all modes.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Tempering
    >>> from dag_gfn.posterior.limits import unexplored
    >>> unexplored(Tempering.from_json({"arrivals": 12})), unexplored(Tempering.from_json({"arrivals": 600}))
    (True, False)
    >>> unexplored(None)  # nothing is known of it
    False
    """
    return tempering is not None and (tempering.arrivals or 0) < MIN_ARRIVALS


def reliable_weights(effective_samples: float | int, pareto_k: float | int | None) -> bool:
    """Return whether means that are weighted by importance weights can be relied on.

    Parameters
    ----------
    effective_samples : float
        How many independent draws they are worth.
    pareto_k : float or None
        Shape of their tail; None where they have none.

    Examples
    --------
    >>> from dag_gfn.posterior.limits import reliable_weights
    >>> reliable_weights(900.0, 0.3), reliable_weights(900.0, 0.8), reliable_weights(90.0, None)
    (True, False, False)
    """
    return bool(effective_samples >= MIN_EFFECTIVE_DRAWS and (pareto_k is None or pareto_k <= MAX_SHAPE))


def reliable_correction(effective_samples: float | int, pareto_k: float | int) -> bool:
    """Return whether draws that are corrected for parents outside the candidates are better than uncorrected ones.

    Parameters
    ----------
    effective_samples : float
        How many independent draws the corrected ones are worth.
    pareto_k : float
        Shape of the tail of their weights.

    Examples
    --------
    >>> from dag_gfn.posterior.limits import reliable_correction
    >>> reliable_correction(150.0, 0.3), reliable_correction(150.0, 0.8), reliable_correction(50.0, 0.3)
    (True, False, False)
    """
    return bool(effective_samples >= MIN_CORRECTED and pareto_k <= MAX_SHAPE)


def chains_agree(max_r_hat: float | int, min_effective_draws: float | int) -> bool:
    """Return whether Markov chains agree with one another and are long enough.

    Parameters
    ----------
    max_r_hat : float
        The largest R-hat of an edge probability or of the log-weight.
    min_effective_draws : float
        How many independent draws the chains are worth at least.

    Examples
    --------
    >>> from dag_gfn.posterior.limits import chains_agree
    >>> chains_agree(1.01, 900.0), chains_agree(1.2, 900.0), chains_agree(1.01, 90.0)
    (True, False, False)
    """
    return bool(max_r_hat <= MAX_R_HAT and min_effective_draws >= MIN_EFFECTIVE_DRAWS)
