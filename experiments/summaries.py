"""Figures over seeds: means with intervals, medians, and how many of the planned runs they rest on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.table import Table
from rich.text import Text
from runs import Parameters, Record, console, failures
from scipy.stats import t

MISSING = "-"


def interval_half_width(values: Sequence[float], confidence: float = 0.95) -> float:
    """Return t · s / √n, half the width of the t-interval of a mean; nan for fewer than two values.

    Parameters
    ----------
    values : sequence of float
        Independent ones, as from several seeds; s is their standard deviation with n - 1 in the denominator.
    confidence : float
    """
    n = len(values)
    if n < 2:
        return float("nan")
    return float(t.ppf((1 + confidence) / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))


def summarise(
    planned: list[Parameters], records: list[Record], *, by: Sequence[str], figures: Sequence[str]
) -> pd.DataFrame:
    """Return one row for each setting, also for those of which there is no run yet.

    Parameters
    ----------
    planned : list of dict
        Parameters of all runs that there should be.
    records : list of dict
        Those that there are, failed ones included.
    by : sequence of str
        The parameters that make a setting; over the others, such as the seed, is averaged.
    figures : sequence of str
        Entries of the records' results.

    Returns
    -------
    DataFrame
        The columns of `by`; `planned`, `done` and `failed` numbers of runs; and for every figure `<figure>` (mean),
        `<figure>_half_width` (95 % t-interval), `<figure>_median` and `<figure>_values` (a tuple, by seed).
        Runs in which a figure is not finite are left out of it.
    """
    rows: dict[tuple, dict] = {}
    for parameters in planned:
        setting = tuple(parameters[name] for name in by)
        row = rows.setdefault(setting, {"planned": 0, "done": 0, "failed": 0, "results": []})
        row["planned"] += 1
    for record in records:
        row = rows[tuple(record["parameters"][name] for name in by)]
        row["failed" if "error" in record else "done"] += 1
        if "error" not in record:
            row["results"].append(record["result"])
    table = []
    for setting, row in rows.items():
        results = row.pop("results")
        line = {**dict(zip(by, setting, strict=True)), **row}
        for figure in figures:
            values = tuple(result[figure] for result in results if result.get(figure) is not None)
            line[figure] = float(np.mean(values)) if values else float("nan")
            line[f"{figure}_half_width"] = interval_half_width(values)
            line[f"{figure}_median"] = float(np.median(values)) if values else float("nan")
            line[f"{figure}_values"] = values
        table.append(line)
    return pd.DataFrame(table)


def scientific(value: float) -> str:
    """Return a number to two digits, or a sign that it is missing."""
    return MISSING if pd.isna(value) else f"{value:.1e}"


def decimal(value: float) -> str:
    """Return a number with four decimals, or a sign that it is missing."""
    return MISSING if pd.isna(value) else f"{value:.4f}"


def with_interval(row: pd.Series, figure: str, number=scientific) -> str:
    """Return mean ± half width."""
    mean, half = number(row[figure]), number(row[f"{figure}_half_width"])
    return mean if half == MISSING else f"{mean} ± {half}"


def runs_done(row: pd.Series) -> str:
    """Return how many of the planned runs there are: ``3``, or ``1 of 3, 1 failed``."""
    text = f"{row['done']}" if row["done"] == row["planned"] else f"{row['done']} of {row['planned']}"
    return f"{text}, {row['failed']} failed" if row["failed"] else text


def write_csv(table: pd.DataFrame, file: Path) -> None:
    """Write a table with its values joined by spaces, which leaves a row one line of numbers."""
    flat = table.copy()
    for name in flat.columns:
        if name.endswith("_values"):
            flat[name] = [" ".join(f"{value:g}" for value in values) for values in flat[name]]
    flat.to_csv(file, index=False, float_format="%.6g")


def print_table(title: str, table: pd.DataFrame) -> None:
    """Print a table of strings, of which those between double asterisks are bold."""
    shown = Table(*table.columns, title=title, title_justify="left")
    for row in table.itertuples(index=False):
        cells = [str(cell) for cell in row]
        shown.add_row(
            *(Text(cell.strip("*"), style="bold" if cell.startswith("**") else "") for cell in cells)
        )
    console.print(shown)
    console.print()


def markdown(title: str, table: pd.DataFrame) -> str:
    """Return a table of strings as Markdown, with its title above."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "\n".join([f"## {title}", "", *("| " + " | ".join(line) + " |" for line in lines), ""])


def write_page(
    file: Path,
    heading: str,
    sections: list[tuple[str, pd.DataFrame]],
    records: list[Record],
    figures: list[Path],
) -> None:
    """Print the tables, and write them with the figures and the failed runs as a Markdown page."""
    parts = [f"# {heading}", "", made_from(records), ""]
    for title, table in sections:
        print_table(title, table)
        parts.append(markdown(title, table))
    parts += [
        f"![{figure.stem.replace('_', ' ')}]({figure.relative_to(file.parent)})\n" for figure in figures
    ]
    failed = failures(records)
    if failed:
        parts += ["## Failed runs", "", *(f"- {line}" for line in failed), ""]
        console.print("failed runs:", *failed, sep="\n", markup=False)
    file.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")
    console.print(f"written: {', '.join(str(path) for path in [file, *figures])}", markup=False)


def made_from(records: list[Record]) -> str:
    """Return a sentence on the runs, versions and machines behind a page."""
    if not records:
        return "No run has been done yet."
    versions = sorted({record["version"] for record in records})
    machines = sorted(
        {
            f"{record['machine']['cpu']}, {record['machine']['cores']} cores, "
            f"{record['machine']['jobs']} runs at a time"
            for record in records
        }
    )
    return (
        f"Made from {len(records)} runs with dag_gfn {', '.join(versions)} ({'; '.join(machines)}). "
        "Means are over seeds, ± is a 95 % t-interval."
    )
