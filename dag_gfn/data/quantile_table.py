"""The quantiles of a column: the map between its own units and the scale on which it is scored."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtr, ndtri

MAX_POINTS = 200
"""Points of a table, at most; more would not be seen."""
FEW = 20
"""A column of at most as many values takes these alone."""
BANDWIDTH = 0.3
"""Normal scores over which a smooth table averages."""
_AT_ITSELF = 1.5 / np.sqrt(2.0 * np.pi)
"""Weight of a point in its own local parabola, over rows in one bandwidth."""
_MAX_ROWS = 1000
"""Points that a smooth table is made of, at most."""


class QuantileTable(NamedTuple):
    """Increasing points of a column, in its own units and as scored, with the share of the rows below each.

    Between the points both scales follow straight lines. Beyond the range of the column nothing is known: values are
    moved to its ends.

    Attributes
    ----------
    shares : array, shape (q,), float64
        Of the rows below this value, and half of those that have it.
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
        (173, [0.0, 4999.0])
        """
        return cls._thinned(own, scored, weights, MAX_POINTS)[0]

    @classmethod
    def _thinned(
        cls,
        own: Float64[np.ndarray, " n"],
        scored: Float64[np.ndarray, " n"],
        weights: Float64[np.ndarray, " n"] | None,
        most: int,
    ) -> tuple["QuantileTable", Float64[np.ndarray, " q"]]:
        """Return the table, and the total weight of the rows with each of its values."""
        seen = ~np.isnan(own)
        values, first, level = np.unique(own[seen], return_index=True, return_inverse=True)
        total = np.bincount(level, None if weights is None else weights[seen]).astype(np.float64)
        shares = (np.cumsum(total) - 0.5 * total) / total.sum()
        kept = np.arange(len(values))
        if len(values) > most:
            normal = ndtri(np.clip(shares, 1e-12, 1.0 - 1e-12))
            wanted = np.linspace(normal[0], normal[-1], most)
            kept = np.unique(np.clip(np.searchsorted(normal, wanted), 0, len(values) - 1))
            total = np.ones(len(values))  # the points are evenly spread, and rows have no part any more
        return cls(shares[kept], scored[seen][first][kept], values[kept]), total[kept]

    @classmethod
    def smooth(
        cls,
        own: Float64[np.ndarray, " n"],
        scored: Float64[np.ndarray, " n"],
        weights: Float64[np.ndarray, " n"] | None = None,
    ) -> "QuantileTable":
        """Return a smooth table of a column that is scored by its normal scores.

        The quantiles of few rows jump where neighbours happen to lie apart. Local parabolas average that away, so that
        effects in the column's own units are nearer to the truth. The ends stay those of the column. A column of few
        values keeps them.

        Parameters
        ----------
        own, scored, weights
            As for `of`.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.data.normal_scores import normal_scores
        >>> from dag_gfn.data.quantile_table import QuantileTable
        >>> x = np.random.default_rng(0).normal(size=300)
        >>> rough, smooth = (table(x, normal_scores(x)) for table in (QuantileTable.of, QuantileTable.smooth))
        >>> errors = [np.abs(each.own - each.scored)[20:-20] for each in (rough, smooth)]
        >>> bool(np.diff(errors[0]).std() > 2 * np.diff(errors[1]).std())
        True
        """
        table, total = cls._thinned(own, scored, weights, _MAX_ROWS)
        if len(table.own) <= FEW:
            return table
        grid = np.linspace(table.scored[0], table.scored[-1], MAX_POINTS // 2)
        away = (table.scored - grid[:, None]) / BANDWIDTH
        weight = total * np.exp(-0.5 * away**2)
        powers = away[:, :, None] ** np.arange(3)
        size = np.abs(table.own).max() or 1.0
        products = np.einsum("gq,gqa,gqb->gab", weight, powers, powers) + 1e-9 * np.eye(3)
        pulled = np.einsum("gq,gqa,q->ga", weight, powers, table.own / size)
        values = np.linalg.solve(products, pulled[:, :, None])[:, 0, 0]
        values = np.maximum.accumulate(np.clip(values * size, table.own[0], table.own[-1]))
        values[0], values[-1] = table.own[0], table.own[-1]
        rising = np.concatenate([[True], np.diff(values) > 1e-12 * size])
        rising[-1], last = True, values[-1]
        rising[:-1] &= (values[:-1] < last - 1e-12 * size) | (np.arange(len(values) - 1) == 0)
        return cls(ndtr(grid)[rising], grid[rising], values[rising])

    def log_slopes(self, own: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Return the logarithm of how fast what is scored rises with the column's own value, at each value.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.data.quantile_table import QuantileTable
        >>> own = np.array([0.0, 1.0, 3.0])
        >>> np.exp(QuantileTable.of(own, np.array([0.0, 2.0, 6.0])).log_slopes(own)).tolist()
        [2.0, 2.0, 2.0]
        """
        middles = self.own[:-1] + np.diff(self.own) / 2.0
        return np.asarray(np.interp(own, middles, np.log(np.diff(self.scored)) - np.log(np.diff(self.own))))

    @property
    def freedom(self) -> float:
        """How many numbers the table takes from the rows: the trace of its smoother, if it is smooth."""
        return min(float(len(self.own)), _AT_ITSELF * float(np.ptp(self.scored)) / BANDWIDTH)

    def to_own(self, scored: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Return values in the column's own units, within its range."""
        return np.asarray(np.interp(scored, self.scored, self.own))

    def to_scored(self, own: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Return values as scored, within the column's range."""
        return np.asarray(np.interp(own, self.own, self.scored))

    def at_share(self, share: float | int) -> float:
        """Return a quantile in the column's own units; of few values one of them.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.data.quantile_table import QuantileTable
        >>> rating = np.repeat([1.0, 2.0, 5.0], [10, 50, 40])
        >>> [QuantileTable.of(rating, rating).at_share(share) for share in (0.05, 0.25, 0.75)]
        [1.0, 2.0, 5.0]
        """
        if len(self.own) > FEW:
            return float(np.interp(share, self.shares, self.own))
        below = np.zeros(len(self.own) + 1)  # shares are in the middle of those of their value
        for k, middle in enumerate(self.shares):
            below[k + 1] = 2.0 * middle - below[k]
        return float(self.own[min(int(np.searchsorted(below[1:], share)), len(self.own) - 1)])
