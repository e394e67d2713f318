"""Jensen-Shannon divergence against iterations or seconds, and how the methods are told apart in figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from runs import Record

plt.rcParams.update({"font.size": 13, "axes.titlesize": 15, "legend.fontsize": 12, "axes.grid": True})
plt.rcParams.update({"grid.alpha": 0.3, "axes.axisbelow": True, "axes.spines.top": False})
plt.rcParams.update({"axes.spines.right": False})

SMALLEST = 1e-15
"""Divergences below this are rounding, and are drawn here."""


def median_curve(histories: Sequence[Mapping[str, list]], along: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the median over runs of the divergence, where all of them have been.

    Runs are compared at the same iteration (second); between a run's records log JSD is interpolated linearly in the
    log of `along`.

    Parameters
    ----------
    histories : sequence of mapping
        Each with lists `jsd`, `iteration` and `seconds`.
    along : {"iteration", "seconds"}

    Returns
    -------
    at, jsd : ndarray, shape (k,), float64
        Empty where there is no history, or the runs have no range in common.
    """
    tracks = [
        (np.log(history[along]), np.log(np.maximum(history["jsd"], SMALLEST)))
        for history in histories
        if len(history["jsd"])
    ]
    if not tracks:
        return np.empty(0), np.empty(0)
    first, last = max(at[0] for at, _ in tracks), min(at[-1] for at, _ in tracks)
    if first > last:
        return np.empty(0), np.empty(0)
    grid = np.unique(np.concatenate([at for at, _ in tracks]))
    grid = grid[(grid >= first) & (grid <= last)]
    values = np.median([np.interp(grid, at, jsd) for at, jsd in tracks], axis=0)
    return np.exp(grid), np.exp(values)


def histories(records: list[Record], **setting) -> list[dict]:
    """Return the histories of the runs with these parameters."""
    return [
        record["result"]["history"]
        for record in records
        if "error" not in record and setting.items() <= record["parameters"].items()
    ]


def draw_curve(axes: Axes, records: list[Record], along: str, setting: dict, **style) -> None:
    """Draw the median of the runs with these parameters."""
    at, jsd = median_curve(histories(records, **setting), along)
    if len(at):
        axes.plot(at, jsd, **style)


def log_axes(axes: Axes, along: str) -> None:
    """Make both axes logarithmic and name them."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("iterations" if along == "iteration" else "seconds of training")


def save(figure: Figure, file: Path) -> Path:
    """Write a figure and return its file."""
    figure.savefig(file, dpi=110, bbox_inches="tight")
    plt.close(figure)
    return file
