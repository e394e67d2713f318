"""Axes to draw on, and names of variables as labels."""

from typing import Any

MAX_LABEL = 22
"""Largest number of characters of a label."""


def axes_for(ax: Any, size: tuple[float, float] = (6.0, 5.0)) -> Any:
    """Return the given axes, or new ones of this size in inches; matplotlib is imported only here.

    Examples
    --------
    >>> from dag_gfn.views.plots.axes import axes_for
    >>> ax = axes_for(None, (4.0, 3.0))
    >>> ax.figure.get_size_inches().tolist()
    [4.0, 3.0]
    >>> axes_for(ax) is ax
    True
    """
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def label(name: str, length: int = MAX_LABEL) -> str:
    """Return a name cut to this length, with dollar signs escaped: matplotlib reads text between them as a formula.

    Examples
    --------
    >>> from dag_gfn.views.plots.axes import label
    >>> label("concentration_of_glucose")
    'concentration_of_gluc…'
    """
    shown = name if len(name) <= length else name[: length - 1] + "…"
    return shown.replace("$", r"\$")
