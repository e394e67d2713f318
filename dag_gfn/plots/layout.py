"""Where to put the nodes of a graph on paper: causes above effects, the same place for every graph of a posterior."""

import heapq
import math

import numpy as np
from jaxtyping import Float64

from dag_gfn.posterior.median_graph import median_graph

SWEEPS = 24
"""Rounds of ordering the layers by their neighbours."""


def layered_layout(
    edge: Float64[np.ndarray, "d d"], path: Float64[np.ndarray, "d d"] | None = None
) -> Float64[np.ndarray, "d 2"]:
    """Return a position for every node, causes above effects as far as the posterior tells them apart.

    The median graph decides the layers: a node lies below its parents there, and among the nodes that are free
    to be next the one with fewest expected ancestors comes first, so that the vertical place follows the
    expected topological position. Layers are kept narrow. Within a layer nodes move next to what they are likely
    linked to (barycentres, then exchanges of neighbours that shorten the links).

    Parameters
    ----------
    edge : ndarray, shape (d, d), float64
        Marginal P(i → j), row → column.
    path : ndarray, shape (d, d), float64, optional
        Marginal P(i ⇝ j), row → column; by default the edges stand for it.

    Returns
    -------
    ndarray, shape (d, 2), float64
        Column and layer of every node, one unit apart at least; layer 0 is the top.

    References
    ----------
    Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", IEEE
    Transactions on Systems, Man, and Cybernetics 11 (1981).
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
    return np.arange(count) - (count - 1) / 2


def _exchange(layers: list[np.ndarray], column: np.ndarray, layer: np.ndarray, linked: np.ndarray) -> None:
    """Exchange nodes of a layer wherever that shortens the links, until it does not."""

    def length(node: int) -> float:
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


def bend(start: Float64[np.ndarray, " 2"], end: Float64[np.ndarray, " 2"]) -> float:
    """Return by how much of its length a link is to bow, so that it passes beside the nodes between its ends."""
    across, down = np.abs(end - start)
    straight = (down == 1 and across <= 2) or (down == 0 and across == 1)
    return 0.0 if straight else 0.16
