"""dag-gfn inspect shows what fit would do, and fits nothing."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest
from cli_cases import fails

from dag_gfn.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    n = 60
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "age": rng.normal(size=n),
            "pay": rng.normal(size=n),
            "city": rng.choice(["rome", "oslo", "bonn"], size=n),
            "wt": rng.uniform(0.5, 1.5, size=n),
        }
    )
    frame.loc[3:6, "age"] = np.nan
    frame.to_csv("survey.csv", index=False)
    return tmp_path


def test_it_shows_roles_score_method_and_what_is_drawn(folder, capsys):
    assert main(["inspect", "survey.csv", "--weights", "wt", "--missing", "drop"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "56 rows, which count as",
        "numbers the rows",
        "--weights",
        "No variable has a missing cell",
        "the score block: there are numbers and categories",
        "The method would be exact",
        "dag-gfn fit survey.csv --missing drop --weights wt",
        "--keep id",
    ):
        assert words in shown
    assert [path.name for path in folder.iterdir()] == ["survey.csv"]


def test_json_says_the_same(folder, capsys):
    assert main(["inspect", "survey.csv", "--drop", "wt", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["missing"] == {"age": 4}
    assert found["complete_rows"] == 56
    assert found["nodes"] == ["age", "pay", "city"]
    assert found["columns"][0]["name"] == "id"
    assert found["columns"][0]["otherwise"] == "--keep id"
    assert found["score"]["name"] == "block"
    assert found["drawn"] == "4 missing cells"
    assert found["tables"] > 1


def test_the_command_to_go_on_has_the_same_options(folder, capsys):
    given = [
        "survey.csv",
        "--drop",
        "id,wt",
        "--forbidden",
        "age:pay",
        "--forbidden",
        "pay:age",
        "--beta",
        "0.25",
    ]
    given += ["--prior", "edge", "--no-standardize"]
    assert main(["inspect", *given]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("To go on: ")]
    words = shlex.split(line.removeprefix("To go on: "))
    assert words[:3] == ["dag-gfn", "fit", "survey.csv"]
    assert sorted(words[3:]) == sorted(given[1:])


def test_errors_are_those_of_fit(folder, capsys):
    for wrong in (
        ["--drop", "agee"],
        ["--score", "bdeu"],
        ["--required", "age:city", "--forbidden", "age:city"],
    ):
        told = []
        for command in (["fit", "survey.csv", "--out", "out"], ["inspect", "survey.csv"]):
            assert main([*command, *wrong]) == 2
            told.append(capsys.readouterr().err.splitlines()[-1])
        assert told[0] == told[1]


def test_without_a_table_it_says_what_to_give(folder, capsys):
    assert "--example NAME" in fails(capsys, "inspect")
