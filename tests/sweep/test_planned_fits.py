import json

import pytest

from dag_gfn.errors import StorageError
from dag_gfn.sweep.planned_fits import (
    START_SECONDS,
    Plan,
    PlannedFit,
    Setting,
    fit_name,
    read_plan,
    write_plan,
)


def some(seconds=2.0):
    settings = [Setting({"score": "bge"}, {"score": "bge"}, "0a1b", "exact", seconds)]
    fits = [PlannedFit(f"{k:016x}", 0, k or None, 0) for k in range(5)]
    return Plan("größe.csv", "0a1b", ["a", "b"], 9, {"score": ["bge"]}, settings, fits, bootstraps=4)


def test_names_differ_by_all_that_determines_a_result():
    given = {"table": "0a1b", "options": {"score": "bge"}, "resample": None, "seed": 0}
    others = [
        {"table": "0a1c"},
        {"options": {"score": "bic"}},
        {"resample": (0, 0)},
        {"resample": (0, 1)},
        {"seed": 1},
    ]
    names = {fit_name(**{**given, **each}) for each in [{}, *others]}
    assert len(names) == 6
    assert fit_name(**given) == fit_name(**{**given, "options": dict(given["options"])})


def test_the_order_of_options_is_no_difference():
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert fit_name("t", one, resample=None, seed=0) == fit_name("t", other, resample=None, seed=0)


def test_time_is_shared_by_cores_and_unknown_where_a_fit_is():
    assert some().seconds(1) == START_SECONDS + 10
    assert some().seconds(2) == START_SECONDS + 5
    assert some().seconds(100) == START_SECONDS + 2
    assert some(seconds=None).seconds() is None


def test_a_plan_comes_back(tmp_path):
    write_plan(some(), tmp_path)
    assert read_plan(tmp_path) == some()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is damaged"),
        ("[]", "is damaged"),
        ('{"format_version": 1}', "is damaged"),
        ('{"format_version": 99}', "another version"),
    ],
)
def test_damaged_plans(tmp_path, content, said):
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(StorageError, match=said):
        read_plan(tmp_path)


def test_a_fit_of_no_setting_is_damage(tmp_path):
    content = some().to_json()
    content["fits"][0]["setting"] = 7
    (tmp_path / "plan.json").write_text(json.dumps(content))
    with pytest.raises(StorageError, match="is damaged"):
        read_plan(tmp_path)


def test_wrong_folders(tmp_path):
    with pytest.raises(StorageError, match="there is no folder"):
        read_plan(tmp_path / "none")
    with pytest.raises(StorageError, match="holds no sweep"):
        read_plan(tmp_path)
