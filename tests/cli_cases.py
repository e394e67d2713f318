"""The command line as a person meets it: what it prints, how it fails, what it leaves on the disk."""

from pathlib import Path

import numpy as np
import pandas as pd

import dag_gfn
from dag_gfn.cli import main

ROOT = Path(dag_gfn.__file__).parents[1]
QUICK = (
    *("--method", "gflownet", "--iterations", "30", "--num-samples", "200"),
    *(
        "--train-option",
        "monitor_every=0.5",
    ),  # ten judgements, the default, take longer than so short a training
)
NASTY_NAMES = ("[red]x[/red]", "na,me", "<script>alert(1)</script>", ":heart:", "y" * 60, "größe→日本")


def table(columns="abc", rows=40, seed=0):
    """A chain of linear-Gaussian columns."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(columns)))
    for j in range(1, len(columns)):
        values[:, j] += values[:, j - 1]
    return pd.DataFrame(values, columns=list(columns))


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


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")
