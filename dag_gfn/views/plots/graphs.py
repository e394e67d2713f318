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
NODE_RADIUS, NAME_TOP = 8.0, 9.0
"""Points from the middle of a node to the ends of its lines, and down to its name."""
NAME_HEIGHT, HALF_LETTER = 1.5, 0.32
"""Height of a name, and half the width of a letter of it, in sizes of its font."""


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
    drawing = _Drawing.of(posterior, ax)
    for i, j in np.argwhere(np.triu(linked >= threshold, k=1)):
        share = edge[i, j] / max(edge[i, j] + edge[j, i], 1e-300)
        color = SETTLED_COLOR if max(share, 1 - share) >= SETTLED else OPEN_COLOR
        style = {"width": 0.6 + 3.0 * linked[i, j], "color": color, "alpha": 0.25 + 0.75 * linked[i, j]}
        drawing.link(i, j, head=0.0, **style)
        for start, end, part in ((i, j, share), (j, i, 1 - share)):
            if part > 0.02:
                drawing.link(start, end, head=4 + 14 * part, **{**style, "width": 0.0})
    drawing.nodes()
    drawing.ax.set_title(f"pairs linked with probability ≥ {threshold:g}; orange: direction open", fontsize=9)
    return drawing.ax


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
        drawing = _Drawing(inner, posterior.names, positions, fontsize=7, length=12)
        for source, target in dag.edges:
            drawing.link(index[source], index[target], head=10.0)
        drawing.nodes()
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
    drawing = _Drawing.of(posterior, ax)
    index = {name: i for i, name in enumerate(posterior.names)}
    for source, target, attributes in mixed.edges(data=True):
        i, j = index[source], index[target]
        if attributes["compelled"]:
            drawing.link(i, j, head=13.0)
        elif i < j:
            drawing.link(i, j, head=0.0, color=OPEN_COLOR)
    drawing.nodes()
    drawing.ax.set_title(f"equivalence class, {likely_text(mixed.graph)}", fontsize=9)
    return drawing.ax


def _positions(posterior: GraphPosterior) -> Float64[np.ndarray, "d 2"]:
    return layered_layout(posterior.marginal("edge").values, posterior.marginal("path").values)


def _size(positions: np.ndarray) -> tuple[float, float]:
    """Return width and height in inches."""
    across, down = np.ptp(positions, axis=0)
    return max(4.5, 1.6 + 1.35 * across), 1.4 + 0.95 * down


class _Drawing:
    """Axes with nodes at their places, their names below them, and lines between them."""

    def __init__(
        self, ax: Any, names: tuple[str, ...], positions: np.ndarray, *, fontsize: int = 9, length: int = 18
    ) -> None:
        self.ax, self.positions, self.fontsize = ax, positions, fontsize
        self.labels = [label(name, length) for name in names]
        right, bottom = positions.max(axis=0)
        ax.set_axis_off()
        ax.set(xlim=(-0.7, right + 0.7), ylim=(bottom + 0.6, -0.4))

    @classmethod
    def of(cls, posterior: GraphPosterior, ax: Any) -> "_Drawing":
        positions = _positions(posterior)
        return cls(axes_for(ax, _size(positions)), posterior.names, positions)

    def link(
        self,
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

        a, b = min(start, end), max(start, end)
        rad = bow(self.positions, a, b) * (1 if start < end else -1)  # the same curve for both heads
        arrow = FancyArrowPatch(
            tuple(self.positions[start]),
            tuple(self.positions[end]),
            connectionstyle=f"arc3,rad={rad}",
            arrowstyle="-|>" if head else "-",
            mutation_scale=head or 1,
            shrinkA=self._clearance(start, end),
            shrinkB=self._clearance(end, start),
            linewidth=width,
            color=color,
            alpha=float(alpha),
            zorder=1 if head == 0 else 2,
        )
        self.ax.add_patch(arrow)

    def _clearance(self, node: int | np.integer, other: int | np.integer) -> float:
        """Return how many points from a node its line ends: beyond the name, where it comes through that."""
        x, y = np.diff(self.ax.transData.transform(self.positions[[int(node), int(other)]]), axis=0)[0]
        across, down = abs(x) / np.hypot(x, y), -y / np.hypot(x, y)
        half_width = HALF_LETTER * self.fontsize * len(self.labels[node])
        if down <= 0 or NAME_TOP * across >= half_width * down:  # it passes above the name
            return NODE_RADIUS
        bottom = NAME_TOP + NAME_HEIGHT * self.fontsize
        return min(bottom / down, half_width / max(across, 1e-9))

    def nodes(self) -> None:
        """Draw the nodes and their names."""
        from matplotlib.patheffects import withStroke

        self.ax.scatter(*self.positions.T, s=90, color="white", edgecolor="0.2", linewidth=1.3, zorder=3)
        for text, place in zip(self.labels, self.positions, strict=True):
            self.ax.annotate(
                text,
                tuple(place),
                textcoords="offset points",
                xytext=(0, -NAME_TOP),
                ha="center",
                va="top",
                fontsize=self.fontsize,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
                zorder=4,
            )
