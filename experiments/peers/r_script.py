"""How R is asked: a short script, the table as CSV beside it, and a text file of numbers back."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from peers.table import Drawn, NotPossible, Table


def missing(package: str) -> str | None:
    """Return why R or one of its packages cannot be used, or None."""
    if shutil.which("Rscript") is None:
        return f"needs R with the package {package}: Rscript is not on the PATH"
    check = f'quit(status = if (requireNamespace("{package}", quietly = TRUE)) 0 else 1)'
    if subprocess.run(["Rscript", "-e", check], capture_output=True, check=False).returncode:
        return f"needs the R package {package}: install.packages('{package}')"
    return None


def read_table(data: Table) -> str:
    """Return the R code that reads the table: numbers, or factors with all their states."""
    lines = ["args <- commandArgs(trailingOnly = TRUE)", "data <- read.csv(args[1])"]
    if data.is_discrete:
        states = ", ".join(str(number) for number in data.cardinalities.tolist())
        lines += [
            f"states <- c({states})",
            "for (j in seq_along(states)) data[[j]] <- factor(data[[j]], levels = 0:(states[j] - 1))",
        ]
    return "\n".join(lines)


def numbers_from(code: str, data: Table, *arguments: object, matrix: np.ndarray | None = None) -> np.ndarray:
    """Run a script and return the lines of numbers that it wrote.

    The script is given the table's file, the file to write, and the arguments; a matrix is put beside as a file, and
    its path is the first of the arguments.
    """
    with tempfile.TemporaryDirectory() as place:
        table, script, out = (Path(place) / name for name in ("table.csv", "script.R", "numbers.txt"))
        values = data.values.astype(int) if data.is_discrete else data.values
        names = ",".join(f"v{j}" for j in range(data.d))
        np.savetxt(
            table, values, delimiter=",", header=names, comments="", fmt="%d" if data.is_discrete else "%.17g"
        )
        script.write_text(code, encoding="utf-8")
        if matrix is not None:
            np.savetxt(Path(place) / "matrix.txt", matrix, fmt="%d")
            arguments = (Path(place) / "matrix.txt", *arguments)
        done = subprocess.run(
            ["Rscript", script, table, out, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        if done.returncode or not out.exists():
            raise NotPossible("R failed: " + " ".join(done.stderr.split())[-300:])
        return np.loadtxt(out, ndmin=2)


def drawn_from(code: str, data: Table, seconds: float, seed: int, note: str) -> Drawn:
    """Return the DAGs that a script writes: one on each line, matrices by rows."""
    lines = numbers_from(code, data, seconds, seed)
    graphs = lines.reshape(-1, data.d, data.d) > 0.5
    return Drawn.of_graphs(graphs, f"{len(graphs)} {note}")
