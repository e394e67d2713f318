"""Run one adapter, in a process of its own.

    python worker.py NAME installed|score|run [IN.npz OUT.npz SECONDS SEED]

`installed` prints ``installed:``, and behind it why the program cannot be used, if so. What goes wrong in words that
an adapter chose is printed after ``not possible:``, with exit code 3.
"""

import importlib
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":  # the folder of experiments is looked in last, so that its names hide no library's
    sys.path = [*sys.path[1:], str(Path(__file__).resolve().parent.parent)]

import numpy as np

from peers.table import NotPossible, Table


def adapter(name: str):
    """Return the adapter of a peer, or of a method of this package: ``dag_gfn.mcmc``."""
    if name.startswith("dag_gfn."):
        return importlib.import_module("peers.own").Method(name.partition(".")[2])
    return importlib.import_module(f"peers.{name}")


def peak_megabytes() -> float:
    """Return the most memory that this process, or one that it started, has used.

    `ru_maxrss` of a new process begins with what its parent used, so Linux's own figure is taken where there is one.
    """
    status = Path("/proc/self/status")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if status.exists():
        lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        own = int(lines[0].split()[1]) / 1024 if lines else own
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)


def main(
    name: str, task: str, source: str = "", target: str = "", seconds: str = "0", seed: str = "0"
) -> None:
    program = adapter(name)
    if task == "installed":
        print(f"installed: {program.installed() or ''}")
        return
    data = Table.load(Path(source))
    if task == "score":
        with np.load(target) as asked:
            dags = asked["dags"]
        scores = [program.score_of(data, dag) for dag in dags]
        np.savez(target, scores=np.array([np.nan if score is None else score for score in scores]))
        return
    start = time.monotonic()
    drawn = program.run(data, float(seconds), int(seed))
    if np.isnan(drawn.seconds):
        drawn = replace(drawn, seconds=time.monotonic() - start)
    drawn.save(Path(target), megabytes=peak_megabytes())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NotPossible as reason:
        print(f"not possible: {reason}")
        sys.exit(3)
