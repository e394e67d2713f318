"""Completion in shells, as bash does it, and what it must not load."""

import os
import shutil
import subprocess
import sys

import pytest
import shellingham

from dag_gfn.cli import main

PROGRAM = f"""#!/bin/sh
exec "{sys.executable}" -m dag_gfn "$@"
"""
COMPLETE = """
set -e
eval "$(dag-gfn --show-completion; true)"
complete -p dag-gfn
asked() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dag_gfn_completion dag-gfn; echo "<${COMPREPLY[*]}>"; }
asked dag-gfn fi
asked dag-gfn effect --fr
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_commands_and_options(tmp_path):
    program = tmp_path / "dag-gfn"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", COMPLETE], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "complete -o default -F _dag_gfn_completion dag-gfn",
        "<fit>",
        "<--from>",
    ]


def test_completion_loads_no_numpy():
    code = (
        "import sys; from dag_gfn.cli import main; main()\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'torch', 'numba'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)"
    )
    asked = {"_DAG_GFN_COMPLETE": "complete_bash", "COMP_WORDS": "dag-gfn mo", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **asked},
        check=False,
    )
    assert done.stdout == "models\n"
    assert done.stderr == "[]\n"


def test_a_shell_that_is_not_known_is_an_error(monkeypatch, capsys):
    def undetected(*given, **named):
        raise shellingham.ShellDetectionFailure

    monkeypatch.setattr(shellingham, "detect_shell", undetected)
    assert main(["--show-completion"]) == 2
    assert "not supported" in capsys.readouterr().err
