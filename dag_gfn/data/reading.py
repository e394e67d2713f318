"""Reads a file, a data frame or an array into a Dataset.

The steps are always the same: choose columns, recognise missing values, and decide by the rules of roles what each
column becomes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from dag_gfn.data.build_dataset import build_dataset
from dag_gfn.data.column_encoding import text_of_objects
from dag_gfn.data.column_selection import as_names, refuse_unknown, select_columns
from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.csv_header import UNNAMED, UNNAMED_INDEX
from dag_gfn.data.dataset import Dataset, default_names
from dag_gfn.data.file_readers import read_table
from dag_gfn.data.frames import as_pandas
from dag_gfn.data.intervention_columns import set_columns
from dag_gfn.data.interventions import intervention_mask
from dag_gfn.data.number_text import points_may_group
from dag_gfn.data.reading_choices import Asked, check_asked, reading_choices
from dag_gfn.data.roles import ColumnRole
from dag_gfn.data.source import KEPT_TEXTS, Source
from dag_gfn.data.text_table import TextColumn, TextTable
from dag_gfn.data.typed_files import notes_of
from dag_gfn.errors import DataError, OptionError


def read_csv(
    path: str | PathLike,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    discrete: Sequence[str] = (),
    continuous: Sequence[str] = (),
    ordinal: Sequence[str] | Mapping[str, Sequence[object]] = (),
    missing: str | None = None,
    na_values: Sequence[object] | str | float | int = (),
    dates: str = "drop",
    group: Mapping[str, Sequence[str] | str] | None = None,
    strict: bool = False,
    weights: str | None = None,
    interventions: str | PathLike | None = None,
    context: Sequence[str] = (),
    lags: int = 0,
    series: str | None = None,
) -> Dataset:
    """Read a CSV file, compressed or not, with column names in its first line; the options are those of `from_frame`.

    A column is continuous if all its cells are numbers, apart from missing values. In a discrete column each text is
    a state of its own: 1.10 and 1.1 are different states, and so are 01 and 1.

    Raises
    ------
    DataError
        If the file cannot be read, or the table cannot be used as it is; the message says what to do.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import dag_gfn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "survey.csv"
    ...     _ = path.write_text("age,pay\\n31,2.1\\n25,?\\n40,2.8\\n")
    ...     data = dag_gfn.read_csv(path, missing="drop")
    >>> data.values.tolist()
    [[31.0, 2.1], [40.0, 2.8]]
    >>> data.notes
    ("took '?' in 'pay' (1 cell) for missing values", 'dropped 1 of 3 rows with missing values')
    """
    asked = Asked(
        columns, drop, keep, discrete, continuous, ordinal, missing, na_values, dates, group, strict, weights
    )._replace(interventions=interventions, context=context, lags=lags, series=series)
    check_asked(asked)
    return _from_table(read_table(path, read_csv_file), asked)


def read_file(
    path: str | PathLike,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    discrete: Sequence[str] = (),
    continuous: Sequence[str] = (),
    ordinal: Sequence[str] | Mapping[str, Sequence[object]] = (),
    missing: str | None = None,
    na_values: Sequence[object] | str | float | int = (),
    dates: str = "drop",
    group: Mapping[str, Sequence[str] | str] | None = None,
    strict: bool = False,
    weights: str | None = None,
    interventions: str | PathLike | None = None,
    context: Sequence[str] = (),
    lags: int = 0,
    series: str | None = None,
) -> Dataset:
    """Read a file of any format; the options are those of `from_frame`.

    The formats are those of `FILE_READERS`, compressed or not; a file with another suffix is read as CSV.

    Raises
    ------
    DataError
        If the file cannot be read, or the table cannot be used as it is; the message says what to do.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data import read_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "survey.csv"
    ...     _ = path.write_text("age,pay,id\\n31,2.1,a\\n40,2.8,b\\n")
    ...     data = read_file(path, drop=["id"])
    >>> data.names, data.values.tolist()
    (('age', 'pay'), [[31.0, 2.1], [40.0, 2.8]])
    """
    asked = Asked(
        columns, drop, keep, discrete, continuous, ordinal, missing, na_values, dates, group, strict, weights
    )._replace(interventions=interventions, context=context, lags=lags, series=series)
    check_asked(asked)
    return _from_table(read_table(path), asked)


def _from_table(table: TextTable | pd.DataFrame, asked: Asked) -> Dataset:
    """Return the Dataset of what a reader of files returned."""
    if isinstance(table, pd.DataFrame):
        data = _from_pandas(table, asked, None)
        return replace(data, notes=notes_of(table) + data.notes)
    asked = _with_contexts(asked)
    without_value = {
        i
        for i, name in enumerate(table.names)
        if UNNAMED.fullmatch(name) and not any(map(str.strip, table.cells(i)))
    }
    has_index = table.names[0] == UNNAMED_INDEX and _counts_up(table.cells(0))
    asked, place = _without_series(asked, table.names)
    series = None if place is None else [cell.strip() for cell in table.cells(place)]
    kept, others = select_columns(
        table.names,
        asked.columns,
        asked.drop,
        keep=asked.keep,
        has_index=has_index,
        without_value=without_value,
        weights=asked.weights,
    )
    set_by = None
    if asked.interventions is not None:
        kept, others, set_by = set_columns(
            asked.interventions, table.names, kept, others, table.column, table.rows, has_index=has_index
        )
    names = tuple(table.names[i] for i in kept)
    choices = reading_choices(asked, names, table.names, series=series)
    labels = {*choices.discrete, *choices.ordinal}
    return build_dataset(
        Source(
            names=names,
            load=lambda k: _text_table_column(table, kept[k], as_discrete=names[k] in labels),
            head=lambda k: [cell.strip() for cell in table.cells(kept[k], KEPT_TEXTS)],
            numbers=table.rows,
            typed=False,
            separator=table.separator,
            others=_with_series_role(others, asked.series),
            all_names=tuple(table.names),
        ),
        choices,
        notes=table.notes + (() if set_by is None else (set_by.note,)),
        intervened=None if set_by is None else set_by.mask,
    )


def from_array(
    values: Shaped[np.ndarray, "n d"],
    names: Sequence[str] | None = None,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    discrete: Sequence[str] = (),
    continuous: Sequence[str] = (),
    ordinal: Sequence[str] | Mapping[str, Sequence[object]] = (),
    missing: str | None = None,
    na_values: Sequence[object] | str | float | int = (),
    dates: str = "drop",
    group: Mapping[str, Sequence[str] | str] | None = None,
    strict: bool = False,
    weights: str | Shaped[np.ndarray, " n"] | pd.Series | Sequence[float | int] | None = None,
    lags: int = 0,
    series: str | None = None,
    intervened: Shaped[np.ndarray, "n d"] | None = None,
    interventions: str | PathLike | None = None,
    context: Sequence[str] = (),
) -> Dataset:
    """Return the Dataset of an array; the columns are called x0, x1, ... unless `names` are given.

    Parameters
    ----------
    values : ndarray, shape (n, d)
    names : sequence of str, length d, optional
    columns, drop, keep, discrete, continuous, ordinal, missing, na_values, dates, group, strict, weights
        As for `from_frame`.
    lags, series, intervened, interventions, context
        As for `from_frame`.

    Raises
    ------
    DataError
        If the table cannot be used as it is; the message says what to do.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.from_array(np.array([[1.5, 0], [2.5, 1], [4.0, 0]]))
    >>> data.names, data.kind
    (('x0', 'x1'), 'continuous')
    """
    if values.ndim != 2:
        raise DataError(f"an array of rows and columns is needed, this one has shape {values.shape}.")
    names = default_names(values.shape[1]) if names is None else tuple(names)
    if len(names) != values.shape[1]:
        raise DataError(
            f"{len(names)} names were given for the {values.shape[1]} columns of the array: name each one."
        )
    asked = Asked(
        columns, drop, keep, discrete, continuous, ordinal, missing, na_values, dates, group, strict, weights
    )._replace(interventions=interventions, context=context, lags=lags, series=series)
    return _from_pandas(pd.DataFrame(values, columns=list(names)), asked, intervened)


def from_frame(
    frame: Any,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    discrete: Sequence[str] = (),
    continuous: Sequence[str] = (),
    ordinal: Sequence[str] | Mapping[str, Sequence[object]] = (),
    missing: str | None = None,
    na_values: Sequence[object] | str | float | int = (),
    dates: str = "drop",
    group: Mapping[str, Sequence[str] | str] | None = None,
    strict: bool = False,
    weights: str | Shaped[np.ndarray, " n"] | pd.Series | Sequence[float | int] | None = None,
    lags: int = 0,
    series: str | None = None,
    intervened: Shaped[np.ndarray, "n d"] | pd.DataFrame | None = None,
    interventions: str | PathLike | None = None,
    context: Sequence[str] = (),
) -> Dataset:
    """Return the Dataset of a data frame.

    Numeric columns are continuous, also integers and 0/1. Text, boolean and categorical columns are discrete; their
    states are sorted, or in the declared order of a categorical column.

    Parameters
    ----------
    frame : DataFrame
        Of pandas, polars, or any library whose tables have `to_pandas`.
    columns : sequence of str, optional
        Columns to keep, in this order.
    drop : sequence of str, optional
        Columns to leave out.
    discrete : sequence of str or "all"
        Columns whose distinct values are states, whatever their type.
    missing : {"error", "drop"}
        Refuse missing values, or drop the rows that have any in a kept column.
    na_values : sequence of str or numbers
        Further cells that count as missing, such as the code -999 or a word. Empty cells and signs such as "?"
        always do.
    group : mapping from str to sequence of str, optional
        Columns that one node of the graph owns, by the name of the node: {"climate": ["temp", "rain"]}.
    weights : str, or array of shape (n,), optional
        How many rows each row stands for, not negative: the name of a column, which is no variable then, or the
        numbers. Rows of weight 0 are left out.
    lags : int
        Of a table in time order: how many rows before it each row has as columns, called x[t-1], x[t-2], ...
        See `docs/time.md`.
    series : str, optional
        With lags: the column that says which series a row belongs to, which is no variable then. No lag crosses series.
    intervened : ndarray, shape of `frame`, bool, optional
        True where the experimenter set the value. Rows and columns of it are selected as those of `frame`.
    interventions : str, optional
        The same as a column of the table, which names the variables that were set in each row (with a bar between
        several) or has their numbers from 1, or as a file with a 0/1 matrix; see
        :mod:`dag_gfn.data.intervention_columns`.
    context : sequence of str
        Columns that can only be causes of others, such as an experiment, a batch or a site. They are categories.

    Raises
    ------
    DataError
        If the table cannot be used as it is; the message says what to do.

    Examples
    --------
    >>> import pandas as pd
    >>> import dag_gfn
    >>> frame = pd.DataFrame({"id": [1, 2, 3, 4], "job": ["cook", "nurse"] * 2, "smokes": [True, True, False, False]})
    >>> data = dag_gfn.from_frame(frame, drop=["id"])
    >>> data.names, data.kind, data.states
    (('job', 'smokes'), 'discrete', (('cook', 'nurse'), ('False', 'True')))
    """
    asked = Asked(
        columns, drop, keep, discrete, continuous, ordinal, missing, na_values, dates, group, strict, weights
    )._replace(interventions=interventions, context=context, lags=lags, series=series)
    return _from_pandas(as_pandas(frame), asked, intervened)


def _from_pandas(
    frame: pd.DataFrame, asked: Asked, intervened: Shaped[np.ndarray, "n d"] | pd.DataFrame | None
) -> Dataset:
    """Return the Dataset of a pandas frame."""
    asked = _with_contexts(asked)
    if intervened is not None and asked.interventions is not None:
        raise OptionError(
            "give either intervened, a mask, or interventions, a column or file: they say the same."
        )
    if intervened is not None:
        intervened = intervention_mask(np.asarray(intervened), frame.shape)
    if asked.weights is not None and not isinstance(asked.weights, str):
        frame, asked = _with_weights(frame, asked)
        if intervened is not None:
            intervened = np.column_stack([intervened, np.zeros(len(frame), dtype=bool)])
    all_names = [str(name) for name in frame.columns]
    has_index = bool(all_names) and all_names[0] in ("", UNNAMED_INDEX) and _is_index(frame.iloc[:, 0])
    without_value = {
        i
        for i, name in enumerate(all_names)
        if (not name.strip() or UNNAMED.fullmatch(name)) and len(frame) and frame.iloc[:, i].isna().all()
    }
    asked, place = _without_series(asked, all_names)
    series = None if place is None else frame.iloc[:, place].tolist()
    kept, others = select_columns(
        all_names,
        asked.columns,
        asked.drop,
        keep=asked.keep,
        has_index=has_index,
        without_value=without_value,
        weights=asked.weights,
    )
    set_by = None
    if asked.interventions is not None:
        kept, others, set_by = set_columns(
            *(asked.interventions, all_names, kept, others),
            lambda j: _texts_of(frame.iloc[:, j], all_names[j]),
            np.arange(len(frame)),
            has_index=has_index,
        )
    names = tuple(all_names[i] for i in kept)
    if intervened is not None:
        intervened = np.asarray(intervened)[:, kept]
    elif set_by is not None:
        intervened = set_by.mask
    return build_dataset(
        Source(
            names=names,
            load=lambda k: _frame_column(frame.iloc[:, kept[k]], names[k]),
            numbers=np.arange(len(frame)),
            typed=True,
            others=_with_series_role(others, asked.series),
            all_names=tuple(all_names),
        ),
        reading_choices(asked, names, all_names, series=series),
        notes=() if set_by is None else (set_by.note,),
        intervened=intervened,
    )


def _texts_of(column: pd.Series, name: str) -> TextColumn:
    """Return a column of a frame as text; whole numbers have no decimal point."""
    cells = [
        ""
        if pd.isna(cell)
        else f"{cell:.0f}"
        if isinstance(cell, float) and cell.is_integer()
        else str(cell).strip()
        for cell in column
    ]
    codes, texts = pd.factorize(np.asarray(cells, dtype=object))
    return TextColumn(name, codes, tuple(texts))


def _with_contexts(asked: Asked) -> Asked:
    """Return the options with the contexts among the columns to use, where these are named."""
    contexts = as_names(asked.context)
    if not contexts or not asked.columns:
        return asked
    return asked._replace(columns=tuple(dict.fromkeys((*as_names(asked.columns), *contexts))))


def _without_series(asked: Asked, names: Sequence[str]) -> tuple[Asked, int | None]:
    """Return the options with the column of series left out, and its place."""
    if asked.series is None:
        return asked, None
    refuse_unknown([asked.series], names, option="series")
    if asked.columns is not None:
        return asked._replace(
            columns=[name for name in as_names(asked.columns) if name != asked.series]
        ), list(names).index(asked.series)
    return asked._replace(drop=[*as_names(asked.drop), asked.series]), list(names).index(asked.series)


def _with_series_role(others: tuple[ColumnRole, ...], series: str | None) -> tuple[ColumnRole, ...]:
    return tuple(
        replace(role, reason="it says which series a row belongs to") if role.name == series else role
        for role in others
    )


def _with_weights(frame: pd.DataFrame, asked: Asked) -> tuple[pd.DataFrame, Asked]:
    """Return the frame with the given weights as a further column, and the options with its name."""
    weights = np.asarray(asked.weights, dtype=np.float64)
    if weights.shape != (len(frame),):
        raise DataError(
            f"weights has shape {weights.shape} for {len(frame)} rows: one number for each row is needed, or the name "
            "of a column."
        )
    name = "sample_weight"
    while name in map(str, frame.columns):
        name += "_"
    return frame.assign(**{name: weights}), asked._replace(weights=name)


def _text_table_column(table: TextTable, j: int, *, as_discrete: bool) -> TextColumn | pd.Series:
    """Return a column of a text table, as numbers if all cells are plain numbers: dropping rows cannot change that."""
    if not as_discrete and not points_may_group(table.cells(j, KEPT_TEXTS)):
        numbers = table.numbers(j)
        if numbers is not None:
            return pd.Series(numbers, name=table.names[j])
    return table.column(j)


def _frame_column(column: pd.Series, name: str) -> TextColumn | pd.Series:
    column = column.rename(name).reset_index(drop=True)
    dtype = column.dtype
    is_text = pd.api.types.is_object_dtype(dtype) or (
        pd.api.types.is_string_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype)
    )
    text = text_of_objects(column) if is_text else None
    return column if text is None else text


def _is_index(column: pd.Series) -> bool:
    """Return whether a column rises in whole numbers, as an index that pandas or R writes."""
    return pd.api.types.is_integer_dtype(column.dtype) and column.is_monotonic_increasing and column.is_unique


def _counts_up(cells: Sequence[str]) -> bool:
    """Return whether cells of text are whole numbers that rise from row to row."""
    if not cells or not all(cell.strip().isdecimal() for cell in cells) or len(max(cells, key=len)) > 18:
        return False
    return bool((np.diff(np.array(list(map(int, cells)))) > 0).all())
