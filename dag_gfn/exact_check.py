"""How far any other method's posterior is from the exact one, and whether a fit can be relied on."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dag_gfn.errors import NotTractable
from dag_gfn.exact.dag_dp import Estimate
from dag_gfn.exact.reference import ExactReference, exact_reference, reference_bytes, reference_seconds
from dag_gfn.layerings.corrected_dags import MAX_SHAPE, MIN_CORRECTED
from dag_gfn.mcmc.diagnostics import MAX_R_HAT
from dag_gfn.metrics import (
    jensen_shannon_divergence,
    kl_divergence,
    max_error,
    pearson_r,
    rmse,
    total_variation,
)
from dag_gfn.posterior import GraphPosterior
from dag_gfn.progress import ShareProgress, announce
from dag_gfn.scores import ScoreTable

REFERENCE_MEMORY = 4_000_000_000
"""Bytes that an exact computation may take without being asked for."""
ANNOUNCED_SECONDS = 4.0
"""What is expected to take longer is said before it begins."""
MAX_EDGE_ERROR = 0.05
"""Largest edge error, by the exact check, with which a fit counts as converged."""
MAX_EVIDENCE_ERROR = 0.5
"""Standard error of the log evidence, in nats, with which that counts as converged."""
MAX_STANDARD_ERROR = 0.025
"""Of an edge probability, with which pooled draws count as converged: that of 400 independent draws."""
MIN_ESS = 0.1
"""Effective sample size, as a share of the samples, below which one counts as failed where no check can be had."""


def affordable(table: ScoreTable, seconds: float | int) -> bool:
    """Return whether the exact posterior can be had in this time and in memory."""
    return (
        table.is_complete
        and reference_seconds(table.d) <= seconds
        and reference_bytes(table.d) <= REFERENCE_MEMORY
    )


def exact_check_reference(
    table: ScoreTable, exact_check: bool | None, time_budget: float | int | None, *, shown: bool
) -> ExactReference | None:
    """Return the exact posterior to check against: when asked for, or else when it is quick."""
    if exact_check is False:
        return None
    limit = max(10.0, 0.2 * (time_budget or 0.0))
    if time_budget is not None:
        limit = min(limit, 0.5 * time_budget)  # of ten seconds there must be some for the fit itself
    if exact_check is None and not affordable(table, limit):
        return None
    needed = Estimate(reference_seconds(table.d), reference_bytes(table.d))
    if table.is_complete and needed.seconds > ANNOUNCED_SECONDS:
        announce(f"the exact probabilities to check against take {needed}", shown=shown)
    try:
        with ShareProgress(shown=shown) as on_share:
            return exact_reference(table, progress=lambda share: on_share("exact check", share))
    except NotTractable:  # double precision does not suffice: a check that nobody asked for fails no fit
        if exact_check:
            raise
        return None


def divergence_from(reference: ExactReference | None) -> Callable[[np.ndarray], dict[str, float]] | None:
    """Return what tells, during training, the divergence of a distribution over all DAGs from the exact one."""
    if reference is None or reference.log_probabilities is None:
        return None
    exact = np.exp(reference.log_probabilities)
    return lambda log_probabilities: {"jsd": jensen_shannon_divergence(np.exp(log_probabilities), exact)}


def exact_comparison(
    posterior: GraphPosterior,
    reference: ExactReference,
    log_probabilities: np.ndarray | None = None,
) -> dict[str, float]:
    """Return how far a posterior is from the exact one.

    Parameters
    ----------
    posterior : GraphPosterior
    reference : ExactReference
    log_probabilities : ndarray, shape (m,), float64, optional
        The method's own distribution over all DAGs, in the order of ``reference.masks``; then divergences
        in nats between the distributions are returned too.
    """
    check: dict[str, float] = {}
    if log_probabilities is not None and reference.log_probabilities is not None:
        own, exact = np.exp(log_probabilities), np.exp(reference.log_probabilities)
        check["jsd"] = jensen_shannon_divergence(own, exact)
        check["tv"] = total_variation(own, exact)
        check["kl"] = kl_divergence(exact, own)
        check["graph_rmse"] = float(np.sqrt(np.mean((own - exact) ** 2)))
    for feature, exact in reference.features.items():
        own = posterior.marginal(feature).values
        check[f"{feature}_rmse"] = rmse(own, exact)
        check[f"{feature}_max_error"] = max_error(own, exact)
        check[f"{feature}_pearson_r"] = pearson_r(own, exact)
    check["log_evidence"] = reference.log_evidence
    if posterior.log_evidence is not None:
        check["log_evidence_gap"] = posterior.log_evidence - reference.log_evidence
    return check


def judge_convergence(info: dict[str, Any], method: str) -> list[str]:
    """Note in ``diagnostics`` whether the fit can be relied on; if not, return why and what to do.

    ``converged`` is about the edge probabilities, ``evidence_converged`` about the log evidence alone, where the method
    estimates it: edges may be known well where the evidence is not.
    """
    diagnostics = info["diagnostics"]
    if "exact_check" in info:
        error = info["exact_check"]["edge_max_error"]
        diagnostics["converged"] = bool(error <= MAX_EDGE_ERROR)
        why = f"an edge probability is {error:.2f} away from the exact one"
    elif method == "mcmc":
        diagnostics["converged"] = diagnostics["chains_agree"]
        why = (
            f"{_r_hat(diagnostics)}, and they are worth "
            f"{diagnostics['min_effective_draws']:.0f} independent draws"
        )
    elif "reliable_weights" in diagnostics:
        diagnostics["converged"] = _layers_converged(diagnostics)
        why = _unreliable_layers(diagnostics)
    else:
        # few effective samples prove a bad fit; many do not prove a good one, since a lost mode has no samples
        diagnostics["converged"] = False if diagnostics["ess"] < MIN_ESS else None
        why = f"the effective sample size is {diagnostics['ess']:.1%} of the samples"
    if "log_evidence_standard_error" in info:
        known = _small(info["log_evidence_standard_error"], MAX_EVIDENCE_ERROR)
        diagnostics["evidence_converged"] = known and diagnostics["converged"] is not False
    uncorrected = _uncorrected(diagnostics)
    told = [*_unjudged(info), *uncorrected]
    if diagnostics["converged"] is not False:
        if uncorrected:
            diagnostics["converged"] = False
        return [*told, *_unknown_evidence(info)]
    done = diagnostics["iterations"]
    subject, remedy = ("MCMC", "Run") if method == "mcmc" else ("the GFlowNet", "Train")
    advice = "use the exact posterior (method='exact', --method exact)"
    if "exact_check" not in info:  # or nobody could have it
        advice = "compare fits with several seeds before relying on it"
    return [
        f"{subject} has not converged after {done:,} iterations: {why}. "
        f"{remedy} longer (iterations, --iterations, say {4 * done}), or {advice}",
        *told,
    ]


def _unknown_evidence(info: dict[str, Any]) -> list[str]:
    """Return that edges can be relied on and the evidence cannot, if it is so."""
    diagnostics = info["diagnostics"]
    if diagnostics["converged"] is not True or diagnostics.get("evidence_converged", True):
        return []
    error = info["log_evidence_standard_error"]
    known = "is not known" if error is None else f"is known to ±{error:.2g} only"
    return [
        f"the edge probabilities have converged, the log evidence has not: it {known}, and so are the probabilities of "
        "single graphs. Train longer (iterations, --iterations, or time_budget, --time-budget) if these matter"
    ]


def _layers_converged(diagnostics: dict[str, Any]) -> bool | None:
    """Return whether layerings can be relied on; None where nothing speaks against it, and no chain for it."""
    if not _small(diagnostics.get("max_r_hat", 1.0), MAX_R_HAT):
        return False  # chains that stay apart, by whatever draws: each kind may be in one mode alone
    if diagnostics["estimate"] == "pooled":
        # without overlap the chains are alone, and must be enough by themselves
        judged = _small(diagnostics["log_z_with_chains_standard_error"], MAX_EVIDENCE_ERROR)
        judged = judged or diagnostics["chains_agree"]
        return judged and _small(diagnostics["pooled_edge_standard_error"], MAX_STANDARD_ERROR)
    if not diagnostics["reliable_weights"] or _off(diagnostics):
        return False
    return diagnostics.get("agrees_with_chains")


def _small(error: float | None, most: float) -> bool:
    """Return whether an error is known, None standing for what is not finite, and at most this large."""
    return error is not None and error <= most


def _off(diagnostics: dict[str, Any]) -> bool:
    """Return whether the result is the policy's own, and its weights say that it is not the posterior."""
    apart = diagnostics["raw_to_reweighted_edge_difference"]
    return diagnostics["estimate"] == "raw" and apart > MAX_EDGE_ERROR


