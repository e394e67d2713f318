"""From a CSV file, a data frame or an array to a Dataset.

Every door goes the same way: choose columns, recognise missing values, leave out incomplete rows, and only
then decide from what remains whether a column is continuous or discrete.
"""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from dag_gfn.data.assembly import KEPT_TEXTS, Source, assemble
from dag_gfn.data.columns import shortened, text_of_objects
from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.csv_header import UNNAMED, UNNAMED_INDEX
from dag_gfn.data.dataset import Dataset, default_names
from dag_gfn.data.frames import as_pandas
from dag_gfn.data.number_text import points_may_group
from dag_gfn.data.selection import as_mask, as_names, refuse_unknown, select_columns
from dag_gfn.data.text_table import TextColumn, TextTable
from dag_gfn.errors import DataError, OptionError


def read_csv(
    path: str | PathLike,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    discrete: Sequence[str] = (),
    missing: str = "error",
    na_values: Sequence[object] | str | float | int = (),
) -> Dataset:
    """Read a CSV file with column names in its first line; the options are those of `from_frame`.

    Cells are text first. Columns whose remaining cells are all numbers are continuous; in a discrete column
    each text is a state of its own, so that 1.10 stays apart from 1.1 and 01 from 1.
    """
    na_values = _as_codes(na_values)
    _check_missing(missing)
    table = read_csv_file(path)
    without_value = {
        i
        for i, name in enumerate(table.names)
        if UNNAMED.fullmatch(name) and not any(map(str.strip, table.cells(i)))
    }
    kept, notes = select_columns(
        table.names,
        columns,
        drop,
        has_index=table.names[0] == UNNAMED_INDEX and _counts_up(table.cells(0)),
        without_value=without_value,
    )
    names = tuple(table.names[i] for i in kept)
    discrete = _discrete_names(discrete, names, table.names)
    return assemble(
        Source(
            names=names,
            load=lambda k: _csv_column(table, kept[k], as_discrete=table.names[kept[k]] in discrete),
            head=lambda k: [cell.strip() for cell in table.cells(kept[k], KEPT_TEXTS)],
            numbers=table.rows,
            typed=False,
            separator=table.separator,
        ),
        discrete=discrete,
        drop=as_names(drop),
        missing=missing,
        na_values=na_values,
        notes=table.notes + notes,
    )


def from_array(
    values: Shaped[np.ndarray, "n d"],
    names: Sequence[str] | None = None,
    *,
    discrete: Sequence[str] = (),
    missing: str = "error",
    na_values: Sequence[object] | str | float | int = (),
    intervened: Shaped[np.ndarray, "n d"] | None = None,
) -> Dataset:
    """Make a Dataset of an array; the columns are called x0, x1, ... unless named."""
    if values.ndim != 2:
        raise DataError(f"an array of rows and columns is needed, this one has shape {values.shape}.")
    names = default_names(values.shape[1]) if names is None else tuple(names)
    if len(names) != values.shape[1]:
        raise DataError(
            f"{len(names)} names were given for the {values.shape[1]} columns of the array: name each one."
        )
    frame = pd.DataFrame(values, columns=list(names))
    return from_frame(frame, discrete=discrete, missing=missing, na_values=na_values, intervened=intervened)


def from_frame(
    frame: Any,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    discrete: Sequence[str] = (),
    missing: str = "error",
    na_values: Sequence[object] | str | float | int = (),
    intervened: Shaped[np.ndarray, "n d"] | pd.DataFrame | None = None,
) -> Dataset:
    """Make a Dataset of a data frame.

    Numeric columns (integers and 0/1 too) are continuous; text, boolean and categorical columns are
    discrete, with their states sorted, or in the declared order of a categorical column.

    Parameters
    ----------
    frame : DataFrame
        Of pandas, polars, or any library whose tables have `to_pandas`.
    columns, drop : sequence of str, optional
        Keep these, in this order; leave those out.
    discrete : sequence of str or "all"
        Columns whose distinct values are states, whatever their type.
    missing : {"error", "drop"}
        Refuse missing values, or drop the rows that have any in a kept column.
    na_values : sequence of str or numbers
        Cells that count as missing, besides empty ones and signs such as "?": a code such as -999, or a word.
    intervened : ndarray, shape of `frame`, bool, optional
        True where the experimenter set the value. It follows the selection of rows and columns.

    Raises
    ------
    DataError
        If the table cannot be used as it is; the message says what to do.
    """
    na_values = _as_codes(na_values)
    _check_missing(missing)
    frame = as_pandas(frame)
    all_names = [str(name) for name in frame.columns]
    has_index = bool(all_names) and all_names[0] in ("", UNNAMED_INDEX) and _is_index(frame.iloc[:, 0])
    without_value = {
        i
        for i, name in enumerate(all_names)
        if (not name.strip() or UNNAMED.fullmatch(name)) and len(frame) and frame.iloc[:, i].isna().all()
    }
    kept, notes = select_columns(all_names, columns, drop, has_index=has_index, without_value=without_value)
    names = tuple(all_names[i] for i in kept)
    discrete = _discrete_names(discrete, names, all_names)
    if intervened is not None:
        intervened = as_mask(np.asarray(intervened), frame.shape)[:, kept]
    return assemble(
        Source(
            names=names,
            load=lambda k: _frame_column(frame.iloc[:, kept[k]], names[k]),
            numbers=np.arange(len(frame)),
            typed=True,
        ),
        discrete=discrete,
        drop=as_names(drop),
        missing=missing,
        na_values=na_values,
        notes=notes,
        intervened=intervened,
    )


def _csv_column(table: TextTable, j: int, *, as_discrete: bool) -> TextColumn | pd.Series:
    """Return a column of a CSV file: numbers where all cells are plain ones, which no lost row can change."""
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
    """Whether a column counts upwards, as pandas and R write an index."""
    return pd.api.types.is_integer_dtype(column.dtype) and column.is_monotonic_increasing and column.is_unique


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether cells of text are whole numbers that rise from row to row."""
    if not cells or not all(cell.strip().isdecimal() for cell in cells) or len(max(cells, key=len)) > 18:
        return False
    return bool((np.diff(np.array(list(map(int, cells)))) > 0).all())


def _as_codes(na_values: Sequence[object] | str | float | int) -> tuple[str, ...]:
    """Return codes for missing values as text; a whole number loses its point."""
    if isinstance(na_values, str | int | float | np.number):
        na_values = (na_values,)
    return tuple(
        f"{code:.15g}" if isinstance(code, float | np.floating) else str(code).strip() for code in na_values
    )


def _check_missing(missing: str) -> None:
    if missing not in ("error", "drop"):
        raise OptionError(f"missing is 'error' or 'drop', not '{shortened(missing)}'.")


def _discrete_names(
    discrete: Sequence[str], names: tuple[str, ...], all_names: Sequence[str]
) -> tuple[str, ...]:
    if isinstance(discrete, str) and discrete == "all":
        return names
    chosen = as_names(discrete)
    refuse_unknown(chosen, all_names, option="discrete")
    return chosen
