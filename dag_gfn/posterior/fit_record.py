"""The part of posterior.json that decides whether a fit can be relied on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dag_gfn.posterior.claims import Claims
from dag_gfn.posterior.diagnostics import Diagnostics, ExactCheck, LayerDiagnostics, diagnostics_from_json
from dag_gfn.posterior.evidence import UNKNOWN, Evidence


class Condition(NamedTuple):
    """A query that was taken as known, and its probability before.

    Examples
    --------
    >>> from dag_gfn.posterior.fit_record import Condition
    >>> Condition("edge(a, b)", 0.25).probability
    0.25
    """

    query: str
    probability: float | None


class RecordedDoubt(NamedTuple):
    """A property of the data that weighs against a result: the reason in a few words, of level "caution" or "mild".

    Examples
    --------
    >>> from dag_gfn.posterior.fit_record import RecordedDoubt
    >>> RecordedDoubt("caution", "there are fewer rows than columns").level
    'caution'
    """

    level: str
    verdict: str


@dataclass(frozen=True, kw_only=True)
class FitRecord:
    """What a fit recorded.

    Attributes
    ----------
    method : str or None
        None where graphs were given with their weights.
    interrupted, order_modular : bool
    conditions : tuple of Condition
    doubts : tuple of RecordedDoubt
    diagnostics : Diagnostics or None
    exact_check : ExactCheck or None
    evidence : Evidence
    converged, evidence_converged : bool or None
        The verdict when the posterior was fitted: on the edge probabilities, and on the log evidence.
    claims : Claims or None
        The same with those of paths and of single graphs, each with its reason.
    num_samples : int or None
        Graphs that were drawn.
    effective_samples : float or None
        How many independent draws these are worth.
    normalized_scores : bool
        Whether the scores of graphs are the logarithms of their probabilities.
    graph_relative_errors : tuple of float
        Of the probabilities of the most probable graphs, in their order, where these are means over completed tables.

    Examples
    --------
    >>> from dag_gfn.posterior.fit_record import FitRecord
    >>> record = FitRecord.from_info({"method": "mcmc", "diagnostics": {"max_r_hat": 1.01, "converged": True}})
    >>> record.diagnostics.agreement.max_r_hat, record.converged
    (1.01, True)
    """

    method: str | None = None
    interrupted: bool = False
    order_modular: bool = False
    conditions: tuple[Condition, ...] = ()
    doubts: tuple[RecordedDoubt, ...] = ()
    diagnostics: Diagnostics | None = None
    exact_check: ExactCheck | None = None
    evidence: Evidence = field(default_factory=Evidence)
    converged: bool | None = None
    evidence_converged: bool | None = None
    claims: Claims | None = None
    num_samples: int | None = None
    effective_samples: float | None = None
    normalized_scores: bool = False
    graph_relative_errors: tuple[float, ...] = ()

    @property
    def scores_are_probabilities(self) -> bool:
        """Whether graphs are as probable as their scores say, once these are normalised.

        They are not under the order-modular posterior, where graphs count by their orders too, nor in a bootstrap.
        """
        return not (self.order_modular or self.method == "bootstrap")

    @classmethod
    def from_info(cls, info: Mapping[str, Any]) -> "FitRecord":
        """Return the record that `GraphPosterior.info` holds; what is missing there is None."""
        found, diagnostics = info.get("diagnostics") or {}, diagnostics_from_json(info)
        return cls(
            method=info.get("method"),
            interrupted=bool(info.get("interrupted")),
            order_modular=bool(info.get("order_modular")),
            conditions=tuple(
                Condition(each["query"], each.get("probability")) for each in info.get("conditions") or ()
            ),
            doubts=tuple(RecordedDoubt(each["level"], each["verdict"]) for each in info.get("doubts") or ()),
            diagnostics=diagnostics,
            exact_check=ExactCheck.from_json(info.get("exact_check") or {}),
            evidence=_evidence(info, diagnostics),
            converged=found.get("converged"),
            evidence_converged=found.get("evidence_converged"),
            claims=Claims.from_json(found.get("claims") or {}),
            num_samples=found.get("num_samples"),
            effective_samples=found.get("effective_samples"),
            normalized_scores=bool(info.get("normalized_scores")),
            graph_relative_errors=tuple(info.get("graph_relative_errors") or ()),
        )


def _evidence(info: Mapping[str, Any], diagnostics: Diagnostics | None) -> Evidence:
    """Return the log evidence with its standard error, which older files have among the diagnostics alone."""
    log_z, source = info.get("log_evidence"), info.get("log_evidence_source")
    error = info.get("log_evidence_standard_error")
    if error is None and log_z is not None and not info.get("conditions"):
        error = 0.0 if info.get("method") == "exact" else _error_by(diagnostics)
        if error is None and "log_z" in (info.get("diagnostics") or {}):
            return Evidence(None, None, source)  # the error was recorded as not finite
    if error is not None and not error < UNKNOWN:
        return Evidence(None, None, source)
    return Evidence(log_z, error, source)


def _error_by(diagnostics: Diagnostics | None) -> float | None:
    """Return the standard error of the log evidence by diagnostics, None where it is not known."""
    if diagnostics is None:
        return None
    own, against, correction = diagnostics.importance, diagnostics.against_chains, diagnostics.correction
    error = None if own is None else own.log_z_standard_error
    if isinstance(diagnostics, LayerDiagnostics) and diagnostics.estimate in ("pooled", "chains"):
        error = None if against is None else against.log_z_with_chains_standard_error
    if error is not None and correction is not None and correction.corrected:
        error = math.hypot(error, correction.log_z_shift_standard_error or 0.0)
    return error