def _unreliable_layers(diagnostics: dict[str, Any]) -> str:
    effective, shape = diagnostics["ess"] * diagnostics["layerings"], diagnostics["pareto_k"]
    tail = "" if shape is None else f", whose tail has shape {shape:.2f}"
    why = f"{diagnostics['layerings']:,} draws are worth {effective:.0f} by their importance weights{tail}"
    if diagnostics["estimate"] == "pooled":
        evidence, edges = (
            f"known to ±{known:.2g}" if (known := diagnostics[name]) is not None else "not known"
            for name in ("log_z_with_chains_standard_error", "pooled_edge_standard_error")
        )
        return why + (
            ", and the Markov chains that they were pooled with do not make up for it "
            f"({_r_hat(diagnostics)}, log Z {evidence}, edge probabilities {edges})"
        )
    if not _small(diagnostics.get("max_r_hat", 1.0), MAX_R_HAT):
        return f"{_r_hat(diagnostics)}: they stay apart, and the draws may know one of these parts only"
    if not diagnostics["reliable_weights"]:
        return why + " (to be relied on: 400, and a shape of the tail that is known and at most 0.7)"
    if diagnostics.get("agrees_with_chains") is False:
        return (
            f"the evidence by its own draws, log Z = {diagnostics['log_z']:.2f}, disagrees with that by layerings of "
            f"Markov chains, {diagnostics['log_z_with_chains']:.2f}: one of them misses some of the posterior"
        )
    return (
        f"an edge probability is {diagnostics['raw_to_reweighted_edge_difference']:.2f} away from what importance "
        "weights correct it to (reweight, --reweight)"
    )


