"""How far a fit can be relied on, in a word and in a sentence: its verdict weighed with doubts about the data."""

from dag_gfn.posterior.diagnostics import (
    BootstrapDiagnostics,
    LayerDiagnostics,
    MixtureDiagnostics,
    OrderDiagnostics,
)
from dag_gfn.posterior.fit_record import FitRecord


def trust_in(record: FitRecord) -> tuple[str, str]:
    """Return how far a fit can be relied on, in a word ("good", "caution" or "bad") and in a sentence or more.

    Doubts about the data weigh on a good computation: exact arithmetic on too few rows is not a sound inference.

    Parameters
    ----------
    record : FitRecord

    Examples
    --------
    >>> from dag_gfn.posterior.fit_record import FitRecord
    >>> from dag_gfn.posterior.trust import trust_in
    >>> trust_in(FitRecord(method="mcmc", converged=False))[0]
    'bad'
    """
    level, trust = _trust_in_computation(record)
    reasons, mild = doubts_of(record, "caution"), doubts_of(record, "mild")
    if reasons and level == "good":
        computed = "Exact arithmetic" if computed_exactly(record) else "Computed well"
        level, trust = "caution", f"{computed}, but {reasons}. See the warnings. {trust}"
    elif reasons:
        trust = f"{trust} In addition: {reasons}."
    if mild:
        trust = f"{trust} Note that {mild}."
    return level, trust


def doubts_of(record: FitRecord, level: str) -> str:
    """Return the doubts of one level about the data, joined by semicolons.

    Examples
    --------
    >>> from dag_gfn.posterior.fit_record import FitRecord, RecordedDoubt
    >>> from dag_gfn.posterior.trust import doubts_of
    >>> doubts_of(FitRecord(doubts=(RecordedDoubt("mild", "there are few rows"),)), "mild")
    'there are few rows'
    """
    return "; ".join(doubt.verdict for doubt in record.doubts if doubt.level == level)


def _trust_in_computation(record: FitRecord) -> tuple[str, str]:
    """Return how far the computation can be relied on, in a word and in a sentence."""
    given = ""
    if record.conditions:
        given = " Only graphs that comply with what was taken as known are counted."
    if record.interrupted:
        return "bad", f"The run was interrupted: this is the state that it had reached.{given}"
    if isinstance(record.diagnostics, MixtureDiagnostics):
        return _trust_in_mixture(record.diagnostics, record, given)
    if record.method == "exact" and record.order_modular:
        return "caution", f"Exact, but for a prior that counts a graph once for each of its orders.{given}"
    if record.method == "exact" and given:
        return "good", f"The graphs are those of the exact posterior: no sampler has to be trusted.{given}"
    if record.method == "exact":
        return (
            "good",
            "The probabilities are exact under the assumptions below: no sampler has to be trusted.",
        )
    if isinstance(record.diagnostics, BootstrapDiagnostics):
        return "caution", _trust_in_bootstrap(record.diagnostics, given)
    compared = ""
    if record.exact_check is not None and record.exact_check.edge_max_error is not None:
        error = record.exact_check.edge_max_error
        compared = f"edge probabilities are up to {error:.2g} away from the exact ones"
    if record.converged is False:
        of_orders = isinstance(
            record.diagnostics, OrderDiagnostics
        )  # whose distance from it is not all for this reason
        reason = f": {compared}" if compared and not of_orders else ""
        return "bad", f"The sampler has not converged{reason}. Do not rely on these probabilities.{given}"
    if isinstance(record.diagnostics, OrderDiagnostics):
        far = f" Here {compared}." if compared else ""
        return (
            "caution",
            "The chains agree, but on another posterior: its prior counts a graph once for each of its orders, and "
            f"favours graphs that have many.{far}{given}",
        )
    if record.converged and compared:
        return "good", f"Compared with the exact posterior, {compared}.{given}"
    layers = record.diagnostics if isinstance(record.diagnostics, LayerDiagnostics) else None
    if record.converged and layers is not None and layers.estimate == "reweighted":
        return (
            "good",
            "The sampler's own exact weights are even, and Markov chains find no part of the posterior that it leaves "
            f"out; the exact one was not available to compare.{given}",
        )
    if record.converged:
        return (
            "good",
            f"The chains agree with one another; the exact posterior was not available to compare.{given}",
        )
    if record.method is None:
        return (
            "caution",
            f"There is no record of how these graphs were made, so nothing shows whether to rely on them.{given}",
        )
    return (
        "caution",
        "Nothing speaks against the sampler, but nothing proves it right: the exact posterior was not available, "
        f"and a mode that was missed leaves no trace. Compare fits with several seeds.{given}",
    )


def computed_exactly(record: FitRecord) -> bool:
    """Return whether no draw stands between the data and the probabilities.

    The exact method on completed tables is not: the tables are drawn.

    Examples
    --------
    >>> from dag_gfn.posterior.fit_record import FitRecord
    >>> from dag_gfn.posterior.trust import computed_exactly
    >>> computed_exactly(FitRecord.from_info({"method": "exact"}))
    True
    >>> computed_exactly(FitRecord.from_info({"method": "exact", "diagnostics": {"completed_tables": 40}}))
    False
    """
    return record.method == "exact" and not isinstance(record.diagnostics, MixtureDiagnostics)


def _trust_in_bootstrap(found: BootstrapDiagnostics, given: str) -> str:
    """Return how far frequencies over resamples can be relied on."""
    return (
        f"These are frequencies over {found.resamples or 0:,} resamples of the rows, not posterior probabilities: they "
        f"say how stable the search ({(found.point_estimator or 'not said').replace('_', ' ')}) is, and nothing shows "
        f"how probable a graph is. Compare with a posterior of another method.{given}"
    )


def _trust_in_mixture(found: MixtureDiagnostics, record: FitRecord, given: str) -> tuple[str, str]:
    """Return how far a mean over completed tables can be relied on."""
    tables = f"{found.completed_tables or 0:,} completed tables"
    if record.converged is False:
        return "bad", f"The mean over {tables} has not converged. Do not rely on these probabilities.{given}"
    of_each = "That of each table is exact." if record.method == "exact" else ""
    error = found.max_edge_standard_error
    known = f" Edge probabilities are known to ± {error:.2g} or better." if error is not None else ""
    told = f"Probabilities are means over {tables}, drawn in place of the cells that were not seen. {of_each}{known}"
    if record.converged:
        return "good", f"{told.strip()}{given}"
    return "caution", f"{told.strip()} Nothing shows whether the method has converged on each of them.{given}"
