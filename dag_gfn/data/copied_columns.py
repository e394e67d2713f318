"""Columns that hold the same as another one: equal, on another scale, or under other labels."""

from math import lgamma, log

import numpy as np
from jaxtyping import Float64, Int64

MIN_SURPRISE = 7.0
"""Least evidence against chance, in nats; the logarithm of the number of pairs is added."""
MIN_DISTINCT = 10
"""Two columns of fewer distinct values may be in the same order by chance, or by design."""
_TOLERANCE = 1e-6  # of the spread: a copy may have been rounded
_FIRST_ROWS = 200


def copy_of(columns: list[Float64[np.ndarray, " n"]], is_label: list[bool]) -> dict[int, tuple[int, str]]:
    """Return for each column that holds the same as an earlier one its position, and how they are related.

    Numbers are the same if one is the other times a factor plus a constant. Labels are the same as other labels, or
    as numbers, if each value of the one stands beside one value of the other. Missing cells have to agree. In a short
    table this happens by chance, so that the rows have to give evidence: two columns with the same counts of values
    agree by chance with a probability of one over the number of their arrangements.

    Parameters
    ----------
    columns : list of ndarray, shape (n,), float64
        Numbers, or codes of labels; NaN where a cell is missing.
    is_label : list of bool

    Returns
    -------
    dict
        From the position of the copy to the position of the original, and "equal", "scale" or "labels".

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.copied_columns import copy_of
    >>> x = np.random.default_rng(0).normal(size=20)
    >>> copy_of([x, 2 * x + 1, x**3], [False, False, False])
    {1: (0, 'scale')}
    """
    found: dict[int, tuple[int, str]] = {}
    limit = MIN_SURPRISE + log(max(len(columns) * (len(columns) - 1) / 2, 1))
    masks = [np.isnan(column) for column in columns]
    for j in range(len(columns)):
        for i in range(j):
            if i in found or not np.array_equal(masks[i], masks[j]):
                continue
            seen = ~masks[i]
            how = _relation(columns[i][seen], columns[j][seen], is_label[i], is_label[j])
            if how and _surprise(columns[i][seen], names_free=how == "labels") >= limit:
                found[j] = (i, how)
                break
    return found


def function_of(columns: list[Float64[np.ndarray, " n"]]) -> dict[int, int]:
    """Return for each numeric column that rises, or falls, whenever an earlier one does the position of that one.

    Such a column is a function of the other, as its logarithm or square. Missing cells have to agree, and at least
    10 values to differ.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.copied_columns import function_of
    >>> x = np.random.default_rng(0).normal(size=20)
    >>> function_of([x, np.exp(x), x**2])
    {1: 0}
    """
    ranks = [_dense_ranks(column) for column in columns]
    found: dict[int, int] = {}
    for j, (rank, top) in enumerate(ranks):
        for i in range(j):
            other, of_other = ranks[i]
            if i in found or top < MIN_DISTINCT - 1 or top != of_other:
                continue
            if np.array_equal(rank, other) or np.array_equal(rank, np.where(other < 0, -1, top - other)):
                found[j] = i
                break
    return found


def _dense_ranks(column: Float64[np.ndarray, " n"]) -> tuple[Int64[np.ndarray, " n"], int]:
    """Return the rank of each cell among the distinct values, -1 where it is missing, and the largest rank."""
    seen = ~np.isnan(column)
    distinct, place = np.unique(column[seen], return_inverse=True)
    ranks = np.full(len(column), -1, dtype=np.int64)
    ranks[seen] = place
    return ranks, len(distinct) - 1


def _relation(
    x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], x_label: bool, y_label: bool
) -> str:
    """Return how y is the same as x: "equal", "scale" or "labels"; empty text if it is not."""
    if not (x_label or y_label):
        return _affine(x, y)
    if x_label and y_label and np.array_equal(x, y):
        return "labels"
    if not _one_to_one(x[:_FIRST_ROWS], y[:_FIRST_ROWS]):
        return ""
    return "labels" if _one_to_one(x, y) else ""


def _affine(x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> str:
    if np.array_equal(x, y):
        return "equal"
    low, high = int(np.argmin(x)), int(np.argmax(x))
    if x[low] == x[high]:
        return ""
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is no copy
        rise, run = y[high] - y[low], x[high] - x[low]
        for rows in (slice(_FIRST_ROWS), slice(None)):  # the first rows rule most pairs out
            distance = np.abs(y[rows] - (y[low] + rise * ((x[rows] - x[low]) / run)))
            if rise == 0 or not distance.max() <= _TOLERANCE * abs(rise):
                return ""
    return "scale"


def _one_to_one(x: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> bool:
    pairs = np.unique(np.stack([x, y], axis=1), axis=0)
    return len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1]))


def _surprise(x: Float64[np.ndarray, " n"], *, names_free: bool) -> float:
    """Return the logarithm of the number of arrangements of the values of x, or of arrangements up to their names."""
    counts: Int64[np.ndarray, " r"] = np.unique(x, return_counts=True)[1]
    arrangements = lgamma(len(x) + 1) - sum(lgamma(count + 1) for count in counts.tolist())
    if not names_free:
        return arrangements
    same = np.unique(counts, return_counts=True)[1]
    return arrangements - sum(lgamma(number + 1) for number in same.tolist())
