"""The diagnostics of a fit: each figure with its level and meaning, and the figures in sentences."""

import math
from collections.abc import Callable
from typing import NamedTuple

from dag_gfn.errors import shortened
from dag_gfn.posterior.claims import Claims
from dag_gfn.posterior.diagnostics import (
    BootstrapDiagnostics,
    Diagnostics,
    ExactCheck,
    LayerDiagnostics,
    MixtureDiagnostics,
)
from dag_gfn.posterior.evidence import Evidence, known_evidence
from dag_gfn.posterior.fit_record import FitRecord
from dag_gfn.posterior.limits import (
    MAX_EDGE_ERROR,
    MAX_R_HAT,
    MAX_TABLE_ERROR,
    MIN_ARRIVALS,
    MIN_EFFECTIVE_DRAWS,
    MIN_ESS,
    MIN_TABLES,
)
from dag_gfn.posterior.trust import computed_exactly, doubts_of

_TOLD_MASS = 0.01
Level = Callable[[float], str]


class Check(NamedTuple):
    """One figure that a fit has measured.

    Attributes
    ----------
    name, value : str
    level : {"good", "caution", "bad", "none"}
        "none" where no limit applies to it.
    meaning : str

    Examples
    --------
    >>> from dag_gfn.posterior.checks import Check
    >>> Check("R-hat", "1.010", "good", "largest over the chains; 1 is ideal").level
    'good'
    """

    name: str
    value: str
    level: str
    meaning: str


def checks(record: FitRecord) -> list[Check]:
    """Return the figures that a fit recorded, each with the level that its limits give it.

    Parameters
    ----------
    record : FitRecord

    Examples
    --------
    >>> from dag_gfn.posterior.checks import checks
    >>> from dag_gfn.posterior.fit_record import FitRecord
    >>> checks(FitRecord.from_info({"exact_check": {"edge_max_error": 0.2}}))[0].level
    'bad'
    """
    rows = [] if record.claims is None or record.method == "exact" else _of_claims(record.claims)
    rows += [] if record.exact_check is None else _of_exact_check(record.exact_check)
    found = record.diagnostics
    if found is not None and found.importance is not None:
        rows.append(
            _check(
                "Effective sample size",
                found.importance.ess,
                ".1%",
                "of the samples drawn; a low one proves a bad fit, a high one does not prove a good one",
                _above(MIN_ESS, MIN_ESS / 2),
            )
        )
    if found is not None and found.agreement is not None:
        chains = found.agreement
        meaning = "largest over the chains; 1 is ideal"
        rows.append(_check("R-hat", chains.max_r_hat, ".3f", meaning, _below(MAX_R_HAT, 2 * MAX_R_HAT - 1)))
        rows.append(
            _check(
                "Effective draws of the chains",
                chains.min_effective_draws,
                ",.0f",
                "independent draws that the chains are worth at least",
                _above(MIN_EFFECTIVE_DRAWS, MIN_EFFECTIVE_DRAWS / 2),
            )
        )
    if found is not None and found.tempering is not None:
        meaning = "how often layerings came from the highest temperature, which finds modes"
        limit = _above(MIN_ARRIVALS, MIN_ARRIVALS / 2)
        rows.append(_check("Arrivals at the chains", found.tempering.arrivals, ",", meaning, limit))
    if isinstance(found, MixtureDiagnostics):
        rows += _of_mixture(found)
    if isinstance(found, BootstrapDiagnostics):
        return rows + _of_bootstrap(found)
    if record.effective_samples is not None:
        meaning = "that the weights are worth, for standard errors"
        rows.append(_check("Independent draws", record.effective_samples, ",.0f", meaning))
    if found is not None and found.iterations is not None:
        rows.append(_check("Iterations", found.iterations, ",", "gradient steps, or steps of each chain"))
    if found is not None and found.cut_short_by_time_budget:
        rows.append(Check("Time budget", "reached", "caution", "the run ended before its planned iterations"))
    return rows + _of_evidence(record.evidence)


