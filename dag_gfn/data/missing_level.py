"""The choice ``--missing level``: a missing cell of a category is a state of its own."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.messages import quoted

LABEL = "missing"


def missing_as_level(
    codes: Float64[np.ndarray, " n"], states: Sequence[str]
) -> tuple[Float64[np.ndarray, " n"], tuple[str, ...]]:
    """Return a column of a category whose missing cells have a state of their own, the last one.

    A column without missing cells is returned as it is. The levels of an ordinal column have no place for the new
    state in their order: with it, the column is a category without order.

    Parameters
    ----------
    codes : ndarray, shape (n,), float64
        Codes 0..r-1 of the states, nan where a cell is missing.
    states : sequence of str, length r

    Returns
    -------
    ndarray, shape (n,), float64
    tuple of str, length r or r + 1
        The new state is called "missing", or "missing (no value)", "missing (no value 2)", ... where that is a state.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.missing_level import missing_as_level
    >>> codes, states = missing_as_level(np.array([0.0, np.nan, 1.0]), ("no", "yes"))
    >>> codes.tolist(), states
    ([0.0, 2.0, 1.0], ('no', 'yes', 'missing'))
    """
    absent = np.isnan(codes)
    if not absent.any():
        return codes, tuple(states)
    label, number = LABEL, 1
    while label in states:
        label = f"{LABEL} (no value)" if number == 1 else f"{LABEL} (no value {number})"
        number += 1
    return np.where(absent, float(len(states)), codes), (*states, label)


def missing_level_note(names: Sequence[str], *, reordered: Sequence[str] = ()) -> str:
    """Return the sentence that says which columns have such a state, and what their edges then mean.

    Parameters
    ----------
    names : sequence of str
        Columns in which missing cells have become a state.
    reordered : sequence of str
        Those among them whose levels had an order.

    Examples
    --------
    >>> from dag_gfn.data.missing_level import missing_level_note
    >>> missing_level_note(["job"])[:52]
    "missing cells of 'job' are a state of their own, cal"
    """
    order = ""
    if reordered:
        order = f"; the levels of {quoted(reordered)} then have no order"
    column = "the column" if len(names) == 1 else "such a column"
    return (
        f"missing cells of {quoted(names)} are a state of their own, called '{LABEL}'{order}: an edge of {column} may "
        "be about its value, or about whether it was recorded"
    )
