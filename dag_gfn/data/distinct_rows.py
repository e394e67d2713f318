"""The distinct rows of a table of codes: discrete scores, effects and statistics need no more."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, Shaped

MAX_CODE = 1 << 62
DENSE_CELLS = 1 << 22
"""Joint states up to which they are tallied instead of sorted."""


class DistinctTable(NamedTuple):
    """Distinct rows in lexicographic order.

    Attributes
    ----------
    rows : ndarray, shape (u, d), int64
    row_of : ndarray, shape (n,), int64
        `rows[row_of[t]]` is row t of the table.
    counts : ndarray, shape (u,), int64
        How often each occurs.
    """

    rows: Int64[np.ndarray, "u d"]
    row_of: Int64[np.ndarray, " n"]
    counts: Int64[np.ndarray, " u"]


def distinct_rows(codes: Shaped[np.ndarray, "n d"], cardinalities: Sequence[int]) -> DistinctTable:
    """Return the distinct rows of a table of codes.

    Each row becomes one whole number, its joint state, that sorts as the row does. Where columns have too
    many joint states for that, those of the first columns are replaced by their rank among those that occur.

    Parameters
    ----------
    codes : ndarray, shape (n, d), of any number type
        Whole numbers 0 .. r - 1 in each column.
    cardinalities : sequence of int, length d
        The number r of each.
    """
    n = len(codes)
    joint, states = np.zeros(n, dtype=np.int64), 1
    for column, r in zip(codes.T, cardinalities, strict=True):
        if states * r > MAX_CODE:
            _, joint = np.unique(joint, return_inverse=True)
            joint, states = joint.reshape(-1).astype(np.int64), n
        joint *= r
        joint += column.astype(np.int64)
        states *= r
    if math.prod(cardinalities) <= DENSE_CELLS:
        tally = np.bincount(joint, minlength=states)
        met = np.flatnonzero(tally)
        rank = np.empty(states, dtype=np.int64)
        rank[met] = np.arange(len(met))
        rows = np.stack(np.unravel_index(met, tuple(cardinalities)), axis=1)
        return DistinctTable(rows.astype(np.int64), rank[joint], tally[met].astype(np.int64))
    _, first, row_of, counts = np.unique(joint, return_index=True, return_inverse=True, return_counts=True)
    return DistinctTable(
        codes[first].astype(np.int64), row_of.reshape(-1).astype(np.int64), counts.astype(np.int64)
    )
