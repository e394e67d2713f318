import pytest

from dag_gfn.sweep import read_plan
from dag_gfn.sweep.planned_fits import Plan, PlannedFit, Setting
from dag_gfn.sweep.results import CompleteFit, Results, read_results
from dag_gfn.sweep.sensitivity import Move
from dag_gfn.sweep.sentences import (
    move_text,
    plan_sentences,
    seconds_text,
    state_sentences,
    steadiness_sentences,
)
from dag_gfn.sweep.stability import Stability


def a_plan(seconds=2.0, fits=3, **given):
    settings = [Setting({"score": "bge"}, {"score": "bge"}, "0a1b", "exact", seconds)]
    every = [PlannedFit(f"{k:016x}", 0, None, k) for k in range(fits)]
    return Plan("w.csv", "0a1b", ["a", "b"], 9, {"score": ["bge"]}, settings, every, **given)


def test_a_plan_says_how_many_fits_and_how_long():
    assert "3 fits: about 16 seconds on 1 core." in plan_sentences(a_plan(), jobs=1)
    assert "3 fits: about 13 seconds on 2 cores." in plan_sentences(a_plan(), jobs=2)
    assert "1 fit: about 12 seconds on 1 core." in plan_sentences(a_plan(fits=1), jobs=1)
    assert "3 fits, of which 2 are there already: about 12 seconds on 1 core." in plan_sentences(
        a_plan(), 1, left=1
    )
    assert "3 fits, of which 3 are there already: nothing is left to run." in plan_sentences(
        a_plan(), 1, left=0
    )
    assert any(
        "is not known before the first has run" in line for line in plan_sentences(a_plan(None), jobs=1)
    )


def test_what_is_left_out_and_notes_are_said():
    left_out = [{"described": f"score {k}", "reason": "it is not"} for k in range(14)]
    lines = plan_sentences(a_plan(left_out=left_out, notes=["a note"]), jobs=1)
    assert "left out: score 3: it is not" in lines
    assert "left out: 2 more combinations (plan.json has them)" in lines
    assert lines[-1] == "note: a note"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.1, "1 second"), (99, "99 seconds"), (100, "2 minutes"), (3 * 3600, "3 hours"), (1e6, "12 days")],
)
def test_times_in_words(seconds, said):
    assert seconds_text(seconds) == said


def test_levels_that_are_not_known_are_not_said():
    assert move_text(Move("prior", 0.3, [("fair", 0.4), ("edge", float("nan"))])).endswith(": 0.40 with fair")
    assert move_text(Move("seed", 0.3, [])) == "the seed (chance in the computation), by 0.30"


def stable(share, posterior=0.95, resamples=20):
    return Stability(0, 1, posterior, share, share, 0.05, 0.0, 1.0, resamples)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], []),
        ([stable(0.5)], ["a – b: probability 0.95 given these rows, but found in 10 of 20 resamples"]),
        (
            [stable(1.0)],
            ["The only link of probability 0.9 or more is found in at least 3 of 4 resamples."],
        ),
        (
            [stable(0.72)],
            ["No link of probability 0.9 or more is clearly found in less than 3 of 4 resamples."],
        ),
        ([stable(0.1, posterior=0.4)], ["No link has a probability of 0.9 or more."]),
        ([stable(1.0, resamples=1)], ["1 resample is too few to say how steady a link is."]),
    ],
)
def test_how_steady_links_are(found, said):
    assert steadiness_sentences(found, ["a", "b"]) == said


def test_what_is_missing_failed_or_not_reliable_is_said(done):
    assert state_sentences(read_results(done)) == []
    results = read_results(done)
    plan = read_plan(done)
    one = results.complete[1]
    bad = CompleteFit(one.fit, one.edge, "bad", "It has not converged.", "gflownet", 1.0)
    drawn = next(fit.name for fit in plan.fits if fit.bootstrap == 1)
    told = state_sentences(
        Results(
            plan,
            [bad, *results.complete[2:]],
            failed={drawn: "no luck"},
            missing=["x"],
            damaged={"x": "half"},
        )
    )
    assert told[0].startswith("9 of 10 fits are there; 1 is still to be run and 1 failed")
    assert any(line.endswith("resample 1: no luck") for line in told)
    assert any("1 of the 9 fits cannot be relied on" in line for line in told)
    assert any("damaged" in line for line in told)
    assert told[-1].startswith("The fit of the base setting is not there")
