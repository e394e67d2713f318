"""A table with missing cells before these are drawn: which scores go with it, and what does not depend on the cells."""

from dataclasses import replace

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import OptionError
from dag_gfn.random_streams import RandomStreams

MODELLED = ("bge", "block", "copula", "bdeu", "bde")
"""Scores that are marginal likelihoods with a conjugate prior, by which cells that were not seen can be drawn."""


def require_modelled(score: str | None, data: Dataset) -> None:
    """Raise OptionError unless cells that were not seen can be drawn under a score; None chooses by the columns.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.fitting.incomplete import require_modelled
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> require_modelled("bge", replace(data, values=np.where(data.values > 1, np.nan, data.values)))
    """
    if data.has_missing and score is not None and score not in MODELLED:
        instead = {"continuous": "bge", "discrete": "bdeu"}.get(data.kind, "block")
        raise OptionError(
            f"score {score!r} has no distribution of the {int(data.missing.sum()):,} missing cells: choose "
            f"score={instead!r} (--score {instead}), or leave incomplete rows out with missing='drop' (--missing drop)"
        )


def filled_in(data: Dataset) -> Dataset:
    """Return the dataset with each missing cell copied from another row, for what does not depend on these cells.

    Names, options and warnings about the data are the same for every completed table. No posterior is made of this
    one.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.fitting.incomplete import filled_in
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0], [4.0, 4.0]]))
    >>> filled_in(replace(data, values=np.array([[1.0, np.nan], [3.0, 8.0], [4.0, 8.0 - 1]]))).has_missing
    False
    """
    if not data.has_missing:
        return data
    values, rng = data.values.copy(), RandomStreams(0).generator("filled in")
    for column in values.T:
        absent = np.isnan(column)
        column[absent] = rng.choice(column[~absent], size=int(absent.sum()))
    return replace(data, values=values)
