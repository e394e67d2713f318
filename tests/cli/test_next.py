import json

import pytest
from cli_cases import fails, refuse

from dag_gfn.cli import main


@pytest.fixture
def exact(here):
    assert main(["fit", "ok.csv", "--out", "exact", "--method", "exact", "--quiet"]) == 0
    return "exact"


def test_a_ranking_in_sentences(exact, capsys):
    capsys.readouterr()
    assert main(["next", exact, "--simulations", "50", "--batch", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("What setting one variable in 100 rows is expected to tell about the graph.")
    assert [line[:7] for line in lines[1:4]] == ["1. Set ", "2. Set ", "3. Set "]
    assert lines[-1].startswith("Assumes the model of the fit")


def test_a_question_as_json(exact, capsys):
    capsys.readouterr()
    arguments = [
        "--about",
        "path(a, c)",
        "--forbid-target",
        "b",
        "--cost",
        "a=2",
        "--rows",
        "20",
        "--seed",
        "3",
    ]
    assert main(["next", exact, "--json", "--simulations", "50", *arguments]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert {tuple(each["targets"]) for each in told["ranking"]} == {("a",), ("c",)}
    assert told["rows"] == 20
    assert told["seed"] == 3
    assert next(each["cost"] for each in told["ranking"] if each["targets"] == ["a"]) == 2.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--about", "path(a, z)"], "no column 'z'"),
        (["--cost", "a"], "--cost expects name=value"),
        (["--cost", "a=cheap"], "cost of 'a' must be a positive number"),
        (["--forbid-target", "z"], "no column 'z'"),
        (["--rows", "0"], "rows must be 1 or more"),
        (["--batch", "9"], "only 3 variables"),
    ],
)
def test_wrong_options(exact, capsys, arguments, said):
    capsys.readouterr()
    assert said in fails(capsys, "next", exact, *arguments)