def _r_hat(diagnostics: dict[str, Any]) -> str:
    r_hat = diagnostics["max_r_hat"]  # None where infinite, which JSON does not hold
    return f"R-hat over the chains is {'not finite' if r_hat is None else f'up to {r_hat:.3g}'}"


def _unjudged(info: dict[str, Any]) -> list[str]:
    """Return that there are no chains to judge the draws by, if these failed and nothing else judges them."""
    if "judging_error" not in info["diagnostics"] or "exact_check" in info:
        return []
    return [
        f"the Markov chains beside training failed ({info['diagnostics']['judging_error']}), so that its draws are "
        "neither judged by theirs nor pooled with them: compare fits with several seeds before relying on it"
    ]


def _uncorrected(diagnostics: dict[str, Any]) -> list[str]:
    """Return that parents outside the candidates are not corrected, if the weights for it were unreliable."""
    if diagnostics.get("corrected", True):
        return []
    effective, shape = diagnostics["corrected_effective_samples"], diagnostics["corrected_pareto_k"]
    tail = "an infinite" if shape is None else f"a shape of {shape:.2f} of the"  # None where infinite
    return [
        f"parents beyond each column's {diagnostics['candidates']} candidates are taken by their odds, and not "
        f"corrected: by the weights for it, draws are worth {effective:.0f} independent ones, with {tail} tail (to be "
        f"relied on: {MIN_CORRECTED}, and a shape of at most {MAX_SHAPE:g}). A prior that favours fewer parents "
        "(prior='fair', --prior fair), max_parents (--max-parents) or fewer columns (--columns, --drop) leave less to "
        "correct"
    ]
