"""Whether the mean over completed tables can be relied on, where cells were not seen."""

from dag_gfn.posterior.claims import Claim
from dag_gfn.posterior.diagnostics import MixtureDiagnostics
from dag_gfn.posterior.limits import MAX_TABLE_ERROR, MAX_UNCONVERGED_TABLES, MIN_TABLES, at_most
from dag_gfn.posterior.verdict_words import count_in_words, known_to


def judge_mixture(
    found: MixtureDiagnostics, time_budget: float | int | None = None
) -> tuple[Claim, str | None]:
    """Return whether a mixture of completed tables can be relied on, and what to do where not.

    Parameters
    ----------
    found : MixtureDiagnostics
    time_budget : float, optional
        Of the fit in seconds, if there was one.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import MixtureDiagnostics
    >>> from dag_gfn.posterior.mixture_verdict import judge_mixture
    >>> claim, warning = judge_mixture(MixtureDiagnostics.from_json({"completed_tables": 40, "effective_tables": 7.0}))
    >>> claim.converged, "worth 7 independent tables" in claim.reason
    (False, True)
    """
    tables, why = found.completed_tables or 0, []
    if (found.effective_tables or 0.0) < MIN_TABLES:
        why.append(
            f"they are worth {count_in_words(found.effective_tables)} independent tables (to be relied on: "
            f"{MIN_TABLES})"
        )
    if found.tables_agree is False:
        r_hat = "not finite" if found.tables_max_r_hat is None else f"{found.tables_max_r_hat:.3g}"
        why.append(f"the chains that they come from disagree about the edges (R-hat {r_hat}; 1 is ideal)")
    if not at_most(found.max_edge_standard_error, MAX_TABLE_ERROR):
        why.append(f"an edge probability is {known_to(found.max_edge_standard_error)} only")
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
        told = (
            "nothing shows whether the method has converged on each table" if unjudged else "the tables agree"
        )
        return Claim(None if unjudged else True, told), None
    remedies = [f"more completed tables (num_completed, --num-completed, say {4 * max(tables, 1)})"]
    if time_budget is not None:
        remedies = [f"more time (time_budget, --time-budget, say {4 * time_budget:g})", *remedies]
    elif unconverged:
        remedies.append("longer work on each (iterations, --iterations)")
    advice = (
        f"the mean over {tables:,} completed tables, in place of the cells that were not seen, has not converged: "
        f"{'; '.join(why)}. Allow {' and '.join(remedies)}"
    )
    return Claim(False, "; ".join(why)), advice
