import json

import campaigns
import numpy as np


def test_a_smoke_run_writes_table_and_figure(tmp_path):
    campaigns.main(["--smoke", "--out", str(tmp_path)])
    records = [json.loads(file.read_text()) for file in (tmp_path / "runs").iterdir()]
    assert len(records) == 3
    assert not any("error" in record for record in records)
    assert {file.name for file in tmp_path.iterdir()} == {
        "runs",
        "campaigns.csv",
        "campaigns.png",
        "tables.md",
    }
    begins = {record["result"]["entropy"][0] for record in records}
    assert len(begins) == 1, "all policies begin with the same rows"
    assert all(len(record["result"]["entropy"]) == 3 for record in records)
    assert "| next | 1 |" in (tmp_path / "tables.md").read_text()


def test_how_many_were_needed():
    assert campaigns.needed([3.0, 0.9, 0.8]) == 1.0
    assert campaigns.needed([0.9, 0.8]) == 0.0
    assert campaigns.needed([3.0, 0.9, 1.8, 0.4]) == 3.0
    assert np.isnan(campaigns.needed([3.0, 2.0]))


def test_rows_of_an_experiment_have_its_values():
    network = campaigns._Network(np.random.default_rng(1))
    settings = np.arange(50.0)
    rows = network.rows(50, np.random.default_rng(0), 2, settings)
    assert (rows[:, 2] == settings).all()
    assert campaigns._Network(np.random.default_rng(1)).adjacency.any()


def test_before_any_run_there_is_no_table(tmp_path):
    campaigns.main(["--table-only", "--out", str(tmp_path)])
    assert "No run has been done yet." in (tmp_path / "tables.md").read_text()
