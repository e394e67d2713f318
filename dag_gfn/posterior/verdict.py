"""The decision on a fit: which of its claims can be relied on, why not, and what to do."""

from dataclasses import dataclass
from typing import Any

from dag_gfn.posterior.claims import Claim, Claims
from dag_gfn.posterior.diagnostics import (
    BootstrapDiagnostics,
    Diagnostics,
    EdgeDiagnostics,
    ExactCheck,
    ExactDiagnostics,
    LayerDiagnostics,
    MCMCDiagnostics,
    MixtureDiagnostics,
    OrderDiagnostics,
)
from dag_gfn.posterior.edge_verdict import edges_of_edges
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.layer_verdict import covered, edges_of_chains, edges_of_layers
from dag_gfn.posterior.limits import (
    MAX_BOUND_GAP,
    MAX_EDGE_ERROR,
    MAX_EVIDENCE_ERROR,
    MAX_GRAPH_ERROR,
    MIN_PATH_DRAWS,
    at_most,
)
from dag_gfn.posterior.mixture_verdict import judge_mixture
from dag_gfn.posterior.verdict_words import (
    OTHER_POSTERIOR,
    advice_for,
    count_in_words,
    few_candidates,
    frequencies_alone,
    rests_on_chains,
    uncorrected,
    uncounted_mass,
    unknown_evidence,
    without_judges,
)


@dataclass(frozen=True)
class Verdict:
    """The decision on a fit.

    Attributes
    ----------
    claims : Claims
        Of edges, paths, the evidence and single graphs, each with its reason.
    warnings : tuple of str
        What is not to be relied on, why, and what to do.

    Examples
    --------
    >>> from dag_gfn.posterior.claims import Claim, Claims
    >>> from dag_gfn.posterior.verdict import Verdict
    >>> verdict = Verdict(Claims.of_edges(Claim(True, "the chains agree")), ())
    >>> verdict.converged, verdict.evidence_converged, verdict.to_json()["claims"]["paths"]
    (True, None, {'converged': True, 'reason': 'the chains agree'})
    """

    claims: Claims
    warnings: tuple[str, ...]

    @property
    def converged(self) -> bool | None:
        """Whether the edge probabilities can be relied on; None where nothing proves or disproves it."""
        return self.claims.edges.converged

    @property
    def evidence_converged(self) -> bool | None:
        """Whether the log evidence can be relied on; None where nothing shows it or it is not estimated."""
        return self.claims.evidence.converged

    def to_json(self) -> dict[str, Any]:
        """Return what posterior.json records of it among the diagnostics."""
        return {
            "converged": self.converged,
            "evidence_converged": self.evidence_converged,
            "claims": self.claims.to_json(),
        }


