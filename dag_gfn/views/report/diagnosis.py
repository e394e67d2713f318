"""Diagnostics of a fit with a verdict on each."""

from typing import Any, NamedTuple

from dag_gfn.posterior.verdict import MAX_EDGE_ERROR, MAX_R_HAT, MIN_EFFECTIVE_DRAWS, MIN_ESS


class Diagnostic(NamedTuple):
    """One measured thing.

    Attributes
    ----------
    name, value : str
    level : {"good", "caution", "bad", "none"}
    meaning : str
    """

    name: str
    value: str
    level: str
    meaning: str


def diagnose(info: dict[str, Any]) -> list[Diagnostic]:
    """Return the diagnostics that a fit recorded, each judged."""
    found, check = info.get("diagnostics", {}), info.get("exact_check") or {}
    rows: list[Diagnostic] = []

    def row(source: dict[str, Any], key: str, name: str, form: str, meaning: str, level: Any = None) -> None:
        if key not in source:
            return
        value = source[key]
        judged = "none" if level is None else "bad" if value is None else level(value)
        rows.append(Diagnostic(name, "not finite" if value is None else format(value, form), judged, meaning))

    def below(good: float | int, caution: float | int) -> Any:
        return lambda value: "good" if value <= good else "caution" if value <= caution else "bad"

    def above(good: float | int, caution: float | int) -> Any:
        return lambda value: "good" if value >= good else "caution" if value >= caution else "bad"

    near = below(MAX_EDGE_ERROR, 2 * MAX_EDGE_ERROR)
    row(
        check,
        "edge_max_error",
        "Largest edge error",
        ".3g",
        "against the exact posterior; 0.05 or less is good",
        near,
    )
    row(check, "edge_rmse", "Edge error, root mean square", ".2g", "over all ordered pairs")
    row(
        check,
        "path_max_error",
        "Largest path error",
        ".3g",
        "of the probability that x is an ancestor of y",
        near,
    )
    row(
        check,
        "jsd",
        "Divergence over graphs (JSD)",
        ".2g",
        "in nats, over all DAGs; 0 is perfect, 0.69 the worst",
    )
    row(check, "tv", "Total variation over graphs", ".2g", "0 is perfect, 1 the worst")
    row(
        found,
        "ess",
        "Effective sample size",
        ".1%",
        "of the samples drawn; a low one proves a bad fit, a high one does not prove a good one",
        above(MIN_ESS, MIN_ESS / 2),
    )
    row(
        found,
        "max_r_hat",
        "R-hat",
        ".3f",
        "largest over the chains; 1 is ideal",
        below(MAX_R_HAT, 2 * MAX_R_HAT - 1),
    )
    row(
        found,
        "min_effective_draws",
        "Effective draws of the chains",
        ",.0f",
        "independent draws that the chains are worth at least",
        above(MIN_EFFECTIVE_DRAWS, MIN_EFFECTIVE_DRAWS / 2),
    )
    row(
        found,
        "effective_samples",
        "Independent draws",
        ",.0f",
        "that the weights are worth, for standard errors",
    )
    row(found, "iterations", "Iterations", ",", "gradient steps, or steps of each chain")
    if found.get("cut_short_by_time_budget"):
        rows.append(
            Diagnostic("Time budget", "reached", "caution", "the run ended before its planned iterations")
        )
    if info.get("log_evidence") is not None:
        source = info.get("log_evidence_source") or "not said"
        error = info.get("log_evidence_standard_error")
        value = f"{info['log_evidence']:.3f}" + (f" ± {error:.2g}" if error else "")
        rows.append(Diagnostic("Log evidence", value, "none", f"source: {source}"))
    elif info.get("log_evidence_source"):  # a method that estimates it
        rows.append(Diagnostic("Log evidence", "not known", "caution", "its error is too large"))
    return rows
