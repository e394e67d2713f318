"""Generated tables, damaged folders and kills: a few here, many with `-m slow`, all with TRIALS=all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trials
from random_trials import commands, fits, folders, kills, oracle, summary, tables
from random_trials.contents import Wanted
from random_trials.damages import DAMAGES
from random_trials.fits import Trial, fit_table
from random_trials.folders import make_bases, try_folder
from random_trials.judge import Fault
from random_trials.options import Options, any_options, clean_options
from random_trials.tables import Table, clean_table, make_table

from dag_gfn.cli import main

SEED = 0
SLOW = {"table": 10_000, "folder": 500, "kill": 20} if os.environ.get("TRIALS") == "all" else None
SLOW = SLOW or {"table": 600, "folder": 60, "kill": 4}


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """Good folders, but for those that take training."""
    return make_bases(tmp_path_factory.mktemp("bases"), quick=True)


# --- the package ---


def test_some_tables_and_damaged_folders_end_without_a_fault(tmp_path):
    """In a process of its own: here every shape is checked, and a damaged array would meet that check first."""
    command = [sys.executable, trials.__file__, "--smoke", "--jobs", "1", "--out", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=commands.environment(), check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {"table": 16, "folder": 8}
    outcomes = [record["outcome"] for record in trials.read_records(tmp_path, SEED, counts)]
    assert len(outcomes) == 24
    assert min(outcomes.count("fit"), outcomes.count("refused")) >= 3


@pytest.mark.slow
def test_many_trials_end_without_a_fault(tmp_path):
    trials.run(tmp_path, SEED, SLOW, jobs=2)
    records = trials.read_records(tmp_path, SEED, SLOW)
    assert len(records) == sum(SLOW.values())
    bad = [record for record in records if record["faults"]]
    assert not bad, summary.summary(bad, SEED)


# --- the trials ---


def test_a_trial_is_told_by_its_numbers():
    def made(number):
        rng = np.random.default_rng([SEED, 0, number])
        table = make_table(rng)
        choose = clean_options if table.kind else any_options
        return table.content, choose(rng, table).arguments

    assert [made(number) for number in range(40)] == [made(number) for number in range(40)]
    assert made(0) != made(1)


def test_tables_are_of_all_kinds():
    rng = np.random.default_rng(SEED)
    contents = [make_table(rng).content for _ in range(400)]
    for sought in (
        b"\x00",
        b"\r\n",
        b'"',
        b";",
        b"\t",
        b"\xef\xbb\xbf",
        b"1e400",
        b"-999",
        b"e-30",
        b"e+300",
        b"True",
    ):
        assert any(sought in content for content in contents), sought
    lengths = [content.count(b"\n") for content in contents]
    assert min(lengths) <= 1
    assert max(lengths) > 250


def test_the_oracle_counts_dags_and_gives_the_posterior_of_two_columns():
    assert [len(oracle.all_dags(d)) for d in (1, 2, 3, 4)] == [1, 3, 25, 543]
    table = Table(b"", ["a", "b"], 2, "discrete", [list("xxyyxxyyxx"), list("xxyyxxyyxy")])
    _, edges = oracle.exact_posterior(table)
    assert edges[0, 1] == pytest.approx(edges[1, 0])  # equivalent graphs
    assert 0.4 < edges[0, 1] < 0.5
    _, edges = oracle.exact_posterior(table, required=(("a", "b"),))
    np.testing.assert_array_equal(edges, [[0, 1], [0, 0]])
    with pytest.raises(ValueError, match="no graph complies"):
        oracle.exact_posterior(table, required=(("a", "b"),), max_parents=0)


def test_a_wrong_posterior_is_caught(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    table = clean_table(rng)
    while table.kind != "continuous" or not 3 <= table.width <= oracle.MOST_NODES:
        table = clean_table(rng)
    options = Options(["--method", "exact"], plain=True)
    monkeypatch.chdir(tmp_path)
    assert fit_table(tmp_path, table, options, np.random.default_rng(0)).faults == []
    found = fits._compared_with_oracle(
        tmp_path / "out", table, Options([], Wanted(max_parents=1), plain=True)
    )
    assert [fault.kind for fault in found] == ["not the posterior by its definition"]


def test_a_change_with_the_units_is_caught(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = [[f"{value:.3f}" for value in column] for column in np.random.default_rng(0).normal(size=(3, 20))]
    table = Table(tables.csv_text("abc", cells).encode(), list("abc"), 3, "continuous", cells)
    found = set()
    for number in range(12):  # half of them are compared, and half of these with other units
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "table.csv").write_bytes(table.content)
        monkeypatch.chdir(folder)
        options = Options(["--no-standardize"], plain=True)
        main(["fit", "table.csv", "--out", "out", "--quiet", *options.arguments])
        rng = np.random.default_rng(number)
        found |= {fault.kind for fault in fits._compared_with_itself(folder, table, options, rng)}
    assert found == {"probabilities change with units"}


def test_every_damage_can_be_done(bases, tmp_path):
    for number, damage in enumerate(dict.fromkeys(DAMAGES)):
        folder = tmp_path / str(number) / "out"
        shutil.copytree(bases[number % len(bases)], folder)
        assert damage(folder, bases, np.random.default_rng(number))


def test_a_command_that_deletes_a_persons_file_or_leaves_one_is_caught(bases, monkeypatch):
    def careless(arguments):
        for path in Path.cwd().glob("out/notes.txt"):
            path.unlink()
        Path("stray").write_text("")
        return main(arguments)

    monkeypatch.setattr(commands, "main", careless)
    monkeypatch.setattr(folders, "DAMAGES", [d for d in DAMAGES if d.__name__ == "strangers"])
    found = [fault.kind for fault in try_folder(np.random.default_rng(0), bases).faults]
    assert "a file is lost: out/notes.txt" in found
    assert "a file is left behind: stray" in found


def test_a_lost_folder_after_a_kill_is_caught(bases, tmp_path, monkeypatch):
    monkeypatch.setattr(kills, "run_apart", commands.run_here)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(folders.base_table(3, "continuous"))
    found = [f.kind for f in kills._aftermath(tmp_path, bases[0], bases[1], "", -9)]
    assert "after a kill the folder cannot be shown" in found
    assert "neither the old nor the new posterior is there" in found


# --- many of them ---


def test_trials_are_recorded_and_their_inputs_kept(tmp_path):
    def trial(out, seed, kind, number):
        faults = [Fault("a kind", "seen here")] if number == 1 else []
        return Trial("fit", told=["skewed"], faults=faults, inputs={"table.csv": b"a,b"})

    trials.work_through(tmp_path, SEED, "table", range(3), trial)
    records = trials.read_records(tmp_path, SEED, {"table": 3})
    assert [record["number"] for record in records] == [0, 1, 2]
    assert [len(record["faults"]) for record in records] == [0, 1, 0]
    assert (tmp_path / "failures" / "table-000001" / "table.csv").read_bytes() == b"a,b"
    assert "seen here" in (tmp_path / "failures" / "table-000001" / "faults.txt").read_text()
    text = summary.write_summary(tmp_path, records, SEED)
    assert "1 × a kind (table-000001)" in text
    assert "3 × skewed" in text
    assert len(summary.screen(text, height=5).splitlines()) == 5


def test_a_process_that_dies_or_hangs_is_a_fault_of_the_trial_it_was_at(tmp_path, monkeypatch):
    file = trials._file(tmp_path, SEED, "table", 0)
    ends = iter([(-11, "Segmentation fault"), (None, ""), (0, "")])

    def watch(command, where, out):
        code, said = next(ends)
        first = int(command[command.index("--batch") + 2])
        trials._append(file, {"begun": first})
        if code == 0:
            trials.work_through(tmp_path, SEED, "table", range(first, 4), lambda *a: Trial("fit"))
        return code, said

    monkeypatch.setattr(trials, "_watch", watch)
    trials._supervise(tmp_path, SEED, "table", range(4))
    records = trials.read_records(tmp_path, SEED, {"table": 4})
    assert [record["outcome"] for record in records] == ["died", "died", "fit", "fit"]
    assert [record["faults"][0]["kind"] for record in records[:2]] == [
        "the process ends with code -11",
        "the process hangs",
    ]
    trials._supervise(tmp_path, SEED, "table", range(4))  # all is known, and no process is begun


def test_trials_that_fail_themselves_are_no_fault_of_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "_watch", lambda command, file, out: (1, "ImportError"))
    with pytest.raises(RuntimeError, match="the trials themselves fail: ImportError"):
        trials._supervise(tmp_path, SEED, "table", range(4))
