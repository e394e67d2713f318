"""The most probable parent sets of a node among weighted graphs."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.posterior.features import FEATURES

MOST = 4
"""Parent sets of a node that are looked at."""
LEAST = 0.01
"""Parent sets of a smaller probability than this share of the most probable are not looked at."""
_GRAPHS = 50  # the most probable, of which it is asked what descends from what


class Families(NamedTuple):
    """Parent sets of a node.

    Attributes
    ----------
    parents : list of arrays of int64
        The positions of the parents in each set.
    weights : array, float64
        Their share of the probability of these sets.

    Examples
    --------
    See `families_of`.
    """

    parents: list[Int64[np.ndarray, " k"]]
    weights: Float64[np.ndarray, " f"]


def families_of(
    node: int, graphs: Bool[np.ndarray, "m d d"], weights: Float64[np.ndarray, " m"], most: int = MOST
) -> Families:
    """Return the most probable parent sets of a node.

    Parameters
    ----------
    node : int
    graphs : array, shape (m, d, d), bool
        ``[k, i, j]`` is True for i -> j (row -> column).
    weights : array, shape (m,), float64
    most : int

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.families import families_of
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 1], [0, 0]]], dtype=bool)
    >>> found = families_of(1, graphs, np.array([0.5, 0.2, 0.3]))
    >>> [parents.tolist() for parents in found.parents], found.weights.tolist()
    ([[0], []], [0.8, 0.2])
    """
    columns = graphs[:, :, node]
    packed = np.packbits(columns, axis=1)
    _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    total = np.bincount(which.ravel(), weights=weights)
    best = np.argsort(-total, kind="stable")[:most]
    best = best[total[best] > LEAST * total[best[0]]]
    return Families([np.flatnonzero(columns[first[each]]) for each in best], total[best] / total[best].sum())


def descent(
    graphs: Bool[np.ndarray, "m d d"], weights: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, "d d"]:
    """Return how probable it is that one node descends from another, among the most probable graphs.

    Entry (i, j) is about a directed path from i to j (row -> column).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.families import descent
    >>> chain = np.array([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], dtype=bool)
    >>> descent(chain, np.ones(1)).tolist()
    [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    best = np.argsort(-weights, kind="stable")[:_GRAPHS]
    share = weights[best] / weights[best].sum()
    return np.tensordot(share, FEATURES["path"](graphs[best]).astype(np.float64), axes=1)
