import os
import subprocess
import sys

import arithmetic
import pytest


@pytest.mark.parametrize("setting", arithmetic.SETTINGS)
def test_the_libraries_start_without_a_warning_and_obey(setting):
    variables = arithmetic.environment(setting, 2)
    code = (
        "import numpy as np, torch, numba; np.ones((8, 8)) @ np.ones((8, 8))\n"
        "print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    capability, threads = done.stdout.split()
    assert done.stderr == ""
    assert threads == "2"
    if setting == "SSE4.2":
        assert capability in ("DEFAULT", "NO")


def test_it_stops_at_the_setting_that_fails_and_names_it(monkeypatch, capfd):
    codes = iter([0, 0, 1])
    monkeypatch.setattr(arithmetic.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(
        arithmetic.subprocess,
        "run",
        lambda command, env, check: subprocess.CompletedProcess(command, next(codes)),
    )
    assert arithmetic.main([]) == 1
    told = capfd.readouterr().out.split("=== Settings\n")[1].splitlines()
    assert [line.split(" in ")[0].split() for line in told[:3]] == [
        ["SSE4.2,", "1", "thread", "passed"],
        ["SSE4.2,", "2", "threads", "passed"],
        ["AVX2,", "1", "thread", "FAILED", "(exit", "code", "1)"],
    ]
    assert len(told) == 6
    assert all(line.endswith("not run") for line in told[3:])


def test_all_pass(monkeypatch):
    monkeypatch.setattr(
        arithmetic.subprocess, "run", lambda command, env, check: subprocess.CompletedProcess(command, 0)
    )
    assert arithmetic.main([]) == 0
