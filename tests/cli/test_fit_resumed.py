"""A fit that is interrupted, or killed at any moment, and resumed."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli_cases import QUICK, fails, listing, table
from safetensors import safe_open
from safetensors.numpy import save_file

import dag_gfn
from dag_gfn.cli import main

CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""For a process that is started in the background, which takes no notice of it else."""
LONG = (
    *("--method", "gflownet", "--iterations", "1000000", "--num-samples", "200"),
    *("--train-option", "checkpoint_seconds=0.02"),
)


def signalled(folder, number):
    """Start a long fit, send it a signal once it has saved a checkpoint, and return its exit code and stderr."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"{CTRL_C}; from dag_gfn.cli import run; run()",
            "fit",
            "ok.csv",
            "--out",
            "out",
            *LONG,
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 300  # against a hang, not a test of speed
    while not (folder / "out.partial/checkpoint.safetensors").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=300)
    return process.returncode, told


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_an_interrupt_keeps_what_was_trained(here, number):
    code, told = signalled(here, number)
    assert code == 130
    assert "Traceback" not in told
    assert listing(here) == sorted(
        [
            "ok.csv",
            "out",
            *(f"out/{name}" for name in ("edges.csv", "graphs.csv", "posterior.json", "posterior.npz")),
        ]
    )
    info = dag_gfn.load(here / "out").info
    assert info["interrupted"] is True
    assert 0 < info["diagnostics"]["iterations"] < 1_000_000


def test_an_interrupt_before_training_leaves_nothing(here, capsys, monkeypatch):
    def interrupted(data, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(dag_gfn, "fit", interrupted)
    assert main(["fit", "ok.csv", "--out", "out"]) == 130
    assert capsys.readouterr().err == "error: interrupted: nothing was written\n"
    assert listing(here) == ["ok.csv"]


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    table().to_csv(folder / "ok.csv", index=False)
    code, _ = signalled(folder, signal.SIGKILL)
    assert code == -signal.SIGKILL
    return folder


@pytest.fixture
def killed(killed_once, tmp_path, monkeypatch):
    """A folder in which a fit was killed in the middle of training."""
    shutil.copytree(killed_once, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_kill_leaves_an_unfinished_run_and_no_result(killed):
    assert not Path("out").exists()
    assert Path("out.partial/checkpoint.safetensors").is_file()


def test_an_unfinished_run_is_neither_ignored_nor_lost(killed, capsys):
    line = fails(capsys, "fit", "ok.csv", "--out", "out", *LONG)
    assert "'out.partial' holds an unfinished run" in line
    assert "--resume" in line
    assert "--overwrite" in line


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        (["--iterations", "7"], "iterations"),
        (["--seed", "1"], "seed"),
        (["--columns", "c,b,a"], "data"),
        (["--policy", "transformer"], "policy"),
    ],
)
def test_resuming_needs_the_same_options_and_data(killed, capsys, extra, named):
    line = fails(capsys, "fit", "ok.csv", "--out", "out", *LONG, *extra, "--resume")
    assert f"had other options ({named})" in line


def test_resuming_continues_where_the_kill_was(killed, capsys):
    with safe_open("out.partial/checkpoint.safetensors", framework="np") as file:
        state = json.loads(file.metadata()["state"])
    assert state["iteration"] > 0
    budget = str(state["seconds"] + 0.5)  # counts what was spent before the kill
    assert main(["fit", "ok.csv", "--out", "out", *LONG, "--resume", "--time-budget", budget, "--quiet"]) == 0
    diagnostics = dag_gfn.load("out").info["diagnostics"]
    assert diagnostics["iterations"] > state["iteration"]
    assert diagnostics["cut_short_by_time_budget"] is True
    assert not Path("out.partial").exists()


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(b"else"), lambda path: save_file({"a": np.ones(2)}, path)]
)
def test_a_checkpoint_that_is_of_no_use_is_one_line(killed, capsys, damage):
    damage(Path("out.partial/checkpoint.safetensors"))
    line = fails(capsys, "fit", "ok.csv", "--out", "out", *LONG, "--resume", "--quiet")
    assert "--overwrite" in line
    assert "--resume" not in line


def test_an_unfinished_run_survives_a_failed_attempt_to_resume_it(killed, monkeypatch):
    def interrupted(data, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(dag_gfn, "fit", interrupted)
    before = listing(killed)
    assert main(["fit", "ok.csv", "--out", "out", *LONG, "--resume"]) == 130
    assert listing(killed) == before


SIX = (
    *("six.csv", "--method", "gflownet", "--iterations", "30", "--num-samples", "1000", "--quiet"),
    *("--train-option", "checkpoint_seconds=0"),  # saved at every step
)
MOMENTS = {
    "guides-drawn": ("dag_gfn.gflownet.chains", "run_chains", 1),
    "guides-written": ("dag_gfn.gflownet.chains", "save_file", 1),
    "first-step": ("dag_gfn.gflownet.training.loop", "evaluate", 1),
    "some-step": ("dag_gfn.gflownet.training.loop", "evaluate", 20),
    "checkpoint-written": ("dag_gfn.gflownet.training.checkpoint", "save_file", 10),
    "layerings-drawn": ("dag_gfn.gflownet.layers.sampler", "sample_outcomes", 1),
    "result-written": ("dag_gfn.posterior.storage", "_write_csv", 2),
}
"""When a fit is killed: as it calls this function of this module for the so-manieth time."""
KILLED = """
import importlib, json, os, signal, sys
from pathlib import Path
import torch._dynamo, dag_gfn.gflownet.layers.fit  # once for all
from dag_gfn.cli import main

