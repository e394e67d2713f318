"""Marginals counted in graphs, made consistent with stored edge probabilities, which are less noisy than counts.

A path from i to j is an edge i → j or a path without that edge, and only the second part is counted. Two nodes are in
each other's Markov blanket by a link or by a common child alone, and only the second part is counted. An edge is
compelled or reversible, in shares that are counted. A feature that implies another one is then never more probable.
"""

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.posterior.features import FEATURES, chunks, feature_marginals

Matrix = Float64[np.ndarray, "d d"]

CORRECTED = ("path", "markov_blanket", "compelled", "reversible")
"""Features whose probabilities depend on those of edges."""


def corrected_counts(
    feature: str,
    graphs: Bool[np.ndarray, "m d d"],
    weights: Float64[np.ndarray, " m"],
    edge: Matrix,
    oriented: Bool[np.ndarray, "d d"] | None = None,
) -> tuple[Matrix, Matrix]:
    """Return the probabilities of a feature, and the part of them that was counted.

    Parameters
    ----------
    feature : str
        One of `CORRECTED`.
    graphs : ndarray, shape (m, d, d), bool
        ``[k, i, j]`` is True for i → j in graph k (row → column).
    weights : ndarray, shape (m,), float64
    edge : ndarray, shape (d, d), float64
        Stored P(i → j).
    oriented : ndarray, shape (d, d), bool, optional
        The pairs whose edge experiments orient, for classes.

    Examples
    --------
    The only graph has the path 0 -> 1 -> 2 and no edge 0 -> 2, but the stored probability of that edge is 0.2. The path
    beside the edge was counted with probability 1 and is limited to what the edge leaves:

    >>> import numpy as np
    >>> from dag_gfn.posterior.consistent import corrected_counts
    >>> graphs, edge = np.zeros((1, 3, 3), dtype=bool), np.zeros((3, 3))
    >>> graphs[0, 0, 1] = graphs[0, 1, 2] = True
    >>> edge[0, 1], edge[1, 2], edge[0, 2] = 0.9, 0.9, 0.2
    >>> path, counted = corrected_counts("path", graphs, np.ones(1), edge)
    >>> float(path[0, 2]), float(counted[0, 2])
    (1.0, 0.8)
    """
    linked = np.minimum(edge + edge.T, 1.0)
    if feature == "path":
        beside = _beside("path", "edge", graphs, weights)
        # i ⇝ j and j ⇝ i exclude each other, so that both counted parts together fit into 1 - P(linked)
        both = beside + beside.T
        beside = beside * np.minimum(
            1.0, np.divide(1.0 - linked, both, out=np.ones_like(both), where=both > 0)
        )
        return np.clip(edge + beside, edge, 1.0), beside
    if feature == "markov_blanket":
        beside = np.minimum(_beside("markov_blanket", "linked", graphs, weights), 1.0 - linked)
        return np.clip(linked + beside, linked, 1.0), beside
    counted = feature_marginals("edge", graphs, weights)
    compelled = feature_marginals("compelled", graphs, weights, oriented)
    share = np.divide(compelled, counted, out=np.zeros_like(counted), where=counted > 0)
    compelled = edge * np.minimum(share, 1.0)
    if feature == "compelled":
        return compelled, compelled
    reversible = np.where(counted > 0, edge - compelled, 0.0)
    reversible = np.minimum(reversible + reversible.T, linked)
    return reversible, reversible


def _beside(
    feature: str, part: str, graphs: Bool[np.ndarray, "m d d"], weights: Float64[np.ndarray, " m"]
) -> Matrix:
    """Return the probability of a feature without another that implies it."""
    m, d, _ = graphs.shape
    total = np.zeros(d * d)
    for rows in chunks(m, d):
        holds = FEATURES[feature](graphs[rows]) & ~FEATURES[part](graphs[rows])
        total += weights[rows] @ holds.reshape(-1, d * d).astype(np.float64)
    return np.clip(total, 0.0, 1.0).reshape(d, d)
