"""The quantiles of a column: the map between its own units and the scale on which it is scored."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri

MAX_POINTS = 200
"""Points of a table, at most; more would not be seen."""


class QuantileTable(NamedTuple):
    """Increasing points of a column, in its own units and as scored, with the share of the rows below each.

    Between the points both scales follow straight lines. Beyond the range of the column nothing is known: values are
    moved to its ends.

    Attributes
    ----------
    shares : array, shape (q,), float64
        Mean rank of the rows with this value over the number of rows + 1.
    scored, own : array, shape (q,), float64

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.quantile_table import QuantileTable
    >>> dose = np.array([1.0, 10.0, 100.0])
    >>> table = QuantileTable.of(dose, np.log10(dose))
    >>> table.at_share(0.5), table.to_own(np.array([0.0, 1.5, 7.0])).tolist()
    (10.0, [1.0, 55.0, 100.0])
    """

    shares: Float64[np.ndarray, " q"]
    scored: Float64[np.ndarray, " q"]
    own: Float64[np.ndarray, " q"]

    @classmethod
    def of(
        cls,
        own: Float64[np.ndarray, " n"],
        scored: Float64[np.ndarray, " n"],
        weights: Float64[np.ndarray, " n"] | None = None,
    ) -> "QuantileTable":
        """Return the table of a column: all its distinct values, or those nearest to evenly spread normal quantiles.

        Parameters
        ----------
        own : array, shape (n,), float64
            NaN is left out.
        scored : array, shape (n,), float64
            An increasing function of `own`.
        weights : array, shape (n,), float64, optional
            Of the rows.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.data.quantile_table import QuantileTable
        >>> table = QuantileTable.of(np.arange(5000.0), np.arange(5000.0))
        >>> len(table.own), table.own[[0, -1]].tolist()
        (200, [0.0, 4999.0])
        """
        seen = ~np.isnan(own)
        values, first, level = np.unique(own[seen], return_index=True, return_inverse=True)
        total = np.bincount(level, None if weights is None else weights[seen]).astype(np.float64)
        shares = (np.cumsum(total) - 0.5 * (total - 1.0)) / (total.sum() + 1.0)
        kept = np.arange(len(values))
        if len(values) > MAX_POINTS:
            normal = ndtri(np.clip(shares, 1e-12, 1.0 - 1e-12))
            wanted = np.linspace(normal[0], normal[-1], MAX_POINTS)
            kept = np.unique(np.clip(np.searchsorted(normal, wanted), 0, len(values) - 1))
        return cls(shares[kept], scored[seen][first][kept], values[kept])

    def to_own(self, scored: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Return values in the column's own units, within its range."""
        return np.asarray(np.interp(scored, self.scored, self.own))

    def to_scored(self, own: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Return values as scored, within the column's range."""
        return np.asarray(np.interp(own, self.own, self.scored))

    def at_share(self, share: float | int) -> float:
        """Return a quantile in the column's own units."""
        return float(np.interp(share, self.shares, self.own))
