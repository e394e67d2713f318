import csv
import json

import hypergrid
import numpy as np
import pytest
import torch

MACHINE = {"cpu": "a processor", "cores": 2, "jobs": 1}


def made_up(parameters, l1):
    along = {"states": [16.0, 32.0], "l1": [1.0, l1], "visited_l1": [1.5, 1.25], "modes": [2.0, 3.0]}
    result = {"l1": l1, "visited_l1": 1.25, "modes": 3.0, "training_seconds": 1.0, "history": along}
    return {"parameters": parameters, "version": "1", "machine": MACHINE, "seconds": 1.0, "result": result}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The folder of one smoke run."""
    out = tmp_path_factory.mktemp("hypergrid")
    hypergrid.main(["--smoke", "--out", str(out)])
    return out


def test_a_smoke_run_writes_runs_a_curve_and_a_figure(smoke):
    assert {file.name for file in smoke.iterdir()} == {"runs", "curve.csv", "tables.md", "l1.png"}
    records = [json.loads(file.read_text()) for file in (smoke / "runs").iterdir()]
    assert len(records) == 4
    for record in records:
        result = record["result"]
        assert 0 < result["l1"] <= 2
        assert 0 < result["visited_l1"] <= 2
        assert 0 <= result["modes"] <= result["num_modes"] == 4
        assert 320 <= result["states"] <= 512  # off-policy 256 are collected at a time
        assert len({len(points) for points in result["history"].values()}) == 1
    with (smoke / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(record["result"]["history"]["l1"]) for record in records)
    assert {(row["objective"], row["behaviour"]) for row in rows} == {
        (objective, behaviour)
        for objective in ("trajectory_balance", "reverse_kl")
        for behaviour in ("on", "off")
    }
    page = (smoke / "tables.md").read_text()
    for words in ("8^2, R0 = 0.1", "TB, on-policy", "of 4", "(l1.png)"):
        assert words in page


def test_distances_are_of_the_last_states_and_of_the_policy(monkeypatch):
    monkeypatch.setattr(hypergrid, "WINDOW", 4)
    environment = hypergrid.VisitedGrid(2, 8, r0=0.1)
    generator = torch.Generator().manual_seed(0)
    policy = hypergrid.untrained(environment, hypergrid.make_objective("modified_db"), generator)
    target = environment.target().numpy()

    def visit(cells):
        stops = torch.full((len(cells),), environment.stop_action)
        environment.step(environment.state_of(torch.tensor(cells)), stops)

    visit([[0, 0], [0, 0], [1, 1]])
    first = environment.progress(policy)
    share = np.zeros(64)
    share[[0, 9]] = 2 / 3, 1 / 3
    assert first["visited_l1"] == pytest.approx(np.abs(share - target).sum())
    assert (first["states"], first["modes"]) == (3, 1)
    visit([[1, 1], [6, 1], [6, 1]])  # of six, the first two are forgotten
    second = environment.progress(policy)
    share = np.zeros(64)
    share[[9, 49]] = 2 / 4
    assert second["visited_l1"] == pytest.approx(np.abs(share - target).sum())
    assert (second["states"], second["modes"]) == (6, 2)
    assert 1.3 < first["l1"] == second["l1"] < 1.5
    environment.step(environment.initial_state(2), torch.tensor([0, 1]))  # no stop
    assert environment.progress(policy) == second


def test_large_grids_have_the_states_visited_alone(monkeypatch):
    monkeypatch.setattr(hypergrid, "MAX_EXACT", 63)
    result = hypergrid.run(2, 8, 0.1, "modified_db", "on", 0, 32)
    assert "l1" not in result
    assert "l1" not in result["history"]
    assert result["visited_l1"] > 0


def test_the_plan_has_every_method_on_every_grid():
    options = hypergrid.parse(["--grids", "8^2,8^4", "--r0", "0.1,0.001", "--seeds", "2"])
    planned = hypergrid.plan(options)
    assert len(planned) == 2 * 2 * 2 * 23
    assert {(p["side"], p["dimensions"]) for p in planned} == {(8, 2), (8, 4)}
    assert hypergrid.parse([]).grids == [(8, 2), (16, 2), (32, 2), (64, 2), (8, 4)]


@pytest.mark.parametrize("text", ["8x8", "8", "1^2", "8^0", "100^9"])
def test_what_is_no_grid_is_refused(text, capsys):
    with pytest.raises(SystemExit):
        hypergrid.parse(["--grids", text])
    assert text in capsys.readouterr().err


def test_tables_have_means_and_missing_runs():
    options = hypergrid.parse(
        ["--grids", "8^2", "--objectives", "trajectory_balance", "--behaviours", "on", "--seeds", "2"]
    )
    planned = hypergrid.plan(options)
    records = [made_up(planned[0], 0.25)]
    table = hypergrid.summarise(
        planned, records, by=hypergrid.SETTING, figures=(*hypergrid.FIGURES, "training_seconds")
    )
    ((heading, rows),) = hypergrid.sections(table)
    assert heading == "8^2, R0 = 0.1"
    assert rows.iloc[0].tolist() == ["TB, on-policy", "1 of 2", "2.5e-01", "1.2e+00", "3 of 4", "1"]
    nothing = hypergrid.summarise(
        planned, [], by=hypergrid.SETTING, figures=(*hypergrid.FIGURES, "training_seconds")
    )
    ((_, rows),) = hypergrid.sections(nothing)
    assert rows.iloc[0].tolist() == ["TB, on-policy", "0 of 2", "-", "-", "-", "-"]
    assert hypergrid.curve(records)["l1"].tolist() == [1.0, 0.25]
    assert hypergrid.curve([]).empty
