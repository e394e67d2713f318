"""The judge of the trials: it catches what is planted, and lets pass what is right."""

import json
import sys
import time
import warnings

import numpy as np
import pytest
from random_trials import commands, contents, judge
from random_trials.commands import Outcome, run_here
from random_trials.contents import Wanted, folder_faults
from random_trials.judge import disk_faults, ending, printed_faults, snapshot

import dag_gfn

CHAIN = "a,b,c\n" + "\n".join(
    f"{x!r},{x + y!r},{x + y + z!r}" for x, y, z in np.random.default_rng(0).normal(size=(40, 3)).tolist()
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A good posterior folder of three columns."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(CHAIN)
    outcome = run_here(["fit", "table.csv", "--out", "out"])
    assert ending(outcome) == []
    return tmp_path / "out"


@pytest.fixture
def ends_in(monkeypatch):
    """Let the command do something else, and return what the judge says of its ending."""

    def judged(command, **options):
        monkeypatch.setattr(commands, "main", command)
        return kinds(ending(run_here(["show", "out"], **options)))

    return judged


def kinds(faults):
    return [fault.kind for fault in faults]


def rewrite(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def change_array(folder, name, change):
    with np.load(folder / "posterior.npz") as stored:
        arrays = {key: stored[key] for key in stored.files}
    arrays[name] = change(arrays[name])
    np.savez(folder / "posterior.npz", **arrays)


def test_a_good_folder_has_no_faults(folder):
    assert folder_faults(folder) == []
    assert folder_faults(folder, Wanted(max_parents=2)) == []


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ("1.5", "an edge probability outside [0, 1]"),
        ("-1e-6", "an edge probability outside [0, 1]"),
        ("nan", "an edge probability outside [0, 1]"),
        ("0.9", "P(a → b) + P(b → a) above 1"),
    ],
)
def test_an_impossible_edge_is_caught(folder, values, kind):
    lines = (folder / "edges.csv").read_text().splitlines()
    planted = [lines[0], *[line.rsplit(",", 1)[0] + "," + values for line in lines[1:]]]
    (folder / "edges.csv").write_text("\n".join(planted) + "\n")
    assert kinds(folder_faults(folder)) == [kind]


def test_a_lost_row_of_edges_is_caught(folder):
    lines = (folder / "edges.csv").read_text().splitlines()
    (folder / "edges.csv").write_text("\n".join(lines[:-1]) + "\n")
    assert kinds(folder_faults(folder)) == ["edges.csv has not d(d-1) rows"]


def test_broken_constraints_are_caught(folder):
    found = kinds(folder_faults(folder, Wanted((("a", "c"),), (("a", "b"), ("b", "a")), 0)))
    assert "a required edge is not kept" in found
    assert "a forbidden edge is not kept" in found
    assert "max_parents is not kept" in found
    assert kinds(folder_faults(folder, Wanted(required=(("a", "z"),)))) == [
        "the required edge that was taken names no column"
    ]


def test_impossible_listed_graphs_are_caught(folder):
    lines = (folder / "graphs.csv").read_text().splitlines()
    (folder / "graphs.csv").write_text("\n".join([*lines, lines[1], lines[1], lines[1]]) + "\n")
    assert "graphs.csv has impossible probabilities" in kinds(folder_faults(folder))


def test_a_cycle_is_caught():
    cycle = np.zeros((2, 3, 3), dtype=bool)
    cycle[0, 0, 1] = cycle[0, 1, 2] = True
    assert contents.graph_faults(cycle) == []
    cycle[1, 0, 1] = cycle[1, 1, 2] = cycle[1, 2, 0] = True
    assert kinds(contents.graph_faults(cycle)) == ["a graph with a cycle"]


def test_weights_and_graphs_in_the_archive_are_looked_at(folder):
    change_array(folder, "log_weights", lambda values: values + 0.1)
    assert "weights of graphs do not sum to one" in kinds(folder_faults(folder))
    change_array(folder, "graphs", lambda bits: bits | 255)
    found = kinds(folder_faults(folder))
    assert "a graph with a cycle" in found
    assert "a folder that fit wrote cannot be loaded" in found


@pytest.mark.parametrize("value", ["NaN", "null", "1e999"])
def test_an_exact_evidence_must_be_a_number(folder, value):
    evidence = json.loads((folder / "posterior.json").read_text())["log_evidence"]
    rewrite(folder / "posterior.json", f'"log_evidence": {evidence!r}', f'"log_evidence": {value}')
    assert kinds(folder_faults(folder))


def test_an_incomplete_or_fuller_folder_is_caught(folder):
    (folder / "extra").write_text("")
    assert kinds(folder_faults(folder)) == ["the folder has other files than it should"]
    assert kinds(folder_faults(folder, Wanted(report=True))) == ["the folder has other files than it should"]
    (folder / "graphs.csv").unlink()
    assert kinds(folder_faults(folder)) == ["an incomplete folder"]
    assert kinds(folder_faults(folder.with_name("nowhere"))) == ["an incomplete folder"]


