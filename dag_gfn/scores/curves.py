"""Curves of a numeric column: what a parent may do to a child beyond a straight line.

A column x has K curves, functions of x that add to its straight line. They are splines whose values at the rows have
mean 0 and variance 1, no correlation with each other, and none with x. The smoothest comes first: curve k has the
roughness :math:`\\int f_k''(x)^2 dx`, and a penalty on it shrinks wiggles more than bends (P-splines as a mixed model).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import BSpline

_INTERVALS = 10
"""Intervals between the knots, which divide the range of the column evenly."""
_DEGREE = 3
_NO_CURVE = 1e-8
"""A direction of the splines with less than this share of the largest variance is none."""
_NOTHING_NEW = 0.5
"""A curve of which the line explains more than this share of the variance is none of its own."""


@dataclass(frozen=True, eq=False)
class Curves:
    """K functions of a column that can be evaluated at any point.

    Beyond the range of the column they keep the value that they have at its end.

    Parameters
    ----------
    knots : array, shape (m + 4,), float64
        Of cubic splines.
    coefficients : array, shape (m, K), float64
        Of the splines, for each curve.
    slope : array, shape (K,), float64
        What is subtracted for each unit of x, so that the curve has no correlation with it.
    offset : array, shape (K,), float64
        What is subtracted, so that the mean is 0.
    roughness : array, shape (K,), float64
        Mean squared second derivative of each curve, in units of the first: 1, then larger.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.curves import Curves
    >>> x = np.random.default_rng(0).normal(size=200)
    >>> curves = Curves.of(x, 3)
    >>> at_rows = curves.at(x)
    >>> bool(np.allclose(at_rows.T @ at_rows / 200, np.eye(3)))
    True
    >>> bool(np.abs(x @ at_rows).max() < 1e-9), bool((np.diff(curves.roughness) > 0).all())
    (True, True)
    """

    knots: Float64[np.ndarray, " knots"]
    coefficients: Float64[np.ndarray, "m K"]
    slope: Float64[np.ndarray, " K"]
    offset: Float64[np.ndarray, " K"]
    roughness: Float64[np.ndarray, " K"]

    @classmethod
    def of(
        cls,
        x: Float64[np.ndarray, " n"],
        num_curves: int,
        weights: Float64[np.ndarray, " n"] | None = None,
    ) -> "Curves":
        """Return the curves of a column: fewer than asked for where it has few distinct values, none for two.

        The splines are turned so that their values at the rows are uncorrelated and their second derivatives
        orthogonal (Demmler and Reinsch's basis). The two directions without roughness are the mean and the line.

        Parameters
        ----------
        x : array, shape (n,), float64
            Without NaN.
        num_curves : int
        weights : array, shape (n,), float64, optional
            Of the rows.

        References
        ----------
        Eilers and Marx, "Flexible smoothing with B-splines and penalties", Statistical Science 11 (1996). Demmler
        and Reinsch, "Oscillation matrices with spline smoothing", Numerische Mathematik 24 (1975).

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores.curves import Curves
        >>> [Curves.of(np.arange(12.0) % k, 4).size for k in (2, 3, 12)]
        [0, 1, 4]
        """
        share = np.full(len(x), 1.0 / len(x)) if weights is None else weights / weights.sum()
        distinct = len(np.unique(x[share > 0.0]))
        if distinct < 3 or num_curves == 0:
            return cls.none()
        breaks = np.linspace(x.min(), x.max(), _INTERVALS + 1)
        step = breaks[1] - breaks[0]
        knots = np.concatenate(
            [
                breaks[0] - step * np.arange(_DEGREE, 0, -1),
                breaks,
                breaks[-1] + step * np.arange(1, _DEGREE + 1),
            ]
        )
        splines = _splines(knots, x)
        variances, directions = np.linalg.eigh((splines * share[:, None]).T @ splines)
        kept = variances > _NO_CURVE * variances[-1]
        penalty = _roughness(knots, breaks)
        whitened = directions[:, kept] / np.sqrt(variances[kept])
        unseen = directions[:, ~kept]  # what no row shows is made as smooth as it can be
        whitened -= (
            unseen
            @ np.linalg.pinv(unseen.T @ penalty @ unseen, hermitian=True)
            @ unseen.T
            @ penalty
            @ whitened
        )
        roughness, turned = np.linalg.eigh(whitened.T @ penalty @ whitened)
        used = slice(2, min(2 + num_curves, distinct))
        coefficients = (whitened @ turned)[:, used]
        line = np.column_stack([np.ones(len(x)), x])
        values = splines @ coefficients
        fitted = np.linalg.lstsq(
            line * np.sqrt(share)[:, None], values * np.sqrt(share)[:, None], rcond=None
        )[0]
        left = values - line @ fitted
        new = share @ left**2 > _NOTHING_NEW
        left, coefficients, fitted = left[:, new], coefficients[:, new], fitted[:, new]
        if left.shape[1] == 0:
            return cls.none()
        # What the line explained was little; the rest is made orthogonal again, the smoothest first.
        triangle = np.linalg.qr(left * np.sqrt(share)[:, None])[1]
        back = np.linalg.inv(triangle)
        return cls(
            knots,
            coefficients @ back,
            fitted[1] @ back,
            fitted[0] @ back,
            (roughness[used] / roughness[2])[new],
        )

    @classmethod
    def none(cls) -> "Curves":
        """Return no curves: those of a category, or of a column with two values."""
        empty = np.zeros(0)
        return cls(empty, np.zeros((0, 0)), empty, empty, empty)

    def first(self, count: int) -> "Curves":
        """Return the smoothest of these curves: they are those of a column that was asked for fewer.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores.curves import Curves
        >>> x = np.random.default_rng(0).normal(size=50)
        >>> bool(np.allclose(Curves.of(x, 8).first(3).at(x), Curves.of(x, 3).at(x)))
        True
        """
        if count >= self.size:
            return self
        return Curves(
            self.knots,
            self.coefficients[:, :count],
            *(each[:count] for each in (self.slope, self.offset, self.roughness)),
        )

    @property
    def size(self) -> int:
        """K, the number of curves."""
        return len(self.roughness)

    def at(self, x: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n K"]:
        """Return the value of each curve at each point.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores.curves import Curves
        >>> curves = Curves.of(np.linspace(-1.0, 1.0, 21), 1)
        >>> np.abs(curves.at(np.array([-1.0, 0.0, 1.0, 5.0]))[:, 0]).round(2).tolist()  # a bowl
        [1.79, 1.22, 1.79, 1.79]
        """
        if self.size == 0:
            return np.zeros((len(x), 0))
        inside = np.clip(x, self.knots[_DEGREE], self.knots[-_DEGREE - 1])
        values = _splines(self.knots, inside) @ self.coefficients
        return np.asarray(values - inside[:, None] * self.slope - self.offset)


def _splines(
    knots: Float64[np.ndarray, " knots"], x: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, "n m"]:
    """Return the B-splines at points within the range of the knots."""
    return np.asarray(BSpline.design_matrix(x, knots, _DEGREE).toarray())


def _roughness(
    knots: Float64[np.ndarray, " knots"], breaks: Float64[np.ndarray, " breaks"]
) -> Float64[np.ndarray, "m m"]:
    """Return the integrals of products of second derivatives of the B-splines, by two-point Gauss quadrature.

    Second derivatives are straight lines between the breaks, so this is exact.
    """
    middle, half = (breaks[:-1] + breaks[1:]) / 2, (breaks[1:] - breaks[:-1]) / 2
    points = np.concatenate([middle - half / np.sqrt(3.0), middle + half / np.sqrt(3.0)])
    size = len(knots) - _DEGREE - 1
    second = BSpline(knots, np.eye(size), _DEGREE).derivative(2)(points)
    return np.asarray(second.T @ (second * np.tile(half, 2)[:, None]))