def _of_claims(claims: Claims) -> list[Check]:
    levels = {True: "good", None: "caution", False: "bad"}
    return [
        Check(f"Known: {subject}", claim.word, levels[claim.converged], claim.reason)
        for subject, claim in claims.rows()
    ]


def _of_exact_check(check: ExactCheck) -> list[Check]:
    near = _below(MAX_EDGE_ERROR, 2 * MAX_EDGE_ERROR)
    against = f"against the exact posterior; {MAX_EDGE_ERROR:g} or less is good"
    of_path = "of the probability that x is an ancestor of y"
    rows = [
        _check("Largest edge error", check.edge_max_error, ".3g", against, near),
        _check("Edge error, root mean square", check.edge_rmse, ".2g", "over all ordered pairs"),
        _check("Largest path error", check.path_max_error, ".3g", of_path, near),
    ]
    if check.divergence is not None:
        of_graphs = "in nats, over all DAGs; 0 is perfect, 0.69 the worst"
        rows += [
            _check("Divergence over graphs (JSD)", check.divergence.jsd, ".2g", of_graphs),
            _check("Total variation over graphs", check.divergence.tv, ".2g", "0 is perfect, 1 the worst"),
        ]
    return rows


def _of_mixture(found: MixtureDiagnostics) -> list[Check]:
    rows = [
        _check(
            "Completed tables",
            found.effective_tables,
            ",.0f",
            f"independent ones that the {_number(found.completed_tables, ',')} tables are worth",
            _above(MIN_TABLES, MIN_TABLES / 2),
        ),
        _check(
            "Error of edges by tables",
            found.max_edge_standard_error,
            ".2g",
            "largest standard error of an edge probability; it includes that the tables are few",
            _below(MAX_TABLE_ERROR, 2 * MAX_TABLE_ERROR),
        ),
        _check(
            "Share of missing cells",
            found.share_of_missing,
            ".0%",
            "of the variance of the edges: what the missing cells leave open",
        ),
    ]
    if found.tables_agree is not None:
        meaning = "of edges, over the chains that draw the tables; 1 is ideal"
        level = "good" if found.tables_agree else "bad"
        rows.append(Check("R-hat of tables", _number(found.tables_max_r_hat, ".3f"), level, meaning))
    if found.unconverged_tables:
        of_all = f"of {_number(found.distinct_tables, ',')} tables, on which the method has not converged"
        rows.append(Check("Tables not converged", f"{found.unconverged_tables:,}", "caution", of_all))
    return rows


def _of_bootstrap(found: BootstrapDiagnostics) -> list[Check]:
    meaning = f"on which {(found.point_estimator or 'the search').replace('_', ' ')} found a graph"
    rows = [_check("Resamples", found.resamples, ",", meaning)]
    if found.resamples_without_graph:
        without = "on which it found none that is allowed"
        rows.append(
            Check("Resamples without a graph", f"{found.resamples_without_graph:,}", "caution", without)
        )
    if found.inconsistent_graphs:
        directions = "partly directed graphs that no DAG agrees with; directions are kept as far as possible"
        rows.append(Check("Inconsistent graphs", f"{found.inconsistent_graphs:,}", "caution", directions))
    if found.cut_short_by_time_budget:
        rows.append(Check("Time budget", "reached", "caution", "the run ended before its planned resamples"))
    return rows


def _of_evidence(evidence: Evidence) -> list[Check]:
    if evidence.log_z is not None:
        error = evidence.standard_error
        value = f"{evidence.log_z:.3f}" + (f" ± {error:.2g}" if error else "")
        return [Check("Log evidence", value, "none", f"source: {evidence.source or 'not said'}")]
    if evidence.source:  # a method that estimates it
        return [Check("Log evidence", "not known", "caution", "its error is too large")]
    return []


