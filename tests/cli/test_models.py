"""dag-gfn models compares models, and fits none."""

import json

import numpy as np
import pandas as pd
import pytest
from cli_cases import fails

from dag_gfn.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    x = rng.normal(size=(120, 2)) @ np.array([[1.0, 0.6], [0.0, 1.0]])
    pd.DataFrame(np.exp(x), columns=["dose", "response"]).to_csv("bent.csv", index=False)
    return tmp_path


def test_it_prints_models_priors_and_what_follows(folder, capsys):
    assert main(["models", "bent.csv"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "bge, normal scores",
        "very strong",
        "erdos_renyi",
        "own shapes matter",
        "Not ranked",
        "bic",
    ):
        assert words in shown
    assert [path.name for path in folder.iterdir()] == ["bent.csv"]


def test_json_and_files_say_the_same(folder, capsys):
    assert main(["models", "bent.csv", "--json", "--out", "found"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((folder / "found" / "models.json").read_text(encoding="utf-8"))
    frame = pd.read_csv(folder / "found" / "models.csv")
    assert frame["model"][0] == printed["best"]
    assert set(frame["compared"]) == {"model", "prior", "not"}


def test_a_model_that_does_not_compare_is_one_line(folder, capsys):
    assert "approximation" in fails(capsys, "models", "bent.csv", "--score", "bic")
    assert "--example NAME" in fails(capsys, "models")


def test_a_fit_with_an_automatic_score_says_why(folder, capsys):
    assert main(["fit", "bent.csv", "--score", "auto", "--out", "out", "--report"]) == 0
    assert "own shapes matter" in capsys.readouterr().out
    assert "own shapes matter" in (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert main(["inspect", "bent.csv", "--score", "auto"]) == 0
    assert "compares models first" in " ".join(capsys.readouterr().out.split())
