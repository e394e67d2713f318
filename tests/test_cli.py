"""The command line as a person meets it: what it prints, how it fails, what it leaves on the disk."""

import csv
import html
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open

import dag_gfn
from dag_gfn.cli import main

ROOT = Path(dag_gfn.__file__).parents[1]
QUICK = ("--method", "gflownet", "--iterations", "30", "--num-samples", "200")
NASTY_NAMES = ("[red]x[/red]", "na,me", "<script>alert(1)</script>", ":heart:", "y" * 60, "größe→日本")


def table(columns="abc", rows=40, seed=0):
    """A chain of linear-Gaussian columns."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(columns)))
    for j in range(1, len(columns)):
        values[:, j] += values[:, j - 1]
    return pd.DataFrame(values, columns=list(columns))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in, but for ok.csv."""
    monkeypatch.chdir(tmp_path)
    table().to_csv("ok.csv", index=False)
    return tmp_path


def listing(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def fails(capsys, *arguments):
    """Run a command that must fail the way the contract says; return its one line."""
    before = listing(Path.cwd())
    assert main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    assert listing(Path.cwd()) == before, "something was left behind"
    return captured.err


# --- tables that cannot be used ---


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ["empty"]),
        ("\n\n", ["empty"]),
        ("a,b,c\n", ["no rows"]),
        ("a,b,c\n1,2,3\n", ["only one row"]),
        ("a,b\n1,5\n2,5\n3,5\n", ["'b'", "constant", "--drop b"]),
        ("a,b,c\n1,2,3\n4,,6\n7,8,\n1,3,NaN\n", ["'b'", "row 2", "'c'", "rows 3, 4", "--missing drop"]),
        ("a,a,b\n1,2,3\n4,5,6\n", ["'a'", "more than once"]),
        ("a,,b\n1,2,3\n4,5,6\n", ["no name", "column 2"]),
        ("a,b\n1,2\n2,oops\n3,4\n4,7\n", ["'b'", "row 2", "'oops'"]),
        ("a,b,k\n1,2,x\n2,1,y\n3,5,x\n4,4,y\n", ["'a' and 'b' numeric", "'k' discrete", "--drop k"]),
        ("a\n1\n2\n3\n", ["one column"]),
        ("1.5,2.5\n2,3\n4,5\n", ["numbers", "header"]),
        ("a,b\n1,2,3\n4,5\n", ["line 2", "3 cells"]),
        ("a,b\n1,inf\n2,3\n4,5\n", ["'b'", "infinite", "row 1"]),
    ],
)
def test_bad_tables(here, capsys, content, said):
    Path("bad.csv").write_text(content)
    line = fails(capsys, "fit", "bad.csv", "--out", "out", *QUICK)
    for words in said:
        assert words in line


def test_64_columns_are_one_too_many(here, capsys):
    table([f"v{i}" for i in range(64)]).to_csv("wide.csv", index=False)
    assert "64 columns, at most 63" in fails(capsys, "fit", "wide.csv", "--out", "out")


def test_a_spreadsheet_is_not_a_csv(here, capsys):
    Path("bad.csv").write_bytes(b"PK\x03\x04\xff\xfe\x00\x00")
    assert "UTF-8" in fails(capsys, "fit", "bad.csv", "--out", "out")


