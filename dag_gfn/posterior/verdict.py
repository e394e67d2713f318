"""Whether a fit can be relied on: the limits, what they decide, and the words for it."""

import math
from dataclasses import dataclass
from typing import Any

from dag_gfn.posterior.diagnostic_parts import Agreement, Coverage, Tempering
from dag_gfn.posterior.diagnostics import (
    Diagnostics,
    ExactCheck,
    ExactDiagnostics,
    LayerDiagnostics,
    MCMCDiagnostics,
    MixtureDiagnostics,
)
from dag_gfn.posterior.evidence import Evidence

MAX_R_HAT = 1.05
MIN_EFFECTIVE_DRAWS = 400
"""R-hat at most, and effective draws at least, with which chains count as converged and weighted means as reliable."""
MIN_CORRECTED = 100
"""Independent draws that corrected ones have to be worth."""
MAX_SHAPE = 0.7
"""Of the tail of importance weights, at most, for weighted means to be reliable (`metrics.pareto_smoothed`)."""
MAX_EDGE_ERROR = 0.05
"""Largest edge error, by the exact check, with which a fit counts as converged."""
MAX_EVIDENCE_ERROR = 0.5
"""Standard error of the log evidence, in nats, with which that counts as converged."""
MAX_STANDARD_ERROR = 0.5 / math.sqrt(MIN_EFFECTIVE_DRAWS)
"""Of an edge probability, with which pooled draws count as converged: that of as many independent draws."""
MIN_ARRIVALS = 60
"""Times that layerings have to come from the highest temperature to tempered chains: so many miss a mode of 5 % of the
posterior in one of 20 fits."""
MIN_ESS = 0.1
"""Effective sample size, as a share of the samples, below which a fit without an exact check counts as failed."""
MIN_TABLES = 20
"""Independent tables that completed ones have to be worth, where cells were not seen."""
MAX_SWEEP_R_HAT, MAX_TABLE_R_HAT = 1.1, 1.2
"""R-hat at most of the edges over the chains that tables come from: by the graphs of all sweeps, and by few tables."""
MAX_TABLE_ERROR = 0.05
"""Standard error of an edge probability, with which a mixture of completed tables counts as converged."""
MAX_UNCONVERGED_TABLES = 0.1
"""Share of the completed tables, at most, on which the method may not have converged."""


@dataclass(frozen=True)
class Verdict:
    """The decision on a fit.

    Attributes
    ----------
    converged : bool or None
        Whether the edge probabilities can be relied on; None where nothing proves or disproves it.
    evidence_converged : bool or None
        Whether the log evidence can be relied on; None where the method does not estimate it.
    warnings : tuple of str
        Why not, and what to do.

    Examples
    --------
    >>> from dag_gfn.posterior.verdict import Verdict
    >>> Verdict(True, None, ()).to_json()
    {'converged': True}
    """

    converged: bool | None
    evidence_converged: bool | None
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what posterior.json records of it among the diagnostics."""
        if self.evidence_converged is None:
            return {"converged": self.converged}
        return {"converged": self.converged, "evidence_converged": self.evidence_converged}


def judge(
    diagnostics: Diagnostics,
    exact_check: ExactCheck | None,
    evidence: Evidence,
    *,
    time_budget: float | int | None = None,
    iterations_given: bool = False,
) -> Verdict:
    """Decide whether a fit can be relied on.

    Edge probabilities may be known well where the log evidence is not.

    Parameters
    ----------
    diagnostics : Diagnostics
    exact_check : ExactCheck or None
        The comparison with the exact posterior decides where there is one.
    evidence : Evidence
        The log evidence by the fit.
    time_budget : float, optional
        Of the fit in seconds, if there was one.
    iterations_given : bool
        Whether the user chose the iterations: then these ended the fit, unless the time budget cut it short.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Importance
    >>> from dag_gfn.posterior.diagnostics import EdgeDiagnostics
    >>> from dag_gfn.posterior.evidence import Evidence
    >>> from dag_gfn.posterior.verdict import judge
    >>> own = Importance(ess=0.02, log_z=-3.0, log_z_standard_error=0.1, log_z_lower=None, log_z_upper=None)
    >>> judge(EdgeDiagnostics(iterations=50, importance=own), None, Evidence(-3.0, 0.1)).converged
    False
    """
    if isinstance(diagnostics, ExactDiagnostics):
        return Verdict(True, None, ())
    if isinstance(diagnostics, MixtureDiagnostics):
        return _judged_mixture(diagnostics, time_budget)
    converged, why = _judged(diagnostics, exact_check)
    estimated = not isinstance(diagnostics, MCMCDiagnostics)
    known = _small(evidence.standard_error, MAX_EVIDENCE_ERROR) and converged is not False
    evidence_converged = known if estimated else None
    uncorrected = _uncorrected(diagnostics)
    told = [*_without_judges(diagnostics, exact_check), *uncorrected]
    if converged is False:
        by_time = diagnostics.cut_short_by_time_budget or not iterations_given
        advice = _advice(diagnostics, exact_check, why, time_budget if by_time else None)
        return Verdict(False, evidence_converged, (advice, *told))
    if uncorrected:
        return Verdict(False, evidence_converged, tuple(told))
    if converged and evidence_converged is False:
        told.append(_unknown_evidence(evidence.standard_error))
    return Verdict(converged, evidence_converged, tuple(told))


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
    >>> from dag_gfn.posterior.verdict import reliable_weights
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
    >>> from dag_gfn.posterior.verdict import reliable_correction
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
    >>> from dag_gfn.posterior.verdict import chains_agree
    >>> chains_agree(1.01, 900.0), chains_agree(1.2, 900.0), chains_agree(1.01, 90.0)
    (True, False, False)
    """
    return bool(max_r_hat <= MAX_R_HAT and min_effective_draws >= MIN_EFFECTIVE_DRAWS)


