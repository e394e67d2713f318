"""The distinct rows of a table of codes, with their counts: the data of discrete scores and effects."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, Shaped

MAX_CODE = 1 << 62  # largest number of joint states that are numbered in int64
DENSE_CELLS = 1 << 22
"""Up to so many joint states, rows are counted in an array of all joint states; beyond, they are sorted."""


class DistinctTable(NamedTuple):
    """Distinct rows in lexicographic order.

    Attributes
    ----------
    rows : ndarray, shape (u, d), int64
    row_of : ndarray, shape (n,), int64
        `rows[row_of[t]]` is row t of the table.
    counts : ndarray, shape (u,), int64
        How often each distinct row occurs.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.distinct_rows import distinct_rows
    >>> codes = np.array([[1, 0], [0, 1], [1, 0]])
    >>> table = distinct_rows(codes, (2, 2))
    >>> bool((table.rows[table.row_of] == codes).all())
    True
    """

    rows: Int64[np.ndarray, "u d"]
    row_of: Int64[np.ndarray, " n"]
    counts: Int64[np.ndarray, " u"]


def distinct_rows(codes: Shaped[np.ndarray, "n d"], cardinalities: Sequence[int]) -> DistinctTable:
    """Return the distinct rows of a table of codes.

    Each row is turned into one integer, its joint state, which has the order of the rows. If there are too many
    joint states for int64, the joint states of the first columns are replaced by their ranks among those that occur.

    Parameters
    ----------
    codes : ndarray, shape (n, d), of any number type
        Whole numbers 0 .. r - 1 in each column.
    cardinalities : sequence of int, length d
        The number r of states of each column.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.distinct_rows import distinct_rows
    >>> table = distinct_rows(np.array([[1, 0], [0, 1], [1, 0]]), (2, 2))
    >>> table.rows.tolist(), table.counts.tolist()
    ([[0, 1], [1, 0]], [1, 2])
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
