"""Graphs as networkx objects that carry the variables' names."""

from collections.abc import Sequence

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float64


def to_networkx(
    adjacency: Bool[np.ndarray, "d d"],
    names: Sequence[str],
    *,
    probability: Float64[np.ndarray, "d d"] | None = None,
) -> nx.DiGraph:
    """Return one graph with named nodes, in the order of `names`.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column).
    names : sequence of str, length d
    probability : ndarray, shape (d, d), float64, optional
        Marginal probability of every edge i → j, stored as the edges' attribute `probability`.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    for i, j in np.argwhere(adjacency):
        attributes = {} if probability is None else {"probability": float(probability[i, j])}
        graph.add_edge(names[i], names[j], **attributes)
    return graph


def consensus_graph(
    probability: Float64[np.ndarray, "d d"], names: Sequence[str], *, threshold: float = 0.5
) -> nx.DiGraph:
    """Return the directed graph of the edges whose marginal probability exceeds `threshold`.

    At a threshold of at least ½ an edge and its reverse cannot both appear, as they exclude each other in
    every DAG. Longer cycles can: three graphs of probability ⅓, each holding two of the edges
    a → b → c → a, give every one of these edges probability ⅔. Where a DAG is needed, take one of
    `GraphPosterior.top_graphs`.

    Parameters
    ----------
    probability : ndarray, shape (d, d), float64
        Entry (i, j): marginal probability of the edge i → j (row → column).
    names : sequence of str, length d
    threshold : float
        In [0, 1).
    """
    if not 0.0 <= threshold < 1.0:
        raise ValueError(f"threshold must lie in [0, 1), not {threshold}")
    return to_networkx(probability > threshold, names, probability=probability)