def unexplored(tempering: Tempering | None) -> bool:
    """Return whether chains are tempered, and too few layerings came from the highest temperature to know all modes.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Tempering
    >>> from dag_gfn.posterior.verdict import unexplored
    >>> unexplored(Tempering.from_json({"arrivals": 12})), unexplored(Tempering.from_json({"arrivals": 600}))
    (True, False)
    >>> unexplored(None)  # nothing is known of it
    False
    """
    return tempering is not None and (tempering.arrivals or 0) < MIN_ARRIVALS


def _judged(diagnostics: Diagnostics, exact_check: ExactCheck | None) -> tuple[bool | None, str]:
    """Return whether the edge probabilities have converged, and why not if they have not."""
    if exact_check is not None:
        error = exact_check.edge_max_error
        known = "not finitely far" if error is None else f"{error:.2f}"
        return _small(error, MAX_EDGE_ERROR), f"an edge probability is {known} away from the exact one"
    if isinstance(diagnostics, MCMCDiagnostics) and diagnostics.agreement is not None:
        chains = diagnostics.agreement
        if chains.chains_agree and unexplored(diagnostics.tempering):
            return False, _modes_missed(diagnostics.tempering)
        worth = _count(chains.min_effective_draws)
        return chains.chains_agree, f"{_r_hat(chains)}, and they are worth {worth} independent draws"
    if isinstance(diagnostics, LayerDiagnostics):
        return _layers_converged(diagnostics), _unreliable_layers(diagnostics)
    # few effective samples prove a bad fit; many do not prove a good one, since a lost mode has no samples
    ess = None if diagnostics.importance is None else diagnostics.importance.ess
    share = "not finite as a share" if ess is None else f"{ess:.1%}"
    failed = ess is None or ess < MIN_ESS
    return False if failed else None, f"the effective sample size is {share} of the samples"


def _layers_converged(diagnostics: LayerDiagnostics) -> bool | None:
    """Return whether layerings can be relied on; None where nothing speaks against it, and no chain for it."""
    if _apart(diagnostics.agreement) or unexplored(diagnostics.tempering):
        return False  # chains that stay apart, by whatever draws: each kind may be in one mode alone
    against = diagnostics.against_chains
    if diagnostics.estimate == "pooled":
        # without overlap the chains are alone, and must be enough by themselves
        judged = against is not None and _small(against.log_z_with_chains_standard_error, MAX_EVIDENCE_ERROR)
        judged = judged or (diagnostics.agreement is not None and diagnostics.agreement.chains_agree is True)
        return judged and _small(diagnostics.pooled_edge_standard_error, MAX_STANDARD_ERROR)
    if not diagnostics.reliable_weights or _off(diagnostics):
        return False
    return None if against is None else against.agrees_with_chains


