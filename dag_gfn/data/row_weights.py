"""What the weights of rows mean: counts of equal rows, or weights of a survey; and advice where they mislead."""

import numpy as np
from jaxtyping import Bool, Float64, Int

from dag_gfn.data.count_columns import is_count_name
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import one_line, row_numbers
from dag_gfn.errors import DataError

MAX_REPEATED_ROWS = 20_000
"""A table of counts that stands for more rows than this is not written out row by row."""
LARGE_WEIGHT = 1.5
"""Weights that are no counts mislead where their mean is larger than this."""


def checked_weights(
    weights: Float64[np.ndarray, " n"], name: str, numbers: Int[np.ndarray, " n"] | None = None
) -> Bool[np.ndarray, " n"]:
    """Return which rows have a positive weight; the others are to be left out.

    Parameters
    ----------
    weights : ndarray, shape (n,), float64
        NaN is missing.
    name : str
        The column that holds them.
    numbers : ndarray, shape (n,), int, optional
        Numbers of the rows in the file, from 0, where some rows were left out.

    Raises
    ------
    DataError
        If a weight is missing, negative or infinite, or fewer than 2 are positive.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.row_weights import checked_weights
    >>> checked_weights(np.array([2.0, 0.0, 1.5]), "wt").tolist()
    [True, False, True]
    >>> checked_weights(np.array([2.0, -1.0, 1.5]), "wt")
    Traceback (most recent call last):
    dag_gfn.errors.DataError: column 'wt' has 1 negative cell (row 2), so it cannot hold the weights of the rows: ...
    """
    what = f"column '{one_line(name)}'"
    for problem, wrong in (
        ("{} without a number", np.isnan(weights)),
        ("negative {}", weights < 0),
        ("infinite {}", np.isinf(weights)),
    ):
        if wrong.any():
            number = int(wrong.sum())
            which = problem.format("cells" if number > 1 else "cell")
            raise DataError(
                f"{what} has {number} {which} ({row_numbers(wrong, numbers)}), so it "
                "cannot hold the weights of the rows: correct these rows or leave them out (weight 0 leaves a row out)."
            )
    positive = weights > 0
    if positive.sum() < 2:
        raise DataError(
            f"{what} is positive in {int(positive.sum())} of {len(weights)} rows: rows of weight 0 are left out, and "
            "at least 2 are needed, and many more to learn from."
        )
    return positive


def are_counts(weights: Float64[np.ndarray, " n"]) -> bool:
    """Return whether all weights are whole numbers, as counts of equal rows are.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.row_weights import are_counts
    >>> are_counts(np.array([12.0, 3.0])), are_counts(np.array([0.8, 1.2]))
    (True, False)
    """
    return bool((weights == np.round(weights)).all())


def effective_rows(data: Dataset) -> float:
    r"""Return how many rows of equal weight say as much as the rows of a table.

    Weights that are counts stand for so many rows. Else it is the effective number of Kish,
    :math:`(\sum w)^2 / \sum w^2`, which is never more than the number of rows.

    References
    ----------
    Kish, "Survey Sampling", Wiley 1965, section 11.7.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import replace
    >>> import dag_gfn
    >>> from dag_gfn.data.row_weights import effective_rows
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]]))
    >>> effective_rows(replace(data, weights=np.array([2.0, 3.0, 5.0])))
    10.0
    >>> round(effective_rows(replace(data, weights=np.array([0.5, 0.5, 2.0]))), 2)
    2.0
    """
    if data.weights is None or data.moments_only or are_counts(data.weights):
        return data.total_weight
    return float(data.weights.sum() ** 2 / (data.weights**2).sum())


def can_repeat_rows(data: Dataset) -> bool:
    """Return whether the table can be written out row by row: its weights are counts, and not too many.

    Examples
    --------
    See `repeat_rows`.
    """
    return data.weights is None or (
        are_counts(data.weights) and data.total_weight <= MAX_REPEATED_ROWS and not data.moments_only
    )


def repeat_rows(data: Dataset) -> Dataset:
    """Return the table of counts with each row repeated as often as its weight says, and without weights.

    Raises
    ------
    DataError
        If the weights are no counts, or stand for too many rows.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import replace
    >>> import dag_gfn
    >>> from dag_gfn.data.row_weights import can_repeat_rows, repeat_rows
    >>> data = replace(dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 5.0]])), weights=np.array([2.0, 1.0]))
    >>> can_repeat_rows(data), repeat_rows(data).values.tolist()
    (True, [[1.0, 2.0], [1.0, 2.0], [3.0, 5.0]])
    """
    if data.weights is None:
        return data
    if not can_repeat_rows(data):
        raise DataError(
            f"the weights of the rows stand for {data.total_weight:,.6g} rows, and only whole numbers that stand for "
            f"at most {MAX_REPEATED_ROWS:,} can be written out row by row: leave out --weights (weights=...)."
        )
    rows = np.repeat(np.arange(data.n), data.weights.astype(np.int64))
    return data.of_rows(rows)


def weights_sentence(data: Dataset) -> str:
    """Return the warning for weights that give rows more certainty than they have, or empty text.

    Scores take the total weight for the number of rows. Counts of equal rows are meant so. Weights of a survey say how
    many persons of the population a row stands for, not how many were asked: their mean should be 1.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import replace
    >>> import dag_gfn
    >>> from dag_gfn.data.row_weights import weights_sentence
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(100, 2)))
    >>> weights_sentence(replace(data, weights=np.linspace(900.5, 2000.5, 100))).partition(":")[0]
    'the 100 rows count as 145,050 rows, and probabilities are far too certain unless so many were observed'
    >>> weights_sentence(replace(data, weights=np.linspace(0.5, 1.5, 100)))
    ''
    """
    weights = data.weights
    if weights is None or data.moments_only:
        return ""
    total, n = data.total_weight, data.n
    if total > LARGE_WEIGHT * n and not _is_table_of_counts(data):
        kish = float(weights.sum() ** 2 / (weights**2).sum())
        return (
            f"the {n:,} rows count as {total:,.6g} rows, and probabilities are far too certain unless so many were "
            f"observed: if these are weights of a survey, divide them by their mean ({weights.mean():.6g}), or, more "
            f"cautiously, so that they add up to {kish:,.0f}, what {n:,} rows of such weights are worth."
        )
    return ""


def _is_table_of_counts(data: Dataset) -> bool:
    """Return whether the weights are counts by their name, or since no combination of a grid of values has two rows."""
    if any(role.role == "weights" and is_count_name(role.name) for role in data.roles):
        return True  # counts may be fractions, where a case was split between cells
    if data.weights is None or not are_counts(data.weights):
        return False
    cells = np.prod([np.unique(column).size for column in data.values.T], dtype=np.float64)
    return (data.kind == "discrete" or bool(cells <= 4 * data.n)) and len(
        np.unique(data.values, axis=0)
    ) == data.n


def no_numbers_error(name: str) -> DataError:
    """Return the error for a column of weights that holds no numbers.

    Examples
    --------
    >>> from dag_gfn.data.row_weights import no_numbers_error
    >>> str(no_numbers_error("job")).partition(",")[0]
    "column 'job' holds no numbers"
    """
    return DataError(
        f"column '{one_line(name)}' holds no numbers, so it cannot hold the weights of the rows: name another column."
    )
