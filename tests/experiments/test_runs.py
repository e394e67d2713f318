import json

import numpy as np
import pytest
import runs

PLANNED = [{"nodes": 3, "seed": seed, "seconds": 60.0} for seed in range(3)]


def test_a_run_is_a_file_named_by_its_parameters(tmp_path):
    runs.complete(tmp_path, PLANNED[:1], lambda nodes, seed, seconds: {"jsd": nodes + seed + seconds})
    assert [file.name for file in tmp_path.iterdir()] == ["nodes=3_seed=0_seconds=60.json"]
    (record,) = runs.read(tmp_path, PLANNED)
    assert (record["parameters"], record["result"]) == (PLANNED[0], {"jsd": 63.0})
    assert {"version", "machine", "seconds"} <= record.keys()


def test_what_is_there_is_not_done_again(tmp_path, capsys):
    done = []

    def run(nodes, seed, seconds):
        done.append(seed)
        return {}

    runs.complete(tmp_path, PLANNED[:2], run)
    runs.complete(tmp_path, PLANNED, run)
    assert done == [0, 1, 2]
    assert "2 of 3 runs are in" in capsys.readouterr().out


def test_a_failed_run_is_recorded_stops_no_other_and_is_tried_again(tmp_path, capsys):
    def run(nodes, seed, seconds):
        if seed == 1 and not broken.exists():
            raise ValueError("no such thing")
        return {"jsd": 0.5}

    broken = tmp_path / "mended"
    runs.complete(tmp_path / "runs", PLANNED, run)
    records = runs.read(tmp_path / "runs", PLANNED)
    assert [record.get("error") for record in records] == [None, "ValueError: no such thing", None]
    assert runs.failures(records) == ["nodes=3 seed=1 seconds=60: ValueError: no such thing"]
    assert "seed=1 seconds=60: failed: ValueError: no such thing" in capsys.readouterr().out
    broken.touch()
    runs.complete(tmp_path / "runs", PLANNED, run)
    assert not runs.failures(runs.read(tmp_path / "runs", PLANNED))


def test_ctrl_c_leaves_what_is_done(tmp_path):
    def run(nodes, seed, seconds):
        if seed == 2:
            raise KeyboardInterrupt
        return {}

    with pytest.raises(SystemExit) as ended:
        runs.complete(tmp_path, PLANNED, run)
    assert ended.value.code == 130
    assert [record["parameters"]["seed"] for record in runs.read(tmp_path, PLANNED)] == [0, 1]
    assert all(file.suffix == ".json" for file in tmp_path.iterdir())


def test_several_processes_do_the_runs(tmp_path):
    def run(nodes, seed, seconds):
        import os

        return {"process": os.getpid()}

    runs.complete(tmp_path, PLANNED, run, jobs=2)
    processes = {record["result"]["process"] for record in runs.read(tmp_path, PLANNED)}
    assert len(runs.read(tmp_path, PLANNED)) == 3
    assert runs.os.getpid() not in processes


def test_a_record_holds_plain_json_values(tmp_path):
    found = {
        "r": float("nan"),
        "kl": np.inf,
        "matrix": np.eye(2),
        "n": np.int64(3),
        "p": 1 / 3,
        "z": -1e5 / 3,
    }
    runs.complete(tmp_path, PLANNED[:1], lambda **parameters: found)
    text = (tmp_path / runs.file_name(PLANNED[0])).read_text()
    assert json.loads(text)["result"] == {
        "r": None,
        "kl": None,
        "matrix": [[1.0, 0.0], [0.0, 1.0]],
        "n": 3,
        "p": 0.333333,
        "z": -33333.3333,
    }
