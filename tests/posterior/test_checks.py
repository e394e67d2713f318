"""What a fit measured of itself, in a table and in sentences."""

import pytest

from dag_gfn.posterior.checks import check_sentences, checks
from dag_gfn.posterior.fit_record import FitRecord


def sentences(info):
    return check_sentences(FitRecord.from_info(info))


def check(info, name):
    (row,) = [row for row in checks(FitRecord.from_info(info)) if row.name == name]
    return row


@pytest.mark.parametrize(
    ("error", "level"), [(0.01, "good"), (0.05, "good"), (0.08, "caution"), (0.3, "bad"), (None, "bad")]
)
def test_edge_errors_are_judged(error, level):
    row = check({"exact_check": {"edge_max_error": error}}, "Largest edge error")
    assert row.level == level
    assert row.value == ("not finite" if error is None else f"{error:.3g}")


def test_chains_and_samples_are_judged():
    info = {"diagnostics": {"max_r_hat": 1.01, "min_effective_draws": 50, "ess": 0.02, "iterations": 4000}}
    assert check(info, "R-hat").level == "good"
    assert check(info, "Effective draws of the chains").level == "bad"
    assert check(info, "Effective sample size").level == "bad"
    assert check(info, "Iterations").value == "4,000"


def test_a_run_that_was_cut_short_says_so():
    assert check({"diagnostics": {"cut_short_by_time_budget": True}}, "Time budget").level == "caution"


def test_nothing_recorded_is_nothing_said():
    assert checks(FitRecord()) == []
    assert sentences({}) == []


def doubted(*levels, method="exact"):
    doubts = [{"code": level, "level": level, "verdict": f"of {level} kind"} for level in levels]
    return {"method": method, "doubts": doubts}


def test_the_terminal_says_what_takes_the_word_sound_away():
    assert any(
        line == "Exact arithmetic, but of caution kind."
        for line in sentences({**doubted("caution", "mild"), "log_evidence": -1.0})
    )
    assert not any("kind" in line for line in sentences({**doubted("mild"), "log_evidence": -1.0}))


# --- sentences ---


def test_a_condition_is_said():
    (line,) = sentences({"method": "exact", "conditions": [{"query": "edge(a, b)", "probability": 0.25}]})
    assert "Given edge(a, b), of probability 0.25" in line


def test_verdicts_give_the_figures():
    check = {"edge_max_error": 0.0123, "edge_rmse": 0.004, "path_max_error": 0.02, "path_rmse": 0.01}
    diagnostics = {"ess": 0.5, "log_z": -12.3456}
    of_paths, of_samples = sentences({"exact_check": check, "diagnostics": diagnostics})
    assert "0.0123 at most (RMSE 0.004), paths by 0.02 (RMSE 0.01)" in of_paths
    assert "JSD" not in of_paths
    assert "0.5 per sample" in of_samples
    assert "-12.35" in of_samples
    both = sentences({"exact_check": {**check, "jsd": 1e-3, "tv": 0.02}})[0]
    assert "JSD 1.00e-03 nats, total variation 2.00e-02" in both


def test_verdicts_where_a_figure_was_not_finite():
    check = dict.fromkeys(["edge_max_error", "edge_rmse", "path_max_error", "path_rmse", "jsd", "tv"])
    lines = sentences({"exact_check": check, "diagnostics": {"ess": None, "log_z": None}})
    assert all("not finite" in line for line in lines)


def test_an_exact_posterior_says_so():
    (line,) = sentences({"method": "exact", "log_evidence": -3.25, "diagnostics": {}})
    assert line.startswith("Exact")
    assert "-3.25" in line


def test_an_order_modular_posterior_does_not_call_its_paths_exact():
    info = {"method": "exact", "order_modular": True, "log_evidence": -3.25}
    (line,) = sentences({**info, "diagnostics": {"num_samples": 1000}})
    assert line.startswith("Exact probabilities of edges; the graphs are 1,000 exact draws.")
    assert "Log evidence (mean over orders): -3.25" in line
    (line,) = sentences({**info, "diagnostics": {}})
    assert line.startswith("Exact probabilities of all DAGs.")