def _judged_mixture(found: MixtureDiagnostics, time_budget: float | int | None) -> Verdict:
    """Return whether a mixture of completed tables can be relied on, and why not."""
    tables, why = found.completed_tables or 0, []
    if (found.effective_tables or 0.0) < MIN_TABLES:
        why.append(
            f"they are worth {_count(found.effective_tables)} independent tables (to be relied on: {MIN_TABLES})"
        )
    if found.tables_agree is False:
        r_hat = "not finite" if found.tables_max_r_hat is None else f"{found.tables_max_r_hat:.3g}"
        why.append(f"the chains that they come from disagree about the edges (R-hat {r_hat}; 1 is ideal)")
    if not _small(found.max_edge_standard_error, MAX_TABLE_ERROR):
        why.append(f"an edge probability is {_known_to(found.max_edge_standard_error)} only")
    unconverged = found.unconverged_tables or 0
    if unconverged > MAX_UNCONVERGED_TABLES * (found.distinct_tables or 1):
        worst = [
            text
            for value, text in (
                (
                    found.worst_max_r_hat,
                    f"R-hat up to {found.worst_max_r_hat:.3g}" if found.worst_max_r_hat else "",
                ),
                (found.worst_ess, f"effective sample size down to {found.worst_ess or 0.0:.1%}"),
            )
            if value is not None
        ]
        detail = f" ({', '.join(worst)})" if worst else ""
        why.append(
            f"the method has not converged on {unconverged:,} of {found.distinct_tables:,} tables{detail}"
        )
    if not why:
        unjudged = (found.unjudged_tables or 0) > MAX_UNCONVERGED_TABLES * (found.distinct_tables or 1)
        return Verdict(None if unjudged else True, None, ())
    remedies = [f"more completed tables (num_completed, --num-completed, say {4 * max(tables, 1)})"]
    if time_budget is not None:
        remedies = [f"more time (time_budget, --time-budget, say {4 * time_budget:g})", *remedies]
    elif unconverged:
        remedies.append("longer work on each (iterations, --iterations)")
    return Verdict(
        False,
        None,
        (
            f"the mean over {tables:,} completed tables, in place of the cells that were not seen, has not converged: "
            f"{'; '.join(why)}. Allow {' and '.join(remedies)}",
        ),
    )


def _apart(agreement: Agreement | None) -> bool:
    """Return whether there are chains whose R-hat is above its limit."""
    return agreement is not None and not _small(agreement.max_r_hat, MAX_R_HAT)


def _small(error: float | None, most: float) -> bool:
    """Return whether an error is known, None standing for what is not finite, and at most this large."""
    return error is not None and error <= most


def _off(diagnostics: LayerDiagnostics) -> bool:
    """Return whether the result is the policy's own, and its weights say that it is not the posterior."""
    return diagnostics.estimate == "raw" and not _small(
        diagnostics.raw_to_reweighted_edge_difference, MAX_EDGE_ERROR
    )


# --- words ---


def _advice(
    diagnostics: Diagnostics, exact_check: ExactCheck | None, why: str, time_budget: float | int | None
) -> str:
    """Return that a fit has not converged, why, and what to do; `time_budget` is given where that ended the fit."""
    done = diagnostics.iterations or 0
    subject, remedy = (
        ("MCMC", "Run") if isinstance(diagnostics, MCMCDiagnostics) else ("the GFlowNet", "Train")
    )
    advice = "use the exact posterior (method='exact', --method exact)"
    if exact_check is None:  # or nobody could have it
        advice = "compare fits with several seeds before relying on it"
    more = f"iterations, --iterations, say {4 * done}"
    if time_budget is not None:
        more = f"time_budget, --time-budget, say {4 * time_budget:g}"
    return (
        f"{subject} has not converged after {done:,} iterations: {why}. {remedy} longer ({more}), or {advice}"
    )


