"""Sums over the cells of all marginal tables of one contingency table, each made of a larger one.

This is for long tables of few columns: beyond its making, the number of rows does not matter.
"""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Int
from scipy.special import gammaln

MAX_CELLS = 1 << 24
"""Largest contingency table, in cells of four bytes."""
CHUNK = 1 << 18
"""Cells that are evaluated at once."""


def marginal_tables_pay(cardinalities: Int[np.ndarray, " d"], num_rows: int, num_distinct: int) -> bool:
    """Return whether marginal tables take less work than refining the partition of the distinct rows.

    All 2^d tables together have prod(1 + r) cells; refining looks at most at all distinct rows for each subset.
    """
    shape = cardinalities.tolist()
    if math.prod(shape) > MAX_CELLS or num_rows >= 1 << 31:
        return False
    return 4 * math.prod(r + 1 for r in shape) <= num_distinct << len(shape)


def all_marginal_sums(
    table: Int[np.ndarray, "*shape"], equivalent_sample_size: float
) -> Float64[np.ndarray, " subsets"]:
    r"""Return the sum over the cells of the marginal table of every subset of the columns, at its bitmask.

    Parameters
    ----------
    table : ndarray, shape of the cardinalities, int
        Counts of the joint states.
    equivalent_sample_size : float
        :math:`\alpha > 0`: a cell with count N of a table with q cells contributes
        :math:`\log\Gamma(\alpha/q + N) - \log\Gamma(\alpha/q)`; 0: it contributes N log N.
    """
    sums = np.empty(1 << table.ndim)
    of_counts = _dirichlet(equivalent_sample_size) if equivalent_sample_size > 0.0 else _maximum_likelihood

    def fill(part: np.ndarray, axis: int, kept: int) -> None:
        """Decide on column `axis`, of which the earlier ones are decided and stand first in `part`, flat."""
        if axis == table.ndim:
            sums[kept] = of_counts(part.reshape(-1))
            return
        part = part.reshape(-1, table.shape[axis], math.prod(table.shape[axis + 1 :]))
        fill(part.sum(axis=1, dtype=part.dtype), axis + 1, kept)
        fill(part, axis + 1, kept | 1 << axis)

    fill(table, 0, 0)
    return sums


def _maximum_likelihood(counts: np.ndarray) -> float:
    total = 0.0
    for start in range(0, len(counts), CHUNK):
        n = counts[start : start + CHUNK]
        n = n[n > 0].astype(np.float64)
        total += float((n * np.log(n)).sum())
    return total


def _dirichlet(equivalent_sample_size: float) -> Callable[[np.ndarray], float]:
    def total(counts: np.ndarray) -> float:
        # log Gamma(a) = log Gamma(1 + a) - log(a), finite however small a is
        log_a = math.log(equivalent_sample_size) - math.log(len(counts))
        a = math.exp(log_a)
        offset = log_a - math.lgamma(1.0 + a)
        result = 0.0
        for start in range(0, len(counts), CHUNK):
            n = counts[start : start + CHUNK]
            n = n[n > 0]
            result += float((gammaln(a + n) + offset).sum())
        return result

    return total
