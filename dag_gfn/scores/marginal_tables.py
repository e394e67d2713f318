"""Sums over the cells of all marginal tables of one contingency table.

Each marginal table is the sum of a larger one over one column. This is quick for many rows and few columns: once the
full table is counted, the number of rows does not matter.
"""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Int
from scipy.special import gammaln

MAX_CELLS = 1 << 24
"""Largest contingency table, in cells of four bytes."""
CHUNK = 1 << 18
"""Cells whose contributions are computed at once: few enough to stay in the processor's cache."""


def marginal_tables_pay(cardinalities: Int[np.ndarray, " d"], num_rows: int, num_distinct: int) -> bool:
    """Return whether marginal tables take less work than :class:`ContingencyTables`' walk over the distinct rows.

    All 2^d tables together have prod(1 + r) cells. The walk visits at most every distinct row for each of 2^d subsets.
    A row costs about four times as much as a cell.

    Parameters
    ----------
    cardinalities : array, shape (d,), int
        Number of states r of each column.
    num_rows, num_distinct : int
        Number of rows, and of distinct rows.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.marginal_tables import marginal_tables_pay
    >>> marginal_tables_pay(np.full(10, 4), num_rows=1_000_000, num_distinct=600_000)
    True
    >>> marginal_tables_pay(np.full(10, 4), num_rows=1_000, num_distinct=1_000)
    False
    """
    shape = cardinalities.tolist()
    if math.prod(shape) > MAX_CELLS or num_rows >= 1 << 31:
        return False
    return 4 * math.prod(r + 1 for r in shape) <= num_distinct << len(shape)


def all_marginal_sums(
    table: Int[np.ndarray, "*shape"], equivalent_sample_size: float
) -> Float64[np.ndarray, " subsets"]:
    r"""Return the sum over the cells of the marginal table of every subset, at the index that is its bitmask.

    Parameters
    ----------
    table : ndarray, shape of the cardinalities, int
        Counts of the joint states.
    equivalent_sample_size : float
        :math:`\alpha > 0`: a cell with count N of a table with q cells contributes
        :math:`\log\Gamma(\alpha/q + N) - \log\Gamma(\alpha/q)`; 0: it contributes N log N.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.marginal_tables import all_marginal_sums
    >>> counts = np.array([[2, 0], [0, 2]])
    >>> all_marginal_sums(counts, 0.0).round(3).tolist()  # 4 log 4 for no column; else two cells of 2 log 2
    [5.545, 2.773, 2.773, 2.773]
    """
    sums = np.empty(1 << table.ndim)
    of_counts = _dirichlet(equivalent_sample_size) if equivalent_sample_size > 0.0 else _maximum_likelihood

    def fill(part: np.ndarray, axis: int, kept: int) -> None:
        """Fill in the subsets whose first `axis` columns are those of the bitmask `kept`.

        `part` is the marginal table of `kept` and all columns from `axis` on, in row-major order; its shape does not
        matter. The recursion sums column `axis` out, or keeps it.
        """
        if axis == table.ndim:
            sums[kept] = of_counts(part.reshape(-1))
            return
        part = part.reshape(-1, table.shape[axis], math.prod(table.shape[axis + 1 :]))
        fill(part.sum(axis=1, dtype=part.dtype), axis + 1, kept)
        fill(part, axis + 1, kept | 1 << axis)

    fill(table, 0, 0)
    return sums


def _maximum_likelihood(counts: np.ndarray) -> float:
    """Return the sum of N log N over the cells of a table, given flat."""
    total = 0.0
    for start in range(0, len(counts), CHUNK):
        n = counts[start : start + CHUNK]
        n = n[n > 0].astype(np.float64)
        total += float((n * np.log(n)).sum())
    return total


def _dirichlet(equivalent_sample_size: float) -> Callable[[np.ndarray], float]:
    """Return the function that sums log Gamma(a + N) - log Gamma(a) over the q cells of a table, a = alpha / q."""

    def total(counts: np.ndarray) -> float:
        # log Gamma(a) = log Gamma(1 + a) - log(a), finite however small a is
        log_a = math.log(equivalent_sample_size) - math.log(len(counts))
        a = math.exp(log_a)
        offset = log_a - math.lgamma(1.0 + a)
        result = 0.0
        for start in range(0, len(counts), CHUNK):
            n = counts[start : start + CHUNK]
            n = n[n > 0]  # an empty cell contributes 0
            result += float((gammaln(a + n) + offset).sum())
        return result

    return total
