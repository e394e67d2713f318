"""One generated table: it is fitted, the result judged, and commands tried on the folder."""

import csv
import json
import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from random_trials import oracle
from random_trials.commands import Outcome, run_apart, run_here
from random_trials.contents import folder_faults
from random_trials.judge import Fault, disk_faults, ending, printed_faults, refusal, snapshot
from random_trials.options import Options, any_options, clean_options
from random_trials.tables import Table, csv_text, make_table

APART = 0.004
"""Share of fits that have a process of their own."""
TRIED_AFTERWARDS = 0.2
"""Share of folders on which other commands are tried."""


@dataclass
class Trial:
    """What became of one trial.

    Attributes
    ----------
    outcome : str
        "fit", "refused" or, of damaged folders and kills, what was done.
    refusal : str
        The kind of message.
    told : list of str
        Kinds of warnings in the result.
    faults : list of Fault
    inputs : dict of str to bytes
        Files that reproduce it, by name.
    """

    outcome: str
    refusal: str = ""
    told: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    inputs: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def working_folder() -> Iterator[Path]:
    """Work in a new folder, which is gone afterwards."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="trial-", ignore_cleanup_errors=True) as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


def try_table(rng: np.random.Generator) -> Trial:
    """Make a table and options, fit, and judge all that comes of it."""
    table = make_table(rng)
    options = clean_options(rng, table) if table.kind else any_options(rng, table)
    with working_folder() as here:
        return fit_table(here, table, options, rng)


def fit_table(here: Path, table: Table, options: Options, rng: np.random.Generator) -> Trial:
    """Fit a table in a folder that is empty, and judge all that comes of it."""
    (here / "table.csv").write_bytes(table.content)
    arguments = ["fit", "table.csv", "--out", "out", *options.arguments]
    before = snapshot(here)
    outcome = (run_apart if rng.random() < APART else run_here)(arguments)
    trial = judged_fit(here, outcome, options, before)
    trial.inputs = {"table.csv": table.content, "command.txt": _as_text([arguments])}
    if trial.outcome != "fit":
        return trial
    if options.plain:
        trial.faults += _compared_with_oracle(here / "out", table, options)
        trial.faults += _compared_with_itself(here, table, options, rng)
    if rng.random() < TRIED_AFTERWARDS:
        trial.faults += commands_on(here, Path("out"), rng)
    return trial


def judged_fit(here: Path, outcome: Outcome, options: Options, before: dict[str, str]) -> Trial:
    """Return what became of `fit --out out`, before which `before` was on the disk."""
    faults = ending(outcome)
    if outcome.code == 0:
        faults += disk_faults(before, snapshot(here), may_change=("out",))
        faults += folder_faults(here / "out", options.wanted)
        if options.quiet and (outcome.out or outcome.err):
            faults.append(Fault("--quiet is not quiet", outcome.out + outcome.err))
        info = _info(here / "out")
        told = [refusal(replace(outcome, err=text)) for text in info.get("warnings", [])]
        return Trial("fit", told=told, faults=faults)
    saved = (here / "out" / "posterior.json").exists()
    if saved:
        faults.append(Fault("refused, but a posterior is there", outcome.err))
    else:
        faults += disk_faults(before, snapshot(here))
    return Trial("refused", refusal=refusal(outcome), faults=faults)


def commands_on(here: Path, folder: Path, rng: np.random.Generator, *, how_many: int = 3) -> list[Fault]:
    """Try some of the reading commands on a good folder: they leave it as it is, or refuse in a line."""
    names = _info(here / folder).get("names", [])
    commands = reading_commands(folder, names, rng)
    faults: list[Fault] = []
    for k in rng.choice(len(commands), size=how_many, replace=False):
        arguments, written = commands[k]
        before = snapshot(here)
        outcome = run_here(arguments)
        faults += ending(outcome) + printed_faults(outcome, names)
        faults += disk_faults(before, snapshot(here), may_change=written if outcome.code == 0 else ())
        if outcome.code == 0:
            faults += [
                Fault(f"{arguments[0]} did not write {name}", "")
                for name in written
                if not Path(name).exists()
            ]
    return [Fault(f"after the fit: {kind}", detail) for kind, detail in faults]


def reading_commands(
    folder: Path, names: list[str], rng: np.random.Generator
) -> list[tuple[list[str], tuple[str, ...]]]:
    """Return commands that read a posterior folder, each with the files that it may write."""
    first, second = (names[0], names[-1]) if names else ("a", "b")
    if len(names) > 2 and rng.random() < 0.5:
        first, second = (names[k] for k in rng.choice(len(names), size=2, replace=False))
    a, b = (_quoted(name) for name in (first, second))
    queries = (
        f"edge({a}, {b})",
        f"linked({a}, {b}) & !path({b}, {a})",
        f"!linked({a}, {b})",
        f"parents({b}) >= {{{a}}}",
        f"dsep({a}, {b})",
        f"compelled({a}, {b}) | reversible({a}, {b})",
    )
    query = str(rng.choice(queries))
    format_ = str(rng.choice(["graphml", "dot", "csv", "bif"]))
    graph = str(rng.choice(["median", "top", "consensus"]))
    effect = ["effect", str(folder), f"--from={first}", f"--to={second}", "--draws", "50"]
    page = (folder / "report.html").as_posix()
    return [
        (["show", str(folder)], ()),
        (["show", str(folder), "--json"], ()),
        (["query", str(folder), query], ()),
        (["query", str(folder), query, "--json"], ()),
        (["query", str(folder), f"path({a}, {b})", "--given", f"!edge({b}, {a})"], ()),
        (effect, ()),
        ([*effect, "--json"], ()),
        (
            ["export", str(folder), "--out", "graph.txt", "--format", format_, "--graph", graph],
            ("graph.txt",),
        ),
        (["compare", str(folder), str(folder)], ()),
        (["compare", str(folder), str(folder), "--json"], ()),
        (["report", str(folder), "--overwrite"], (page,)),
    ]


# --- clean tables have a known answer ---


def _compared_with_oracle(out: Path, table: Table, options: Options) -> list[Fault]:
    """Return how the posterior differs from the one by its definition."""
    if table.width > oracle.MOST_NODES:
        return []
    given = dict(zip(options.arguments, options.arguments[1:], strict=False))
    evidence, edges = oracle.exact_posterior(
        table,
        equivalent_sample_size=float(given.get("--equivalent-sample-size", 1)),
        fair="--prior" in options.arguments,
        required=options.wanted.required,
        forbidden=options.wanted.forbidden,
        max_parents=options.wanted.max_parents,
        skip_sparse=_has_guard(),
    )
    found, stored = edge_probabilities(out), _info(out)["log_evidence"]
    error = np.abs(found - edges).max()
    if not error < 1e-6 or stored is None or not abs(stored - evidence) < 1e-6 * max(1, abs(evidence)):
        return [
            Fault("not the posterior by its definition", f"edges by {error:.3g}, {stored} for {evidence}")
        ]
    return []


def _compared_with_itself(
    here: Path, table: Table, options: Options, rng: np.random.Generator
) -> list[Fault]:
    """Return how the posterior changes with the order of columns and rows, or with the units."""
    assert table.cells is not None
    d, n = table.width, len(table.cells[0])
    if rng.random() < 0.5:
        return []
    columns, rows, change = list(range(d)), list(range(n)), "units"
    cells = table.cells
    if table.kind == "discrete" or rng.random() < 0.5:
        columns, rows, change = (
            list(rng.permutation(d)),
            list(rng.permutation(n)),
            "the order of columns and rows",
        )
    else:
        units = rng.choice([1e-6, 0.3, 1e3, 1e12], size=d)
        cells = [
            [repr(float(cell) * float(unit)) for cell in column]
            for column, unit in zip(cells, units, strict=True)
        ]
    moved = [[cells[j][k] for k in rows] for j in columns]
    (here / "moved.csv").write_text(csv_text([table.names[j] for j in columns], moved))
    outcome = run_here(["fit", "moved.csv", "--out", "moved", *options.arguments])
    if outcome.code != 0:
        return [Fault(f"refused after a change of {change}", outcome.err), *ending(outcome)]
    difference = (
        edge_probabilities(here / "moved") - edge_probabilities(here / "out")[np.ix_(columns, columns)]
    )
    if not np.abs(difference).max() < 1e-6:
        return [Fault(f"probabilities change with {change}", f"by {np.abs(difference).max():.3g}")]
    return []


def edge_probabilities(folder: Path) -> np.ndarray:
    """Return edges.csv as an array (d, d), row → column."""
    with (folder / "edges.csv").open(encoding="utf-8", newline="") as file:
        values = [float(row["probability"]) for row in csv.DictReader(file)]
    d = round((1 + np.sqrt(1 + 4 * len(values))) / 2)
    probability = np.zeros((d, d))
    probability[~np.eye(d, dtype=bool)] = values
    return probability


@cache
def _has_guard() -> bool:
    """Return whether families with more cells than rows are left out by default."""
    return "--sparse-families" in run_here(["fit", "--help"]).out


def _info(folder: Path) -> dict[str, Any]:
    try:
        info = json.loads((folder / "posterior.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_text(commands: list[list[str]]) -> bytes:
    return "".join(shlex.join(["dag-gfn", *arguments]) + "\n" for arguments in commands).encode()
