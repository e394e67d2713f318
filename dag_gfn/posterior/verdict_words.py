"""The words for a verdict: figures, reasons, and what to do where a fit cannot be relied on."""

import math

from dag_gfn.posterior.diagnostic_parts import Agreement, Coverage
from dag_gfn.posterior.diagnostics import (
    BootstrapDiagnostics,
    Diagnostics,
    EdgeDiagnostics,
    ExactCheck,
    LayerDiagnostics,
    MCMCDiagnostics,
)
from dag_gfn.posterior.limits import MAX_LEFT_OUT, MAX_SHAPE, MIN_CORRECTED, MIN_STEPS

OTHER_POSTERIOR = "the chains agree, on the order-modular posterior, which is not that under the chosen prior"
"""What can be said at best of chains over orders."""
_MOST_EXACT = 20
"""Columns up to which an exact posterior takes minutes at most."""


def known_to(error: float | None) -> str:
    """Return what a standard error says.

    Examples
    --------
    >>> from dag_gfn.posterior.verdict_words import known_to
    >>> known_to(0.25), known_to(None)
    ('known to ±0.25', 'not known')
    """
    return "not known" if error is None else f"known to ±{error:.2g}"


def nats(log_z: float | None) -> str:
    """Return a log evidence in words.

    Examples
    --------
    >>> from dag_gfn.posterior.verdict_words import nats
    >>> nats(-3.0), nats(None)
    ('-3.00', 'not known')
    """
    return "not known" if log_z is None else f"{log_z:.2f}"


def count_in_words(draws: float | None) -> str:
    """Return a number of draws in words.

    Examples
    --------
    >>> from dag_gfn.posterior.verdict_words import count_in_words
    >>> count_in_words(1234.5), count_in_words(None)
    ('1,234', 'an unknown number of')
    """
    return "an unknown number of" if draws is None else f"{draws:,.0f}"


def r_hat_in_words(agreement: Agreement | None) -> str:
    """Return how far chains agree.

    Examples
    --------
    >>> from dag_gfn.posterior.verdict_words import r_hat_in_words
    >>> r_hat_in_words(None)
    'R-hat over the chains is not finite'
    """
    r_hat = None if agreement is None else agreement.max_r_hat
    return f"R-hat over the chains is {'not finite' if r_hat is None else f'up to {r_hat:.3g}'}"


def uncounted_mass(error: float | None) -> str:
    """Return in words how much of the posterior an error of the log evidence may leave uncounted.

    Examples
    --------
    >>> from dag_gfn.posterior.verdict_words import uncounted_mass
    >>> uncounted_mass(0.5)
    'it is known to ±0.5 only: 39% of the posterior mass may be uncounted'
    >>> uncounted_mass(None)
    'it is not known'
    """
    if error is None:
        return "it is not known"
    return (
        f"it is known to ±{error:.2g} only: {-math.expm1(-error):.0%} of the posterior mass may be uncounted"
    )


def advice_for(
    diagnostics: Diagnostics,
    exact_check: ExactCheck | None,
    why: str,
    *,
    time_budget: float | int | None = None,
    columns: int | None = None,
) -> str:
    """Return that a fit has not converged, why, and what to do.

    Parameters
    ----------
    diagnostics : Diagnostics
    exact_check : ExactCheck or None
    why : str
    time_budget : float, optional
        Of the fit, in seconds, where that ended it.
    columns : int, optional
        Of the table, if known.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import MCMCDiagnostics
    >>> from dag_gfn.posterior.verdict_words import advice_for
    >>> print(advice_for(MCMCDiagnostics(iterations=500), None, "the chains disagree", columns=8))
    MCMC has not converged after 500 iterations: the chains disagree. Run longer (iterations, --iterations, say 2000), \
or use the exact posterior (method='exact', --method exact)
    """
    done = diagnostics.iterations or 0
    subject, remedy = (
        ("MCMC", "Run") if isinstance(diagnostics, MCMCDiagnostics) else ("the GFlowNet", "Train")
    )
    advice = "compare fits with several seeds before relying on it"
    if exact_check is not None or (columns is not None and columns <= _MOST_EXACT):
        advice = "use the exact posterior (method='exact', --method exact)"
    elif few_steps(diagnostics):
        advice = f"use Markov chains alone (method='mcmc', --method mcmc); {advice}"
    more = f"iterations, --iterations, say {4 * done}"
    if time_budget is not None:
        more = f"time_budget, --time-budget, say {4 * time_budget:g}"
    steps = (
        f" (fewer than {MIN_STEPS} gradient steps hardly train a network)" if few_steps(diagnostics) else ""
    )
    return f"{subject} has not converged after {done:,} iterations{steps}: {why}. {remedy} longer ({more}), or {advice}"


def few_steps(diagnostics: Diagnostics) -> bool:
    """Return whether a network took too few gradient steps to be trained.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import EdgeDiagnostics, MCMCDiagnostics
    >>> from dag_gfn.posterior.verdict_words import few_steps
    >>> few_steps(EdgeDiagnostics(iterations=20)), few_steps(MCMCDiagnostics(iterations=20))
    (True, False)
    """
    trained = isinstance(diagnostics, LayerDiagnostics | EdgeDiagnostics)
    return trained and diagnostics.iterations is not None and diagnostics.iterations < MIN_STEPS