# --- options that cannot be used ---


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["missing.csv"], ["no file 'missing.csv'"]),
        (["."], ["directory"]),
        ([], ["--example"]),
        (["ok.csv", "--example", "iris"], ["either"]),
        (["--example", "nope"], ["'nope'", "alarm", "asia", "iris", "wine"]),
        (["ok.csv", "--columns", "a,zz"], ["--columns", "'zz'", "'a', 'b' and 'c'"]),
        (["ok.csv", "--columns", ""], ["--columns"]),
        (["ok.csv", "--columns", "a,a"], ["'a'", "more than one"]),
        (["ok.csv", "--drop", "zz"], ["--drop", "'zz'"]),
        (["ok.csv", "--drop", "a,b"], ["one column"]),
        (["ok.csv", "--discrete", "zz"], ["--discrete", "'zz'"]),
        (["ok.csv", "--required", "a:zz"], ["'zz'", "a, b, c"]),
        (["ok.csv", "--required", "a:a"], ["self-loop"]),
        (["ok.csv", "--forbidden", "a-b"], ["source:target", "'a-b'"]),
        (["ok.csv", "--required", "a:b:c"], ["source:target"]),
        (["ok.csv", "--required", ":b"], ["source:target"]),
        (["ok.csv", "--required", "a: "], ["source:target"]),
        (["ok.csv", "--required", "a:b", "--forbidden", "a:b"], ["both required and forbidden"]),
        (["ok.csv", "--required", "a:b", "--required", "b:c", "--required", "c:a"], ["cycle"]),
        (["ok.csv", "--required", "a:c", "--required", "b:c", "--max-parents", "1"], ["max_parents"]),
        (["ok.csv", "--max-parents", "-1"], ["max_parents", "-1"]),
        (["ok.csv", "--method", "magic"], ["unknown method 'magic'", "exact", "gflownet"]),
        (["ok.csv", "--score", "magic"], ["unknown score 'magic'", "bge"]),
        (["ok.csv", "--prior", "magic"], ["prior 'magic'", "erdos_renyi"]),
        (["ok.csv", "--policy", "magic"], ["unknown policy 'magic'", "mlp"]),
        (["ok.csv", "--objective", "magic"], ["unknown objective 'magic'", "modified_db"]),
        (["ok.csv", "--behaviour", "magic"], ["unknown behaviour 'magic'", "on"]),
        (["ok.csv", "--environment", "magic"], ["unknown environment 'magic'", "edges"]),
        (["ok.csv", "--missing", "magic"], ["'magic'", "'drop'"]),
        (["ok.csv", "--method", "gflownet", "--device", "magic"], ["'magic'"]),
        (["ok.csv", "--score", "bdeu"], ["'bdeu'", "discrete", "bge"]),
        (["ok.csv", "--equivalent-sample-size", "2"], ["equivalent_sample_size", "bdeu"]),
        (["ok.csv", "--seed", "-1"], ["seed", "-1"]),
        (["ok.csv", "--seed", str(2**64)], ["seed"]),
        (["ok.csv", "--seed", "one"], ["--seed", "dag-gfn fit --help"]),
        (["ok.csv", "--iterations", "many"], ["--iterations"]),
        (["ok.csv", "--iteration", "3"], ["--iterations"]),
        (["ok.csv", "ok.csv"], ["ok.csv"]),
    ],
)
def test_bad_options(here, capsys, options, said):
    line = fails(capsys, "fit", *options, "--out", "out")
    for words in said:
        assert words in line


@pytest.mark.parametrize("option", ["iterations", "time-budget", "num-samples"])
@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_amounts_must_be_positive(here, capsys, option, value):
    line = fails(capsys, "fit", "ok.csv", "--out", "out", *QUICK, f"--{option}", value)
    assert option.replace("-", "_") in line.replace("-", "_")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("method", "bootstrap"),
        ("policy", "transformer"),
    ],
)
def test_what_is_not_built_yet_says_so(here, capsys, option, value):
    line = fails(capsys, "fit", "ok.csv", "--out", "out", f"--{option}", value)
    assert f"'{value}'" in line
    assert "not built yet" in line


@pytest.mark.parametrize(
    "arguments", [["conjure"], ["show"], ["compare", "one"], ["--conjure"], ["fit", "-1"]]
)
def test_a_wrong_command_line_is_one_line_too(here, capsys, arguments):
    assert "--help" in fails(capsys, *arguments)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["fit", "--help"], ["show", "--help"]])
def test_help(capsys, arguments):
    assert main(arguments) == 0
    assert "Usage: dag-gfn" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dag-gfn {dag_gfn.__version__}\n"


