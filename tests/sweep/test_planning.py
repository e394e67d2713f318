import json

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.errors import ConstraintError, OptionError, StorageError
from dag_gfn.sweep import plan, read_plan

QUICK = {"scores": ["bge"], "bootstraps": 0}


def data(rows=30, columns=3, seed=0):
    return dag_gfn.from_array(
        np.random.default_rng(seed).normal(size=(rows, columns)), list("abcd")[:columns]
    )


def test_the_plan_of_a_table_where_nothing_is_asked_for(tmp_path):
    found = plan(data(), tmp_path / "sweep")
    assert found.bootstraps == 20
    assert found.factors["score"][0] == "bge"
    assert found.factors["prior"] == ["uniform", "erdos_renyi", "fair"]
    assert {fit.bootstrap for fit in found.fits if fit.setting == 0} == {None, *range(20)}
    assert all(fit.bootstrap is None for fit in found.fits if fit.setting)
    assert len(found.fits) == len(found.settings) + 20 <= 80
    assert found.seconds() > 0
    assert read_plan(tmp_path / "sweep") == found


def test_long_fits_are_fewer(tmp_path, monkeypatch):
    wide = dag_gfn.from_array(np.random.default_rng(0).normal(size=(100, 26)))
    monkeypatch.setattr("dag_gfn.sweep.plan_maker.LONG_SECONDS", 1.0)
    found = plan(data(), tmp_path / "sweep")
    assert found.bootstraps == 10
    base = found.settings[0].levels
    assert all(sum(each.levels.get(k, v) != v for k, v in base.items()) <= 1 for each in found.settings)
    assert any("one thing is changed at a time" in note for note in found.notes)
    assert plan(wide, tmp_path / "unknown", **QUICK).seconds() is None
    assert plan(wide, tmp_path / "timed", **QUICK, time_budget=10).seconds() > 11


def test_a_score_of_another_kind_is_left_out_with_the_reason(tmp_path):
    found = plan(data(), tmp_path / "sweep", scores=["bdeu", "bge"], bootstraps=0)
    assert [each.levels["score"] for each in found.settings] == ["bge"]
    assert found.left_out == [{"described": "score bdeu", "reason": found.left_out[0]["reason"]}]
    assert "bdeu" in found.left_out[0]["reason"]


def test_an_empty_grid(tmp_path):
    with pytest.raises((OptionError, dag_gfn.DataError)):
        plan(data(), tmp_path / "sweep", scores=["bdeu", "bde"])
    with pytest.raises(OptionError, match="must be names of scores"):
        plan(data(), tmp_path / "sweep", scores=[])
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"vary": {"alpha_x": [1]}}, "did you mean 'alpha_w'"),
        ({"vary": {"alpha_w": []}}, "without a value"),
        ({"scores": ["bgee"]}, "unknown score 'bgee'"),
        ({"priors": ["flat"]}, "unknown prior 'flat'"),
        ({"bootstraps": -1}, "bootstraps"),
        ({"seeds": [0.5]}, "seed"),
        ({"design": "random"}, "unknown design"),
    ],
)
def test_wrong_options(tmp_path, options, said):
    with pytest.raises(OptionError, match=said):
        plan(data(), tmp_path / "sweep", **options)
    assert not (tmp_path / "sweep").exists()


def test_a_misspelt_keyword():
    with pytest.raises(TypeError, match="did you mean 'bootstraps'"):
        plan(data(), "sweep", bootstrap=["bge"])


def test_what_contradicts_itself_is_an_error_and_no_empty_sweep(tmp_path):
    with pytest.raises(ConstraintError, match="cycle"):
        plan(data(), tmp_path / "sweep", **QUICK, required=[("a", "b"), ("b", "a")])


def test_options_of_every_fit(tmp_path):
    found = plan(data(), tmp_path / "sweep", scores=["bge", "bic"], bootstraps=0, max_parents=1, alpha_w=9.0)
    assert [each.options for each in found.settings] == [
        {"alpha_w": 9.0, "max_parents": 1, "prior": "uniform", "score": "bge"},
        {"max_parents": 1, "prior": "uniform", "score": "bic"},
    ]
    assert any("alpha_w is no option of bic" in note for note in found.notes)


def test_the_base_is_what_was_asked_of_every_fit(tmp_path):
    found = plan(
        data(), tmp_path / "sweep", vary={"max_parents": [1, 2]}, max_parents=2, prior="fair", bootstraps=0
    )
    assert found.factors == {"score": ["bge"], "prior": ["fair"], "max_parents": [2, 1]}


def test_knowledge_in_files_is_read_when_it_is_planned(tmp_path):
    (tmp_path / "known.yaml").write_text("roots: [a]\n")
    found = plan(
        data(), tmp_path / "sweep", **QUICK, knowledge=str(tmp_path / "known.yaml"), forbidden=[("b", "c")]
    )
    assert found.settings[0].options["knowledge"] == {"roots": ["a"], "forbidden": [["b", "c"]]}