def rests_on_chains(diagnostics: Diagnostics, *, columns: int | None = None) -> list[str]:
    """Return that a network was hardly trained although the result has converged, and what would help.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import LayerDiagnostics
    >>> from dag_gfn.posterior.verdict_words import rests_on_chains
    >>> told = rests_on_chains(LayerDiagnostics.from_json({"estimate": "chains", "iterations": 20}), columns=30)
    >>> print(*told)
    the GFlowNet took 20 gradient steps only (200 or more train it): the edge probabilities rest on Markov chains. \
More time (time_budget, --time-budget) trains it; Markov chains alone (method='mcmc', --method mcmc) use the time better
    """
    if not (isinstance(diagnostics, LayerDiagnostics) and few_steps(diagnostics)):
        return []
    if diagnostics.estimate not in ("pooled", "chains"):
        return []
    exact = columns is not None and columns <= _MOST_EXACT
    better = (
        "the exact posterior (method='exact', --method exact) needs no sampler"
        if exact
        else "Markov chains alone (method='mcmc', --method mcmc) use the time better"
    )
    return [
        f"the GFlowNet took {diagnostics.iterations:,} gradient steps only ({MIN_STEPS} or more train it): the edge "
        f"probabilities rest on Markov chains. More time (time_budget, --time-budget) trains it; {better}"
    ]


def without_judges(diagnostics: Diagnostics, exact_check: ExactCheck | None) -> list[str]:
    """Return that there are no chains to judge the draws by, if these failed and nothing else judges them.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import EdgeDiagnostics
    >>> from dag_gfn.posterior.verdict_words import without_judges
    >>> without_judges(EdgeDiagnostics(), None)
    []
    """
    if not isinstance(diagnostics, LayerDiagnostics | EdgeDiagnostics) or diagnostics.judging_error is None:
        return []
    if exact_check is not None:
        return []
    return [
        f"the Markov chains beside training failed ({diagnostics.judging_error}), so the draws are not compared "
        "with theirs: compare fits with several seeds before relying on them"
    ]


def uncorrected(diagnostics: Diagnostics) -> list[str]:
    """Return that parents outside the candidates are not corrected for, if the weights for it were unreliable.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import EdgeDiagnostics
    >>> from dag_gfn.posterior.verdict_words import uncorrected
    >>> uncorrected(EdgeDiagnostics())
    []
    """
    correction = diagnostics.correction
    if correction is None or not diagnostics.uncorrected:
        return []
    coverage = diagnostics.coverage or Coverage(candidates=None, covered=None)
    shape = correction.corrected_pareto_k
    tail = "an infinite" if shape is None else f"a shape of {shape:.2f} of the"  # None where infinite
    return [
        f"parents beyond each column's {coverage.candidates} candidates are taken by their odds, and not "
        f"corrected: by the weights for it, draws are worth {correction.corrected_effective_samples or 0.0:.0f} "
        f"independent ones, with {tail} tail (to be relied on: {MIN_CORRECTED}, and a shape of at most {MAX_SHAPE:g}). "
        "A prior that favours fewer parents (fair, or edge with a smaller beta; --prior), max_parents (--max-parents) "
        "or fewer columns (--columns, --drop) leave less to correct"
    ]


def few_candidates(diagnostics: Diagnostics) -> list[str]:
    """Return that modes may be missed, where many likely parents are no candidates.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import EdgeDiagnostics
    >>> from dag_gfn.posterior.verdict_words import few_candidates
    >>> few_candidates(EdgeDiagnostics.from_json({"candidates": 8, "covered": 0.9, "likely_left_out": 1.9}))[0][:59]
    'beyond its 8 candidates each column has 1.9 others that are'
    """
    coverage = diagnostics.coverage
    if coverage is None or coverage.likely_left_out is None or coverage.likely_left_out <= MAX_LEFT_OUT:
        return []
    return [
        f"beyond its {coverage.candidates} candidates each column has {coverage.likely_left_out:.1f} others that are "
        f"likely parents in random orders, on average (to be relied on: {MAX_LEFT_OUT:g}), so that graphs in which "
        "edges are turned round may be missed. A prior that favours fewer parents (fair, or edge with a smaller beta; "
        "--prior), max_parents (--max-parents) or fewer columns (--columns, --drop) leave out less"
    ]


def unknown_evidence(why: str) -> str:
    """Return that the edges can be relied on and the evidence cannot.

    Examples
    --------
    >>> from dag_gfn.posterior.verdict_words import uncounted_mass, unknown_evidence
    >>> unknown_evidence(uncounted_mass(None)).partition(".")[0]
    'the edge probabilities have converged, the log evidence has not: it is not known'
    """
    return (
        f"the edge probabilities have converged, the log evidence has not: {why}. The probabilities of single graphs "
        "depend on it. Train longer (iterations, --iterations, or time_budget, --time-budget) if these matter"
    )


def frequencies_alone(diagnostics: BootstrapDiagnostics) -> str:
    """Return why nothing is claimed of a posterior by a bootstrap.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import BootstrapDiagnostics
    >>> from dag_gfn.posterior.verdict_words import frequencies_alone
    >>> frequencies_alone(BootstrapDiagnostics(resamples=200))
    'frequencies over 200 resamples are no posterior probabilities'
    """
    number = diagnostics.resamples or 0
    return f"frequencies over {number:,} resamples are no posterior probabilities"
