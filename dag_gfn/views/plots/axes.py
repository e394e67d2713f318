"""Axes to draw on, and names that fit beside them."""

from typing import Any

MAX_LABEL = 22
"""Characters of a variable's name that a figure shows."""


def axes_for(ax: Any, size: tuple[float, float] = (6.0, 5.0)) -> Any:
    """Return the given axes, or new ones; matplotlib is loaded here and not before."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def label(name: str, length: int = MAX_LABEL) -> str:
    """Return a name cut to length, as plain text: matplotlib takes what stands between dollar signs for formulae."""
    shown = name if len(name) <= length else name[: length - 1] + "…"
    return shown.replace("$", r"\$")
