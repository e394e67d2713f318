"""Gibby: structure MCMC with fast basic moves and large ones, on local scores that it is given as a .jkl file.

The program (repository Sums-of-Products/gibby) is started as its `main.cpp` says: ``gibby -S scores.jkl -iter N``, and
leaves edge probabilities in ``results/``. It takes no seed in this mode. Tested with a stand-in, not with the program.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from peers.table import Drawn, NotPossible, Table, require

name = "Gibby"
gives = "posterior"
_SHORT = 20  # iterations


def _program() -> str | None:
    return os.environ.get("GIBBY") or shutil.which("gibby")


def installed() -> str | None:
    if _program() is None:
        return (
            "needs the program gibby on the PATH, or its path in the variable GIBBY: compile main.cpp of the "
            "repository Sums-of-Products/gibby with g++ -std=c++17 -O3"
        )
    return None


def score_of(data: Table, dag: np.ndarray) -> float | None:
    """Return the score of a DAG by the file that Gibby reads."""
    require(
        bool(data.score_file), "Gibby reads all families from a .jkl file, which is written up to 14 columns"
    )
    total, parents = 0.0, [tuple(np.flatnonzero(dag[:, j]).tolist()) for j in range(data.d)]
    lines = iter(Path(data.score_file).read_text().splitlines()[1:])
    for head in lines:
        node, families = (int(word) for word in head.split())
        for _ in range(families):
            score, _, *listed = next(lines).split()
            if tuple(sorted(map(int, listed))) == parents[node]:
                total += float(score)
    return total


def _edges(data: Table, iterations: int, place: str) -> np.ndarray:
    command = [str(_program()), "-S", str(Path(data.score_file).resolve()), "-iter", str(iterations)]
    command += ["-burnin", str(max(1, iterations // 2))]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    found = sorted(Path(place).glob("results/*_posterior.txt"), key=lambda path: path.stat().st_mtime_ns)
    if done.returncode or not found:
        raise NotPossible("Gibby failed: " + " ".join(done.stderr.split())[-300:])
    return np.loadtxt(found[-1], ndmin=2)


def run(data: Table, seconds: float, seed: int) -> Drawn:
    require(
        bool(data.score_file), "Gibby reads all families from a .jkl file, which is written up to 14 columns"
    )
    with tempfile.TemporaryDirectory() as place:
        start = time.monotonic()
        _edges(data, _SHORT, place)
        short = max(time.monotonic() - start, 1e-3)
        iterations = max(_SHORT, int(_SHORT * (seconds - short) / short))
        edge = _edges(data, iterations, place)
    return Drawn(edge, note=f"{iterations} iterations, half as many of burn-in; edges alone, and no seed")