def judge(
    diagnostics: Diagnostics,
    exact_check: ExactCheck | None,
    evidence: Evidence,
    *,
    effective_samples: float | int | None = None,
    columns: int | None = None,
    time_budget: float | int | None = None,
    iterations_given: bool = False,
) -> Verdict:
    """Decide what of a fit can be relied on.

    Edge probabilities may be known well where the log evidence is not.

    Parameters
    ----------
    diagnostics : Diagnostics
    exact_check : ExactCheck or None
        The comparison with the exact posterior decides where there is one.
    evidence : Evidence
        The log evidence by the fit.
    effective_samples : float, optional
        How many independent draws the graphs are worth.
    columns : int, optional
        Of the table.
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
        known = Claim(True, "it is exact")
        return Verdict(Claims(known, known, known, known), ())
    if isinstance(diagnostics, MixtureDiagnostics):
        claim, warning = judge_mixture(diagnostics, time_budget)
        return Verdict(Claims.of_edges(claim), () if warning is None else (warning,))
    if isinstance(diagnostics, BootstrapDiagnostics):
        return Verdict(Claims.no_posterior(frequencies_alone(diagnostics)), ())
    if isinstance(diagnostics, OrderDiagnostics):
        exact_check = None  # it is about another posterior
    edges, told = _edges(diagnostics, exact_check), without_judges(diagnostics, exact_check)
    advice = None
    if edges.converged is False:
        by_time = diagnostics.cut_short_by_time_budget or not iterations_given
        advice = advice_for(
            diagnostics,
            exact_check,
            edges.reason,
            time_budget=time_budget if by_time else None,
            columns=columns,
        )
    not_corrected = uncorrected(diagnostics)
    if not_corrected and edges.converged is not False:
        edges = Claim(False, "parents beyond the candidates are not corrected")
    few = few_candidates(diagnostics) if exact_check is None else []
    if few and edges.converged is not False:
        edges = Claim(False, "candidate parents are too few for modes in which edges are turned round")
    evidence_claim = _evidence(diagnostics, exact_check, evidence, edges)
    claims = Claims(
        edges,
        _paths(exact_check, edges, effective_samples),
        evidence_claim,
        _graphs(evidence, evidence_claim),
    )
    told += not_corrected + few
    if edges.converged and evidence_claim.converged is False:
        told.append(unknown_evidence(evidence_claim.reason))
    if edges.converged and exact_check is None:
        told += rests_on_chains(diagnostics, columns=columns)
    return Verdict(claims, (*([] if advice is None else [advice]), *told))


def _edges(diagnostics: Diagnostics, exact_check: ExactCheck | None) -> Claim:
    """Return whether the edge probabilities have converged, and why."""
    if exact_check is not None:
        error = exact_check.edge_max_error
        known = "not finitely far" if error is None else f"{error:.2f}"
        return Claim(
            at_most(error, MAX_EDGE_ERROR), f"an edge probability is {known} away from the exact one"
        )
    if isinstance(diagnostics, MCMCDiagnostics) and diagnostics.agreement is not None:
        claim = edges_of_chains(diagnostics.agreement, diagnostics.tempering)
        if claim.converged and isinstance(diagnostics, OrderDiagnostics):
            return Claim(None, OTHER_POSTERIOR)
        return claim
    if isinstance(diagnostics, LayerDiagnostics):
        return edges_of_layers(diagnostics)
    if isinstance(diagnostics, EdgeDiagnostics):
        return edges_of_edges(diagnostics)
    return Claim(None, "nothing is known of how it was found")


def _paths(exact_check: ExactCheck | None, edges: Claim, effective_samples: float | int | None) -> Claim:
    """Return whether the probabilities of paths can be relied on: counted in graphs, they need more of these."""
    if exact_check is not None and exact_check.path_max_error is not None:
        error = exact_check.path_max_error
        return Claim(error <= MAX_EDGE_ERROR, f"a path probability is {error:.2f} away from the exact one")
    if edges.converged is False:
        return Claim(False, "the edge probabilities have not converged")
    if effective_samples is not None and effective_samples < MIN_PATH_DRAWS:
        worth = count_in_words(effective_samples)
        error = 0.5 / max(effective_samples, 1.0) ** 0.5
        return Claim(
            False, f"the graphs are worth {worth} independent draws: ±{error:.2g} for a probability of 0.5"
        )
    return edges


def _evidence(
    diagnostics: Diagnostics, exact_check: ExactCheck | None, evidence: Evidence, edges: Claim
) -> Claim:
    """Return whether the log evidence can be relied on."""
    if isinstance(diagnostics, MCMCDiagnostics):
        return Claim(None, "Markov chains do not estimate it")
    if not at_most(evidence.standard_error, MAX_EVIDENCE_ERROR):
        return Claim(False, uncounted_mass(evidence.standard_error))
    gap = None if exact_check is None else exact_check.log_evidence_gap
    if gap is not None and abs(gap) > 2 * MAX_EVIDENCE_ERROR:
        return Claim(False, f"it is {abs(gap):.2g} nats away from the exact one")
    if edges.converged is False:
        return Claim(False, "the edge probabilities have not converged")
    bridged = isinstance(diagnostics, LayerDiagnostics) and diagnostics.estimate in ("pooled", "chains")
    # bridge sampling with hardly any overlap knows less of its error than it says
    if gap is None and bridged and not covered(diagnostics, MAX_BOUND_GAP):
        return Claim(False, "the sampler hardly ever draws what the Markov chains visit")
    upper = None if diagnostics.importance is None else diagnostics.importance.log_z_upper
    moved = isinstance(diagnostics, EdgeDiagnostics) and diagnostics.moves is not None
    if gap is None and moved and not (upper is not None and upper - (evidence.log_z or 0.0) <= MAX_BOUND_GAP):
        return Claim(False, "the policy hardly ever draws what its moved draws visit")
    return Claim(edges.converged, f"its standard error is {evidence.standard_error:.2g} nats")


def _graphs(evidence: Evidence, claim: Claim) -> Claim:
    """Return whether probabilities of single graphs, R / Z, can be relied on: they have the error of log Z."""
    if claim.converged is not True:
        reason = claim.reason
        if claim.converged is None:
            reason = "they need the log evidence"
        return Claim(claim.converged, reason)
    error = evidence.standard_error or 0.0
    if error > MAX_GRAPH_ERROR:
        return Claim(False, f"they are known to ±{error:.0%} of themselves")
    return Claim(True, f"they are known to ±{error:.1g} of themselves" if error else "log Z is exact")
