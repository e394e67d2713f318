"""Figures of graphs: likely links and their directions, the most probable graphs, an equivalence class."""

import math
from typing import Any

import numpy as np
from jaxtyping import Float64

from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.ranking import likely_text
from dag_gfn.views.pairs import SETTLED
from dag_gfn.views.plots.axes import axes_for, label
from dag_gfn.views.plots.layout import bow, layered_layout

SETTLED_COLOR, OPEN_COLOR = "#124a8c", "#b35900"


def consensus_graph(posterior: GraphPosterior, ax: Any = None, *, threshold: float = 0.3) -> Any:
    """Draw the pairs that are likely linked, with the directions of the links.

    Width and opacity of a line show the probability of the link. The arrowhead at each end grows with the share of
    that direction, so a link that the data cannot orient has two equal heads. A link is orange unless one direction
    has a share of at least `SETTLED`.

    Parameters
    ----------
    posterior : GraphPosterior
    ax : matplotlib Axes, optional
    threshold : float
        Pairs less likely linked than this are left out.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.plots import consensus_graph
    >>> chain = np.array([[False, True, False], [False, False, True], [False, False, False]])
    >>> posterior = GraphPosterior.from_samples(("a", "b", "c"), np.stack([chain, chain.T]))
    >>> ax = consensus_graph(posterior)
    >>> len(ax.patches)  # two lines, each with two heads: the samples disagree about both directions
    6
    """
    edge, linked = posterior.marginal("edge").values, posterior.marginal("linked").values
    positions = _positions(posterior)
    ax = _axes(ax, positions)
    for i, j in np.argwhere(np.triu(linked >= threshold, k=1)):
        share = edge[i, j] / max(edge[i, j] + edge[j, i], 1e-300)
        color = SETTLED_COLOR if max(share, 1 - share) >= SETTLED else OPEN_COLOR
        style = {"width": 0.6 + 3.0 * linked[i, j], "color": color, "alpha": 0.25 + 0.75 * linked[i, j]}
        _link(ax, positions, i, j, head=0.0, **style)
        for start, end, part in ((i, j, share), (j, i, 1 - share)):
            if part > 0.02:
                _link(ax, positions, start, end, head=4 + 14 * part, **{**style, "width": 0.0})
    _nodes(ax, posterior.names, positions)
    ax.set_title(f"pairs linked with probability ≥ {threshold:g}; orange: direction open", fontsize=9)
    return ax


def top_graphs(posterior: GraphPosterior, ax: Any = None, *, k: int = 6) -> Any:
    """Draw the most probable graphs side by side with their probabilities; a node has the same place in each.

    Parameters
    ----------
    posterior : GraphPosterior
    ax : matplotlib Axes, optional
        Divided among the graphs.
    k : int
        Number of graphs.

    Returns
    -------
    Axes
        Axes of the whole grid; its `child_axes` are those of the graphs.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.plots import top_graphs
    >>> chain = np.array([[False, True, False], [False, False, True], [False, False, False]])
    >>> posterior = GraphPosterior.from_samples(("a", "b", "c"), np.stack([chain, chain, chain.T]))
    >>> len(top_graphs(posterior, k=2).child_axes)
    2
    """
    tops = posterior.top_graphs(k)
    columns = 2 if len(tops) == 4 else min(len(tops), 3)
    rows = math.ceil(len(tops) / columns)
    positions = _positions(posterior)
    width, height = _size(positions)
    ax = axes_for(ax, (min(columns * width, 14.0), min(rows * height, 16.0)))
    ax.set_axis_off()
    index = {name: i for i, name in enumerate(posterior.names)}
    for place, dag in enumerate(tops):
        row, column = divmod(place, columns)
        inner = ax.inset_axes((column / columns, 1 - (row + 1) / rows, 0.97 / columns, 0.9 / rows))
        _frame(inner, positions)
        for source, target in dag.edges:
            _link(ax=inner, positions=positions, start=index[source], end=index[target], head=10.0)
        _nodes(inner, posterior.names, positions, fontsize=7, length=12)
        inner.set_title(likely_text(dag.graph), fontsize=9)
    return ax