def test_debug_shows_where_an_error_came_from(here):
    with pytest.raises(dag_gfn.DataError):
        main(["fit", "missing.csv", "--out", "out", "--debug"])
    done = subprocess.run(
        [sys.executable, "-m", "dag_gfn", "fit", "missing.csv", "--debug"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert "Traceback" in done.stderr
    assert "no file 'missing.csv'" in done.stderr


# --- where the result goes ---


def test_a_fit_leaves_a_complete_folder_and_nothing_else(here, capsys):
    assert main(["fit", "ok.csv", "--out", "new/out", *QUICK]) == 0
    assert listing(here / "new") == [
        "out",
        *(f"out/{name}" for name in ("edges.csv", "graphs.csv", "posterior.json", "posterior.npz")),
    ]
    captured = capsys.readouterr()
    assert "dag-gfn show new/out" in captured.out
    lines = (here / "new/out/edges.csv").read_text().splitlines()
    assert lines[0] == "source,target,probability"
    assert len(lines) == 1 + 6


def test_an_existing_posterior_is_replaced_only_on_request(here, capsys):
    fit = ["fit", "ok.csv", "--out", "out", "--method", "exact"]
    assert main([*fit, "--quiet"]) == 0
    before = Path("out/posterior.npz").read_bytes()
    assert "--overwrite" in fails(capsys, *fit)
    assert Path("out/posterior.npz").read_bytes() == before
    assert main([*fit, "--columns", "a,b", "--overwrite", "--quiet"]) == 0
    assert dag_gfn.load("out").names == ("a", "b")


def test_what_is_no_posterior_is_never_replaced(here, capsys):
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("years of work")
    for out in ("mine", "ok.csv"):
        for extra in ([], ["--overwrite"]):
            line = fails(capsys, "fit", "ok.csv", "--out", out, "--method", "exact", *extra)
            assert "not a posterior folder" in line
    assert Path("mine/thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    "out", ["ok.csv/out", "ok.csv/deep/out", "", ".", "..", "/", "x" * 300, "/proc/no/out"]
)
def test_where_nothing_can_be_written(here, capsys, out):
    fails(capsys, "fit", "ok.csv", "--out", out, "--method", "exact")


def test_a_failure_in_the_middle_leaves_nothing(here, capsys, monkeypatch):
    def broken(data, **options):
        options["checkpoint"].write_bytes(b"half")
        raise dag_gfn.NotTractable("it cannot be done")

    monkeypatch.setattr(dag_gfn, "fit", broken)
    assert "it cannot be done" in fails(capsys, "fit", "ok.csv", "--out", "out")


def test_a_full_disk_is_told_in_a_line(here, capsys, monkeypatch):
    def full(data, **options):
        raise OSError(28, "No space left on device", "out.partial/checkpoint")

    monkeypatch.setattr(dag_gfn, "fit", full)
    assert "No space left on device: 'out.partial/checkpoint'" in fails(
        capsys, "fit", "ok.csv", "--out", "out"
    )


# --- interrupted, killed, resumed ---

OFTEN_SAVED = """
import dataclasses, signal, sys
import dag_gfn.train_config
from dag_gfn.cli import run
usual = dag_gfn.train_config.default_config
dag_gfn.train_config.default_config = lambda *a, **k: dataclasses.replace(usual(*a, **k), checkpoint_seconds=0.02)
signal.signal(signal.SIGINT, signal.default_int_handler)
run()
"""
LONG = ("--method", "gflownet", "--iterations", "1000000", "--num-samples", "200")


def signalled(folder, number):
    """Start a long fit, send it a signal once it has saved a checkpoint, and return its exit code and stderr."""
    process = subprocess.Popen(
        [sys.executable, "-c", OFTEN_SAVED, "fit", "ok.csv", "--out", "out", *LONG],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (folder / "out.partial/checkpoint.safetensors").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    return process.returncode, told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
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
    [(["--iterations", "7"], "iterations"), (["--seed", "1"], "seed"), (["--columns", "c,b,a"], "data")],
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
    "guides-drawn": ("dag_gfn.layer_chains", "anneal", 3),
    "guides-written": ("dag_gfn.layer_chains", "save_file", 1),
    "first-step": ("dag_gfn.training", "evaluate", 1),
    "some-step": ("dag_gfn.training", "evaluate", 20),
    "checkpoint-written": ("dag_gfn.checkpoint", "save_file", 10),
    "layerings-drawn": ("dag_gfn.layered_gflownet", "_draw", 1),
    "result-written": ("dag_gfn.posterior.storage", "_write_csv", 2),
}
"""When a fit is killed: as it calls this function of this module for the so-manieth time."""
KILLED = """
import importlib, json, os, signal, sys
from pathlib import Path
import torch._dynamo, dag_gfn.layered_gflownet  # once for all
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
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=100, check=True)
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
        # past trajectories are not saved, so that what comes after a checkpoint in training is not the same
        changed = Path(moment, "edges.csv").read_bytes() != Path("alone", "edges.csv").read_bytes()
        assert changed == (moment in ("checkpoint-written", "some-step"))


def test_overwrite_forgets_an_unfinished_run(killed):
    assert main(["fit", "ok.csv", "--out", "out", *QUICK, "--overwrite", "--quiet"]) == 0
    assert not Path("out.partial").exists()
    assert dag_gfn.load("out").info["diagnostics"]["iterations"] == 30


def test_nothing_to_resume(here, capsys):
    assert "no unfinished run" in fails(capsys, "fit", "ok.csv", "--out", "out", *QUICK, "--resume")


# --- the same seed ---


def test_the_same_seed_gives_the_same_bytes(here):
    for out, seed in (("one", "3"), ("two", "3"), ("other", "4")):
        assert main(["fit", "ok.csv", "--out", out, "--seed", seed, *QUICK, "--quiet"]) == 0
    for name in ("edges.csv", "graphs.csv"):
        one, two, other = (Path(out, name).read_bytes() for out in ("one", "two", "other"))
        assert one == two
        assert one != other


# --- what is said ---


def test_progress_is_plain_lines_in_a_log(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", *QUICK]) == 0
    told = capsys.readouterr().err
    assert told.startswith("training 30/30")
    assert told.count("\n") == 1
    assert "\x1b" not in told
    assert "\r" not in told


def test_quiet_says_nothing(here, capsys):
    Path("gaps.csv").write_text(Path("ok.csv").read_text() + "1.0,,2.0\n")
    assert main(["fit", "gaps.csv", "--missing", "drop", "--out", "out", *QUICK, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_dropped_rows_are_said(here, capsys):
    Path("gaps.csv").write_text(Path("ok.csv").read_text() + "1.0,,2.0\n")
    assert main(["fit", "gaps.csv", "--missing", "drop", "--out", "out", *QUICK]) == 0
    assert "note: dropped 1 of 41 rows with missing values" in capsys.readouterr().err
    assert dag_gfn.load("out").info["n"] == 40


def test_the_bias_of_the_order_modular_posterior_is_said(here, capsys):
    fit = ["fit", "ok.csv", "--order-modular", "--out"]
    assert main([*fit, "out"]) == 0
    assert "warning: this is the order-modular posterior" in capsys.readouterr().out
    assert main(["show", "out"]) == 0
    shown = capsys.readouterr().out
    assert "warning: this is the order-modular posterior" in shown
    assert "Log evidence (mean over orders)" in shown
    assert dag_gfn.load("out").info["order_modular"] is True
    assert main(["fit", "ok.csv", "--method", "exact", "--out", "usual", "--quiet"]) == 0
    assert main(["compare", "out", "usual", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jsd"] > 0
    assert "--method exact" in fails(capsys, *fit, "other", "--method", "gflownet")


def test_a_table_too_wide_for_an_exact_posterior(here, capsys):
    table([f"v{i}" for i in range(22)]).to_csv("wide.csv", index=False)
    line = fails(capsys, "fit", "wide.csv", "--out", "out", "--method", "exact")
    for words in ("22 columns", "minutes", "GB", "up to 20 columns", "--method gflownet", "--columns"):
        assert words in line


def test_names_are_printed_as_they_are(here, capsys):
    table(NASTY_NAMES).to_csv("nasty.csv", index=False)
    fit = [
        "fit",
        "nasty.csv",
        "--out",
        "out",
        "--method",
        "gflownet",
        "--iterations",
        "3",
        "--num-samples",
        "50",
    ]
    assert (
        main([*fit, "--required", f"{NASTY_NAMES[0]}:{NASTY_NAMES[3]}", "--forbidden", "na,me::heart:"]) == 0
    )
    printed = capsys.readouterr().out
    assert main(["show", "out"]) == 0
    shown = capsys.readouterr().out
    for name in NASTY_NAMES:
        assert name in printed
        assert name in shown
    posterior = dag_gfn.load("out")
    assert posterior.names == NASTY_NAMES
    assert posterior.info["constraints"]["forbidden"] == [["na,me", ":heart:"]]
    with Path("out/edges.csv").open(encoding="utf-8", newline="") as file:
        sources = {row["source"] for row in csv.DictReader(file)}
    assert sources == set(NASTY_NAMES)


def test_a_name_with_a_comma_can_be_chosen_in_quotes(here):
    table(NASTY_NAMES).to_csv("nasty.csv", index=False)
    chosen = '"na,me", [red]x[/red]'
    assert (
        main(["fit", "nasty.csv", "--columns", chosen, "--out", "out", "--method", "exact", "--quiet"]) == 0
    )
    assert dag_gfn.load("out").names == ("na,me", "[red]x[/red]")


def test_columns_are_kept_in_the_order_asked_for(here):
    fit = ["fit", "ok.csv", "--method", "exact", "--quiet", "--out"]
    assert main([*fit, "out", "--columns", "c,a"]) == 0
    assert dag_gfn.load("out").names == ("c", "a")
    assert main([*fit, "dropped", "--drop", "a"]) == 0
    assert dag_gfn.load("dropped").names == ("b", "c")


def test_discrete_all(here):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 3, size=(60, 3)), columns=list("abc"))
    frame.to_csv("codes.csv", index=False)
    assert main(["fit", "codes.csv", "--discrete", "all", "--out", "out", *QUICK, "--quiet"]) == 0
    assert dag_gfn.load("out").info["score"] == "bdeu"


def test_a_policy_with_probabilities_at_the_smallest_double_can_be_reported(here, capsys):
    # hundreds of nats between graphs: terms of the divergence are at the edge of floating point
    assert main(["fit", "--example", "iris", "--discrete", "all", "--out", "out", *QUICK]) == 0
    assert "Exact check" in capsys.readouterr().out
    assert 0 < dag_gfn.load("out").info["exact_check"]["jsd"] <= np.log(2)


def test_values_whose_squares_overflow_fail_in_one_line(here, capsys):
    (table() * 1e200).to_csv("huge.csv", index=False)
    assert "standardise" in fails(capsys, "fit", "huge.csv", "--no-standardize", "--out", "out", *QUICK)


@pytest.mark.parametrize(
    ("example", "columns"),
    [("iris", []), ("wine", ["--columns", "hue,ash,alcohol,flavanoids,proline,magnesium"])],
)
def test_examples_of_numbers(here, capsys, example, columns):
    few = ["--method", "gflownet", "--iterations", "2", "--num-samples", "20", "--no-exact-check"]
    assert main(["fit", "--example", example, "--out", "out", *columns, *few]) == 0
    info = dag_gfn.load("out").info
    assert info["score"] == "bge"
    assert "exact_check" not in info


def test_an_example_of_categories(here, capsys):
    few = ["--method", "gflownet", "--iterations", "2", "--num-samples", "20"]
    assert main(["fit", "--example", "asia", "--out", "out", *few]) == 0
    info = dag_gfn.load("out").info
    assert (info["score"], info["kind"], info["d"]) == ("bdeu", "discrete", 8)
    assert "tabular" in capsys.readouterr().out


# --- show and compare ---


@pytest.fixture
def fitted(here):
    assert main(["fit", "ok.csv", "--out", "out", *QUICK, "--quiet"]) == 0
    return here / "out"


def test_show_says_what_to_believe(fitted, capsys):
    assert main(["show", "out"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "3 variables",
        "40 rows",
        "a→b",
        "b→a",
        "linked",
        "cannot orient",
        "Exact check",
        "Effective",
    ):
        assert words in shown
    for words in (
        "hidden common causes",
        "independent rows",
        "no cycles",
        "linear-Gaussian",
    ):
        assert words in shown


def test_show_says_that_training_was_too_short(here, capsys):
    options = [*QUICK, "--environment", "edges", "--iterations", "1", "--quiet"]
    assert main(["fit", "ok.csv", "--out", "out", *options]) == 0
    assert main(["show", "out"]) == 0
    assert "not converged" in " ".join(capsys.readouterr().out.split())


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


def test_show_as_json_is_strict_json(fitted, capsys):
    assert main(["show", "out", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out, parse_constant=refuse)
    posterior = dag_gfn.load("out")
    assert len(shown["edges"]) == 6
    first = shown["edges"][0]
    assert first["probability"] == posterior.edge_marginals().loc[first["source"], first["target"]]
    assert {key: value for key, value in shown.items() if key not in ("edges", "classes")} == posterior.info
    assert len(shown["classes"]) == 3
    for mixed, expected in zip(shown["classes"], posterior.top_classes(3), strict=True):
        assert mixed["probability"] == expected.graph["probability"]
        links = len(mixed["compelled"]) + 2 * len(mixed["reversible"])
        assert links == expected.number_of_edges()


def test_show_max_pairs(fitted, capsys):
    assert main(["show", "out", "--max-pairs", "0"]) == 0
    assert "3 of 3 pairs" in capsys.readouterr().out
    assert "max-pairs" in fails(capsys, "show", "out", "--max-pairs", "-1")


def test_show_needs_no_torch(fitted):
    code = f"import sys; from dag_gfn.cli import main; main(['show', {str(fitted)!r}]); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_names_and_arrows_do_not_need_a_utf8_locale(fitted):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "dag_gfn", "show", str(fitted)], capture_output=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "a→b" in done.stdout.decode("utf-8")


@pytest.mark.parametrize("command", [["show", "nowhere"], ["compare", "out", "nowhere"], ["show", "ok.csv"]])
def test_folders_that_are_not_there(fitted, capsys, command):
    assert "there is no folder" in fails(capsys, *command)


def test_a_damaged_folder(fitted, capsys):
    Path("out/posterior.npz").write_bytes(b"PK\x03\x04")
    assert "damaged" in fails(capsys, "show", "out")
    Path("out/posterior.npz").unlink()
    assert "posterior.npz is missing" in fails(capsys, "show", "out")


def test_a_posterior_equals_itself(fitted, capsys):
    assert main(["compare", "out", "out", "--json"]) == 0
    same = json.loads(capsys.readouterr().out, parse_constant=refuse)
    for name in ("edge_rmse", "edge_max_error", "path_rmse", "jsd", "tv"):
        assert same[name] == pytest.approx(0, abs=1e-12)
    assert main(["compare", "out", "out"]) == 0
    assert "edge_rmse" in capsys.readouterr().out


def test_compare_needs_the_same_variables(fitted, capsys):
    assert main(["fit", "ok.csv", "--columns", "a,b", "--method", "exact", "--out", "two", "--quiet"]) == 0
    assert "'c'" in fails(capsys, "compare", "out", "two")


# --- query ---


def test_query_in_a_sentence(fitted, capsys):
    assert main(["query", "out", "edge(a, b) | edge(b, a)"]) == 0
    captured = capsys.readouterr()
    value = dag_gfn.load("out").probability("linked(a, b)").value
    assert captured.out.startswith(f"P(edge(a, b) | edge(b, a)) = {value:.4g}")
    assert captured.out.count("\n") == 1
    assert main(["query", "out", "path(a, c)", "--given", "edge(a, b)"]) == 0
    assert capsys.readouterr().out.startswith("P(path(a, c) | edge(a, b)) = ")


def test_query_as_json(fitted, capsys):
    assert main(["query", "out", "path(a, c)", "--given", "edge(a, b)", "--json"]) == 0
    told = json.loads(capsys.readouterr().out, parse_constant=refuse)
    posterior = dag_gfn.load("out")
    assert told["probability"] == posterior.given("edge(a, b)").probability("path(a, c)").value
    assert told["conditions"][0]["probability"] == posterior.probability("edge(a, b)").value
    assert told["source"] == "policy"
    assert told["standard_error"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["edge(a, bb)"], "did you mean b? The columns are a, b, c"),
        (["edge(a, b"], "character 10: expected ')'"),
        (["path(a, b)", "--given", "edge(a, b) &"], "edge(a, b) &"),
        (["path(a, b)", "--given", "edge(a, b) & edge(b, a)"], "no graph complies"),
    ],
)
def test_bad_queries(fitted, capsys, arguments, said):
    assert said in fails(capsys, "query", "out", *arguments)


# --- simulate ---


def test_simulate_writes_a_table_and_its_graph(here, capsys):
    assert main(["simulate", "--nodes", "4", "--samples", "30", "--seed", "5", "--out", "sub/data.csv"]) == 0
    frame = pd.read_csv("sub/data.csv")
    assert frame.shape == (30, 4)
    truth = pd.read_csv("sub/data.graph.csv")
    assert list(truth.columns) == ["source", "target"]
    assert {*truth["source"], *truth["target"]} <= set(frame.columns)
    assert listing(here / "sub") == ["data.csv", "data.graph.csv"]
    assert main(["fit", "sub/data.csv", "--out", "out", "--method", "exact", "--quiet"]) == 0


def test_simulate_same_seed_same_bytes(here):
    for out, seed in (("one", "1"), ("two", "1"), ("other", "2")):
        assert main(["simulate", "--graph", "sf", "--seed", seed, "--out", f"{out}.csv"]) == 0
    for end in (".csv", ".graph.csv"):
        one, two, other = (Path(f"{out}{end}").read_bytes() for out in ("one", "two", "other"))
        assert one == two
        assert one != other


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("seed", "-1"),
        ("nodes", "0"),
        ("nodes", "1"),
        ("nodes", "64"),
        ("samples", "-5"),
        ("samples", "1"),
        ("graph", "magic"),
        ("noise-variance", "0"),
        ("noise-variance", "nan"),
        ("noise-variance", "inf"),
        ("edges-per-node", "-1"),
        ("edges-per-node", "inf"),
        ("out", ""),
        ("out", "."),
        ("out", "ok.csv"),
        ("out", "ok.csv/data.csv"),
    ],
)
def test_simulate_refuses(here, capsys, option, value):
    fails(capsys, "simulate", f"--{option}", value)


def test_simulate_overwrites_on_request_only(here, capsys):
    assert main(["simulate", "--out", "data.csv"]) == 0
    before = Path("data.csv").read_bytes()
    capsys.readouterr()
    assert "--overwrite" in fails(capsys, "simulate", "--out", "data.csv", "--seed", "1")
    assert Path("data.csv").read_bytes() == before
    assert main(["simulate", "--out", "data.csv", "--seed", "1", "--overwrite"]) == 0
    assert Path("data.csv").read_bytes() != before


# --- effects and exports ---


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


@pytest.mark.parametrize("graph", ["median", "top", "consensus"])
@pytest.mark.parametrize("form", ["graphml", "dot", "csv"])
def test_export(here, capsys, form, graph):
    names = ["größe", "na,me", '"x"']
    table().set_axis(names, axis=1).to_csv("nasty.csv", index=False)
    assert main(["fit", "nasty.csv", "--out", "out", "--quiet"]) == 0
    assert main(["export", "out", "--format", form, "--graph", graph, "--out", "made/graph"]) == 0
    assert "größe" in html.unescape(Path("made/graph").read_text(encoding="utf-8"))
    capsys.readouterr()
    again = ("export", "out", "--format", form, "--out", "made/graph")
    assert "--overwrite" in fails(capsys, *again)
    assert main([*again, "--overwrite"]) == 0


def test_export_refuses(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert "choose graphml, dot, csv, bif" in fails(
        capsys, "export", "out", "--format", "png", "--out", "x.png"
    )
    assert "choose median, top, consensus" in fails(capsys, "export", "out", "--graph", "best", "--out", "x")
    assert "discrete columns" in fails(capsys, "export", "out", "--format", "bif", "--out", "x.bif")
    assert "is a folder" in fails(capsys, "export", "out", "--out", "out")


# --- report ---


def test_fit_writes_a_report_when_asked(here, capsys):
    table().set_axis(list(NASTY_NAMES[:3]), axis=1).to_csv("nasty.csv", index=False)
    assert main(["fit", "nasty.csv", "--out", "out", "--report"]) == 0
    assert "report.html" in capsys.readouterr().out
    names = ("edges.csv", "graphs.csv", "posterior.json", "posterior.npz", "report.html")
    assert listing(here / "out") == list(names)
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "na,me" in page
    assert NASTY_NAMES[2] not in page  # other than escaped
    assert json.loads(Path("out/posterior.json").read_text())["data_fingerprint"] in page


def test_a_fit_is_kept_where_its_report_fails(here, capsys, monkeypatch):
    def broken(posterior):
        raise RuntimeError("no page today")

    monkeypatch.setattr("dag_gfn.report.report_html", broken)
    assert main(["fit", "ok.csv", "--out", "out", "--report"]) == 2
    assert "'out' is saved, but not its report" in capsys.readouterr().err
    assert dag_gfn.load("out").d == 3
    assert not Path("out/report.html").exists()


def test_report(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    assert main(["report", "out"]) == 0
    assert "out/report.html" in capsys.readouterr().out
    first = Path("out/report.html").read_bytes()
    assert main(["report", "out"]) == 0  # a page that belongs to the folder is made anew
    assert Path("out/report.html").read_bytes() == first
    assert main(["report", "out", "--out", "pages/mine.html"]) == 0
    assert Path("pages/mine.html").read_bytes() == first
    capsys.readouterr()
    again = ("report", "out", "--out", "pages/mine.html")
    assert "--overwrite" in fails(capsys, *again)
    assert main([*again, "--overwrite"]) == 0
    capsys.readouterr()
    assert "is a folder" in fails(capsys, "report", "out", "--out", "pages")
    assert "no folder" in fails(capsys, "report", "nowhere")


def test_report_opens_in_the_browser(here, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    assert main(["report", "out", "--open"]) == 0
    assert opened == [(here / "out" / "report.html").as_uri()]


def test_the_score_with_known_noise_is_centred_by_default(here):
    values = np.random.default_rng(0).normal(size=(40, 3)) * [1, 5, 20]
    frame = pd.DataFrame(values, columns=["a", "b", "c"])
    frame.to_csv("units.csv", index=False)
    assert (
        main(["fit", "units.csv", "--score", "linear_gaussian", "--method", "exact", "--out", "units"]) == 0
    )
    posterior = dag_gfn.load("units")
    in_python = dag_gfn.fit("units.csv", score="linear_gaussian", method="exact", progress=False)
    assert posterior.log_evidence == pytest.approx(in_python.log_evidence)
    assert not posterior.info["standardized"]