def test_a_path_less_probable_than_its_edge_is_caught(folder):
    posterior = dag_gfn.load(folder)
    assert contents.marginal_faults(posterior) == []
    posterior.marginals["path"] = dag_gfn.Marginal(np.zeros((3, 3)), "exact")
    assert kinds(contents.marginal_faults(posterior)) == ["a path less probable than its edge (exact)"]
    posterior.marginals["path"] = dag_gfn.Marginal(np.ones((3, 3)), "exact")
    posterior.marginals["linked"] = dag_gfn.Marginal(np.ones((3, 3)), "exact")
    assert kinds(contents.marginal_faults(posterior)) == ["linked is not the sum of both directions"]
    posterior.marginals["linked"].values[:] = 2.0
    assert "a probability of 'linked' outside [0, 1]" in kinds(contents.marginal_faults(posterior))


def test_an_escaped_exception_is_caught_with_its_place(ends_in):
    def fails(arguments):
        raise KeyError("names")

    assert ends_in(fails) == ["traceback: KeyError in show"]


def test_an_exception_in_one_line_is_looked_into(ends_in):
    def tells(arguments):
        if "--debug" in arguments:
            raise KeyError("names")
        print(f"error: KeyError: names; {commands.UNFORESEEN}", file=sys.stderr)
        return 2

    assert ends_in(tells) == ["traceback: KeyError in show"]


def test_a_command_that_does_not_end_is_stopped(ends_in):
    def hangs(arguments):
        while True:
            try:
                time.sleep(10)
            except Exception:  # as a command may have it
                continue

    assert ends_in(hangs, seconds=0.05) == ["too slow: show"]


def test_a_warning_of_python_is_caught(ends_in):
    def warns(arguments):
        warnings.warn("overflow encountered in exp", RuntimeWarning, stacklevel=1)
        return 0

    assert ends_in(warns) == ["warning of Python on stderr: RuntimeWarning: overflow encountered in exp"]


def test_memory_is_measured(ends_in, monkeypatch):
    monkeypatch.setattr(judge, "MOST_MEMORY", 1e8)
    if commands._peak() == 0:
        pytest.skip("this system does not tell what a process holds")

    def greedy(arguments):
        np.ones(40_000_000)
        return 0

    assert ends_in(greedy) == ["memory"]
    assert ends_in(lambda arguments: 0) == []


@pytest.mark.parametrize(
    ("code", "out", "err", "kind"),
    [
        (0, "fine", "read semicolons as separators\n", None),
        (2, "", "error: column 'KeyError' is constant: leave it out\n", None),
        (1, "", "", "exit code 1"),
        (130, "", "", "exit code 130"),
        (0, "", "error: it broke\n", "an error is printed with exit code 0"),
        (2, "", "", "a refusal is not one line on stderr"),
        (2, "", "error: one\nerror: two\n", "a refusal is not one line on stderr"),
        (2, "", "error: one\nmore of it\n", "a refusal is not one line on stderr"),
        (2, "half a table", "error: no\n", "a refusal prints on stdout too"),
        (
            2,
            "",
            "error: KeyError: 'a'; this is a fault of dag_gfn, --debug shows the traceback\n",
            "unforeseen: KeyError: _; this is a fault of dag_gfn, --debug shows the traceback",
        ),
        (2, "", "error: KeyError: x\n", "words of Python in a message: KeyError"),
        (2, "", "error: list index out of range\n", "words of Python in a message: list index"),
        (2, "", "error: 'a.npz' is damaged: 'names'\n", "a message ends in a bare key"),
        (2, "", "error: " + "word " * 400 + "\n", "a message is too long"),
        (2, "", "error: column '" + "z" * 300 + "' is odd\n", "a message echoes too much"),
        (2, "", "error: column '\x1b[31m' is odd\n", "control characters in a message"),
        (0, "", "x.py:3: UserWarning: hm\n  warnings.warn(hm)\n", "warning or traceback on stderr"),
    ],
)
def test_how_a_command_ends(code, out, err, kind):
    assert kinds(ending(Outcome(["show"], code, out, err))) == ([] if kind is None else [kind])


def test_what_is_printed_must_be_possible():
    def printed(*arguments, out):
        return kinds(printed_faults(Outcome(list(arguments), 0, out, "")))

    assert printed("query", "--json", out='{"probability": 0.5}') == []
    assert printed("query", "--json", out='{"probability": 1.5}')
    assert printed("show", "--json", out='{"edges": [{"probability": -0.5}]}')
    assert printed("show", "--json", out='{"log_evidence": NaN}')
    assert printed("show", "--json", out="no JSON")
    assert printed("show", out="P = nan") == ["show prints nan or inf"]
    assert printed("show", out="information on 'nan'") == []
    assert printed_faults(Outcome(["show"], 0, "a → nan", ""), ["a", "nan"]) == []


def test_files_that_are_left_lost_or_changed_are_caught(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    before = snapshot(tmp_path)
    (tmp_path / "out.saving-0a1b2c3d").mkdir()
    (tmp_path / "out.saving-0a1b2c3d" / "x").write_text("")
    assert kinds(disk_faults(before, snapshot(tmp_path))) == ["a file is left behind: out.saving-*"]
    assert disk_faults(before, snapshot(tmp_path), may_change=["out.saving-0a1b2c3d"]) == []
    (tmp_path / "mine.txt").write_text("yours")
    assert "a file is changed: mine.txt" in kinds(disk_faults(before, snapshot(tmp_path)))
    (tmp_path / "mine.txt").unlink()
    assert "a file is lost: mine.txt" in kinds(disk_faults(before, snapshot(tmp_path)))