def test_seeds_are_for_fits_that_draw(tmp_path):
    exact = plan(data(), tmp_path / "exact", **QUICK, seeds=[0, 1, 2])
    assert len(exact.fits) == 1
    assert any("changes no probability" in note for note in exact.notes)
    drawn = plan(data(), tmp_path / "drawn", **QUICK, seeds=[0, 1, 2], method="mcmc")
    assert [fit.seed for fit in drawn.fits] == [0, 1, 2]


def test_resamples_of_every_setting(tmp_path):
    found = plan(data(), tmp_path / "s", scores=["bge", "bic"], bootstraps=3, bootstraps_of="all")
    assert sorted((fit.setting, -1 if fit.bootstrap is None else fit.bootstrap) for fit in found.fits) == [
        (k, b) for k in range(2) for b in range(-1, 3)
    ]


def test_how_the_table_is_read_can_be_varied(tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=list("abc"))
    frame.loc[3, "a"] = np.nan
    found = plan(frame, tmp_path / "sweep", **QUICK, vary={"missing": "impute,drop"})
    assert len({each.table for each in found.settings}) == 2
    assert sorted(path.stem for path in (tmp_path / "sweep" / "tables").iterdir()) == sorted(
        each.table for each in found.settings
    )
    later = plan(
        frame, tmp_path / "later", scores=["additive", "bge"], bootstraps=0, vary={"missing": "impute,drop"}
    )
    assert [(each.levels["score"], each.levels["missing"]) for each in later.settings] == [
        *(("bge", "impute"), ("bge", "drop")),
        ("additive", "drop"),  # which draws no missing cells
    ]
    assert "additive, prior uniform, missing impute" in later.left_out[0]["described"]
    other = plan(frame, tmp_path / "other", **QUICK, vary={"drop": [None, ["a"]]})
    assert len(other.settings) == 1
    assert "the variables are b, c" in other.left_out[0]["reason"]
    with pytest.raises(OptionError, match="read already"):
        dag_gfn.sweep.planning._loader(data())({"missing": "drop"})


def test_a_covariance_matrix_has_no_resamples(tmp_path):
    matrix = dag_gfn.from_covariance(np.eye(3), 50)
    found = plan(matrix, tmp_path / "sweep", scores=["bge"])
    assert (found.bootstraps, found.rows) == (0, 50)
    with pytest.raises(OptionError, match="--bootstraps 0"):
        plan(matrix, tmp_path / "sweep", scores=["bge"], bootstraps=5)


def test_a_grid_in_a_file(tmp_path):
    (tmp_path / "grid.yaml").write_text(
        "scores: [bge, bic]\nvary: {alpha_w: [null, 12]}\nbootstraps: 2\nbase: {max_parents: 2}\n"
    )
    found = plan(data(), tmp_path / "sweep", grid=str(tmp_path / "grid.yaml"), bootstraps=1)
    assert found.bootstraps == 1  # what is given beside the file counts more
    assert found.factors == {"score": ["bge", "bic"], "prior": ["uniform"], "alpha_w": [None, 12]}
    assert found.base.options["max_parents"] == 2
    (tmp_path / "grid.yaml").write_text("base: {max_parent: 2}\n")
    with pytest.raises(OptionError, match="did you mean 'max_parents'"):
        plan(data(), tmp_path / "sweep", grid=str(tmp_path / "grid.yaml"))


def test_places_where_something_else_is(tmp_path):
    plan(data(), tmp_path / "sweep", **QUICK)
    with pytest.raises(StorageError, match="a sweep of another table"):
        plan(data(seed=1), tmp_path / "sweep", **QUICK)
    with pytest.raises(StorageError, match="a sweep of another table"):
        plan(data(columns=4), tmp_path / "sweep", **QUICK)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(StorageError, match=r"thesis\.txt"):
        plan(data(), tmp_path / "mine", **QUICK)
    with pytest.raises(StorageError, match="is a file"):
        plan(data(), tmp_path / "mine" / "thesis.txt", **QUICK)


def test_a_damaged_plan_is_replaced(tmp_path):
    found = plan(data(), tmp_path / "sweep", **QUICK)
    (tmp_path / "sweep" / "plan.json").write_text("{")
    assert plan(data(), tmp_path / "sweep", **QUICK) == found


def test_the_same_plan_is_the_same_file(tmp_path):
    plan(data(), tmp_path / "one", **QUICK)
    plan(data(), tmp_path / "other", **QUICK)
    one, other = ((tmp_path / name / "plan.json").read_bytes() for name in ("one", "other"))
    assert one == other
    assert json.loads(one)["format_version"] == 1
