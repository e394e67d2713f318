from dataclasses import replace

import pytest

from dag_gfn.posterior.diagnostic_parts import Agreement, Tempering
from dag_gfn.posterior.diagnostics import (
    EdgeDiagnostics,
    ExactCheck,
    ExactDiagnostics,
    LayerDiagnostics,
    MCMCDiagnostics,
)
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.verdict import judge

KNOWN = Evidence(-3.0, 0.1)


def checked(error):
    return ExactCheck.from_json({"edge_max_error": error})


def test_an_exact_posterior_has_converged():
    verdict = judge(ExactDiagnostics(self_check=1e-15), None, Evidence(-3.0, 0.0, "exact"))
    assert verdict.warnings == ()
    assert [claim.converged for _, claim in verdict.claims.rows()] == [True] * 4
    assert verdict.to_json()["converged"] is verdict.to_json()["evidence_converged"] is True


@pytest.mark.parametrize(
    ("error", "ess", "converged", "said"),
    [
        (0.05, 0.01, True, ""),
        (0.06, 1.0, False, "0.06 away from the exact one"),
        (None, 0.09, False, "9.0% of the samples"),
        (None, 0.9, None, ""),
    ],
)
def test_what_a_fit_is_judged_by(error, ess, converged, said):
    diagnostics = EdgeDiagnostics.from_json({"ess": ess, "log_z": -3.0, "iterations": 7})
    verdict = judge(diagnostics, None if error is None else checked(error), KNOWN)
    assert verdict.converged is converged
    assert bool(verdict.warnings) == (converged is False)
    assert said in "".join(verdict.warnings)


@pytest.mark.parametrize(
    ("error", "converged", "said"),
    [
        (0.2, True, None),
        (1.5, False, "it is known to ±1.5 only: 78% of the posterior mass may be uncounted"),
        (None, False, "it is not known"),
    ],
)
def test_edges_may_have_converged_where_the_evidence_has_not(error, converged, said):
    diagnostics = EdgeDiagnostics.from_json({"ess": 0.01, "iterations": 7})
    verdict = judge(diagnostics, checked(0.01), Evidence(-3.0, error))
    assert (verdict.converged, verdict.evidence_converged) == (True, converged)
    assert bool(verdict.warnings) != converged
    assert said is None or said in "".join(verdict.warnings)
    if said is not None:
        assert "the edge probabilities have converged, the log evidence has not" in "".join(verdict.warnings)


@pytest.mark.parametrize(("check", "converged"), [(None, None), (checked(0.01), True)])
def test_chains_that_failed_are_told_unless_an_exact_check_judges(check, converged):
    diagnostics = LayerDiagnostics.from_json(
        {
            "judging_error": "MemoryError: none left",
            "ess": 0.9,
            "iterations": 7,
            "estimate": "reweighted",
            "raw_to_reweighted_edge_difference": 0.01,
            "reliable_weights": True,
            "layerings": 1000,
            "pareto_k": 0.4,
        }
    )
    verdict = judge(diagnostics, check, KNOWN)
    told = ["failed (MemoryError: none left)" in message for message in verdict.warnings]
    assert told == [True] * (check is None)
    assert verdict.converged is converged


@pytest.mark.parametrize(
    ("effective", "shape", "said"),
    [
        (None, None, None),
        (100.0, 0.7, None),
        (
            99.0,
            0.5,
            "worth 99 independent ones, with a shape of 0.50 of the tail",
        ),
        (5_000.0, 0.71, "with a shape of 0.71"),
        (5_000.0, None, "with an infinite tail"),
        (0.0, None, "worth 0 independent ones, with an infinite tail"),
    ],
)
def test_parents_outside_candidates_whose_weights_are_uneven_are_told(effective, shape, said):
    found = {"chains_agree": True, "max_r_hat": 1.0, "min_effective_draws": 900.0, "iterations": 7}
    found |= {"candidates": 16, "covered": 1e-7, "least_covered": "income"}
    if effective is not None:
        found |= {"corrected_effective_samples": effective, "corrected_pareto_k": shape}
        found["corrected"] = said is None
    verdict = judge(MCMCDiagnostics.from_json(found), None, Evidence())
    assert verdict.converged is (said is None)
    assert verdict.evidence_converged is None
    if said is None:
        assert verdict.warnings == ()
    else:
        (message,) = verdict.warnings
        assert said in message
        assert "16 candidates" in message
        assert "(fair, or edge with a smaller beta; --prior)" in message
    found["chains_agree"] = False
    assert len(judge(MCMCDiagnostics.from_json(found), None, Evidence()).warnings) == 1 + (said is not None)


@pytest.mark.parametrize(
    ("time_budget", "iterations_given", "cut_short", "said"),
    [
        (None, False, False, "(iterations, --iterations, say 2000)"),
        (60.5, False, False, "(time_budget, --time-budget, say 242)"),
        (60, True, True, "(time_budget, --time-budget, say 240)"),
        (60, True, False, "(iterations, --iterations, say 2000)"),
    ],
)
def test_what_to_give_more_of_is_what_ended_the_fit(time_budget, iterations_given, cut_short, said):
    diagnostics = EdgeDiagnostics.from_json(
        {"ess": 0.01, "log_z": -3.0, "iterations": 500, "cut_short_by_time_budget": cut_short}
    )
    given = {"time_budget": time_budget, "iterations_given": iterations_given}
    (warning,) = judge(diagnostics, None, KNOWN, **given).warnings
    assert f"Train longer {said}" in warning


def chains(**changed):
    figures = {
        "chains": 4,
        "max_r_hat": 1.0,
        "min_effective_draws": 900.0,
        "chains_agree": True,
        "iterations": 7,
    }
    return MCMCDiagnostics.from_json(figures | changed)


