import numpy as np
import pytest
from sampler_cases import score_table

from dag_gfn.exact.reference import exact_reference
from dag_gfn.fitting.exact_check import affordable, divergence_from, exact_check_reference, exact_comparison
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.verdict import judge_convergence


def test_the_exact_posterior_is_at_no_distance_from_itself():
    table = score_table(4)
    reference = exact_reference(table)
    assert divergence_from(reference)(reference.log_probabilities) == {"jsd": pytest.approx(0, abs=1e-12)}
    draws = reference.draw(50, np.random.default_rng(0))
    posterior = GraphPosterior.from_samples(table.names, draws, log_evidence=reference.log_evidence + 0.25)
    check = exact_comparison(posterior, reference, reference.log_probabilities)
    for name in ("jsd", "tv", "kl", "graph_rmse"):
        assert check[name] == pytest.approx(0, abs=1e-9), name
    assert check["log_evidence_gap"] == pytest.approx(0.25)
    edges = draws.mean(axis=0) - reference.features["edge"]
    assert check["edge_max_error"] == pytest.approx(np.abs(edges).max())
    assert check["edge_rmse"] == pytest.approx(np.sqrt((edges[~np.eye(4, dtype=bool)] ** 2).mean()))


@pytest.mark.parametrize("d", [4, 6])
def test_draws_of_the_reference_have_its_edges(d):
    reference = exact_reference(score_table(d))
    n = 4000
    share = reference.draw(n, np.random.default_rng(0)).mean(axis=0)
    edge = reference.features["edge"]
    assert (np.abs(share - edge) <= 5 * np.sqrt(edge * (1 - edge) / n) + 1e-9).all()


def test_a_reference_is_made_where_it_is_quick_or_asked_for():
    table = score_table(6)
    assert affordable(table, 10)
    assert not affordable(table, 1e-9)
    assert not affordable(score_table(6, storage="lazy"), 10)
    assert exact_check_reference(table, False, None, shown=False) is None
    assert exact_check_reference(table, None, None, shown=False) is not None
    assert exact_check_reference(table, True, 1e-9, shown=False) is not None


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