def class_graph(posterior: GraphPosterior, ax: Any = None, *, rank: int = 1) -> Any:
    """Draw an equivalence class as its essential graph: arrows where all members agree, plain lines elsewhere.

    Parameters
    ----------
    posterior : GraphPosterior
    ax : matplotlib Axes, optional
    rank : int
        1 is the most probable class.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.plots import class_graph
    >>> chain = np.array([[False, True, False], [False, False, True], [False, False, False]])
    >>> posterior = GraphPosterior.from_samples(("a", "b", "c"), np.stack([chain, chain.T]))
    >>> ax = class_graph(posterior)  # a — b — c: both samples are members
    >>> len(ax.patches)
    2
    """
    mixed = posterior.top_classes(rank)[-1]
    positions = _positions(posterior)
    ax = _axes(ax, positions)
    index = {name: i for i, name in enumerate(posterior.names)}
    for source, target, attributes in mixed.edges(data=True):
        i, j = index[source], index[target]
        if attributes["compelled"]:
            _link(ax, positions, i, j, head=13.0)
        elif i < j:
            _link(ax, positions, i, j, head=0.0, color=OPEN_COLOR)
    _nodes(ax, posterior.names, positions)
    ax.set_title(f"equivalence class, {likely_text(mixed.graph)}", fontsize=9)
    return ax


def _positions(posterior: GraphPosterior) -> Float64[np.ndarray, "d 2"]:
    return layered_layout(posterior.marginal("edge").values, posterior.marginal("path").values)


def _size(positions: np.ndarray) -> tuple[float, float]:
    """Return width and height in inches."""
    across, down = np.ptp(positions, axis=0)
    return max(4.5, 1.6 + 1.35 * across), 1.4 + 0.95 * down


def _axes(ax: Any, positions: np.ndarray) -> Any:
    ax = axes_for(ax, _size(positions))
    _frame(ax, positions)
    return ax


def _frame(ax: Any, positions: np.ndarray) -> None:
    right, bottom = positions.max(axis=0)
    ax.set_axis_off()
    ax.set(xlim=(-0.7, right + 0.7), ylim=(bottom + 0.6, -0.4))


def _link(
    ax: Any,
    positions: np.ndarray,
    start: int | np.integer,
    end: int | np.integer,
    *,
    head: float | int,
    width: float | int = 1.6,
    color: str = SETTLED_COLOR,
    alpha: float | int = 1.0,
) -> None:
    """Draw a line from one node to another with a head of this size; with width 0, the head alone."""
    from matplotlib.patches import FancyArrowPatch

    rad = (
        bow(positions, start, end) if start < end else -bow(positions, end, start)
    )  # the same curve for both heads
    arrow = FancyArrowPatch(
        tuple(positions[start]),
        tuple(positions[end]),
        connectionstyle=f"arc3,rad={rad}",
        arrowstyle="-|>" if head else "-",
        mutation_scale=head or 1,
        shrinkA=8,
        shrinkB=8,
        linewidth=width,
        color=color,
        alpha=float(alpha),
        zorder=1 if head == 0 else 2,
    )
    ax.add_patch(arrow)


def _nodes(
    ax: Any, names: tuple[str, ...], positions: np.ndarray, *, fontsize: int = 9, length: int = 18
) -> None:
    from matplotlib.patheffects import withStroke

    ax.scatter(*positions.T, s=90, color="white", edgecolor="0.2", linewidth=1.3, zorder=3)
    for name, place in zip(names, positions, strict=True):
        ax.annotate(
            label(name, length),
            tuple(place),
            textcoords="offset points",
            xytext=(0, -9),
            ha="center",
            va="top",
            fontsize=fontsize,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=4,
        )
