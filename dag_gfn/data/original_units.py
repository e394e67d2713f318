"""Columns in their original units, free of the rounding that standardizing and back adds."""

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.dataset import Dataset


def raw_column(dataset: Dataset, j: int) -> Float64[np.ndarray, " n"]:
    """Return a continuous column in its original units; values that rounding alone keeps from being whole are whole.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.original_units import raw_column
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0], [7.0, 4.0]])).standardize()
    >>> raw_column(data, 0).tolist()
    [1.0, 3.0, 7.0]
    """
    raw = dataset.values[:, j] * dataset.scales[j] + dataset.means[j]
    whole = np.round(raw)
    return np.where(np.abs(raw - whole) <= rounding(dataset, j, raw), whole, raw)


def rounding(dataset: Dataset, j: int, raw: Float64[np.ndarray, " n"]) -> float:
    """Return the largest change that standardizing and back can make to a column's values; 0 if it was not done.

    Parameters
    ----------
    dataset : Dataset
    j : int
        Position of the column.
    raw : ndarray, shape (n,), float64
        The column in its original units.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.original_units import rounding
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]]))
    >>> rounding(data, 0, data.values[:, 0])
    0.0
    >>> 0 < rounding(data.standardize(), 0, data.values[:, 0]) < 1e-13
    True
    """
    if dataset.scales[j] == 1 and dataset.means[j] == 0:
        return 0.0
    return 32 * float(np.finfo(float).eps) * float(np.nanmax(np.abs(raw)))
