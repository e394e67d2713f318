import json

import gfn_vs_hvi
import numpy as np
import pytest
from runs import file_name

MACHINE = {"cpu": "a processor", "cores": 2, "jobs": 1}


def made_up(parameters, **figures):
    result = dict.fromkeys(("jsd", "tv", *gfn_vs_hvi.RMSE, *gfn_vs_hvi.PEARSON), 0.5)
    history = {"iteration": [1, 2], "seconds": [0.1, 0.2], "loss": [1.0, 1.0], "jsd": [0.5, 0.4]}
    result |= {"iterations": 10, "training_seconds": 1.0, "history": history} | figures
    return {"parameters": parameters, "version": "1", "machine": MACHINE, "seconds": 1.0, "result": result}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The folder of one smoke run."""
    out = tmp_path_factory.mktemp("gfn_vs_hvi")
    gfn_vs_hvi.main(["--smoke", "--out", str(out)])
    return out


def test_a_smoke_run_writes_runs_tables_and_figures(smoke):
    written = {file.name for file in smoke.iterdir()}
    assert written == {
        "runs",
        "accuracy.csv",
        "tables.md",
        "rmse.png",
        "jsd_iterations.png",
        "jsd_seconds.png",
    }
    records = [json.loads(file.read_text()) for file in (smoke / "runs").iterdir()]
    assert len(records) == 4
    for record in records:
        result = record["result"]
        assert 0 <= result["jsd"] <= np.log(2) + 1e-12
        assert {"graph_rmse", "markov_blanket_pearson_r"} <= result.keys()
        assert len({len(points) for points in result["history"].values()}) == 1
        assert result["history"]["iteration"]
    page = (smoke / "tables.md").read_text()
    for words in (
        "JSD in nats, d = 3",
        "RMSE, d = 3",
        "Pearson r of the features, d = 3",
        "5.32e-06",
        "(rmse.png)",
    ):
        assert words in page


def test_a_second_call_has_nothing_to_do(smoke, capsys):
    before = {file: file.stat().st_mtime_ns for file in (smoke / "runs").iterdir()}
    gfn_vs_hvi.main(["--smoke", "--out", str(smoke)])
    assert {file: file.stat().st_mtime_ns for file in (smoke / "runs").iterdir()} == before
    assert "4 of 4 runs are in" in capsys.readouterr().out


def test_the_whole_grid_is_planned():
    planned = gfn_vs_hvi.plan(gfn_vs_hvi.parse([]))
    assert len(planned) == 3 * 23 * 3
    assert len({file_name(parameters) for parameters in planned}) == len(planned)
    with pytest.raises(SystemExit):
        gfn_vs_hvi.parse(["--nodes", "6"])


def test_published_values_stand_beside_ours():
    options = gfn_vs_hvi.parse(
        ["--nodes", "5", "--seeds", "2", "--objectives", "trajectory_balance,forward_kl"]
    )
    planned = gfn_vs_hvi.plan(options)
    table = gfn_vs_hvi.accuracy(planned, [made_up(planned[0], jsd=1e-3)]).set_index(
        ["objective", "behaviour"]
    )
    assert table.loc[("trajectory_balance", "off"), "jsd_published"] == 5.44e-4
    assert table.loc[("trajectory_balance", "on"), "jsd_published"] == 0.277
    assert np.isnan(table.loc[("forward_kl", "off"), "jsd_published"])
    assert table.loc[("trajectory_balance", "off"), "jsd"] == 1e-3


def test_missing_and_failed_runs_are_shown_as_such(tmp_path, capsys):
    asked = ["--nodes", "3,4", "--seeds", "2", "--objectives", "modified_db", "--behaviours", "off"]
    planned = gfn_vs_hvi.plan(gfn_vs_hvi.parse(asked))
    records = [made_up(planned[0]), {**made_up(planned[1]), "error": "ValueError: no"}]
    (tmp_path / "runs").mkdir()
    for record in records:
        (tmp_path / "runs" / file_name(record["parameters"])).write_text(json.dumps(record))
    gfn_vs_hvi.main([*asked, "--table-only", "--out", str(tmp_path)])
    page = (tmp_path / "tables.md").read_text()
    assert "| modified DB, off-policy | 1 of 2 | 10 | **5.0e-01** | 5.0e-01 | 5.0e-01 | 5.32e-06 |" in page
    assert "| modified DB, off-policy | 0 of 2, 1 failed | - | - | - | - | 2.05e-05 |" in page
    assert "nodes=4 objective=modified_db behaviour=off seed=0 seconds=60: ValueError: no" in page
    assert "failed runs:" in capsys.readouterr().out


def test_before_any_run_there_are_tables_without_figures(tmp_path):
    gfn_vs_hvi.main(["--table-only", "--out", str(tmp_path)])
    assert {file.name for file in tmp_path.iterdir()} == {"accuracy.csv", "tables.md"}
    assert "No run has been done yet." in (tmp_path / "tables.md").read_text()
