"""Checks of tables of categories: pairs without a link given the parents, and neighbouring rows."""

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import ndtri
from scipy.stats import chi2

from dag_gfn.criticism.residual_checks import Check

_EXPECTED = 5.0  # rows of each cell, on average, from which on chi-squared is near its distribution


def independence(
    a: Int64[np.ndarray, " n"], b: Int64[np.ndarray, " n"], strata: Int64[np.ndarray, " n"]
) -> Check | None:
    """Return whether two columns go together within strata; None where no stratum has rows enough.

    The statistic is Pearson's chi-squared, summed over strata; the size is Cramér's V within strata.

    Parameters
    ----------
    a, b : arrays, shape (n,), int64
        Codes.
    strata : array, shape (n,), int64
        The configuration of the parents.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.state_checks import independence
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.integers(0, 2, 300), rng.integers(0, 3, 300)
    >>> abs(independence(a, b, np.zeros(300, dtype=np.int64)).z) < 3
    True
    >>> independence(a, a, b).size
    1.0
    """
    statistic, degrees, used, most = 0.0, 0, 0, 1
    for stratum in np.unique(strata):
        rows = strata == stratum
        ra, ca = np.unique(a[rows], return_inverse=True)
        rb, cb = np.unique(b[rows], return_inverse=True)
        cells = len(ra) * len(rb)
        count = int(rows.sum())
        if min(len(ra), len(rb)) < 2 or count < _EXPECTED * cells:
            continue
        table = np.bincount(ca * len(rb) + cb, minlength=cells).reshape(len(ra), len(rb)).astype(float)
        expected = np.outer(table.sum(1), table.sum(0)) / count
        if expected.min() < 1.0:
            continue
        statistic += float(((table - expected) ** 2 / expected).sum())
        degrees += (len(ra) - 1) * (len(rb) - 1)
        used += count
        most = max(most, min(len(ra), len(rb)) - 1)
    if degrees == 0:
        return None
    tail = max(float(chi2.sf(statistic, degrees)), 1e-300)
    return Check(float(-ndtri(tail)), float(np.sqrt(statistic / (used * most))))


def descendants(graph: Bool[np.ndarray, "d d"], node: int) -> Bool[np.ndarray, " d"]:
    """Return which nodes a node reaches, itself among them.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.state_checks import descendants
    >>> descendants(np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool), 1).tolist()
    [False, True, True]
    """
    reached = np.zeros(len(graph), dtype=bool)
    reached[node] = True
    while True:
        more = reached | graph[reached].any(axis=0)
        if (more == reached).all():
            return reached
        reached = more


def configurations(values: Float64[np.ndarray, "n k"]) -> Int64[np.ndarray, " n"]:
    """Return a number for each distinct row.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.state_checks import configurations
    >>> configurations(np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])).tolist()
    [0, 1, 0]
    """
    if values.shape[1] == 0:
        return np.zeros(len(values), dtype=np.int64)
    return np.unique(values, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
