import json
import os

import pytest
from cli_cases import NASTY_NAMES, ROOT, fails, table

import dag_gfn
from dag_gfn.cli import main

PLAN = ("sweep", "plan", "ok.csv", "--scores", "bge,bic", "--bootstraps", "2")


@pytest.fixture
def planned(here):
    assert main([*PLAN, "--priors", "uniform,fair", "--vary", "alpha_w=default,9"]) == 0
    return here / "sweep"


def test_from_a_table_to_a_page(planned, capsys):
    assert main([*PLAN, "--priors", "uniform,fair", "--vary", "alpha_w=default,9"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "A sweep of ok.csv: 40 rows, 3 variables."
    assert "alpha_w: default, 9" in said
    assert any(line.startswith("8 fits: about ") for line in said)
    assert said[-1] == "Planned in sweep. Next: dag-gfn sweep run sweep"
    assert main(["sweep", "run", "sweep", "--jobs", "1"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("8 of 8 fits done in ")
    assert "8 of 8 fits" in told.err
    assert main(["sweep", "run", "sweep", "--jobs", "1"]) == 0
    assert capsys.readouterr().out.startswith("0 of 8 fits done, 8 were there already.")
    assert main(["sweep", "collect", "sweep"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Of 3 pairs, ")
    assert "sweep/index.html" in said
    assert main([*PLAN, "--priors", "uniform,fair", "--vary", "alpha_w=default,9"]) == 0
    assert "8 fits, of which 8 are there already: nothing is left to run." in capsys.readouterr().out


def test_options_of_fits_and_of_reading(here, capsys):
    assert main([*PLAN, "--drop", "c", "--max-parents", "1", "--forbidden", "a:b", "--seed", "3"]) == 0
    plan = dag_gfn.sweep.read_plan(here / "sweep")
    assert plan.nodes == ["a", "b"]
    assert plan.base.options == {
        "knowledge": {"forbidden": [["a", "b"]]},
        "max_parents": 1,
        "prior": "uniform",
        "score": "bge",
    }
    assert {fit.seed for fit in plan.fits} == {3}
    assert main(["sweep", "run", "sweep", "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["sweep", "collect", "sweep", "--quiet"]) == 0


def test_an_example(here, capsys):
    assert (
        main(["sweep", "plan", "--example", "iris", "--scores", "bge", "--seeds", "0,1", "--out", "s"]) == 0
    )
    said = capsys.readouterr().out
    assert "A sweep of the example iris: 150 rows" in said
    assert "changes no probability" in said


def test_a_job_array(planned, capsys):
    capsys.readouterr()
    assert main(["sweep", "run", "sweep", "--slurm-array", "--tasks", "4", "--at-once", "2"]) == 0
    assert capsys.readouterr().out.startswith("Written: sweep/array.sbatch. Next: sbatch sweep/array.sbatch")
    assert "--array=0-3%2\n" in (planned / "array.sbatch").read_text()
    assert main(["sweep", "run", "sweep", "--index", "3", "--of", "4", "--jobs", "1"]) == 0
    assert len(os.listdir(planned / "fits")) == 2


def test_fits_that_fail_are_told_of(planned, capsys, monkeypatch):
    monkeypatch.setattr("dag_gfn.sweep.one_fit.fit", lambda *_, **__: 1 / 0)
    assert main(["sweep", "run", "sweep", "--jobs", "1"]) == 1
    told = capsys.readouterr()
    assert "0 of 8 fits done" in told.out
    assert "ZeroDivisionError" in told.err
    assert "--retry" in told.err
    assert "8 have failed" in fails(capsys, "sweep", "collect", "sweep")
    monkeypatch.undo()
    os.chdir(planned.parent)
    assert main(["sweep", "run", "sweep", "--jobs", "1", "--retry", "--quiet"]) == 0


def test_ctrl_c(planned, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dag_gfn.sweep.one_fit.fit", interrupted)
    assert main(["sweep", "run", "sweep", "--jobs", "1"]) == 130
    assert "interrupted: what is done is kept, dag-gfn sweep run sweep goes on" in capsys.readouterr().err
    assert os.listdir(planned / "fits") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing command; see dag-gfn sweep --help"),
        (["plan", "none.csv"], "none.csv"),
        (["plan"], "give either a file or --example"),
        (["plan", "ok.csv", "--scores", "bgee"], "unknown score 'bgee'"),
        (["plan", "ok.csv", "--scores", "bdeu"], "bdeu"),
        (["plan", "ok.csv", "--vary", "alpha_x=1"], "did you mean 'alpha_w'"),
        (["plan", "ok.csv", "--vary", "alpha_w"], "--vary expects name=value"),
        (["plan", "ok.csv", "--vary", "alpha_w="], "without a value"),
        (["plan", "ok.csv", "--grid", "grid.yaml"], "there is no grid file"),
        (["plan", "ok.csv", "--bootstraps", "-1"], "bootstraps"),
        (["plan", "ok.csv", "--required", "a:z"], "'z'"),
        (["run", "none"], "there is no folder 'none'"),
        (["run", "."], "holds no sweep"),
        (["collect", "."], "holds no sweep"),
    ],
)
def test_what_goes_wrong_before_a_plan(here, capsys, arguments, said):
    assert said in fails(capsys, "sweep", *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["collect", "sweep"], "none of the 8 fits"),
        (["run", "sweep", "--jobs", "0"], "jobs"),
        (["run", "sweep", "--index", "8"], "from 0 to 7"),
        (["run", "sweep", "--of", "3"], "--index"),
        (["run", "sweep", "--tasks", "3"], "--slurm-array"),
        (["run", "sweep", "--slurm-array", "--tasks", "0"], "must be positive"),
        (["run", "sweep", "--backend", "magic"], "'magic' cannot be used"),
        (["plan", "--example", "iris"], "a sweep of another table"),
        (["plan", "ok.csv", "--drop", "c"], "a sweep of another table"),
    ],
)
def test_what_goes_wrong_after_it(planned, capsys, arguments, said):
    capsys.readouterr()
    assert said in fails(capsys, "sweep", *arguments)


def test_nasty_names(here, capsys):
    table(NASTY_NAMES[:4], rows=30).to_csv("nasty.csv", index=False)
    assert main(["sweep", "plan", "nasty.csv", "--scores", "bge", "--bootstraps", "1"]) == 0
    assert main(["sweep", "run", "sweep", "--jobs", "1"]) == 0
    assert main(["sweep", "collect", "sweep"]) == 0
    assert "[red]x[/red]" in capsys.readouterr().out
    assert json.loads((here / "sweep" / "plan.json").read_text(encoding="utf-8"))["nodes"] == list(
        NASTY_NAMES[:4]
    )


def test_the_page_of_the_documents_names_every_option():
    page = (ROOT / "docs" / "sweep.md").read_text(encoding="utf-8")
    for flag in (
        "--scores",
        "--priors",
        "--vary",
        "--bootstraps",
        "--seeds",
        "--scheduler",
        "--slurm-array",
        "--retry",
    ):
        assert flag in page
