r"""Checks of the residuals of one column given its parents, as z-scores under the model.

Under a linear model with normal noise the residuals are independent of the parents, and the distribution of each
statistic below is known: so their predictive distribution need not be simulated. Each is turned into a z-score, that is
standard normal for data of the model itself, and a size that does not grow with the number of rows.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64
from scipy.special import ndtri, stdtr
from scipy.stats import kurtosistest, rankdata, skewtest

MIN_ROWS = 30
"""Rows beyond those that the parents use up, from which on residuals have a shape."""


class Check(NamedTuple):
    """A statistic.

    Attributes
    ----------
    z : float
        Standard normal under the model.
    size : float
        How large the break is, whatever the number of rows.

    Examples
    --------
    >>> from dag_gfn.criticism.residual_checks import Check
    >>> Check(z=4.0, size=0.8).size
    0.8
    """

    z: float
    size: float


def residuals_of(
    y: Float64[np.ndarray, " n"], design: Float64[np.ndarray, "n k"]
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, "n q"]]:
    """Return the residuals of least squares, and an orthonormal basis of the design with its constant.

    Parameters
    ----------
    y : array, shape (n,), float64
    design : array, shape (n, k), float64
        Without the constant; columns may follow from others.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.residual_checks import residuals_of
    >>> residuals_of(np.array([1.0, 2.0, 4.0, 5.0]), np.array([[0.0], [1.0], [2.0], [3.0]]))[0].round(2).tolist()
    [0.1, -0.3, 0.3, -0.1]
    """
    whole = np.column_stack([np.ones(len(y)), design])
    left, singular, _ = np.linalg.svd(whole, full_matrices=False)
    basis = left[:, singular > 1e-9 * singular[0]]
    return y - basis @ (basis.T @ y), basis


def skewness(residuals: Float64[np.ndarray, " n"]) -> Check:
    """Return whether the residuals are skewed; the size is their skewness (D'Agostino 1970).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.residual_checks import skewness
    >>> skewness(np.random.default_rng(0).exponential(size=200)).z > 5
    True
    """
    scaled = (residuals - residuals.mean()) / residuals.std()
    return Check(float(skewtest(scaled).statistic), float((scaled**3).mean()))


def tails(residuals: Float64[np.ndarray, " n"]) -> Check:
    """Return whether the residuals have heavy or light tails; the size is the excess kurtosis (Anscombe, Glynn 1983).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.residual_checks import tails
    >>> tails(np.random.default_rng(0).standard_t(3, size=200)).z > 4
    True
    """
    scaled = (residuals - residuals.mean()) / residuals.std()
    return Check(float(kurtosistest(scaled).statistic), float((scaled**4).mean() - 3.0))


def spread(residuals: Float64[np.ndarray, " n"], fitted: Float64[np.ndarray, " n"]) -> Check:
    """Return whether the size of the residuals changes with the fitted value: their rank correlation.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.residual_checks import spread
    >>> fitted = np.linspace(0.0, 1.0, 200)
    >>> spread(np.random.default_rng(0).normal(size=200) * (0.2 + fitted), fitted).size > 0.3
    True
    """
    ranks = [rankdata(np.abs(residuals)), rankdata(fitted)]
    correlation = float(np.corrcoef(*ranks)[0, 1])
    return Check(correlation * np.sqrt(len(residuals) - 1), correlation)


def neighbours(residuals: Float64[np.ndarray, " n"], follows: Bool[np.ndarray, " n"]) -> Check:
    """Return whether residuals of neighbouring rows are alike: their correlation at lag one.

    Parameters
    ----------
    residuals : array, shape (n,), float64
    follows : array, shape (n,), bool
        Whether a row comes right after the one before it here; the first does not.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.residual_checks import neighbours
    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=100))
    >>> neighbours(walk - walk.mean(), np.arange(100) > 0).size > 0.8
    True
    """
    products = (residuals[1:] * residuals[:-1])[follows[1:]]
    correlation = float(products.mean() / residuals.var()) if len(products) else 0.0
    return Check((correlation + 1.0 / len(residuals)) * np.sqrt(max(len(products), 1)), correlation)


def bends(
    residuals: Float64[np.ndarray, " n"],
    basis: Float64[np.ndarray, "n q"],
    others: Float64[np.ndarray, "n m"],
) -> list[Check]:
    """Return for each other column whether the residuals bend with it: their correlation with its square.

    What parents and residuals explain of the other column, by lines, is taken from it first. So an effect of this
    column does not count as a bend of its cause. The size is the share of the variance of the residuals.

    Parameters
    ----------
    residuals, basis
        From `residuals_of`.
    others : array, shape (n, m), float64
        Parents too: of these nothing is left but their own shape.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.criticism.residual_checks import bends, residuals_of
    >>> x = np.random.default_rng(0).normal(size=200)
    >>> residuals, basis = residuals_of(x**2 + np.random.default_rng(1).normal(size=200), x[:, None])
    >>> bends(residuals, basis, x[:, None])[0].size > 0.4
    True
    """
    n, q = basis.shape
    length = np.sqrt(residuals @ residuals)
    explained = basis @ (basis.T @ others)
    left = others - explained - np.outer(residuals, residuals @ (others - explained)) / length**2
    # a parent lies in the basis: nothing is left of it, and its own square is looked at
    is_parent = (left**2).sum(0) < 1e-9 * ((others - others.mean(0)) ** 2).sum(0)
    squares = np.where(is_parent, others, left) ** 2
    squares -= basis @ (basis.T @ squares)
    norms = np.sqrt((squares**2).sum(0))
    correlation = (
        np.where(norms > 1e-9 * np.sqrt(n), residuals @ squares / np.maximum(norms, 1e-300), 0.0) / length
    )
    degrees = n - q - 1
    t = correlation * np.sqrt(degrees / np.maximum(1.0 - correlation**2, 1e-12))
    z = -np.sign(t) * ndtri(np.maximum(stdtr(degrees, -np.abs(t)), 1e-300))
    return [Check(float(each), float(r * r)) for each, r in zip(z, correlation, strict=True)]
