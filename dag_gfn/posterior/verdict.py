"""Whether a fit can be relied on: the limits, what they decide, and what is said of it."""

from typing import Any

MAX_R_HAT = 1.05
MIN_EFFECTIVE_DRAWS = 400
"""R-hat at most, and effective draws at least, with which chains count as converged."""
MIN_CORRECTED = 100
"""Independent draws that corrected ones have to be worth."""
MAX_SHAPE = 0.7
"""Of the tail of the weights that correct them, at most (`metrics.pareto_smoothed`)."""
MAX_EDGE_ERROR = 0.05
"""Largest edge error, by the exact check, with which a fit counts as converged."""
MAX_EVIDENCE_ERROR = 0.5
"""Standard error of the log evidence, in nats, with which that counts as converged."""
MAX_STANDARD_ERROR = 0.025
"""Of an edge probability, with which pooled draws count as converged: that of 400 independent draws."""
MIN_ESS = 0.1
"""Effective sample size, as a share of the samples, below which one counts as failed where no check can be had."""


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


def trust_in(info: dict[str, Any]) -> tuple[str, str]:
    """Return how far a fit can be relied on, in a word and in a sentence."""
    diagnostics, check = info.get("diagnostics", {}), info.get("exact_check")
    converged, method = diagnostics.get("converged"), info.get("method")
    given = (
        " Only graphs that comply with what was taken as known are counted." if info.get("conditions") else ""
    )
    if info.get("interrupted"):
        return "bad", f"The run was interrupted: this is the state that it had reached.{given}"
    if method == "exact" and info.get("order_modular"):
        return "caution", f"Exact, but for a prior that counts a graph once for each of its orders.{given}"
    if method == "exact" and given:
        return "good", f"The graphs are those of the exact posterior: no sampler has to be trusted.{given}"
    if method == "exact":
        return (
            "good",
            "The probabilities are exact under the assumptions below: no sampler has to be trusted.",
        )
    compared = ""
    if check and check.get("edge_max_error") is not None:
        compared = f"edge probabilities are up to {check['edge_max_error']:.2g} away from the exact ones"
    if converged is False:
        reason = f": {compared}" if compared else ""
        return "bad", f"The sampler has not converged{reason}. Do not rely on these probabilities.{given}"
    if converged and compared:
        return "good", f"Compared with the exact posterior, {compared}.{given}"
    if converged and diagnostics.get("estimate") == "reweighted":
        return (
            "good",
            "The sampler's own exact weights are even, and Markov chains find no part of the posterior that it leaves "
            f"out; the exact one was not available to compare.{given}",
        )
    if converged:
        return (
            "good",
            f"The chains agree with one another; the exact posterior was not available to compare.{given}",
        )
    if method is None:
        return (
            "caution",
            f"There is no record of how these graphs were made, so nothing vouches for them.{given}",
        )
    return (
        "caution",
        "Nothing speaks against the sampler, but nothing proves it right: the exact posterior was not available, "
        f"and a mode that was missed leaves no trace. Compare fits with several seeds.{given}",
    )


def weigh_doubts(info: dict[str, Any], level: str, trust: str) -> tuple[str, str]:
    """Return a verdict on the computation, weighed with what the data themselves say against the result.

    Exact arithmetic on too few rows is not a sound inference: a doubt of level ``caution`` takes the word away, a mild
    one is said beside it.

    Parameters
    ----------
    info : dict
        Of a posterior; `doubts` lists the code, level and verdict of each doubt that the fit recorded.
    level : {"good", "caution", "bad"}
    trust : str
        How far to rely on the computation, a sentence or more.
    """
    doubts = info.get("doubts") or []
    cautions = [doubt["verdict"] for doubt in doubts if doubt["level"] == "caution"]
    mild = [doubt["verdict"] for doubt in doubts if doubt["level"] == "mild"]
    if cautions:
        reasons = "; ".join(cautions)
        if level == "good":
            trust = f"{computed_well(info)}, but {reasons}. See the warnings. {trust}"
        else:
            trust = f"{trust} Beside that: {reasons}."
        level = "caution" if level == "good" else level
    if mild:
        trust = f"{trust} Mind that {'; '.join(mild)}."
    return level, trust


def computed_well(info: dict[str, Any]) -> str:
    """Return what there is to be said for a computation that is good in itself."""
    return "Exact arithmetic" if info.get("method") == "exact" else "Computed well"
