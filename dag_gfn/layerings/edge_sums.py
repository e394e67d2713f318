"""Weighted means of edge probabilities over draws, and their variance by the delta method."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True, eq=False)
class EdgeSums:
    r"""Sums over k draws for m sets of weights at once, from which means and variances of edges follow.

    With :math:`s_k` the share of draw k in the total weight and :math:`p_k` the probability of an edge given what was
    drawn, the estimate of its probability is the weighted mean :math:`\bar p = \sum_k s_k p_k`, a ratio of two means.
    The delta method gives its variance:

    .. math:: \sum_k s_k^2 (p_k - \bar p)^2 = \sum_k s_k^2 p_k^2 - 2 \bar p \sum_k s_k^2 p_k + \bar p^2 \sum_k s_k^2.

    Attributes
    ----------
    mean, linear, square : ndarray, shape (m, d, d), float64
        :math:`\sum s p`, :math:`\sum s^2 p` and :math:`\sum s^2 p^2`; entry (., i, j) is about i -> j (row -> column).
    squared_shares : ndarray, shape (m,), float64
        :math:`\sum s^2`.

    Examples
    --------
    Four draws with equal weights, of which one has the edge 0 -> 1:

    >>> import numpy as np
    >>> from dag_gfn.layerings.edge_sums import EdgeSums
    >>> given = np.zeros((4, 2, 2))
    >>> given[0, 0, 1] = 1.0
    >>> sums = EdgeSums.of(np.full((1, 4), 0.25), [(slice(0, 4), given)], 2)
    >>> float(sums.mean[0, 0, 1]), float(sums.variance()[0, 0, 1])  # the variance is p (1 - p) / 4
    (0.25, 0.046875)
    """

    mean: Float64[np.ndarray, "m d d"]
    linear: Float64[np.ndarray, "m d d"]
    square: Float64[np.ndarray, "m d d"]
    squared_shares: Float64[np.ndarray, " m"]

    @classmethod
    def of(
        cls,
        shares: Float64[np.ndarray, "m k"],
        parts: Iterable[tuple[slice, Float64[np.ndarray, "_ d d"]]],
        d: int,
    ) -> "EdgeSums":
        """Return the sums over all parts of the draws.

        Parameters
        ----------
        shares : ndarray, shape (m, k), float64
            m rows of weights of the k draws.
        parts : iterable of (slice, ndarray of shape (n, d, d))
            Which of the draws, and the edge probabilities given each of them. Few of these matrices need to be in
            memory at a time.
        d : int
            Number of nodes.
        """
        mean, linear, square = np.zeros((3, len(shares), d, d))
        for part, given in parts:
            mean += np.tensordot(shares[:, part], given, axes=1)
            linear += np.tensordot(shares[:, part] ** 2, given, axes=1)
            square += np.tensordot(shares[:, part] ** 2, given**2, axes=1)
        return cls(mean, linear, square, (shares**2).sum(axis=1))

    def variance(self, mean: Float64[np.ndarray, "m d d"] | None = None) -> Float64[np.ndarray, "m d d"]:
        """Return the variance of the weighted means; rounding can leave it slightly below zero.

        Parameters
        ----------
        mean : ndarray, shape (m, d, d), float64, optional
            The mean to take deviations from, where these draws are only a part of what it was computed from.
        """
        mean = self.mean if mean is None else mean
        return self.square - 2 * mean * self.linear + mean**2 * self.squared_shares[:, None, None]
