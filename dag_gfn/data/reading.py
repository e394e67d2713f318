"""From a CSV file, a data frame or an array to a Dataset.

Every door goes the same way: choose columns, recognise missing values, leave out incomplete rows, and only
then decide from what remains whether a column is continuous or discrete.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, Shaped

from dag_gfn.data.columns import (
    EncodedColumn,
    TooManyStates,
    encode_column,
    encode_text,
    quoted,
    shortened,
    text_of_objects,
)
from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.csv_header import UNNAMED, UNNAMED_INDEX
from dag_gfn.data.dataset import Dataset, default_names
from dag_gfn.data.frames import as_pandas
from dag_gfn.data.missing_codes import BLANK_CELLS, is_named, missing_texts
from dag_gfn.data.mixed_table import mixed_kinds_error
from dag_gfn.data.number_text import decimal_sign, points_may_group
from dag_gfn.data.reading_notes import code_notes, reading_notes
from dag_gfn.data.selection import (
    as_mask,
    as_names,
    check_names,
    flag,
    missing_values_error,
    refuse_unknown,
    select_columns,
    too_few_rows_error,
)
from dag_gfn.data.text_table import TextColumn, TextTable
from dag_gfn.errors import DataError, OptionError

KEPT_TEXTS = 1000  # a column of more texts is taken apart again rather than kept


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
    return _assemble(
        _Source(
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
    return _assemble(
        _Source(
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


@dataclass(frozen=True, eq=False)
class _Source:
    """Columns of a table before missing values and types.

    `load(k)` gives column k: text, or a Series that has a type already. `typed` says that text is there on
    purpose, as in a data frame; `head(k)` gives the first cells of a file's column as they are written.
    """

    names: tuple[str, ...]
    load: Callable
    numbers: Int[np.ndarray, " n"]
    typed: bool
    head: Callable[[int], list[str]] | None = None
    separator: str = ","


def _assemble(
    source: _Source,
    *,
    discrete: Sequence[str],
    drop: Sequence[str],
    missing: str,
    na_values: tuple[str, ...],
    notes: tuple[str, ...],
    intervened: Bool[np.ndarray, "n d"] | None = None,
) -> Dataset:
    names, n = source.names, len(source.numbers)
    check_names(names)
    if n < 2:
        rows = "no rows below its header" if n == 0 else "only one row"
        raise DataError(f"the table has {rows}: at least 2 are needed, and many more to learn from.")

    absent = np.zeros((n, len(names)), dtype=bool)
    codes: list[Counter[str]] = []
    light: dict[int, TextColumn | pd.Series] = {}
    signs: set[str] = set()
    for k, name in enumerate(names):
        column = source.load(k)
        absent[:, k], found = _missing_cells(column, is_discrete=name in discrete, na_values=na_values)
        codes.append(found)
        if isinstance(column, pd.Series) or len(column.texts) <= KEPT_TEXTS:
            light[k] = column
        if source.head is not None and name not in discrete:
            present = {text for text in source.head(k) if text not in found and text not in BLANK_CELLS}
            signs |= {decimal_sign(sorted(present))} - {None}
    notes += code_notes(names, codes, na_values)

    complete = ~absent.any(axis=1)
    if not complete.all():
        if missing == "error":
            raise missing_values_error(absent, names, codes=codes, numbers=source.numbers)
        if complete.sum() < 2:
            raise too_few_rows_error(absent, names)
        notes += (f"dropped {np.sum(~complete)} of {n} rows with missing values",)
    decimal = next(iter(signs)) if len(signs) == 1 else None
    del absent

    values = np.empty((int(complete.sum()), len(names)))
    encoded: list[EncodedColumn] = []
    refused: dict[str, TooManyStates] = {}
    for k, name in enumerate(names):
        column = light.pop(k, None)
        if column is None:
            column = source.load(k)
        try:
            one = _encode(column, source, complete, name in discrete, codes[k], decimal)
        except TooManyStates as error:
            refused[name] = error
            continue
        values[:, k] = one.values
        encoded.append(one._replace(values=values[:, k]))
    if refused:
        raise _refused_error(refused, drop)
    states = tuple(column.states for column in encoded)
    if len({labels is None for labels in states}) == 2:
        raise mixed_kinds_error(names, values, states, drop=drop, discrete=discrete)
    return Dataset(
        values=values,
        names=names,
        kinds=tuple("continuous" if labels is None else "discrete" for labels in states),
        cardinalities=tuple(0 if labels is None else len(labels) for labels in states),
        states=tuple(() if labels is None else labels for labels in states),
        means=np.zeros(len(names)),
        scales=np.ones(len(names)),
        intervened=None if intervened is None else intervened[complete],
        notes=notes + reading_notes(names, encoded),
    )


def _missing_cells(
    column: TextColumn | pd.Series, *, is_discrete: bool, na_values: tuple[str, ...]
) -> tuple[Bool[np.ndarray, " n"], Counter[str]]:
    """Return which cells are missing, and how many of them each code wrote."""
    if isinstance(column, TextColumn):
        counts = column.counts()
        flags = missing_texts(column.texts, counts, is_discrete=is_discrete, na_values=na_values)
        found = Counter(
            {
                column.texts[i]: int(counts[i])
                for i in np.flatnonzero(flags)
                if column.texts[i] not in BLANK_CELLS or column.texts[i] in na_values
            }
        )
        return flags[column.codes], found
    absent = column.isna().to_numpy(dtype=bool, copy=True)
    found = Counter()
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = [str(category) for category in column.cat.categories]
        counts = np.bincount(column.cat.codes[~absent], minlength=len(texts))
        flags = missing_texts(texts, counts, is_discrete=True, na_values=na_values)
        for i in np.flatnonzero(flags & (counts > 0)):
            absent |= (column.cat.codes == i).to_numpy()
            found[texts[i]] = int(counts[i])
    elif (
        na_values
        and pd.api.types.is_numeric_dtype(column.dtype)
        and not pd.api.types.is_complex_dtype(column.dtype)
    ):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        for text in na_values:
            for value in {
                number for number in np.unique(numbers[~absent]) if is_named(f"{number:.17g}", (text,))
            }:
                found[text] += int((numbers == value).sum())
                absent = absent | (numbers == value)
    return absent, found


def _encode(
    column: TextColumn | pd.Series,
    source: _Source,
    complete: Bool[np.ndarray, " n"],
    as_discrete: bool,
    codes: Mapping[str, int],
    decimal: str | None,
) -> EncodedColumn:
    if isinstance(column, TextColumn):
        # A column of a frame that is text only because of "?" among its numbers is one of numbers.
        return encode_text(
            column,
            complete,
            source.numbers,
            as_discrete=as_discrete,
            typed=source.typed and not codes,
            separator=source.separator,
            decimal=decimal,
        )
    rows = column if complete.all() else column[complete]
    if isinstance(column.dtype, pd.CategoricalDtype) and codes:
        rows = rows.cat.remove_categories([c for c in rows.cat.categories if str(c) in codes])
    return encode_column(rows, as_discrete=as_discrete)


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


def _refused_error(refused: Mapping[str, TooManyStates], drop: Sequence[str]) -> DataError:
    """Return the first column's error, which for several columns names them all."""
    first, *others = refused
    text = str(refused[first])
    if others:
        text += f" Likewise {quoted(others)}: --drop {flag([*drop, *refused])} leaves all of them out."
    return DataError(text)
