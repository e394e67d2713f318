"""Columns that number the rows, such as an id or a time, and the warning of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import listed, one_line, option_value
from dag_gfn.data.original_units import raw_column

MIN_ROWS = 10  # fewer rows may be in order by chance


def is_row_number(values: Float64[np.ndarray, " n"]) -> bool:
    """Return whether a column numbers the rows.

    It does if its values are whole, distinct, and either in order or without a gap; or if it rises or falls in equal
    steps, as a time does. A table of fewer than 10 rows has no such column.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.row_number_columns import is_row_number
    >>> is_row_number(np.arange(10) * 0.5), is_row_number(np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0]))
    (True, False)
    """
    if len(values) < MIN_ROWS:
        return False
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        if (values == np.round(values)).all():
            return True
        return bool(np.ptp(steps) <= 1e-9 * np.abs(steps).max())
    if (values != np.round(values)).any() or np.ptp(values) != len(values) - 1:
        return False
    return bool((np.diff(np.sort(values)) == 1).all())


def row_number_columns(dataset: Dataset) -> list[int]:
    """Return the positions of the numeric columns that number the rows.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.row_number_columns import row_number_columns
    >>> values = np.random.default_rng(0).normal(size=12)
    >>> row_number_columns(dag_gfn.from_array(np.column_stack([np.arange(1, 13), values]), strict=True))
    [0]
    """
    return [
        j
        for j, kind in enumerate(dataset.kinds)
        if kind == "continuous" and not dataset.missing[:, j].any() and is_row_number(raw_column(dataset, j))
    ]


def row_numbers_sentence(dataset: Dataset, found: Sequence[int]) -> str:
    """Return the warning that names the columns which number the rows; empty if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.row_number_columns import row_numbers_sentence
    >>> data = dag_gfn.from_array(np.array([[1, 0.5], [2, 0.1], [3, 0.7]]), ["id", "pay"])
    >>> row_numbers_sentence(data, [0]).partition("; ")[2]
    'leave it out with --drop id, unless it was measured.'
    """
    if not found:
        return ""
    shown = []
    for j in found:
        first = ", ".join(f"{value:.15g}" for value in raw_column(dataset, j)[:3])
        shown.append(f"'{one_line(dataset.names[j])}' ({first}, ...)")
    names = option_value([dataset.names[j] for j in found])
    return (
        f"numbering the rows, as an id or a time does: {listed(shown)}; leave "
        f"{'it' if len(found) == 1 else 'them'} out with --drop {names}, unless it was measured."
    )
