"""Whether edge probabilities by Markov chains, or by a GFlowNet over root layerings and judges, can be relied on."""

import math

from dag_gfn.posterior.claims import Claim
from dag_gfn.posterior.diagnostic_parts import Agreement, Tempering
from dag_gfn.posterior.diagnostics import Diagnostics, LayerDiagnostics
from dag_gfn.posterior.limits import (
    MAX_BOUND_GAP,
    MAX_CHAIN_GAP,
    MAX_EDGE_ERROR,
    MAX_EVIDENCE_ERROR,
    MAX_MISSING_MASS,
    MAX_R_HAT,
    MAX_RATIO_SPREAD,
    MAX_SHAPE,
    MAX_STANDARD_ERROR,
    MIN_ARRIVALS,
    MIN_CHAIN_DRAWS,
    MIN_EFFECTIVE_DRAWS,
    at_most,
    unexplored,
)
from dag_gfn.posterior.verdict_words import count_in_words, known_to, nats, r_hat_in_words


def edges_of_chains(chains: Agreement, tempering: Tempering | None = None) -> Claim:
    """Return whether edge probabilities by chains alone can be relied on.

    Chains have to agree (R-hat), and to be long enough: by the number of independent draws that they are worth, or by
    the largest standard error of an edge probability where that is recorded. Tempered chains have to have come often
    enough from where they cross between modes.

    Parameters
    ----------
    chains : Agreement
    tempering : Tempering or None
        Where the chains were tempered.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Agreement, Tempering
    >>> from dag_gfn.posterior.layer_verdict import edges_of_chains
    >>> edges_of_chains(Agreement(chains=4, max_r_hat=1.01, min_effective_draws=900.0, chains_agree=True))
    Claim(converged=True, reason='the chains agree')
    """
    if chains.chains_agree or _precise(chains):
        unsure = unsure_of_tempering(tempering)
        return Claim(True, "the chains agree") if unsure is None else Claim(False, unsure)
    error = chains.chain_edge_standard_error
    known = "" if error is None else f", edge probabilities {known_to(error)}"
    worth = count_in_words(chains.min_effective_draws)
    return Claim(False, f"{r_hat_in_words(chains)}, and they are worth {worth} independent draws{known}")


def edges_of_layers(diagnostics: LayerDiagnostics) -> Claim:
    """Return whether edge probabilities by a sampler's layerings, or by these and chains, can be relied on.

    By the sampler's own weights: these have to be even, the evidence has to be that of chains, and the sampler has to
    cover what every chain visits. By chains, or both: the chains have to agree.

    Parameters
    ----------
    diagnostics : LayerDiagnostics

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import LayerDiagnostics
    >>> from dag_gfn.posterior.layer_verdict import edges_of_layers
    >>> found = {"estimate": "reweighted", "reliable_weights": True, "ess": 0.9, "layerings": 1000, "log_z": -3.0}
    >>> edges_of_layers(LayerDiagnostics.from_json(found)).converged is None  # no chain speaks for it
    True
    >>> edges_of_layers(LayerDiagnostics.from_json(found | {"log_z_upper": 7.0})).reason.partition(":")[0]
    'the upper bound of the log evidence lies 10.0 nats above its estimate'
    """
    if diagnostics.estimate == "chains" and diagnostics.agreement is not None:
        return edges_of_chains(diagnostics.agreement, diagnostics.tempering)
    if diagnostics.estimate == "pooled":
        return _pooled(diagnostics)
    return _own(diagnostics)


def unsure_of_tempering(tempering: Tempering | None) -> str | None:
    """Return why tempered chains may all have missed a mode, though they agree; None where they are not likely to.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Tempering
    >>> from dag_gfn.posterior.layer_verdict import unsure_of_tempering
    >>> unsure_of_tempering(Tempering.from_json({"arrivals": 600})) is None
    True
    """
    if tempering is None:
        return None
    if unexplored(tempering):
        return (
            f"layerings came from the highest temperature to the chains {tempering.arrivals or 0:,} times only, so "
            f"that modes may be missed (to be relied on: {MIN_ARRIVALS} times)"
        )
    if tempering.log_ratio_spread is not None and tempering.log_ratio_spread > MAX_RATIO_SPREAD:
        return (
            "the chains agree about the edges, but their estimates of the log evidence spread by "
            f"{tempering.log_ratio_spread:.1f} nats"
        )
    return None


def _precise(chains: Agreement) -> bool:
    """Return whether chains agree, and their edge probabilities have small errors."""
    return (
        at_most(chains.max_r_hat, MAX_R_HAT)
        and (chains.min_effective_draws or 0.0) >= MIN_CHAIN_DRAWS
        and at_most(chains.chain_edge_standard_error, MAX_STANDARD_ERROR)
    )