def test_chains_know_edges_and_paths_and_nothing_of_the_evidence():
    claims = judge(chains(), None, Evidence(), effective_samples=900.0).claims
    assert [claims.edges.converged, claims.paths.converged] == [True, True]
    assert [claims.evidence.converged, claims.graphs.converged] == [None, None]


@pytest.mark.parametrize(("worth", "known"), [(200.0, True), (199.0, False), (None, True)])
def test_paths_need_more_draws_than_edges(worth, known):
    claims = judge(chains(), None, Evidence(), effective_samples=worth).claims
    assert claims.edges.converged is True
    assert claims.paths.converged is known


def test_paths_are_not_known_where_edges_are_not():
    claims = judge(
        chains(chains_agree=False, max_r_hat=2.0), None, Evidence(), effective_samples=900.0
    ).claims
    assert claims.paths == (False, "the edge probabilities have not converged")


@pytest.mark.parametrize(("error", "known"), [(0.06, False), (0.01, True)])
def test_an_exact_check_judges_paths_by_themselves(error, known):
    check = ExactCheck.from_json({"edge_max_error": 0.01, "path_max_error": error})
    assert judge(chains(), check, Evidence()).claims.paths.converged is known


@pytest.mark.parametrize(
    ("error", "gap", "evidence", "graphs"),
    [
        (0.05, 0.02, True, True),
        (0.2, 0.02, True, False),
        (0.3, 0.0, False, False),
        (0.05, -0.6, False, False),
    ],
)
def test_single_graphs_need_a_more_precise_evidence(error, gap, evidence, graphs):
    check = ExactCheck.from_json({"edge_max_error": 0.01, "log_evidence_gap": gap})
    claims = judge(EdgeDiagnostics.from_json({"ess": 0.9}), check, Evidence(-3.0, error)).claims
    assert (claims.evidence.converged, claims.graphs.converged) == (evidence, graphs)


@pytest.mark.parametrize(("arrivals", "converged"), [(12, False), (59, False), (60, True), (6_000, True)])
def test_chains_that_agree_and_that_few_layerings_have_come_to_may_miss_modes(arrivals, converged):
    tempering = Tempering(
        rungs=9,
        highest_temperature=80.0,
        min_swap_acceptance=0.5,
        arrivals=arrivals,
        missing_mass=3 / arrivals,
        log_ratio_spread=0.1,
    )
    agreement = Agreement(chains=4, max_r_hat=1.001, min_effective_draws=4_000.0, chains_agree=True)
    found = MCMCDiagnostics(iterations=1_000, agreement=agreement, tempering=tempering)
    verdict = judge(found, None, Evidence())
    assert verdict.converged is converged
    assert any(f"{arrivals} times only" in warning for warning in verdict.warnings) != converged
    without = judge(replace(found, tempering=None), None, Evidence())
    assert without.converged
    assert found.to_json()["arrivals"] == arrivals


@pytest.mark.parametrize("kind", [MCMCDiagnostics, LayerDiagnostics])
@pytest.mark.parametrize(("left_out", "converged"), [(None, True), (1.2, True), (1.6, False)])
def test_with_many_likely_parents_beyond_the_candidates_modes_may_be_missed(kind, left_out, converged):
    chains = {"chains": 4, "max_r_hat": 1.0, "min_effective_draws": 900.0, "chains_agree": True}
    found = {"candidates": 14, "covered": 0.5, "likely_left_out": left_out, "estimate": "chains", **chains}
    diagnostics = kind.from_json({name: value for name, value in found.items() if value is not None})
    verdict = judge(diagnostics, None, KNOWN)
    assert verdict.claims.edges.converged is converged
    assert ("each column has 1.6 others" in "".join(verdict.warnings)) is not converged
    assert judge(diagnostics, checked(0.01), KNOWN).claims.edges.converged


def test_an_evidence_by_weights_alone_is_not_shown_where_edges_are_not():
    claims = judge(EdgeDiagnostics.from_json({"ess": 0.9}), None, KNOWN).claims
    assert (claims.edges.converged, claims.evidence.converged, claims.graphs.converged) == (None, None, None)


def test_chains_that_carry_a_hardly_trained_network_are_told():
    figures = {"estimate": "chains", "iterations": 20, "max_r_hat": 1.0, "chains_agree": True}
    verdict = judge(LayerDiagnostics.from_json(figures), None, Evidence(), columns=30)
    assert verdict.converged is True
    assert "took 20 gradient steps only" in verdict.warnings[-1]
    enough = judge(LayerDiagnostics.from_json(figures | {"iterations": 200}), None, Evidence(), columns=30)
    assert "gradient steps" not in "".join(enough.warnings)


@pytest.mark.parametrize(("columns", "said"), [(12, "--method exact"), (40, "--method mcmc")])
def test_what_helps_a_training_of_few_steps(columns, said):
    (warning,) = judge(
        EdgeDiagnostics.from_json({"ess": 0.01, "iterations": 9}), None, KNOWN, columns=columns
    ).warnings
    assert "fewer than 200 gradient steps hardly train a network" in warning
    assert said in warning


@pytest.mark.parametrize(("gap", "known"), [(2.9, True), (3.1, False), (None, False)])
def test_an_evidence_by_chains_needs_a_sampler_that_covers_them(gap, known):
    figures = {
        "estimate": "pooled",
        "iterations": 700,
        "max_r_hat": 1.0,
        "chains_agree": True,
        "worst_chain_gap": gap,
    }
    figures |= {"pooled_edge_standard_error": 0.01, "share_of_chains": 0.9}
    verdict = judge(LayerDiagnostics.from_json(figures), None, KNOWN)
    assert (verdict.converged, verdict.evidence_converged) == (True, known)
