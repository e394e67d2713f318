"""The command line as a whole: wrong commands, help, errors in a line."""

import os
import subprocess
import sys

import pytest
from cli_cases import ROOT, fails

import dag_gfn
from dag_gfn.cli import main


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


def test_names_and_arrows_do_not_need_a_utf8_locale(fitted):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "dag_gfn", "show", str(fitted)], capture_output=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "a→b" in done.stdout.decode("utf-8")