def _check(
    name: str, value: float | int | None, form: str, meaning: str, level: Level | None = None
) -> Check:
    if value is None:
        return Check(name, "not finite", "none" if level is None else "bad", meaning)
    return Check(name, format(value, form), "none" if level is None else level(value), meaning)


def _below(good: float | int, caution: float | int) -> Level:
    return lambda value: "good" if value <= good else "caution" if value <= caution else "bad"


def _above(good: float | int, caution: float | int) -> Level:
    return lambda value: "good" if value >= good else "caution" if value >= caution else "bad"


# --- sentences ---


def check_sentences(record: FitRecord) -> list[str]:
    """Return what the fit's own checks say, a sentence or two each.

    Parameters
    ----------
    record : FitRecord

    Examples
    --------
    >>> from dag_gfn.posterior.checks import check_sentences
    >>> from dag_gfn.posterior.fit_record import FitRecord
    >>> print(*check_sentences(FitRecord.from_info({"method": "exact", "log_evidence": -3.25})))
    Exact probabilities of all DAGs. Log evidence: -3.2500.
    """
    found = record.diagnostics
    lines = [] if record.exact_check is None else [_exact_sentence(record.exact_check)]
    if isinstance(found, BootstrapDiagnostics):
        how = (found.point_estimator or "a search").replace("_", " ")
        lines.append(
            f"Found by {how} on {_number(found.resamples, ',')} resamples of the rows: standard errors are those of "
            "frequencies over so many."
        )
    elif found is not None:
        lines += _sampler_sentences(found, record.evidence)
    for condition in record.conditions:
        lines.append(
            f"Given {shortened(condition.query)}, of probability {_number(condition.probability, '.4g')}: "
            "only graphs that comply are counted."
        )
    if isinstance(found, MixtureDiagnostics):
        lines.append(_mixture_sentence(found, record.method))
    elif record.method == "exact" and not record.conditions:
        drawn = record.num_samples
        what = "edges" if record.order_modular else "edges and paths"
        what = "all DAGs" if drawn is None else f"{what}; the graphs are {drawn:,} exact draws"
        evidence = "Log evidence (mean over orders)" if record.order_modular else "Log evidence"
        told = "" if record.normalized_scores else f" {evidence}: {_number(record.evidence.log_z, '.4f')}."
        lines.append(f"Exact probabilities of {what}.{told}")
    if record.claims is not None and record.method != "exact":
        lines.append(record.claims.sentence())
    if found is not None and (found.uncounted_mass or 0.0) >= _TOLD_MASS:
        lines.append(
            f"Up to {_number(found.uncounted_mass, '.0%')} of the posterior mass may be missing in the draws; standard "
            "errors allow for it."
        )
    reasons = doubts_of(record, "caution")
    if reasons:
        computed = "Exact arithmetic" if computed_exactly(record) else "However it was computed"
        lines.append(f"{computed}, but {reasons}.")
    return lines


def _mixture_sentence(found: MixtureDiagnostics, method: str | None) -> str:
    """Return what is known of a mean over completed tables."""
    how = "exact probabilities given each" if method == "exact" else "an estimate from each"
    return (
        f"Mean over {_number(found.completed_tables, ',')} completed tables: {how}, standard errors of the mean up to "
        f"{_number(found.max_edge_standard_error, '.2g')}; {_number(found.share_of_missing, '.0%')} of the variance of "
        "the edges is due to the cells that were not seen."
    )


def _exact_sentence(check: ExactCheck) -> str:
    graphs = ""
    if check.divergence is not None:
        graphs = (
            f"; over all DAGs JSD {_number(check.divergence.jsd, '.2e')} nats, "
            f"total variation {_number(check.divergence.tv, '.2e')}"
        )
    return (
        "Exact check: edge probabilities differ from the exact ones by "
        f"{_number(check.edge_max_error, '.3g')} at most (RMSE {_number(check.edge_rmse, '.2g')}), "
        f"paths by {_number(check.path_max_error, '.3g')} (RMSE {_number(check.path_rmse, '.2g')}){graphs}."
    )


