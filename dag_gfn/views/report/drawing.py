"""Graphs as SVG shapes: numbers only, which the page's template writes down."""

from dataclasses import dataclass

import numpy as np

from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.pairs import UNLIKELY
from dag_gfn.views.plots.layout import bow, layered_layout

COLUMN, LAYER = 124.0, 92.0
"""Distance of neighbouring columns and layers."""
RADIUS = 9.0
MARGIN = 66.0
GAP = 12.0
"""Between the lines that bow furthest aside and the rim of the picture."""
SMALL = 20
"""Nodes up to which every pair is thought of, as less probable graphs are drawn too."""


@dataclass(frozen=True)
class Drawing:
    """Where the nodes of every graph of one report are.

    Attributes
    ----------
    layout : ndarray, shape (d, 2), float64
        Column and layer.
    positions : ndarray, shape (d, 2), float64
        Centres, in the units of the picture.
    width : int
        Of the picture: no line that bows aside is cut off.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.views.report.drawing import Drawing
    >>> Drawing.of(posterior).link(0, 1).path[0]  # an SVG path begins with a move
    'M'
    """

    layout: np.ndarray
    positions: np.ndarray
    width: int

    @classmethod
    def of(cls, posterior: GraphPosterior) -> "Drawing":
        """Return the drawing for a posterior."""
        edge = posterior.marginal("edge").values
        layout = layered_layout(edge, posterior.marginal("path").values)
        positions = layout * (COLUMN, LAYER) + (MARGIN, RADIUS + 12)
        plain = cls(layout, positions, 0)
        linked = np.argwhere(np.triu(edge + edge.T > (UNLIKELY if len(edge) > SMALL else 0.0), 1))
        reach = [plain.link(a, b).middle[0] for a, b in linked]
        left = min(0.0, min(reach, default=0.0) - GAP)
        right = max(float(positions[:, 0].max()) + MARGIN, max(reach, default=0.0) + GAP)
        return cls(layout, positions - (left, 0.0), round(right - left))

    @property
    def height(self) -> int:
        """Height of the picture."""
        return round(float(self.positions[:, 1].max()) + 42)

    def link(self, a: int | np.integer, b: int | np.integer) -> "Curve":
        """Return the line from a to b; that from b to a takes the same way."""
        first, second = min(a, b), max(a, b)
        across, down = self.layout[second] - self.layout[first]
        middle = (self.layout[first] + self.layout[second]) / 2
        control = middle + bow(self.layout, first, second) * np.array([-down, across])
        place = self.positions[0] + (control - self.layout[0]) * (COLUMN, LAYER)
        return Curve(self.positions[a], place, self.positions[b])


@dataclass(frozen=True)
class Curve:
    """A quadratic Bézier curve between two nodes' centres.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.views.report.drawing import Drawing
    >>> curve = Drawing.of(posterior).link(0, 1)
    >>> curve.path == Drawing.of(posterior).link(0, 1).path  # the same at every call
    True
    """

    start: np.ndarray
    control: np.ndarray
    end: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        """The point halfway, about where the curve is furthest aside."""
        return (self.start + 2 * self.control + self.end) / 4

    @property
    def path(self) -> str:
        """The line from rim to rim, as SVG writes it."""
        a, b = self._rim(self.start, 2.0), self._rim(self.end, 2.0)
        return f"M{_xy(a)}Q{_xy(self.control)} {_xy(b)}"

    def head(self, size: float | int, *, at_start: bool = False) -> str:
        """Return the corners of an arrow head of this length, its tip at a node's rim."""
        node = self.start if at_start else self.end
        tip = self._rim(node, 1.0)
        away = _unit(self.control - node)
        side = np.array([-away[1], away[0]]) * size * 0.45
        back = tip + away * size
        return " ".join(map(_xy, (tip, back + side, back - side)))

    def _rim(self, node: np.ndarray, gap: float | int) -> np.ndarray:
        return node + _unit(self.control - node) * (RADIUS + gap)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.hypot(*vector)), 1e-9)


def _xy(point: np.ndarray) -> str:
    return f"{point[0]:.0f},{point[1]:.0f}"
