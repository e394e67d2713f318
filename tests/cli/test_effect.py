import json
from pathlib import Path

import pytest
from cli_cases import fails, table

import dag_gfn
from dag_gfn.cli import main


def test_effect_of_continuous_columns(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["effect", "out", "--from", "a", "--to", "c"]) == 0
    said = capsys.readouterr().out
    assert "Setting a one unit higher changes the mean of c by" in said
    assert "there is no effect" in said
    assert "no hidden common causes" in said
    assert main(["effect", "out", "--from", "a", "--to", "c", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["from"] == "a"
    assert content["interval_90"][0] <= content["mean"] <= content["interval_90"][1]
    posterior = dag_gfn.load("out")
    assert content["probability_zero"] == pytest.approx(1 - posterior.path_marginals().loc["a", "c"])
    assert "the columns are a, b, c" in fails(capsys, "effect", "out", "--from", "a", "--to", "zzz")
    assert "on itself" in fails(capsys, "effect", "out", "--from", "a", "--to", "a")
    assert "num_draws" in fails(capsys, "effect", "out", "--from", "a", "--to", "b", "--draws", "0")


def test_effect_and_bif_of_discrete_columns(here, capsys):
    frame = table().map(lambda value: "high" if value > 0 else "low")
    frame.to_csv("text.csv", index=False)
    assert main(["fit", "text.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["effect", "out", "--from", "a", "--to", "c"]) == 0
    assert "a = high: c = low with" in capsys.readouterr().out
    assert main(["effect", "out", "--from", "a", "--to", "c", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    shares = [row["mean"] for row in content["distribution"] if row["set_to"] == "high"]
    assert sum(shares) == pytest.approx(1.0)
    assert main(["export", "out", "--format", "bif", "--out", "net.bif"]) == 0
    assert "variable a" in Path("net.bif").read_text()