def _apart(agreement: Agreement | None) -> bool:
    """Return whether there are chains whose R-hat is above its limit."""
    return agreement is not None and not at_most(agreement.max_r_hat, MAX_R_HAT)


def covered(diagnostics: Diagnostics, most: float | int = MAX_CHAIN_GAP) -> bool:
    """Return whether the sampler draws what each chain visits about as often as it should.

    Parameters
    ----------
    diagnostics : Diagnostics
    most : float
        Nats by which the log-weights of a chain's layerings may lie above the log evidence, on average.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import LayerDiagnostics
    >>> from dag_gfn.posterior.layer_verdict import covered
    >>> covered(LayerDiagnostics.from_json({"estimate": "pooled", "worst_chain_gap": 21.0}))
    False
    """
    against = diagnostics.against_chains
    return against is not None and at_most(against.worst_chain_gap, most)


def _pooled(diagnostics: LayerDiagnostics) -> Claim:
    agreement, against = diagnostics.agreement, diagnostics.against_chains
    error = None if against is None else against.log_z_with_chains_standard_error
    overlap = at_most(error, MAX_EVIDENCE_ERROR)
    gap = MAX_CHAIN_GAP if _apart(agreement) else MAX_BOUND_GAP
    unsure = unsure_of_tempering(diagnostics.tempering)
    judged = agreement is not None and (
        ((agreement.chains_agree is True or _precise(agreement)) and unsure is None)
        or (overlap and covered(diagnostics, gap))
    )
    if judged and at_most(diagnostics.pooled_edge_standard_error, MAX_STANDARD_ERROR):
        return Claim(True, "the draws and the Markov chains agree")
    return Claim(
        False,
        f"{_worth(diagnostics)}, and the Markov chains that they were pooled with do not make up for it "
        f"({r_hat_in_words(agreement)}, log Z {known_to(error)}, "
        f"edge probabilities {known_to(diagnostics.pooled_edge_standard_error)})"
        + ("" if unsure is None else f"; {unsure}"),
    )


def _own(diagnostics: LayerDiagnostics) -> Claim:
    """Return whether the sampler's own draws can be relied on; None where no chain speaks for or against it."""
    own, against = diagnostics.importance, diagnostics.against_chains
    if _apart(diagnostics.agreement) and not covered(diagnostics):
        return Claim(
            False,
            f"{r_hat_in_words(diagnostics.agreement)}: they stay apart, and the draws may cover only one of "
            "these parts",
        )
    if not diagnostics.reliable_weights:
        return Claim(
            False,
            f"{_worth(diagnostics)} (to be relied on: {MIN_EFFECTIVE_DRAWS}, and a shape of the tail that is known and "
            f"at most {MAX_SHAPE:g})",
        )
    log_z = None if own is None else own.log_z
    if against is not None and against.agrees_with_chains is False:
        return Claim(
            False,
            f"the evidence by its own draws, log Z = {nats(log_z)}, disagrees with that by layerings of Markov chains, "
            f"{nats(against.log_z_with_chains)}: one of them misses some of the posterior",
        )
    if own is not None and own.log_z_upper is not None and log_z is not None:
        gap = own.log_z_upper - log_z
        if gap > MAX_BOUND_GAP:
            return Claim(
                False,
                f"the upper bound of the log evidence lies {gap:.1f} nats above its estimate: Markov chains visit what "
                "the sampler hardly ever draws",
            )
    missing = diagnostics.uncounted_mass
    if missing is not None and missing > MAX_MISSING_MASS:
        return Claim(
            False,
            f"by the evidence with Markov chains, {missing:.0%} of the posterior is missing in the draws",
        )
    if diagnostics.estimate == "raw" and not at_most(
        diagnostics.raw_to_reweighted_edge_difference, MAX_EDGE_ERROR
    ):
        apart = diagnostics.raw_to_reweighted_edge_difference
        far = "not finitely far" if apart is None or not math.isfinite(apart) else f"{apart:.2f}"
        return Claim(
            False,
            f"an edge probability is {far} away from what importance weights correct it to (reweight, --reweight)",
        )
    if against is None or against.agrees_with_chains is None:
        return Claim(None, "nothing speaks against the sampler's own weights, and no chain for them")
    unsure = unsure_of_tempering(diagnostics.tempering)
    if unsure is not None:
        return Claim(None, f"nothing speaks against the sampler's own weights; {unsure}")
    return Claim(
        True, "the sampler's own weights are even, and Markov chains find nothing that it leaves out"
    )


def _worth(diagnostics: LayerDiagnostics) -> str:
    layerings, own = diagnostics.layerings or 0, diagnostics.importance
    ess = None if own is None else own.ess
    worth = count_in_words(None if ess is None else ess * layerings)
    shape = diagnostics.pareto_k
    tail = "" if shape is None else f", whose tail has shape {shape:.2f}"
    return f"{layerings:,} draws are worth {worth} by their importance weights{tail}"
