import json

import numpy as np
import score_comparison


def test_a_smoke_run_writes_runs_table_and_figure(tmp_path):
    score_comparison.main(["--smoke", "--out", str(tmp_path)])
    written = {file.name for file in tmp_path.iterdir()}
    assert written == {"runs", "divergences.csv", "tables.md", "jsd_iterations.png"}
    records = [json.loads(file.read_text()) for file in (tmp_path / "runs").iterdir()]
    assert len(records) == 4
    assert not any("error" in record for record in records)
    evidence = {(r["parameters"]["score"], r["result"]["log_evidence"]) for r in records}
    assert len(evidence) == 2  # one posterior for each score, whatever the objective
    page = (tmp_path / "tables.md").read_text()
    assert "| linear-Gaussian | TB | 1 |" in page


def test_published_values_are_of_five_nodes():
    planned = score_comparison.plan(score_comparison.parse([]))
    table = score_comparison.divergences(planned, []).set_index(["score", "objective"])
    assert table.loc[("bge", "trajectory_balance"), "published_100000"] == 8.1e-4
    assert table.loc[("bge", "modified_db"), "published_50000"] == 1.0e-2
    assert np.isnan(table.loc[("linear_gaussian", "modified_db"), "published_50000"])
    assert (table["planned"] == 3).all()
    assert (table["done"] == 0).all()
    fewer = score_comparison.plan(score_comparison.parse(["--nodes", "4"]))
    assert score_comparison.divergences(fewer, [])["published_100000"].isna().all()


def test_before_any_run_the_table_says_so(tmp_path):
    score_comparison.main(["--table-only", "--out", str(tmp_path)])
    page = (tmp_path / "tables.md").read_text()
    assert "| BGe | modified DB | 0 of 3 | - | - | - | - | 1.0e-02 | 3.8e-03 |" in page
