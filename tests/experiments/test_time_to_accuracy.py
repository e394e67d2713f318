import json

import accuracy_run
import numpy as np
import pytest
import time_to_accuracy
from runs import file_name

import dag_gfn

MACHINE = {"cpu": "a processor", "cores": 2, "jobs": 1}


def made_up(parameters, **figures):
    return {"parameters": parameters, "version": "1", "machine": MACHINE, "seconds": 1.0, "result": figures}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The folder of one smoke run, and its results by method."""
    out = tmp_path_factory.mktemp("time_to_accuracy")
    time_to_accuracy.main(["--smoke", "--out", str(out)])
    records = [json.loads(file.read_text()) for file in (out / "runs").iterdir()]
    assert not [record for record in records if "error" in record]
    return out, {record["parameters"]["method"]: record["result"] for record in records}


@pytest.mark.slow
def test_a_smoke_run_writes_runs_tables_and_figure(smoke):
    out, results = smoke
    assert {file.name for file in out.iterdir()} == {"runs", "accuracy.csv", "tables.md", "error_seconds.png"}
    assert results.keys() == {"layers", "edges", "mcmc"}
    page = (out / "tables.md").read_text()
    for words in ("GFlowNet, root layers", "partition MCMC", "E-SHD, exact", "(error_seconds.png)"):
        assert words in page


def test_all_methods_are_held_against_one_exact_posterior(smoke):
    _, results = smoke
    assert len({result["exact_log_evidence"] for result in results.values()}) == 1
    assert len({result["exact_expected_shd"] for result in results.values()}) == 1
    for result in results.values():
        assert 0 <= result["edge_rmse"] <= result["edge_max_error"] <= 1
        assert 0 < result["training_seconds"] <= result["used_seconds"]
        assert result["peak_memory_mb"] > 50


def test_raw_and_reweighted_errors_stand_beside_each_other(smoke):
    _, results = smoke
    layers = results["layers"]
    kind = layers["estimate"]
    assert layers[f"{kind}_edge_max_error"] == pytest.approx(layers["edge_max_error"], rel=1e-5)
    assert 0 <= layers["reweighted_edge_rmse"] <= layers["reweighted_edge_max_error"] <= 1
    assert {"pareto_k", "log_z_lower", "log_z_upper"} <= layers.keys()
    assert "raw_edge_rmse" not in results["edges"]


def test_gflownets_of_few_columns_have_a_divergence(smoke):
    _, results = smoke
    assert 0 < results["layers"]["jsd"] < np.log(2)
    assert 0 < results["edges"]["jsd"] < np.log(2)
    assert "jsd" not in results["mcmc"]


def test_tables_without_seeds_are_fitted_once_for_each_training_seed():
    arguments = ["--data", "d5,wine", "--methods", "layers", "--seeds", "3", "--train-seeds", "0,1"]
    planned = time_to_accuracy.plan(time_to_accuracy.parse(arguments))
    assert len([p for p in planned if p["data"] == "d5"]) == 6
    assert [p["train_seed"] for p in planned if p["data"] == "wine"] == [0, 1]
    assert len({file_name(parameters) for parameters in planned}) == len(planned)


def test_each_budget_is_a_run_and_a_seed_draws_the_data():
    options = time_to_accuracy.parse(
        ["--data", "d10", "--methods", "mcmc", "--seconds", "5,60", "--seeds", "1"]
    )
    assert [p["seconds"] for p in time_to_accuracy.plan(options)] == [5.0, 60.0]
    (first, fit_options), (again, _), (other, _) = (accuracy_run.load("d15", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.values, again.values)
    assert (first.d, first.n, fit_options["standardize"]) == (15, 100, False)
    assert not np.array_equal(first.values, other.values)
    assert accuracy_run.load("breast_cancer_10", 0)[0].values.shape == (569, 10)


def test_a_csv_file_is_data_and_an_unknown_name_is_not(tmp_path, capsys):
    file = tmp_path / "numbers.csv"
    dag_gfn.simulate(3, 20, rng=np.random.default_rng(0)).to_frame().to_csv(file, index=False)
    options = time_to_accuracy.parse(["--data", str(file), "--raw"])
    assert all(parameters["raw"] for parameters in time_to_accuracy.plan(options))
    assert "/" not in file_name(time_to_accuracy.plan(options)[0])
    data, fit_options = accuracy_run.load(str(file), 0, raw=True)
    assert (data.d, fit_options) == (3, {"standardize": False})
    with pytest.raises(SystemExit):
        time_to_accuracy.parse(["--data", "d6"])
    assert "--data does not know d6" in capsys.readouterr().err


def test_training_seeds_are_compared_by_their_evidence(tmp_path):
    asked = ["--data", "d50", "--methods", "layers", "--seeds", "1", "--train-seeds", "2", "--seconds", "9"]
    planned = time_to_accuracy.plan(time_to_accuracy.parse(asked))
    (tmp_path / "runs").mkdir()
    for parameters, log_evidence in zip(planned, (-10.0, -8.5), strict=True):
        figures = {"log_evidence": log_evidence, "expected_shd": 7.0, "used_seconds": 9.5}
        (tmp_path / "runs" / file_name(parameters)).write_text(json.dumps(made_up(parameters, **figures)))
    time_to_accuracy.main([*asked, "--table-only", "--out", str(tmp_path)])
    page = (tmp_path / "tables.md").read_text()
    assert "| d50 | 0 | layers | 9.0 | -10.00 -8.50 | 1.500 |" in page
    assert (tmp_path / "error_seconds.png").exists()


def test_before_any_run_there_are_tables_without_a_figure(tmp_path):
    time_to_accuracy.main(["--table-only", "--out", str(tmp_path)])
    assert {file.name for file in tmp_path.iterdir()} == {"accuracy.csv", "tables.md"}
