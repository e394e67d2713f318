import pytest

from dag_gfn.posterior.verdict import judge_convergence, trust_in, weigh_doubts


@pytest.mark.parametrize(
    ("check", "diagnostics", "converged", "said"),
    [
        ({"edge_max_error": 0.05}, {"ess": 0.01}, True, ""),
        ({"edge_max_error": 0.06}, {"ess": 1.0}, False, "0.06 away from the exact one"),
        (None, {"ess": 0.09}, False, "9.0% of the samples"),
        (None, {"ess": 0.9}, None, ""),
    ],
)
def test_what_a_fit_is_judged_by(check, diagnostics, converged, said):
    info = {"diagnostics": {**diagnostics, "iterations": 7}} | ({"exact_check": check} if check else {})
    told = judge_convergence(info, "gflownet")
    assert info["diagnostics"]["converged"] is converged
    assert bool(told) == (converged is False)
    assert said in "".join(told)


WITHOUT_OVERLAP = {"reliable_weights": False, "estimate": "pooled", "log_z_with_chains_standard_error": 0.6}


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
            "worth 900 by their importance weights (to be",
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
    diagnostics = {
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
    } | changed
    told = judge_convergence({"diagnostics": diagnostics}, "gflownet")
    assert diagnostics["converged"] is converged
    assert bool(told) == (converged is False)
    assert said in "".join(told)


@pytest.mark.parametrize(
    ("error", "converged", "said"),
    [(0.4, True, None), (1.5, False, "it is known to ±1.5 only"), (None, False, "it is not known")],
)
def test_edges_may_have_converged_where_the_evidence_has_not(error, converged, said):
    diagnostics = {"ess": 0.01, "iterations": 7}
    info = {"diagnostics": diagnostics, "exact_check": {"edge_max_error": 0.01}}
    told = judge_convergence(info | {"log_evidence_standard_error": error}, "gflownet")
    assert diagnostics["converged"] is True
    assert diagnostics["evidence_converged"] is converged
    assert bool(told) != converged
    assert said is None or said in "".join(told)
    if said is not None:
        assert "the edge probabilities have converged, the log evidence has not" in "".join(told)


@pytest.mark.parametrize(
    ("check", "converged"), [({}, None), ({"exact_check": {"edge_max_error": 0.01}}, True)]
)
def test_chains_that_failed_are_told_unless_an_exact_check_judges(check, converged):
    diagnostics = {
        "judging_error": "MemoryError: none left",
        "ess": 0.9,
        "iterations": 7,
        "estimate": "reweighted",
        "raw_to_reweighted_edge_difference": 0.01,
        "reliable_weights": True,
        "layerings": 1000,
        "pareto_k": 0.4,
    }
    told = judge_convergence({"diagnostics": diagnostics} | check, "gflownet")
    assert ["failed (MemoryError: none left)" in message for message in told] == [True] * (not check)
    assert diagnostics["converged"] is converged


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
    diagnostics = {"chains_agree": True, "max_r_hat": 1.0, "min_effective_draws": 900.0, "iterations": 7}
    diagnostics |= {"candidates": 16, "covered": 1e-7, "least_covered": "income"}
    if effective is not None:
        diagnostics |= {"corrected_effective_samples": effective, "corrected_pareto_k": shape}
        diagnostics["corrected"] = said is None
    told = judge_convergence({"diagnostics": diagnostics}, "mcmc")
    assert diagnostics["converged"] is (said is None)
    if said is None:
        assert told == []
    else:
        (message,) = told
        assert said in message
        assert "16 candidates" in message
        assert "--prior fair" in message
    diagnostics["chains_agree"] = False
    assert len(judge_convergence({"diagnostics": diagnostics}, "mcmc")) == 1 + (said is not None)


@pytest.mark.parametrize(
    ("info", "level", "said"),
    [
        ({"method": "exact"}, "good", "exact under the assumptions"),
        ({"method": "exact", "order_modular": True}, "caution", "for each of its orders"),
        ({"method": "gflownet", "interrupted": True}, "bad", "interrupted"),
        (
            {"method": "mcmc", "diagnostics": {"converged": False}, "exact_check": {"edge_max_error": 0.2}},
            "bad",
            "0.2 away",
        ),
        (
            {"method": "mcmc", "diagnostics": {"converged": True}, "exact_check": {"edge_max_error": 0.01}},
            "good",
            "0.01 away",
        ),
        ({"method": "mcmc", "diagnostics": {"converged": True}}, "good", "chains agree"),
        ({"method": "gflownet", "diagnostics": {"converged": None}}, "caution", "several seeds"),
        ({}, "caution", "no record"),
        ({"method": "exact", "conditions": [{"query": "edge(a,b)"}]}, "good", "comply"),
    ],
)
def test_trust(info, level, said):
    found, text = trust_in(info)
    assert found == level
    assert said in text


def doubted(*levels, method="exact"):
    doubts = [{"code": level, "level": level, "verdict": f"of {level} kind"} for level in levels]
    return {"method": method, "doubts": doubts}


def test_doubts_about_the_data_weigh_on_a_good_computation():
    level, trust = weigh_doubts(doubted("caution"), "good", "Computed exactly.")
    assert level == "caution"
    assert trust == "Exact arithmetic, but of caution kind. See the warnings. Computed exactly."
    level, trust = weigh_doubts(doubted("caution", "mild", method="mcmc"), "bad", "Not converged.")
    assert level == "bad"
    assert trust == "Not converged. Beside that: of caution kind. Mind that of mild kind."
    assert weigh_doubts(doubted("mild"), "good", "Exact.") == ("good", "Exact. Mind that of mild kind.")
    assert weigh_doubts({}, "good", "Exact.") == ("good", "Exact.")
