from dataclasses import replace

import pytest

from dag_gfn.posterior.diagnostic_parts import Agreement, Tempering
from dag_gfn.posterior.diagnostics import (
    EdgeDiagnostics,
    ExactCheck,
    ExactDiagnostics,
    LayerDiagnostics,
    MCMCDiagnostics,
    MixtureDiagnostics,
)
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.limits import chains_agree, reliable_correction, reliable_weights
from dag_gfn.posterior.verdict import judge

KNOWN = Evidence(-3.0, 0.1)


def checked(error):
    return ExactCheck.from_json({"edge_max_error": error})


def test_an_exact_posterior_has_converged():
    verdict = judge(ExactDiagnostics(self_check=1e-15), None, Evidence(-3.0, 0.0, "exact"))
    assert (verdict.converged, verdict.evidence_converged, verdict.warnings) == (True, None, ())
    assert verdict.to_json() == {"converged": True}


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


WITHOUT_OVERLAP = {"reliable_weights": False, "estimate": "pooled", "log_z_with_chains_standard_error": 0.6}
LAYERS = {
    "ess": 0.9,
    "log_z": -3.0,
    "log_z_with_chains": -1.0,
    "log_z_with_chains_standard_error": 0.1,
    "max_r_hat": 1.0,
    "chains_agree": True,
    "pooled_edge_standard_error": 0.01,
    "iterations": 7,
    "layerings": 1000,
    "pareto_k": 0.4,
    "estimate": "reweighted",
    "raw_to_reweighted_edge_difference": 0.01,
    "reliable_weights": True,
    "agrees_with_chains": True,
}


@pytest.mark.parametrize(
    ("changed", "converged", "said"),
    [
        ({}, True, ""),
        ({"estimate": "raw"}, True, ""),
        ({"raw_to_reweighted_edge_difference": 0.06}, True, ""),
        ({"estimate": "raw", "raw_to_reweighted_edge_difference": 0.06}, False, "0.06 away from what"),
        ({"agrees_with_chains": False}, False, "log Z = -3.00, disagrees"),
        ({"agrees_with_chains": None}, None, ""),
        ({"reliable_weights": False}, False, "shape 0.40"),
        (
            {"reliable_weights": False, "pareto_k": None},
            False,
            "worth 900 by their importance weights (to be relied on: 400, and a shape of the tail that is known and at "
            "most 0.7)",
        ),
        ({"reliable_weights": False, "estimate": "pooled"}, True, ""),
        (
            {"reliable_weights": False, "estimate": "pooled", "chains_agree": False, "max_r_hat": None},
            False,
            "(R-hat over the chains is not finite, log Z known to ±0.1, edge probabilities known to ±0.01)",
        ),
        (
            WITHOUT_OVERLAP | {"chains_agree": False, "max_r_hat": 1.02},
            False,
            "R-hat over the chains is up to 1.02, log Z known to ±0.6",
        ),
        (
            WITHOUT_OVERLAP | {"log_z_with_chains_standard_error": None, "chains_agree": False},
            False,
            "log Z not known",
        ),
        (WITHOUT_OVERLAP, True, ""),  # the chains are enough by themselves
        ({"max_r_hat": 1.06}, False, "up to 1.06: they stay apart"),
        ({"estimate": "raw", "max_r_hat": None}, False, "is not finite: they stay apart"),
        (
            {"reliable_weights": False, "estimate": "pooled", "pooled_edge_standard_error": 0.03},
            False,
            "edge probabilities known to ±0.03",
        ),
        ({"estimate": "pooled", "chains_agree": False}, True, ""),
        ({"estimate": "pooled", "max_r_hat": 1.06}, False, "R-hat over the chains is up to 1.06"),
    ],
)
def test_what_a_fit_by_layers_is_judged_by(changed, converged, said):
    verdict = judge(LayerDiagnostics.from_json(LAYERS | changed), None, KNOWN)
    assert verdict.converged is converged
    assert bool(verdict.warnings) == (converged is False)
    assert said in "".join(verdict.warnings)


@pytest.mark.parametrize(
    ("error", "converged", "said"),
    [(0.4, True, None), (1.5, False, "it is known to ±1.5 only"), (None, False, "it is not known")],
)
def test_edges_may_have_converged_where_the_evidence_has_not(error, converged, said):
    diagnostics = EdgeDiagnostics.from_json({"ess": 0.01, "iterations": 7})
    verdict = judge(diagnostics, checked(0.01), Evidence(-3.0, error))
    assert verdict.to_json() == {"converged": True, "evidence_converged": converged}
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
        assert "--prior fair" in message
    found["chains_agree"] = False
    assert len(judge(MCMCDiagnostics.from_json(found), None, Evidence()).warnings) == 1 + (said is not None)


@pytest.mark.parametrize(
    ("effective", "shape", "reliable"),
    [
        (400, 0.7, True),
        (399.9, 0.0, False),
        (5_000, 0.71, False),
        (5_000, None, True),
        (9e9, float("inf"), False),
    ],
)
def test_when_weighted_means_can_be_relied_on(effective, shape, reliable):
    assert reliable_weights(effective, shape) is reliable


@pytest.mark.parametrize(
    ("effective", "shape", "reliable"),
    [(100, 0.7, True), (99.9, 0.0, False), (5_000, 0.71, False), (5_000, float("inf"), False)],
)
def test_when_a_correction_can_be_relied_on(effective, shape, reliable):
    assert reliable_correction(effective, shape) is reliable


@pytest.mark.parametrize(
    ("r_hat", "draws", "agree"),
    [(1.05, 400, True), (1.051, 9_000, False), (1.0, 399.9, False), (float("inf"), 9_000, False)],
)
def test_when_chains_agree(r_hat, draws, agree):
    assert chains_agree(r_hat, draws) is agree


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


def mixture(**changed):
    figures = {
        "completion_route": "augmentation",
        "completed_tables": 100,
        "distinct_tables": 100,
        "effective_tables": 80.0,
        "tables_max_r_hat": 1.01,
        "tables_agree": True,
        "share_of_missing": 0.1,
        "max_edge_standard_error": 0.01,
        "unconverged_tables": 0,
        "unjudged_tables": 0,
    }
    return MixtureDiagnostics(**(figures | changed))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"effective_tables": 7.0}, "worth 7 independent tables"),
        ({"tables_agree": False, "tables_max_r_hat": 1.7}, "disagree about the edges (R-hat 1.7"),
        ({"max_edge_standard_error": 0.2}, "known to ±0.2"),
        ({"unconverged_tables": 30, "worst_max_r_hat": 2.5}, "on 30 of 100 tables (R-hat up to 2.5)"),
    ],
)
def test_a_mixture_of_tables_that_is_not_to_be_relied_on(changed, words):
    verdict = judge(mixture(**changed), None, Evidence())
    assert verdict.converged is False
    (told,) = verdict.warnings
    assert words in told
    assert "num_completed" in told
    assert "time_budget" in judge(mixture(**changed), None, Evidence(), time_budget=9).warnings[0]


def test_a_mixture_of_tables_that_agree():
    assert judge(mixture(), None, Evidence()).converged is True
    assert judge(mixture(unjudged_tables=50), None, Evidence()).converged is None


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
