"""Tables that are read as rows, and look like a covariance or correlation matrix."""

import numpy as np

from dag_gfn.data.dataset import Dataset

_MIN_COLUMNS = 3  # two rows of two columns are symmetric if two cells are equal


def symmetric_sentence(dataset: Dataset) -> str:
    """Return the warning that the columns of numbers form a symmetric matrix, or empty text.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.data.symmetric_tables import symmetric_sentence
    >>> symmetric_sentence(from_array(np.cov(np.random.default_rng(0).normal(size=(3, 9))))).partition(":")[0]
    'a symmetric table of as many rows as columns, like a covariance matrix'
    """
    numeric = [j for j, kind in enumerate(dataset.kinds) if kind == "continuous"]
    if dataset.n != len(numeric) or dataset.n < _MIN_COLUMNS:
        return ""
    values = (dataset.values * dataset.scales + dataset.means)[:, numeric]
    size = np.nanmax(np.abs(values), axis=0)
    gaps = np.abs(values - values.T) / np.sqrt(np.outer(size, size))
    if not (gaps < 1e-9).all() or (np.diag(values) <= 0).any():  # a gap beside a missing cell is NaN
        return ""
    return (
        "a symmetric table of as many rows as columns, like a covariance matrix: if it is one, read it with "
        "--covariance --rows N (read_covariance)."
    )
