"""The experiment on time budgets: its rows, and what it says of fits that end late."""

import json

import budgets
import pandas as pd
import pytest


@pytest.fixture
def faked(monkeypatch):
    """Fits that take as long as they are told, and write what a fit would."""
    commands, seconds = [], {}

    def run(command):
        commands.append(command)
        budget = float(command[command.index("--time-budget") + 1])
        out = command[command.index("--out") + 1]
        budgets.Path(out).mkdir(exist_ok=True)
        taken = seconds.get(budget, budget)
        timing = {"total_seconds": taken, "phases": {"chains": taken - 2.0, "draws": 1.0, "edges": 0.0}}
        info = {"method": "mcmc", "timing": timing, "notes": ["other", "to end in time, 9 instead of 10"]}
        (budgets.Path(out) / "posterior.json").write_text(json.dumps(info))
        return taken + 1.5

    monkeypatch.setattr(budgets, "seconds_of", run)
    return commands, seconds


def test_tables_of_their_sizes(tmp_path):
    shapes = {name: pd.read_csv(path).shape for name, path in budgets.make_tables(tmp_path).items()}
    assert shapes == {"d8": (500, 8), "d13": (500, 13), "d20": (500, 20), "collinear34": (300, 34)}


def test_fits_in_time_and_late_ones(faked, tmp_path, capsys):
    commands, seconds = faked
    given = ["--methods", "mcmc", "--tables", "d8", "--seconds", "5,20", "--out", str(tmp_path)]
    assert budgets.main(given) == 0
    assert "2 of 2 fits ended in time" in capsys.readouterr().out
    seconds[20.0] = 25.1
    assert budgets.main(given) == 1
    told = capsys.readouterr().out
    assert "1 of 2 fits ended in time" in told
    assert "25.1 s, NOT KEPT" in told
    rows = pd.read_csv(tmp_path / "budgets.csv")
    assert rows["kept"].tolist() == [True, False]
    assert rows["allowed"].tolist() == [10.0, 25.0]
    assert rows["outside_phases"].tolist() == [1.0, 1.0]
    assert rows["phases"][0] == "chains 3.0, draws 1.0"
    assert rows["notes"][0] == "to end in time, 9 instead of 10"
    assert all(command[3:6] == ["fit", str(tmp_path / "d8.csv"), "--method"] for command in commands)


def test_a_fit_that_fails_is_said():
    with pytest.raises(RuntimeError, match="failed"):
        budgets.seconds_of([budgets.sys.executable, "-c", "raise SystemExit(3)"])
