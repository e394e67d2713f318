"""A covariance or correlation matrix as a Dataset: weighted points that have exactly these moments."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

from dag_gfn.data.column_selection import check_names
from dag_gfn.data.dataset import Dataset, default_names
from dag_gfn.data.messages import one_line, quoted
from dag_gfn.errors import DataError, OptionError

ASYMMETRY = 1e-6
"""The largest difference between two halves of a correlation matrix that rounding explains."""
SMALLEST_EIGENVALUE = 1e-10
"""A correlation matrix with a smaller eigenvalue counts as singular."""


def from_covariance(
    matrix: Any,
    n: float | int | None,
    names: Sequence[str] | None = None,
    means: Any = None,
    *,
    ddof: int = 1,
) -> Dataset:
    r"""Return the Dataset of a covariance matrix, for scores that need no more than means and covariances.

    A correlation matrix is a covariance matrix of unit diagonal. The rows of the dataset are no observations, but
    2d points :math:`\bar x \pm \sqrt d\, L e_k` of weight n / (2d) each, where :math:`L L^T` is the covariance with
    divisor n. Their weighted means and covariances are exactly those given.

    Parameters
    ----------
    matrix : DataFrame or array, shape (d, d)
        Symmetric and positive definite.
    n : float
        The number of rows that the matrix was computed from; it need not be whole. There is no default.
    names : sequence of str, length d, optional
        By default those of the columns of a data frame, else x0, x1, ...
    means : sequence of float, length d, optional
        By default 0. Standardized columns do not depend on them.
    ddof : int
        The divisor of the matrix is n - ddof: 1 for a sample covariance, as `cov` of R and pandas gives, 0 for a
        population covariance. A correlation matrix, and standardized columns, do not depend on it.

    Raises
    ------
    DataError
        If the matrix is not square, symmetric and positive definite, or names or means do not fit it.
    OptionError
        If `n` or `ddof` is impossible.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.from_covariance(np.array([[4.0, 1.0], [1.0, 9.0]]), n=50, names=["a", "b"], ddof=0)
    >>> np.cov(data.values.T, aweights=data.weights, ddof=0).round(12).tolist(), float(data.total_weight)
    ([[4.0, 1.0], [1.0, 9.0]], 50.0)
    """
    if names is None and isinstance(matrix, pd.DataFrame):
        names = [str(name) for name in matrix.columns]
        rows = [str(name) for name in matrix.index]
        if not isinstance(matrix.index, pd.RangeIndex) and rows != names:
            raise DataError(
                f"the rows of the matrix are called {quoted(rows)}, and its columns {quoted(names)}: the same names "
                "in the same order are needed."
            )
    try:
        values = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("a covariance matrix holds numbers only: this one has other cells.") from None
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise DataError(f"a covariance matrix is square: this one has shape {values.shape}.")
    d = len(values)
    names = default_names(d) if names is None else tuple(str(name) for name in names)
    if len(names) != d:
        raise DataError(f"{len(names)} names were given for a matrix of {d} columns: name each one.")
    check_names(names)
    count = _number_of_rows(n, ddof)
    center = np.zeros(d) if means is None else np.asarray(means, dtype=np.float64)
    if center.shape != (d,) or not np.isfinite(center).all():
        raise DataError(f"means has shape {center.shape} for {d} columns: one finite number each is needed.")
    deviations, triangle = _triangle(values, names)
    steps = deviations[:, np.newaxis] * triangle * np.sqrt(d * (count - ddof) / count)
    return Dataset(
        values=center + np.concatenate([steps.T, -steps.T]),
        names=names,
        kinds=("continuous",) * d,
        cardinalities=(0,) * d,
        states=((),) * d,
        means=np.zeros(d),
        scales=np.ones(d),
        weights=np.full(2 * d, count / (2 * d)),
        moments_only=True,
        notes=(
            f"took a {'correlation' if (np.diag(values) == 1).all() else 'covariance'} matrix of {count:g} rows",
        ),
    )


def _number_of_rows(n: float | int | None, ddof: int) -> float:
    if n is None or isinstance(n, bool) or not np.isfinite(n) or n < 2:
        raise OptionError(
            f"a covariance matrix needs the number of rows that it was computed from (n=..., --rows), at least 2, "
            f"not {one_line(n)}."
        )
    if ddof not in (0, 1):
        raise OptionError(f"ddof is 1 (divisor n - 1) or 0 (divisor n), not {one_line(ddof)}.")
    return float(n)


def _triangle(
    matrix: Float64[np.ndarray, "d d"], names: Sequence[str]
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"]]:
    """Return the standard deviations, and the Cholesky factor of the correlations."""

    def name(j: int) -> str:
        return f"'{one_line(names[j])}'"

    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        i, j = bad[0].tolist()
        raise DataError(f"the covariance of {name(i)} and {name(j)} is not a finite number: correct it.")
    variances = np.diag(matrix)
    if (variances <= 0).any():
        j = int((variances <= 0).argmax())
        raise DataError(
            f"the variance of {name(j)} is {variances[j]:g}: a covariance matrix has positive numbers on its diagonal."
        )
    deviations = np.sqrt(variances)
    correlations = matrix / deviations / deviations[:, np.newaxis]
    gaps = np.abs(correlations - correlations.T)
    if gaps.max() > ASYMMETRY:
        i, j = sorted(int(k) for k in np.unravel_index(gaps.argmax(), gaps.shape))
        raise DataError(
            f"the matrix is not symmetric: {matrix[i, j]:g} for {name(i)} and {name(j)} above the diagonal, "
            f"{matrix[j, i]:g} below it: correct one."
        )
    correlations = (correlations + correlations.T) / 2
    np.fill_diagonal(correlations, 1.0)
    beyond = np.abs(correlations) - np.eye(len(matrix)) > 1 + ASYMMETRY
    if beyond.any():
        i, j = (int(k) for k in np.argwhere(beyond)[0])
        raise DataError(
            f"the correlation of {name(i)} and {name(j)} would be {correlations[i, j]:.3g}: correct their covariance "
            "or variances."
        )
    smallest, vectors = np.linalg.eigh(correlations)
    if smallest[0] < SMALLEST_EIGENVALUE:
        largest = np.argsort(-np.abs(vectors[:, 0]))[:3]
        raise DataError(
            f"the matrix is not positive definite (smallest eigenvalue of the correlations {smallest[0]:.2g}, mostly "
            f"of {quoted(names[j] for j in sorted(largest))}): it was rounded, computed from pairs with different "
            "missing values, or a column is a sum of others; leave one of these out with --drop, or give more digits."
        )
    return deviations, np.linalg.cholesky(correlations)
