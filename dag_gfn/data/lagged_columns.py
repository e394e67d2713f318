"""A table in time order, made one of rows that hold their past: a copy of each column for each lag.

Row t of the new table has x (its value at t), x[t-1], x[t-2], ... Rows without a whole past are left out. A lag never
reaches into another series, nor over a row that the table leaves out: such a cell is missing.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int64

from dag_gfn.data.column_selection import MAX_COLUMNS
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import one_line
from dag_gfn.errors import DataError


def lagged_name(name: str, lag: int) -> str:
    """Return what a variable is called so many rows before.

    Examples
    --------
    >>> from dag_gfn.data.lagged_columns import lagged_name
    >>> lagged_name("rain", 2), lagged_name("rain", 0)
    ('rain[t-2]', 'rain')
    """
    return f"{name}[t-{lag}]" if lag else name


def with_lags(
    data: Dataset,
    lags: int,
    *,
    rows: Bool[np.ndarray, " m"],
    series: Sequence[object] | None = None,
    complete: bool = False,
) -> Dataset:
    """Return a dataset with a copy of each column for each lag.

    Parameters
    ----------
    data : Dataset, of n rows
    lags : int
        At least 1.
    rows : array, shape (m,), bool
        True for the n rows of the table, which has m, that the dataset is of.
    series : sequence of length m, optional
        The series of each row of the table. The rows of a series need not stand together, but are in time order.
    complete : bool
        Whether rows with missing cells in their past are left out, as incomplete rows are.

    Raises
    ------
    DataError
        If there are too many columns then, too few rows, weights, or a name that a lag would have.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.lagged_columns import with_lags
    >>> data = dag_gfn.from_array(np.array([[1.0, 5], [2, 3], [4, 1], [8, 0]]), ["a", "b"])
    >>> lagged = with_lags(data, 1, rows=np.ones(4, dtype=bool))
    >>> lagged.names, lagged.values.tolist()
    (('a', 'b', 'a[t-1]', 'b[t-1]'), [[2.0, 3.0, 1.0, 5.0], [4.0, 1.0, 2.0, 3.0], [8.0, 0.0, 4.0, 1.0]])
    """
    _require_possible(data, lags)
    place = _positions(rows, series)
    before = np.stack([_earlier(place, lag) for lag in range(1, lags + 1)])  # (lags, m), -1: not there
    used = rows & (before[-1] >= 0)
    full = np.full((len(rows), data.d), np.nan)
    full[rows] = data.values
    values = np.concatenate([full[used], *(full[at[used]] for at in before)], axis=1)
    kept = ~np.isnan(values).all(axis=1)
    if complete:
        kept &= ~np.isnan(values).any(axis=1)
    if kept.sum() < 2:
        raise DataError(
            f"only {int(kept.sum())} of {int(rows.sum())} rows have {lags} rows of their own series before them: "
            "choose fewer lags (--lags, lags=), or give longer series."
        )
    intervened = None
    if data.intervened is not None:
        was_set = np.zeros((len(rows), data.d), dtype=bool)
        was_set[rows] = data.intervened
        intervened = np.concatenate([was_set[used], *(was_set[at[used]] for at in before)], axis=1)[kept]
    times = range(lags + 1)
    lost = int(rows.sum() - kept.sum())
    note = (
        f"each row has the {f'{lags} rows' if lags > 1 else 'row'} before it as columns, such as "
        f"'{one_line(lagged_name(data.names[0], 1))}'; {lost} of {int(rows.sum())} rows have no such past and are left "
        "out"
    )
    return replace(
        data,
        values=values[kept],
        names=tuple(lagged_name(name, lag) for lag in times for name in data.names),
        kinds=data.kinds * (lags + 1),
        cardinalities=data.cardinalities * (lags + 1),
        states=data.states * (lags + 1),
        means=np.tile(data.means, lags + 1),
        scales=np.tile(data.scales, lags + 1),
        intervened=intervened,
        true_graph=None,
        groups=tuple(
            (lagged_name(group, lag), tuple(lagged_name(name, lag) for name in members))
            for lag in times
            for group, members in data.groups
        ),
        notes=(*data.notes, note),
        lags=lags,
    )


def _require_possible(data: Dataset, lags: int) -> None:
    if data.weights is not None:
        raise DataError("rows with weights are in no order of time: leave out the weights, or the lags.")
    number = data.d * (lags + 1)
    if number > MAX_COLUMNS:
        raise DataError(
            f"{lags} lags of {data.d} columns make {number} columns, at most {MAX_COLUMNS} are possible: choose fewer "
            "lags (--lags, lags=) or columns (--columns, columns=)."
        )
    copies = {lagged_name(name, lag) for name in (*data.names, *data.nodes) for lag in range(1, lags + 1)}
    for name in (*data.names, *data.nodes):
        if name in copies:
            raise DataError(f"the column '{one_line(name)}' has the name of a lag: rename or drop it.")


def _positions(
    rows: Bool[np.ndarray, " m"], series: Sequence[object] | None
) -> list[Int64[np.ndarray, " _"]]:
    """Return the rows of each series in their order."""
    if series is None:
        return [np.arange(len(rows))]
    if len(series) != len(rows):
        raise DataError(
            f"there are {len(series)} names of series for {len(rows)} rows: one for each is needed."
        )
    found: dict[object, list[int]] = {}
    for row, name in enumerate(series):
        found.setdefault(name, []).append(row)
    return [np.array(members, dtype=np.int64) for members in found.values()]


def _earlier(places: list[Int64[np.ndarray, " _"]], lag: int) -> Int64[np.ndarray, " m"]:
    """Return, for each row, the row of its series so many before it; -1 where there is none."""
    before = np.full(sum(map(len, places)), -1, dtype=np.int64)
    for members in places:
        before[members[lag:]] = members[:-lag]
    return before


def rows_before(data: Dataset) -> Int64[np.ndarray, " d"]:
    """Return how many rows before each node is; 0 for the present.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.lagged_columns import rows_before
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)), lags=1)
    >>> rows_before(data).tolist()
    [0, 0, 1, 1]
    """
    return np.repeat(np.arange(data.lags + 1), len(data.nodes) // (data.lags + 1))
