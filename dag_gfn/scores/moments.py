"""Number of rows, means and scatter: what Gaussian scores know of a table."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dag_gfn.scores.gaussian_minors import centred_scatter


class Moments(NamedTuple):
    """Number of rows, means and sums of products of deviations from the means.

    Attributes
    ----------
    num_rows : int or float
        Total weight of the rows.
    mean : array, shape (D,), float64
    scatter : array, shape (D, D), float64

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.moments import Moments
    >>> Moments.of(np.array([[1.0], [3.0]])).scatter.tolist(), Moments.of(np.zeros((0, 1))).num_rows
    ([[2.0]], 0)
    """

    num_rows: int | float
    mean: Float64[np.ndarray, " D"]
    scatter: Float64[np.ndarray, "D D"]

    @classmethod
    def of(
        cls, columns: Float64[np.ndarray, "n D"], weights: Float64[np.ndarray, " n"] | None = None
    ) -> "Moments":
        """Return the moments of rows, weighted if weights are given."""
        size = columns.shape[1]
        if len(columns) == 0:
            return cls(0, np.zeros(size), np.zeros((size, size)))
        total = len(columns) if weights is None else float(weights.sum())
        return cls(total, *centred_scatter(columns, weights))
