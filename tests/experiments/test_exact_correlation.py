import json

import exact_correlation
import numpy as np
import pytest

FEATURES = ("edge", "path", "markov_blanket")


def made_up(seed, estimated, exact):
    features = {feature: {"estimated": estimated, "exact": exact} for feature in FEATURES}
    return {"parameters": {"seed": seed}, "result": {"features": features}}


def test_a_smoke_run_writes_runs_table_and_figure(tmp_path):
    exact_correlation.main(["--smoke", "--out", str(tmp_path)])
    assert {file.name for file in tmp_path.iterdir()} == {
        "runs",
        "correlations.csv",
        "tables.md",
        "scatter.png",
    }
    records = [json.loads(file.read_text()) for file in (tmp_path / "runs").iterdir()]
    assert len(records) == 2
    for record in records:
        for feature in FEATURES:
            assert np.shape(record["result"]["features"][feature]["exact"]) == (3, 3)
        estimated, exact = exact_correlation.pairs(record, "edge")
        rmse = np.sqrt(np.mean((estimated - exact) ** 2))
        assert rmse == pytest.approx(record["result"]["edge_rmse"], abs=1e-5)
    assert "| edges | 2 of 2 |" in (tmp_path / "tables.md").read_text()


def test_the_correlation_is_of_all_pairs_together_without_the_diagonal():
    first = made_up(0, [[9.0, 0.1], [0.2, 9.0]], [[0.0, 0.1], [0.2, 0.0]])
    second = made_up(1, [[9.0, 0.8], [0.5, 9.0]], [[0.0, 0.9], [0.6, 0.0]])
    failed = {"parameters": {"seed": 2}, "error": "ValueError: no"}
    table = exact_correlation.correlations([{"seed": seed} for seed in range(4)], [first, second, failed])
    edges = table.set_index("feature").loc["edge"]
    expected = np.corrcoef([0.1, 0.2, 0.8, 0.5], [0.1, 0.2, 0.9, 0.6])[0, 1]
    assert edges["pearson_r"] == pytest.approx(expected)
    assert edges["rmse"] == pytest.approx(np.sqrt(2 * 0.01 / 4))
    assert edges["max_error"] == pytest.approx(0.1)
    assert (edges["planned"], edges["done"], edges["failed"]) == (4, 2, 1)
    assert edges["graph_pearson_r"] == pytest.approx(1.0)
    assert table["published"].tolist() == [0.9992, 0.9989, 0.9997]


def test_a_constant_matrix_has_no_correlation():
    assert np.isnan(exact_correlation.pearson_r(np.ones(4), np.arange(4.0)))


def test_before_any_run_the_table_says_so(tmp_path):
    exact_correlation.main(["--table-only", "--out", str(tmp_path)])
    assert "| edges | 0 of 20 | - | 0.9992 | - | - | - |" in (tmp_path / "tables.md").read_text()
