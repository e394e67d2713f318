"""Positions of the nodes in figures: causes above effects, the same for every graph of a posterior."""

import heapq
import math

import numpy as np
from jaxtyping import Float64

from dag_gfn.posterior.median_graph import median_graph

SWEEPS = 24
"""Rounds of reordering the layers."""
CLEARANCE = 0.3
"""Distance that a line should keep from other nodes, in units of the layout."""
BOWS = (0.0, 0.16, -0.16, 0.3, -0.3, 0.45, -0.45)
"""Bends that are tried for a line to pass other nodes, in this order; see `bow`."""


def layered_layout(
    edge: Float64[np.ndarray, "d d"], path: Float64[np.ndarray, "d d"] | None = None
) -> Float64[np.ndarray, "d 2"]:
    """Return a position for every node, with causes above effects as far as the posterior can tell.

    The median graph decides the layers: a node lies below its parents in that graph. Among the nodes whose parents are
    placed, the one with the fewest expected ancestors is placed next. A layer has a largest width. Within a layer,
    nodes are moved towards the nodes that they are likely linked to: first by barycentres, then by exchanging pairs
    where that shortens the links.

    Parameters
    ----------
    edge : ndarray, shape (d, d), float64
        Marginal P(i → j), row → column.
    path : ndarray, shape (d, d), float64, optional
        Marginal P(i ⇝ j), row → column; by default that of the edges is used instead.

    Returns
    -------
    ndarray, shape (d, 2), float64
        Column and layer of every node, one unit apart at least; layer 0 is the top.

    References
    ----------
    Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", IEEE
    Transactions on Systems, Man, and Cybernetics 11 (1981).

    Examples
    --------
    The chain a → b → c, from the top:

    >>> import numpy as np
    >>> from dag_gfn.views.plots.layout import layered_layout
    >>> layered_layout(np.array([[0.0, 0.9, 0.0], [0.0, 0.0, 0.9], [0.0, 0.0, 0.0]])).tolist()  # column and layer
    [[0.0, 0.0], [0.0, 1.0], [0.0, 2.0]]
    """
    d = len(edge)
    linked = np.clip(edge + edge.T, 0.0, 1.0)
    np.fill_diagonal(linked, 0.0)
    ancestors = (edge if path is None else path).copy()
    np.fill_diagonal(ancestors, 0.0)
    layers = _layers(median_graph(edge), ancestors.sum(axis=0), width=max(2, math.ceil(1.3 * math.sqrt(d))))
    column = np.zeros(d)
    for nodes in layers:
        column[nodes] = _spread(len(nodes))
    for sweep in range(SWEEPS):
        for depth in range(len(layers)) if sweep % 2 == 0 else reversed(range(len(layers))):
            nodes = layers[depth]
            outside = np.setdiff1d(np.arange(d), nodes)
            weight = linked[np.ix_(nodes, outside)] + 1e-9
            wanted = weight @ column[outside] / weight.sum(axis=1) if len(outside) else column[nodes]
            layers[depth] = nodes[np.argsort(wanted, kind="stable")]
            column[layers[depth]] = _spread(len(nodes))
    layer = np.empty(d)
    for depth, nodes in enumerate(layers):
        layer[nodes] = depth
    _exchange(layers, column, layer, linked)
    return np.column_stack([column - column.min(), layer])


def _layers(median: np.ndarray, expected_ancestors: np.ndarray, *, width: int) -> list[np.ndarray]:
    """Return the nodes of each layer, at most `width`, every node below its parents."""
    d = len(median)
    missing = median.sum(axis=0)
    ready = [(expected_ancestors[v], v) for v in range(d) if missing[v] == 0]
    heapq.heapify(ready)
    depth = np.zeros(d, dtype=int)
    used: list[list[int]] = []
    while ready:
        _, node = heapq.heappop(ready)
        parents = np.flatnonzero(median[:, node])
        place = int(depth[parents].max() + 1) if len(parents) else 0
        while place < len(used) and len(used[place]) >= width:
            place += 1
        if place == len(used):
            used.append([])
        used[place].append(node)
        depth[node] = place
        for child in np.flatnonzero(median[node]):
            missing[child] -= 1
            if missing[child] == 0:
                heapq.heappush(ready, (expected_ancestors[child], int(child)))
    return [np.array(nodes) for nodes in used]


def _spread(count: int) -> np.ndarray:
    """Return positions one unit apart, centred at 0."""
    return np.arange(count) - (count - 1) / 2


def _exchange(layers: list[np.ndarray], column: np.ndarray, layer: np.ndarray, linked: np.ndarray) -> None:
    """Exchange pairs of nodes of a layer that shorten the links, until none does or after `SWEEPS` rounds."""

    def length(node: int | np.integer) -> float:
        """Return the squared lengths of a node's links, weighted by their probabilities."""
        distance = np.hypot(column - column[node], layer - layer[node])
        return float(linked[node] @ distance**2)

    for _ in range(SWEEPS):
        improved = False
        for nodes in layers:
            for a in range(len(nodes)):
                for b in range(a + 1, len(nodes)):
                    first, second = nodes[a], nodes[b]
                    before = length(first) + length(second)
                    column[[first, second]] = column[[second, first]]
                    if length(first) + length(second) < before - 1e-9:
                        improved = True
                    else:
                        column[[first, second]] = column[[second, first]]
        if not improved:
            return


def bow(layout: Float64[np.ndarray, "d 2"], a: int | np.integer, b: int | np.integer) -> float:
    """Return how much the line from a to b should bend to pass beside other nodes.

    Parameters
    ----------
    layout : ndarray, shape (d, 2), float64
        From `layered_layout`.
    a, b : int
        The line from b to a with the negative of this bend is the same curve.

    Returns
    -------
    float
        The line is a quadratic Bézier curve. This is the distance of its control point from the middle of a and b,
        along the normal (-y, x) of b - a = (x, y), in units of the length of b - a.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.views.plots.layout import bow
    >>> layout = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    >>> bow(layout, 0, 1)  # nothing is in the way
    0.0
    >>> bow(layout, 0, 2)  # node 1 is: the line bends around it
    0.3
    """
    start, end = layout[a], layout[b]
    others = np.delete(layout, [int(a), int(b)], axis=0)
    if not len(others):
        return 0.0
    along = end - start
    t = np.linspace(0.0, 1.0, 17)[1:-1, None]
    best, widest = 0.0, -1.0
    for size in BOWS:
        control = (start + end) / 2 + size * np.array([-along[1], along[0]])
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
        gap = np.linalg.norm(curve[:, None] - others, axis=-1).min()
        if gap >= CLEARANCE:
            return size
        if gap > widest:
            best, widest = size, gap
    return best
