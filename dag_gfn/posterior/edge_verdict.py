"""Whether edge probabilities by a GFlowNet that adds edges can be relied on."""

from dag_gfn.posterior.claims import Claim
from dag_gfn.posterior.diagnostics import EdgeDiagnostics
from dag_gfn.posterior.layer_verdict import unsure_of_tempering
from dag_gfn.posterior.limits import (
    MAX_DRIFT,
    MAX_EDGE_ERROR,
    MAX_R_HAT,
    MAX_STANDARD_ERROR,
    MIN_ESS,
    at_most,
)
from dag_gfn.posterior.verdict_words import known_to, r_hat_in_words


def edges_of_edges(diagnostics: EdgeDiagnostics) -> Claim:
    """Return whether edge probabilities can be relied on.

    Moved draws can, where they have stopped to drift, their errors are small, and Markov chains that agree and have
    looked far find the same. Draws that were not moved can be refuted by their importance weights, and nothing proves
    them: a lost mode has no samples.

    Parameters
    ----------
    diagnostics : EdgeDiagnostics

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostics import EdgeDiagnostics
    >>> from dag_gfn.posterior.edge_verdict import edges_of_edges
    >>> found = {"moved_chains": 2000, "move_rounds": 8, "move_acceptance": 0.4, "edge_drift": 0.001, "chains": 4,
    ...     "max_r_hat": 1.01, "chain_edge_difference": 0.01, "max_edge_standard_error": 0.004}
    >>> edges_of_edges(EdgeDiagnostics.from_json(found)).converged
    True
    >>> edges_of_edges(EdgeDiagnostics.from_json(found | {"chain_edge_difference": 0.3})).reason
    'an edge probability is 0.30 away from that by Markov chains'
    """
    moves = diagnostics.moves
    if moves is None:
        return _by_weights(diagnostics)
    if not at_most(diagnostics.max_edge_standard_error, MAX_STANDARD_ERROR):
        return Claim(
            False,
            f"by {moves.moved_chains or 0:,} independent draws edge probabilities are "
            f"{known_to(diagnostics.max_edge_standard_error)}",
        )
    if moves.edge_drift is None:
        return Claim(
            False, "draws were moved once only, which does not show whether more moves would change them"
        )
    if moves.edge_drift > MAX_DRIFT:
        return Claim(
            False, f"moves were still changing an edge probability by {moves.edge_drift:.2g} when they ended"
        )
    agreement, apart = diagnostics.agreement, diagnostics.chain_edge_difference
    if agreement is None or apart is None:
        return Claim(None, "nothing speaks against the moved draws, and no chain for them")
    if not at_most(agreement.max_r_hat, MAX_R_HAT):
        return Claim(
            False,
            f"{r_hat_in_words(agreement)}: the draws may cover only a part of the posterior",
        )
    if apart > MAX_EDGE_ERROR:
        return Claim(False, _away(apart))
    unsure = unsure_of_tempering(diagnostics.tempering)
    if unsure is not None:
        return Claim(None, f"nothing speaks against the moved draws; {unsure}")
    return Claim(True, "Markov chains that training has not seen find the same")


def _by_weights(diagnostics: EdgeDiagnostics) -> Claim:
    agreement, apart = diagnostics.agreement, diagnostics.chain_edge_difference
    if agreement is not None and agreement.chains_agree and apart is not None and apart > MAX_EDGE_ERROR:
        return Claim(False, _away(apart))
    ess = None if diagnostics.importance is None else diagnostics.importance.ess
    share = "not finite as a share" if ess is None else f"{ess:.1%}"
    failed = ess is None or ess < MIN_ESS
    return Claim(False if failed else None, f"the effective sample size is {share} of the samples")


def _away(apart: float) -> str:
    return f"an edge probability is {apart:.2f} away from that by Markov chains"
