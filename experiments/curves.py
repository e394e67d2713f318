"""A distance from the target against iterations, seconds or states visited, in figures."""

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


ALONG = {"iteration": "iterations", "seconds": "seconds of training", "states": "states visited"}
"""What curves are drawn against, and what the axis is called."""


def median_curve(
    histories: Sequence[Mapping[str, list]], along: str, *, figure: str = "jsd"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the median over runs of a distance, where all of them have been.

    Runs are compared at the same iteration (second, number of states); between a run's records the log of the distance
    is interpolated linearly in the log of `along`.

    Parameters
    ----------
    histories : sequence of mapping
        Each with lists of the name `along` and of the name `figure`.
    along : str
        A key of `ALONG`.
    figure : str
        The distance, such as the Jensen-Shannon divergence.

    Returns
    -------
    at, distance : ndarray, shape (k,), float64
        Empty where there is no history, or the runs have no range in common.
    """
    tracks = [
        (np.log(history[along]), np.log(np.maximum(history[figure], SMALLEST)))
        for history in histories
        if len(history[figure])
    ]
    if not tracks:
        return np.empty(0), np.empty(0)
    first, last = max(at[0] for at, _ in tracks), min(at[-1] for at, _ in tracks)
    if first > last:
        return np.empty(0), np.empty(0)
    grid = np.unique(np.concatenate([at for at, _ in tracks]))
    grid = grid[(grid >= first) & (grid <= last)]
    values = np.median([np.interp(grid, at, logs) for at, logs in tracks], axis=0)
    return np.exp(grid), np.exp(values)


def histories(records: list[Record], **setting) -> list[dict]:
    """Return the histories of the runs with these parameters."""
    return [
        record["result"]["history"]
        for record in records
        if "error" not in record and setting.items() <= record["parameters"].items()
    ]


def draw_curve(
    axes: Axes, records: list[Record], along: str, setting: dict, *, figure: str = "jsd", **style
) -> None:
    """Draw the median of the runs with these parameters."""
    at, distance = median_curve(histories(records, **setting), along, figure=figure)
    if len(at):
        axes.plot(at, distance, **style)


def log_axes(axes: Axes, along: str) -> None:
    """Make both axes logarithmic and name them."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(ALONG[along])


def save(figure: Figure, file: Path) -> Path:
    """Write a figure and return its file."""
    figure.savefig(file, dpi=110, bbox_inches="tight")
    plt.close(figure)
    return file