def _unreliable_layers(diagnostics: LayerDiagnostics) -> str:
    """Return why layerings cannot be relied on."""
    own, against, agreement = diagnostics.importance, diagnostics.against_chains, diagnostics.agreement
    layerings = diagnostics.layerings or 0
    ess = None if own is None else own.ess
    worth = _count(None if ess is None else ess * layerings)
    shape = diagnostics.pareto_k
    tail = "" if shape is None else f", whose tail has shape {shape:.2f}"
    why = f"{layerings:,} draws are worth {worth} by their importance weights{tail}"
    if diagnostics.estimate == "pooled":
        evidence = None if against is None else against.log_z_with_chains_standard_error
        return why + (
            ", and the Markov chains that they were pooled with do not make up for it "
            f"({_r_hat(agreement)}, log Z {_known_to(evidence)}, "
            f"edge probabilities {_known_to(diagnostics.pooled_edge_standard_error)})"
        )
    if not _apart(agreement) and unexplored(diagnostics.tempering):
        return _modes_missed(diagnostics.tempering)
    if _apart(agreement):
        return f"{_r_hat(agreement)}: they stay apart, and the draws may cover only one of these parts"
    if not diagnostics.reliable_weights:
        return why + (
            f" (to be relied on: {MIN_EFFECTIVE_DRAWS}, and a shape of the tail that is known and at most "
            f"{MAX_SHAPE:g})"
        )
    if against is not None and against.agrees_with_chains is False:
        return (
            f"the evidence by its own draws, log Z = {_nats(None if own is None else own.log_z)}, disagrees with that "
            f"by layerings of Markov chains, {_nats(against.log_z_with_chains)}: one of them misses some of the "
            "posterior"
        )
    apart = diagnostics.raw_to_reweighted_edge_difference
    far = "not finitely far" if apart is None else f"{apart:.2f}"
    return (
        f"an edge probability is {far} away from what importance weights correct it to (reweight, --reweight)"
    )


def _modes_missed(tempering: Tempering | None) -> str:
    """Return that modes may have been missed."""
    arrivals = 0 if tempering is None else tempering.arrivals or 0
    return (
        f"layerings came from the highest temperature to the chains {arrivals:,} times only, so that modes may be "
        f"missed (to be relied on: {MIN_ARRIVALS} times)"
    )


def _known_to(error: float | None) -> str:
    return "not known" if error is None else f"known to ±{error:.2g}"


def _nats(log_z: float | None) -> str:
    return "not known" if log_z is None else f"{log_z:.2f}"


def _count(draws: float | None) -> str:
    return "an unknown number of" if draws is None else f"{draws:.0f}"


def _r_hat(agreement: Agreement | None) -> str:
    r_hat = None if agreement is None else agreement.max_r_hat
    return f"R-hat over the chains is {'not finite' if r_hat is None else f'up to {r_hat:.3g}'}"


def _without_judges(diagnostics: Diagnostics, exact_check: ExactCheck | None) -> list[str]:
    """Return that there are no chains to judge the draws by, if these failed and nothing else judges them."""
    if not isinstance(diagnostics, LayerDiagnostics) or diagnostics.judging_error is None:
        return []
    if exact_check is not None:
        return []
    return [
        f"the Markov chains beside training failed ({diagnostics.judging_error}), so the draws are neither compared "
        "nor pooled with theirs: compare fits with several seeds before relying on them"
    ]


def _uncorrected(diagnostics: Diagnostics) -> list[str]:
    """Return that parents outside the candidates are not corrected for, if the weights for it were unreliable."""
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
        "A prior that favours fewer parents (prior='fair', --prior fair), max_parents (--max-parents) or fewer columns "
        "(--columns, --drop) leave less to correct"
    ]


def _unknown_evidence(error: float | None) -> str:
    """Return that the edges can be relied on and the evidence cannot."""
    known = "is not known" if error is None else f"is known to ±{error:.2g} only"
    return (
        f"the edge probabilities have converged, the log evidence has not: it {known}, and so are the probabilities of "
        "single graphs. Train longer (iterations, --iterations, or time_budget, --time-budget) if these matter"
    )
