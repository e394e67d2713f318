import json
from pathlib import Path

import pytest
from cli_cases import fails, refuse

from dag_gfn.cli import main


@pytest.fixture
def exact(here, capsys):
    assert main(["fit", "ok.csv", "--out", "exact", "--method", "exact", "--quiet"]) == 0
    Path("believed.csv").write_text("source,target\na,b\nb,c\n")
    capsys.readouterr()
    return "exact"


def test_a_graph_in_sentences(exact, capsys):
    assert main(["check", exact, "believed.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("The graph has 2 edges among 3 variables. Its probability is 0.")
    assert lines[1].startswith("2 other graphs imply exactly the same independences")


def test_a_graph_as_json(exact, capsys):
    Path("believed.txt").write_text("dag { a -> b <- c }")
    assert main(["check", exact, "believed.txt", "--json"]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert sorted(told["edges"]) == [["a", "b"], ["c", "b"]]
    assert told["class_size"] == 1
    assert len(told["pairs"]) == 3
    assert told["independences"][0]["given"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,B\n", "'B' (did you mean 'b'?) is no variable"),
        ("a,b\nb,a\n", "directed cycle"),
        ("a\n", "expected source,target"),
    ],
)
def test_wrong_graphs(exact, capsys, text, said):
    Path("wrong.csv").write_text(text)
    assert said in fails(capsys, "check", exact, "wrong.csv")
    assert "no file 'none.dot'" in fails(capsys, "check", exact, "none.dot")