def test_the_verdict_on_chains():
    diagnostics = {"chains": 4, "max_r_hat": 1.0123, "min_effective_draws": 1234.5}
    (line,) = sentences({"method": "mcmc", "diagnostics": diagnostics})
    assert "4 chains R-hat is at most 1.012" in line
    assert "1,234 independent draws" in line
    (line,) = sentences({"method": "mcmc", "diagnostics": {**diagnostics, "max_r_hat": None}})
    assert "not finite" in line


def test_pooled_draws_say_what_chains_stand_for():
    diagnostics = {"ess": 1e-4, "log_z": -14.0, "estimate": "pooled", "share_of_chains": 0.987}
    diagnostics["reliable_weights"] = False
    diagnostics |= {"log_z_with_chains": -12.3456, "log_z_with_chains_standard_error": 0.123}
    _, line = sentences({"diagnostics": diagnostics})
    assert "98.7% of the weight" in line
    assert "-12.35 ± 0.12" in line
    for error in (None, 2e34):
        _, line = sentences({"diagnostics": {**diagnostics, "log_z_with_chains_standard_error": error}})
        assert "Log evidence: not known, since both hardly overlap." in line


def test_draws_corrected_for_parents_outside_the_candidates_say_so():
    diagnostics = {
        "corrected": True,
        "candidates": 18,
        "corrected_effective_samples": 1234.5,
        "log_z_shift": -0.774,
    }
    (line,) = sentences({"diagnostics": diagnostics})
    assert "18 candidate parents" in line
    assert "worth 1,234 independent draws" in line
    assert "-0.77" in line


@pytest.mark.parametrize("reliable", [True, False])
def test_the_evidence_that_is_shown_is_that_of_the_corrected_draws(reliable):
    diagnostics = {
        "ess": 0.5,
        "log_z": -12.0,
        "estimate": "pooled",
        "reliable_weights": reliable,
        "share_of_chains": 0.25,
        "log_z_with_chains": -11.5,
        "log_z_with_chains_standard_error": 0.3,
        "log_z_shift": 2.25,
        "log_z_shift_standard_error": 0.4,
        "candidates": 18,
        "corrected": True,
        "corrected_effective_samples": 345.6,
    }
    own, pooled, corrected = sentences({"diagnostics": diagnostics})
    assert "Log evidence: -9.75 (" in own
    assert "Log evidence: -9.25 ± 0.5 (" in pooled
    assert ("Too uneven" in pooled) != reliable
    assert "346 independent draws" in corrected
    own, pooled = sentences({"diagnostics": {**diagnostics, "corrected": False}})
    assert "Log evidence: not known." in own  # by the odds of parents, not by their scores
    assert "Log evidence: not known, since parents beyond the candidates are not corrected." in pooled
    unknown = {"log_z": None, "log_z_with_chains_standard_error": None}
    own, pooled, _ = sentences({"diagnostics": diagnostics | unknown})
    assert "Log evidence: not known." in own
    assert "Log evidence: not known" in pooled


def test_completed_tables_are_judged_and_not_called_exact():
    found = {
        "completed_tables": 200,
        "distinct_tables": 200,
        "effective_tables": 176.0,
        "max_edge_standard_error": 0.012,
        "share_of_missing": 0.1,
        "tables_max_r_hat": 1.3,
        "tables_agree": False,
        "unconverged_tables": 3,
    }
    record = FitRecord.from_info({"method": "exact", "diagnostics": found})
    levels = {row.name: row.level for row in checks(record)}
    assert levels["Completed tables"] == "good"
    assert levels["R-hat of tables"] == "bad"
    assert levels["Tables not converged"] == "caution"
    (told,) = check_sentences(record)
    assert told.startswith("Mean over 200 completed tables: exact probabilities given each")
    assert "10% of the variance" in told
