import json

import numpy as np
import pytest

import dag_gfn
from dag_gfn import files
from dag_gfn.data.resampling import resampled
from dag_gfn.sweep import read_plan
from dag_gfn.sweep.one_fit import COMPLETE, FAILED, MISSING, recorded_error, run_one, state_of, table_of
from dag_gfn.sweep.tables import read_table


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
def test_each_fit_is_what_fit_gives(done):
    plan = read_plan(done)
    for each in plan.fits:
        setting = plan.settings[each.setting]
        data = read_table(done / "tables", setting.table)
        if each.bootstrap is not None:
            data = resampled(data, 0, each.bootstrap)
        expected = dag_gfn.fit(data, **setting.options, progress=False).edge_marginals()
        found = dag_gfn.load(done / "fits" / each.name)
        np.testing.assert_allclose(found.edge_marginals(), expected, rtol=0, atol=1e-12)
        assert found.info["data_fingerprint"] == setting.table


def test_one_is_done_once(planned):
    name = read_plan(planned).fits[0].name
    assert state_of(planned, name) == MISSING
    assert run_one(str(planned), name).state == COMPLETE
    before = (planned / "fits" / name / "posterior.json").stat()
    assert run_one(str(planned), name) == dag_gfn.sweep.one_fit.Outcome(name, COMPLETE)
    assert (planned / "fits" / name / "posterior.json").stat().st_mtime_ns == before.st_mtime_ns
    assert sorted(path.name for path in (planned / "fits").iterdir()) == [name]


def test_a_failure_is_recorded_and_not_repeated(planned, monkeypatch):
    name = read_plan(planned).fits[0].name

    def broken(*_, **__):
        raise ValueError("no such luck")

    with monkeypatch.context() as patch:
        patch.setattr("dag_gfn.sweep.one_fit.fit", broken)
        outcome = run_one(str(planned), name)
    assert (outcome.state, outcome.error) == (FAILED, "ValueError: no such luck")
    assert state_of(planned, name) == FAILED
    assert recorded_error(planned, name) == "ValueError: no such luck"
    assert "broken" in json.loads((planned / "fits" / f"{name}.error.json").read_text())["traceback"]
    assert run_one(str(planned), name).state == FAILED  # though it would succeed now
    assert run_one(str(planned), name, True).state == COMPLETE
    assert recorded_error(planned, name) == ""


def test_another_process_is_left_to_its_work(planned):
    name = read_plan(planned).fits[0].name
    partial = planned / "fits" / f"{name}.partial"
    partial.mkdir()
    lock = files.Lock(partial / ".dag-gfn.lock")
    assert run_one(str(planned), name).state == "busy"
    lock.release()
    assert run_one(str(planned), name).state == COMPLETE
    assert not partial.exists()


@pytest.mark.parametrize("left", [[], [".dag-gfn.lock"], [".dag-gfn.lock", "checkpoint.safetensors"]])
def test_what_a_killed_worker_left_is_taken_up(planned, left):
    name = read_plan(planned).fits[0].name
    partial = planned / "fits" / f"{name}.partial"
    partial.mkdir()
    for each in left:
        (partial / each).touch()
    assert run_one(str(planned), name).state == COMPLETE
    assert sorted(path.name for path in (planned / "fits").iterdir()) == [name]


def test_an_interrupted_training_is_not_taken_for_a_result(planned, monkeypatch):
    name = read_plan(planned).fits[0].name

    def interrupted(*given, **options):
        from dataclasses import replace

        found = dag_gfn.fit(*given, **options)
        return replace(found, info=found.info | {"interrupted": True})

    monkeypatch.setattr("dag_gfn.sweep.one_fit.fit", interrupted)
    assert run_one(str(planned), name).state == "stopped"
    assert state_of(planned, name) == MISSING


def test_a_table_that_is_gone_is_a_failure_in_words(planned):
    for path in (planned / "tables").iterdir():
        path.unlink()
    outcome = run_one(str(planned), read_plan(planned).fits[0].name)
    assert outcome.state == FAILED
    assert "is missing: plan the sweep again" in outcome.error


def test_resamples_are_the_same_in_every_setting(planned):
    plan = read_plan(planned)
    drawn = next(fit for fit in plan.fits if fit.bootstrap == 2)
    first = table_of(planned, plan, drawn).values
    np.testing.assert_array_equal(first, resampled(read_table(planned / "tables", plan.table), 0, 2).values)


def test_no_such_fit(planned):
    assert "has no fit" in run_one(str(planned), "0" * 16).error