def dying(usual, calls):
    remaining = list(range(calls - 1))
    def call(*given, **named):
        if remaining:
            remaining.pop()
            return usual(*given, **named)
        if usual.__name__ == "save_file":
            Path(given[1]).write_bytes(b"half of a file")
        os.kill(os.getpid(), signal.SIGKILL)
    return call

moments, *arguments = sys.argv[1:]
for out, (module, name, calls) in json.loads(moments).items():
    if os.fork() == 0:
        home = importlib.import_module(module)
        setattr(home, name, dying(getattr(home, name), calls))
        os._exit(main([*arguments, "--out", out]))
    assert os.waitstatus_to_exitcode(os.wait()[1]) == -signal.SIGKILL, out
"""
OFTEN = ("guides-drawn", "some-step")


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    """A folder with a table of six columns, and a fit to it that was left alone."""
    folder = tmp_path_factory.mktemp("six")
    table("abcdef").to_csv(folder / "six.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["fit", *SIX, "--out", "alone"]) == 0
    return folder


@pytest.mark.parametrize(
    "moments", [OFTEN, pytest.param(sorted(set(MOMENTS) - set(OFTEN)), marks=pytest.mark.slow)]
)
def test_a_fit_killed_at_any_moment_can_be_resumed(six, monkeypatch, moments):
    monkeypatch.chdir(six)
    chosen = json.dumps({moment: MOMENTS[moment] for moment in moments})
    command = [sys.executable, "-c", KILLED, chosen, "fit", *SIX]
    subprocess.run(command, timeout=500, check=True)
    alone = dag_gfn.load("alone")
    for moment in moments:
        partial = Path(f"{moment}.partial")
        assert not Path(moment).exists()
        saved = sorted(path.name for path in partial.glob("*.safetensors"))
        before = {"guides-drawn": 0, "guides-written": 0, "first-step": 1}
        assert saved == ["checkpoint.guides.safetensors", "checkpoint.safetensors"][: before.get(moment, 2)]
        for name in saved:
            with safe_open(partial / name, framework="np") as file:
                assert all(np.isfinite(file.get_tensor(tensor)).all() for tensor in file.keys())  # noqa: SIM118
        assert main(["fit", *SIX, "--out", moment, "--resume"]) == 0
        assert not partial.exists()
        resumed = dag_gfn.load(moment)
        assert resumed.info["interrupted"] is False
        for figure in ("iterations", "layerings", "chain_iterations", "converged"):
            assert resumed.info["diagnostics"][figure] == alone.info["diagnostics"][figure]
        edge, off = resumed.marginal("edge"), ~np.eye(6, dtype=bool)
        z = (edge.values - np.array(resumed.info["exact_edges"]))[off] / edge.standard_error[off]
        assert np.abs(z).max() < 5
        # past trajectories are not saved, so that what comes after a checkpoint in training need not be the same
        same = Path(moment, "edges.csv").read_bytes() == Path("alone", "edges.csv").read_bytes()
        assert same or moment in ("checkpoint-written", "some-step")
        changed = resumed.info["diagnostics"]["ess"] != alone.info["diagnostics"]["ess"]
        assert changed == (moment in ("checkpoint-written", "some-step"))


def test_overwrite_forgets_an_unfinished_run(killed):
    assert main(["fit", "ok.csv", "--out", "out", *QUICK, "--overwrite", "--quiet"]) == 0
    assert not Path("out.partial").exists()
    assert dag_gfn.load("out").info["diagnostics"]["iterations"] == 30


def test_nothing_to_resume(here, capsys):
    assert "no unfinished run" in fails(capsys, "fit", "ok.csv", "--out", "out", *QUICK, "--resume")
