"""Point estimates on resampled rows: how often an edge is found takes the place of its probability."""

import time
from collections.abc import Callable

import numpy as np

from peers.table import Drawn, Table


def frequencies(estimate: Callable[[Table], np.ndarray], data: Table, seconds: float, seed: int) -> Drawn:
    """Return how often edges are found while there is time, at least once.

    `estimate` returns a graph, (d, d) bool; a link without direction has both entries. Such graphs are no DAGs: then
    only the frequencies of edges are returned, half for each direction.
    """
    rng, start, found = np.random.default_rng(seed), time.monotonic(), []
    while not found or time.monotonic() - start < seconds:
        rows = rng.integers(len(data.values), size=len(data.values))
        found.append(np.asarray(estimate(data.with_rows(rows)), dtype=bool))
    graphs = np.array(found)
    both = graphs & graphs.transpose(0, 2, 1)
    note = f"{len(graphs)} resamples"
    if not both.any():
        return Drawn.of_graphs(graphs, note)
    return Drawn(np.where(both, 0.5, graphs).mean(axis=0), note=f"{note}, some links without direction")
