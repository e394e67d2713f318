import pytest

from dag_gfn.views.report.diagnosis import diagnose
from dag_gfn.views.terminal import verdicts


def verdict(info, name):
    (row,) = [row for row in diagnose(info) if row.name == name]
    return row


@pytest.mark.parametrize(
    ("error", "level"), [(0.01, "good"), (0.05, "good"), (0.08, "caution"), (0.3, "bad"), (None, "bad")]
)
def test_edge_errors_are_judged(error, level):
    row = verdict({"exact_check": {"edge_max_error": error}}, "Largest edge error")
    assert row.level == level
    assert row.value == ("not finite" if error is None else f"{error:.3g}")


def test_chains_and_samples_are_judged():
    info = {"diagnostics": {"max_r_hat": 1.01, "min_effective_draws": 50, "ess": 0.02, "iterations": 4000}}
    assert verdict(info, "R-hat").level == "good"
    assert verdict(info, "Effective draws of the chains").level == "bad"
    assert verdict(info, "Effective sample size").level == "bad"
    assert verdict(info, "Iterations").value == "4,000"


def test_a_run_that_was_cut_short_says_so():
    assert verdict({"diagnostics": {"cut_short_by_time_budget": True}}, "Time budget").level == "caution"


def test_nothing_recorded_is_nothing_said():
    assert diagnose({}) == []


def doubted(*levels, method="exact"):
    doubts = [{"code": level, "level": level, "verdict": f"of {level} kind"} for level in levels]
    return {"method": method, "doubts": doubts}


def test_the_terminal_says_what_takes_the_word_sound_away():
    assert any(
        line == "Exact arithmetic, but of caution kind."
        for line in verdicts({**doubted("caution", "mild"), "log_evidence": -1.0})
    )
    assert not any("kind" in line for line in verdicts({**doubted("mild"), "log_evidence": -1.0}))
