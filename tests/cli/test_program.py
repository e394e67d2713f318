"""The command line as a whole: wrong commands, help, errors in a line."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from cli_cases import fails, table

import dag_gfn
from dag_gfn.cli import main, program


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
        check=False,
    )
    assert "Traceback" in done.stderr
    assert "no file 'missing.csv'" in done.stderr


def test_names_and_arrows_do_not_need_a_utf8_locale(fitted):
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "dag_gfn", "show", str(fitted)], capture_output=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "a→b" in done.stdout.decode("utf-8")


COMMAND = f'"{sys.executable}" -m dag_gfn'


def shell(line, folder):
    """Run a line of the shell with the program in it; return exit code, output and errors."""
    done = subprocess.run(
        ["/bin/sh", "-c", line.replace("dag-gfn", COMMAND)],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A folder with the exact posterior of a table of three columns."""
    folder = tmp_path_factory.mktemp("shown")
    table().to_csv(folder / "ok.csv", index=False)
    dag_gfn.fit(str(folder / "ok.csv"), method="exact", progress=False).save(folder / "out")
    return folder


EXACT = "dag-gfn fit ok.csv --method exact --overwrite --out"


@pytest.mark.skipif(os.name == "nt", reason="streams are closed by the shell")
@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("dag-gfn show out >&-", 2, "standard output is closed"),
        ("dag-gfn show nowhere 2>&-", 2, ""),
        (f"{EXACT} closed >&- 2>&-", 0, ""),
        (f"({EXACT} piped; echo $? >code) | head -1 >first; exit $(cat code)", 0, ""),
        ("(dag-gfn show out; echo $? >code) | true; exit $(cat code)", 0, ""),
        ("(dag-gfn fit --help; echo $? >code) | true; exit $(cat code)", 0, ""),
        pytest.param(
            f"{EXACT} full >/dev/full", 2, "'full' is saved, but cannot be shown: No space", id="full"
        ),
    ],
)
def test_streams_that_are_closed_or_full_are_told_in_one_line_and_lose_nothing(shown, line, code, said):
    found, _, told = shell(line, shown)
    assert found == code, told
    assert "Traceback" not in told
    assert "Exception ignored" not in told
    assert said in told
    assert told.count("\n") == (1 if said else 0)
    for name in ("closed", "piped", "full"):
        if f"{EXACT} {name}" in line:
            assert dag_gfn.load(shown / name).d == 3


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ZeroDivisionError("by nought"),
            "ZeroDivisionError: by nought; this is a fault of dag_gfn, --debug shows",
        ),
        (KeyError("a\nb"), "KeyError"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory"),
        (RecursionError("maximum recursion depth exceeded"), "too many levels in one another"),
        (ValueError("x y " * 10_000), "ValueError"),
    ],
)
def test_what_nobody_foresaw_is_one_line_too(shown, monkeypatch, capsys, error, said):
    def broken(folder):
        raise error

    monkeypatch.chdir(shown)
    monkeypatch.setattr(dag_gfn, "load", broken)
    line = fails(capsys, "show", "out")
    assert said in line
    assert len(line) < 500
    with pytest.raises(type(error)):
        main(["show", "out", "--debug"])


@pytest.mark.parametrize(
    "command", [["show"], ["query", "out"], ["fit", "--out", "o", "--drop"], ["--"], ["fit"]]
)
def test_messages_repeat_200_characters_at_most(shown, monkeypatch, capsys, command):
    monkeypatch.chdir(shown)
    for given in ("x" * 5_000, "edge(a, " + "b c " * 2_000, "é" * 3_000):
        assert main([*command, given]) == 2
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert len(line) < 700
        assert given not in line


def test_an_interrupt_is_told(shown, monkeypatch, capsys):
    def interrupted(folder):
        raise KeyboardInterrupt

    monkeypatch.chdir(shown)
    monkeypatch.setattr(dag_gfn, "load", interrupted)
    assert main(["show", "out"]) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_folder_that_a_kill_left_elsewhere_is_back_and_that_is_said(shown, tmp_path, monkeypatch, capsys):
    shutil.copytree(shown / "out", tmp_path / "out.replaced-01234567")
    monkeypatch.chdir(tmp_path)
    assert main(["query", "out", "edge(a, b)"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("P(edge(a, b)) = ")
    assert captured.err.startswith("note: an earlier run was killed before")
    assert captured.err.count("\n") == 1
    assert main(["query", "out", "edge(a, b)"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("ignored", [True, False])
def test_a_closed_terminal_is_as_ctrl_c_but_under_nohup(monkeypatch, ignored):
    handlers = {"SIGTERM": signal.SIG_DFL, "SIGHUP": signal.SIG_IGN if ignored else signal.SIG_DFL}
    set_to = {}
    monkeypatch.setattr(signal, "getsignal", lambda number: handlers[signal.Signals(number).name])
    monkeypatch.setattr(signal, "signal", lambda number, handler: set_to.update({number: handler}))
    monkeypatch.setattr(program, "open_streams", lambda: None)
    monkeypatch.setattr(program, "main", lambda: 0)
    with pytest.raises(SystemExit):
        program.run()
    assert set(set_to) == {signal.SIGTERM} | (set() if ignored else {signal.SIGHUP})
    assert set(set_to.values()) == {signal.default_int_handler}
