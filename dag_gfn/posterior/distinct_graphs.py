"""Weighted graphs as a posterior holds them: distinct DAGs with normalised weights, sorted."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.graphs import graph
from dag_gfn.posterior.features import chunks


class DistinctGraphs(NamedTuple):
    """Distinct DAGs by descending weight; `merged_graphs` makes them.

    Attributes
    ----------
    graphs : ndarray, shape (m, d, d), bool
        ``[k, i, j]`` is True for i → j in graph k (row → column).
    log_weights : ndarray, shape (m,), float64
        Normalised.
    log_scores : ndarray, shape (m,), float64

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.distinct_graphs import DistinctGraphs
    >>> DistinctGraphs(np.zeros((1, 2, 2), dtype=bool), np.zeros(1), np.array([-3.0])).log_scores.tolist()
    [-3.0]
    """

    graphs: Bool[np.ndarray, "m d d"]
    log_weights: Float64[np.ndarray, " m"]
    log_scores: Float64[np.ndarray, " m"]


def merged_graphs(
    graphs: Bool[np.ndarray, "k d d"],
    log_weights: Float64[np.ndarray, " k"],
    log_scores: Float64[np.ndarray, " k"],
) -> DistinctGraphs:
    """Return each graph of positive weight once, with the sum of its weights.

    They are sorted by descending weight; ties by descending score, then in the order of their packed bits.

    Raises
    ------
    ValueError
        If a graph has a directed cycle, a weight is not a number below infinity, or all weights are zero.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.distinct_graphs import merged_graphs
    >>> draws = np.zeros((3, 2, 2), dtype=bool)
    >>> draws[1:, 0, 1] = True
    >>> merged = merged_graphs(draws, np.zeros(3), np.zeros(3))
    >>> merged.graphs[0].astype(int).tolist(), np.exp(merged.log_weights).round(3).tolist()
    ([[0, 1], [0, 0]], [0.667, 0.333])
    """
    if np.isnan(log_weights).any() or np.isposinf(log_weights).any():
        raise ValueError("log-weights must be numbers below infinity")
    require_dags(graphs)  # before weight zero hides any
    positive = np.flatnonzero(log_weights > -np.inf)
    if positive.size == 0:
        raise ValueError("a posterior needs at least one graph of positive weight")
    if positive.size < len(graphs):
        graphs, log_weights, log_scores = graphs[positive], log_weights[positive], log_scores[positive]
    first, group = graph.distinct(graphs)
    merged = np.full(len(first), -np.inf)
    np.logaddexp.at(merged, group, log_weights)
    merged -= merged.max()
    merged -= np.log(np.exp(merged).sum())
    # ties, as among samples that each occur once, go by score; `first` is in byte order, which breaks the rest
    order = np.lexsort((-log_scores[first], -merged))
    return DistinctGraphs(graphs[first[order]], merged[order], log_scores[first[order]])


def require_dags(graphs: Bool[np.ndarray, "m d d"]) -> None:
    """Raise where a graph has a cycle: dropping it silently would flatter the method that made it.

    Raises
    ------
    ValueError
        If a graph has a directed cycle.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.distinct_graphs import require_dags
    >>> require_dags(np.array([[[False, True], [True, False]]]))
    Traceback (most recent call last):
    ValueError: graph 0 has a directed cycle; a GraphPosterior holds DAGs only
    """
    m, d, _ = graphs.shape
    for part in chunks(m, d):
        cyclic = np.flatnonzero(~graph.is_dag(graphs[part]))
        if cyclic.size:
            raise ValueError(
                f"graph {part.start + cyclic[0]} has a directed cycle; a GraphPosterior holds DAGs only"
            )
