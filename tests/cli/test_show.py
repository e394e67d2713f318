import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_cases import QUICK, ROOT, fails, refuse

import dag_gfn
from dag_gfn.cli import main


def test_show_says_what_to_believe(fitted, capsys):
    assert main(["show", "out"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "3 variables",
        "40 rows",
        "a→b",
        "b→a",
        "linked",
        "cannot orient",
        "Exact check",
        "Effective",
    ):
        assert words in shown
    for words in (
        "hidden common causes",
        "independent rows",
        "no cycles",
        "linear-Gaussian",
    ):
        assert words in shown


def test_show_says_that_training_was_too_short(here, capsys):
    options = [*QUICK, "--environment", "edges", "--iterations", "1", "--quiet"]
    assert main(["fit", "ok.csv", "--out", "out", *options]) == 0
    assert main(["show", "out"]) == 0
    assert "not converged" in " ".join(capsys.readouterr().out.split())


def test_show_as_json_is_strict_json(fitted, capsys):
    assert main(["show", "out", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out, parse_constant=refuse)
    posterior = dag_gfn.load("out")
    assert len(shown["edges"]) == 6
    first = shown["edges"][0]
    assert first["probability"] == posterior.edge_marginals().loc[first["source"], first["target"]]
    assert {key: value for key, value in shown.items() if key in posterior.info} == posterior.info
    first = shown["graphs"][0]
    assert first["probability"] == posterior.top_graphs(1)[0].graph["probability"]
    assert [tuple(edge) for edge in first["edges"]] == list(posterior.top_graphs(1)[0].edges)
    assert "stands out" in shown["spread"]
    assert len(shown["classes"]) == 3
    for mixed, expected in zip(shown["classes"], posterior.top_classes(3), strict=True):
        assert mixed["probability"] == expected.graph["probability"]
        links = len(mixed["compelled"]) + 2 * len(mixed["reversible"])
        assert links == expected.number_of_edges()


def test_show_max_pairs(fitted, capsys):
    assert main(["show", "out", "--max-pairs", "0"]) == 0
    assert "3 of 3 pairs" in capsys.readouterr().out
    assert "max-pairs" in fails(capsys, "show", "out", "--max-pairs", "-1")


def test_show_needs_no_torch(fitted):
    code = f"import sys; from dag_gfn.cli import main; main(['show', {str(fitted)!r}]); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("command", [["show", "nowhere"], ["compare", "out", "nowhere"], ["show", "ok.csv"]])
def test_folders_that_are_not_there(fitted, capsys, command):
    assert "there is no folder" in fails(capsys, *command)


def test_a_damaged_folder(fitted, capsys):
    Path("out/posterior.npz").write_bytes(b"PK\x03\x04")
    assert "damaged" in fails(capsys, "show", "out")
    Path("out/posterior.npz").unlink()
    assert "posterior.npz is missing" in fails(capsys, "show", "out")
