"""The verdict on moved draws of a GFlowNet that adds edges."""

import pytest

from dag_gfn.posterior.diagnostics import EdgeDiagnostics
from dag_gfn.posterior.edge_verdict import edges_of_edges
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.verdict import judge

GOOD = {
    **{"iterations": 900, "ess": 0.2, "moved_chains": 1000, "move_rounds": 8, "move_acceptance": 0.4},
    **{"raw_to_moved_edge_difference": 0.05, "edge_drift": 0.004, "max_edge_standard_error": 0.004},
    **{"chains": 4, "max_r_hat": 1.01, "min_effective_draws": 500.0, "chains_agree": True},
    **{"chain_edge_difference": 0.01, "arrivals": 600},
}


def claim(**changes):
    found = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return edges_of_edges(EdgeDiagnostics.from_json(found))


def test_small_errors_no_drift_and_chains_that_find_the_same_are_enough():
    assert claim().converged is True
    assert claim(ess=0.001).converged is True  # moves have made up for uneven weights


@pytest.mark.parametrize(
    ("changes", "converged", "said"),
    [
        ({"max_edge_standard_error": 0.03}, False, "by 1,000 independent draws edge probabilities are known to ±0.03"),
        ({"max_edge_standard_error": None}, False, "not known"),
        ({"edge_drift": 0.1}, False, "still changing an edge probability by 0.1"),
        ({"edge_drift": None}, False, "moved once only"),
        ({"max_r_hat": 1.3}, False, "R-hat over the chains is up to 1.3: the draws may cover only a part"),
        ({"max_r_hat": None}, False, "not finite"),
        ({"chain_edge_difference": 0.08}, False, "0.08 away from that by Markov chains"),
        ({"chain_edge_difference": None}, None, "no chain for them"),
        ({"arrivals": 3}, None, "3 times only"),
    ],
)  # fmt: skip
def test_what_speaks_against_it(changes, converged, said):
    found = claim(**changes)
    assert found.converged is converged
    assert said in found.reason


def test_draws_that_were_not_moved_are_judged_by_their_weights():
    unmoved = {name: ... for name in GOOD if "move" in name or name == "edge_drift"}
    assert claim(**unmoved).converged is None
    assert claim(**unmoved, ess=0.05).converged is False
    refuted = claim(**unmoved | {"chain_edge_difference": 0.2})
    assert refuted.reason == "an edge probability is 0.20 away from that by Markov chains"
    assert claim(**unmoved | {"chain_edge_difference": 0.2, "chains_agree": False}).converged is None


def test_chains_that_failed_are_told():
    without = {name: GOOD[name] for name in GOOD if "chain" not in name and name not in ("max_r_hat",)}
    diagnostics = EdgeDiagnostics.from_json(without | {"judging_error": "MemoryError"})
    verdict = judge(diagnostics, None, Evidence(-3.0, 0.1))
    assert "MemoryError" in "".join(verdict.warnings)


@pytest.mark.parametrize(("upper", "converged"), [(-1.0, True), (2.0, False), (None, False)])
def test_the_evidence_needs_a_policy_that_draws_what_moves_visit(upper, converged):
    found = GOOD | {"log_z": -3.0, "log_z_upper": upper}
    verdict = judge(EdgeDiagnostics.from_json(found), None, Evidence(-3.0, 0.1), effective_samples=900)
    assert verdict.claims.evidence.converged is converged
