"""The bootstrap: rows of a table drawn again, with replacement."""

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.row_weights import are_counts
from dag_gfn.errors import DataError, OptionError
from dag_gfn.random_streams import RandomStreams

MAX_TRIES = 100
"""How often a resample in which a column is constant is drawn anew."""


def resampled(data: Dataset, seed: int, index: int) -> Dataset:
    """Return a table of as many rows, drawn with replacement from the rows of a table.

    Rows of different experiments (contexts, variables that were set) are drawn apart, so that each experiment keeps its
    number of rows. Where weights are counts, each counts as so many rows, and the counts are drawn. Other weights stay
    with their rows. A resample in which a column is constant is drawn anew.

    Parameters
    ----------
    data : Dataset
    seed, index : int
        The same seed and index draw the same rows, whatever is then fitted to them.

    Raises
    ------
    OptionError
        If the table has no rows, because it is a covariance matrix.
    DataError
        If a column is constant in 100 resamples, one after another.

    References
    ----------
    Friedman, Goldszmidt and Wyner, "Data analysis with Bayesian networks: a bootstrap approach", UAI 1999.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.resampling import resampled
    >>> data = dag_gfn.from_array(np.arange(12.0).reshape(6, 2))
    >>> drawn = resampled(data, seed=0, index=0)
    >>> drawn.n, set(drawn.values[:, 0]) <= set(data.values[:, 0])
    (6, True)
    """
    if data.moments_only:
        raise OptionError(
            "a bootstrap draws rows, and a covariance matrix has none: leave it out (of a sweep with --bootstraps 0, "
            "bootstraps=0; of a fit with another method)"
        )
    rng = RandomStreams(seed).generator(f"bootstrap {index}")
    strata = _strata(data)
    for _ in range(MAX_TRIES):
        try:
            return _drawn(data, strata, rng)
        except DataError as error:
            told = error
    raise DataError(f"no resample of the rows can be fitted: {told}")


def _strata(data: Dataset) -> list[np.ndarray]:
    """Return the rows of each experiment."""
    kept = [data.values[:, [data.names.index(name) for name in data.contexts]]]
    if data.intervened is not None:
        kept.append(data.intervened.astype(np.float64))
    _, group = np.unique(np.hstack(kept), axis=0, return_inverse=True)
    return [np.flatnonzero(group == k) for k in range(int(group.max(initial=0)) + 1)]


def _drawn(data: Dataset, strata: list[np.ndarray], rng: np.random.Generator) -> Dataset:
    if data.weights is not None and are_counts(data.weights):
        counts = np.zeros(data.n)
        for rows in strata:
            total = data.weights[rows].sum()
            counts[rows] = rng.multinomial(int(total), data.weights[rows] / total)
        return data.of_rows(np.flatnonzero(counts), weights=counts[counts > 0])
    drawn = np.sort(np.concatenate([rng.choice(rows, size=len(rows)) for rows in strata]))
    return data.of_rows(drawn, weights=None if data.weights is None else data.weights[drawn])
