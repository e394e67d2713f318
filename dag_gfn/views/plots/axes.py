"""Axes to draw on, and names of variables as labels."""

from pathlib import Path
from typing import Any

from dag_gfn import files
from dag_gfn.errors import StorageError

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


def save_figure(ax: Any, path: str | Path) -> None:
    """Write the figure of some axes to a file, in the format of its suffix, and close it.

    Raises
    ------
    StorageError
        If the format is not known, or the file cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.views.plots.axes import axes_for, save_figure
    >>> save_figure(axes_for(None), "figure.svg")
    >>> Path("figure.svg").stat().st_size > 0
    True
    """
    from matplotlib import pyplot

    target, figure = Path(path), ax.figure
    known = sorted(figure.canvas.get_supported_filetypes())
    try:
        if target.suffix.lower().lstrip(".") not in known:
            raise StorageError(
                f"'{target.name}' has no suffix of a figure: name it .png, .pdf or .svg, or another of "
                f"{', '.join(known)}"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(target) as place:
            figure.savefig(place, format=target.suffix.lower().lstrip("."))
    except OSError as error:
        raise StorageError(f"cannot write '{target}': {error.strerror or error}") from error
    finally:
        pyplot.close(figure)


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