def _sampler_sentences(found: Diagnostics, evidence: Evidence) -> list[str]:
    """Return what importance weights, chains and corrections say."""
    lines = []
    if found.importance is not None:
        lines.append(
            f"Effective sample size: {_number(found.importance.ess, '.2g')} per sample drawn (1 is ideal). "
            f"Log evidence: {_own_evidence(found, evidence)}."
        )
    if (
        isinstance(found, LayerDiagnostics)
        and found.estimate in ("pooled", "chains")
        and found.against_chains is not None
    ):
        why = (
            "Worth few independent draws alone"
            if found.reliable_weights
            else "Too uneven to be relied on alone"
        )
        taken = (
            "layerings of Markov chains take their place."
            if found.estimate == "chains"
            else "the draws are pooled with layerings of Markov chains, which stand for "
            f"{_number(found.against_chains.share_of_chains, '.1%')} of the weight."
        )
        lines.append(f"{why}, {taken} Log evidence: {_pooled_evidence(found)}.")
    if found.agreement is not None:
        chains = found.agreement
        lines.append(
            f"Over {chains.chains} chains R-hat is at most {_number(chains.max_r_hat, '.3f')} "
            f"(1 is ideal), and they are worth {_number(chains.min_effective_draws, ',.0f')} independent "
            "draws or more."
        )
    if found.correction is not None and found.correction.corrected:
        correction = found.correction
        candidates = "the" if found.coverage is None else found.coverage.candidates
        worth = _number(correction.corrected_effective_samples, ",.0f")
        how = (
            f"weighed by their scores: worth {worth} independent draws. This "
            f"moves the log evidence by {_number(correction.log_z_shift, '+.2f')}."
        )
        if correction.sweeps is not None:
            how = (
                f"true scores are taken into account within the chains, in {correction.sweeps:,} sweeps: worth {worth} "
                "independent draws."
            )
        lines.append(
            f"Beyond {candidates} candidate parents of each column, others are drawn by their odds and {how}"
        )
    return lines


def _own_evidence(found: Diagnostics, evidence: Evidence) -> str:
    """Return the log evidence by a sampler's own draws, or by these and chains where no others are pooled."""
    bridged = (evidence.source or "").startswith("bridge")
    if bridged and not (isinstance(found, LayerDiagnostics) and found.estimate in ("pooled", "chains")):
        if evidence.standard_error is None:
            return "not known"
        error = evidence.standard_error
        return f"{_number(evidence.log_z, '.2f')} ± {error:.2g} ({evidence.source})"
    log_z = None if found.importance is None else found.importance.log_z
    if log_z is None or found.uncorrected:
        return "not known"
    return f"{log_z + _shift(found)[0]:.2f} (estimated from them)"


def _pooled_evidence(found: Diagnostics) -> str:
    """Return the log evidence by draws and chains together."""
    if found.uncorrected:
        return "not known, since parents beyond the candidates are not corrected"
    against = found.against_chains
    log_z = None if against is None else against.log_z_with_chains
    error = None if against is None else against.log_z_with_chains_standard_error
    if log_z is None or error is None or known_evidence(log_z, error) == (None, None):
        return "not known, since both hardly overlap"
    shift, shift_error = _shift(found)
    return f"{log_z + shift:.2f} ± {math.hypot(error, shift_error):.2g} (bridge sampling)"


def _shift(found: Diagnostics) -> tuple[float, float]:
    """Return what the correction for other parents adds to the log evidence, and its standard error."""
    correction = found.correction
    if correction is None or not correction.corrected:
        return 0.0, 0.0
    return correction.log_z_shift or 0.0, correction.log_z_shift_standard_error or 0.0


def _number(value: float | int | None, form: str) -> str:
    """Return a figure in words; None stands for what is not finite, which JSON cannot hold."""
    return "not finite" if value is None else format(value, form)
