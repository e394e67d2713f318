"""One column of a table: is it continuous or discrete, and which numbers stand for its cells?"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int

from dag_gfn.data.number_text import NumberReading, read_numbers
from dag_gfn.data.text_table import TextColumn
from dag_gfn.errors import DataError

MAX_STATES = 63


class EncodedColumn(NamedTuple):
    """The numbers of one column; `states` is None for a continuous one.

    `how` and `doubt` say how numbers were read from text, where that was not plain.
    """

    values: Float64[np.ndarray, " n"]
    states: tuple[str, ...] | None
    how: tuple[str, ...] = ()
    doubt: str = ""


class TooManyStates(DataError):
    """A discrete column has more states than its rows can tell anything about."""


def shortened(text: object, limit: int = 60) -> str:
    """Return a text in one line and of bounded length, as messages show it."""
    shown = " ".join(str(text).split())
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def quoted(names: Iterable[object]) -> str:
    """Return "'a', 'b' and 'c'", as `listed` does."""
    return listed([f"'{shortened(name)}'" for name in names])


def listed(items: Sequence[str], limit: int = 8) -> str:
    """Return "a, b and c"; the rest beyond `limit` is counted."""
    shown = list(items)
    if len(shown) > limit:
        shown = [*shown[:limit], f"{len(shown) - limit} more"]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}"


def row_numbers(
    where: Bool[np.ndarray, " n"], index: pd.Index | Int[np.ndarray, " n"] | None = None, *, limit: int = 5
) -> str:
    """Return "rows 17, 203, 411", counted from 1 below the header.

    `index` holds the rows' numbers from 0 where some were left out.
    """
    rows = [str((row if index is None else index[row]) + 1) for row in np.flatnonzero(where)]
    shown = rows if len(rows) <= limit else [*rows[:limit], "..."]
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(shown)}"


def encode_column(column: pd.Series, *, as_discrete: bool = False) -> EncodedColumn:
    """Return a column's numbers: as measured where it is continuous, codes 0..r-1 where it is discrete.

    Numeric columns (integers and 0/1 too) are continuous; text, boolean and categorical columns are discrete.

    Parameters
    ----------
    column : Series
        Without missing values; errors use its name, and its index as row numbers from 0.
    as_discrete : bool
        Take each distinct value for a state, whatever the type.

    Raises
    ------
    DataError
        Dates, complex numbers, numbers mixed with text, or too many states to be of use.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _encode_categorical(column)
    if as_discrete or pd.api.types.is_bool_dtype(dtype):
        return _encode_discrete(column)
    if pd.api.types.is_complex_dtype(dtype):
        raise DataError(
            f"column '{column.name}' holds complex numbers: drop it with --drop, or split it into parts."
        )
    if pd.api.types.is_numeric_dtype(dtype):
        return _encode_numbers(column, column.to_numpy(dtype=np.float64, na_value=np.nan))
    if not (pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)):
        what = "dates or times" if re.search("date|time|period|duration", str(dtype)) else "values of a type"
        raise DataError(
            f"column '{shortened(column.name)}' holds {what} ({shortened(dtype)}): drop it with --drop "
            f"(drop=['{shortened(column.name)}']), or turn it into a number first."
        )
    text = text_of_objects(column)
    if text is not None:
        return encode_text(text, np.ones(len(column), dtype=bool), column.index.to_numpy(), typed=True)
    return _encode_objects(column)


def _encode_objects(column: pd.Series) -> EncodedColumn:
    """Encode cells that are neither text nor of one numeric type: big integers, decimals, fractions."""
    numbers = np.full(len(column), np.nan)
    for i, cell in enumerate(column):
        try:
            numbers[i] = float(cell)
        except OverflowError:
            raise DataError(
                f"column '{shortened(column.name)}' holds a number beyond 1.8e308 (row {column.index[i] + 1}, "
                "counted from 1 below the header): correct it, or leave the column out with --drop."
            ) from None
        except (TypeError, ValueError):
            raise DataError(
                f"column '{shortened(column.name)}' holds {type(cell).__name__} objects, neither numbers nor "
                "text: drop it with --drop, or turn it into one of these first."
            ) from None
    return _encode_numbers(column, numbers)


def encode_text(
    column: TextColumn,
    rows: Bool[np.ndarray, " n"],
    numbers: Int[np.ndarray, " n"],
    *,
    as_discrete: bool = False,
    typed: bool = False,
    separator: str = ",",
    decimal: str | None = None,
) -> EncodedColumn:
    """Return the numbers of a column of text: as measured where its cells are numbers, else codes 0..r-1.

    Parameters
    ----------
    column : TextColumn
    rows : ndarray, shape (n,), bool
        The rows to use, none of them with a missing value. The type is decided from these alone.
    numbers : ndarray, shape (n,), int
        Row numbers from 0, for errors.
    as_discrete : bool
        Take each distinct text for a state.
    typed : bool
        The column is text on purpose (of a data frame), so that texts of digits are states too.
    separator, decimal : str
        As for `read_numbers`.

    Raises
    ------
    DataError
        Numbers mixed with text, or too many states to be of use.
    """
    counts = column.counts(rows)
    used = np.flatnonzero(counts)
    texts = [column.texts[i] for i in used]
    position = np.zeros(len(column.texts), dtype=np.int64)
    position[used] = np.arange(used.size)
    codes = position[column.codes[rows]]
    if not as_discrete:
        reading = read_numbers(texts, separator=separator, decimal=decimal)
        found = reading.found
        share = counts[used][found].sum() / max(counts.sum(), 1)
        if found.all() and not typed:
            values = reading.values[codes]
            _refuse_infinite(column.name, values, numbers[rows], reading, texts)
            return EncodedColumn(values, None, reading.how, reading.doubt)
        if share >= 0.5 and not found.all():
            raise _odd_cells_error(column.name, ~found, codes, texts, numbers[rows], share)
    labels = _without_point_zero(texts)
    states = _sorted_states(labels)
    _refuse_too_many_states(column.name, len(states), len(codes), texts)
    code_of = {state: float(code) for code, state in enumerate(states)}
    return EncodedColumn(np.array([code_of[label] for label in labels])[codes], states)


def text_of_objects(column: pd.Series) -> TextColumn | None:
    """Return the text of a column of objects or strings, or None where no cell of it is text.

    Missing cells are empty text.
    """
    cells = column.to_numpy(dtype=object, na_value=None)
    codes, found = pd.factorize(cells)
    if not any(isinstance(cell, (str, bool, np.bool_)) for cell in found):
        return None
    texts = [_label(cell).strip() for cell in found]
    merged, distinct = pd.factorize(np.asarray(["", *texts], dtype=object))
    return TextColumn(str(column.name), merged[codes + 1], tuple(distinct))


def _odd_cells_error(
    name: str,
    odd: Bool[np.ndarray, " texts"],
    codes: Int[np.ndarray, " n"],
    texts: Sequence[str],
    numbers: Int[np.ndarray, " n"],
    share: float,
) -> DataError:
    where = np.flatnonzero(odd[codes])
    first = int(where[0])
    text = shortened(texts[codes[first]])
    others = f" ({where.size} such cells)" if where.size > 1 else ""
    kinds = {texts[i] for i in np.flatnonzero(odd)}
    code = f', or say --na-values "{text}" (na_values) if that stands for one' if len(kinds) == 1 else ""
    return DataError(
        f"column '{shortened(name)}' is {np.floor(100 * share):.0f}% numbers, but row {numbers[first] + 1} "
        f"(counted from 1 below the header) holds '{text}'{others}: correct it, or leave the cell empty if the "
        f"value is missing{code}; if the column is a category, say so with --discrete (discrete=['{shortened(name)}'])."
    )


def _refuse_infinite(
    name: str,
    values: Float64[np.ndarray, " n"],
    numbers: Int[np.ndarray, " n"],
    reading: NumberReading,
    texts: Sequence[str],
) -> None:
    infinite = np.isinf(values)
    if not infinite.any():
        return
    digits = [
        text
        for text, value in zip(texts, reading.values, strict=True)
        if np.isinf(value) and text[-1].isdigit()
    ]
    if digits:
        raise DataError(
            f"column '{shortened(name)}' holds a number beyond 1.8e308 ({row_numbers(infinite, numbers)}, counted "
            f"from 1 below the header: '{shortened(digits[0], 30)}'): correct it, or leave the column out with --drop."
        )
    raise _infinite_error(name, infinite, numbers)


def _infinite_error(
    name: str, infinite: Bool[np.ndarray, " n"], numbers: Int[np.ndarray, " n"] | pd.Index
) -> DataError:
    return DataError(
        f"column '{shortened(name)}' has {infinite.sum()} infinite value{'s' if infinite.sum() > 1 else ''} "
        f"({row_numbers(infinite, numbers)}, counted from 1 below the header): correct them, or "
        "leave the cells empty and use --missing drop (missing='drop')."
    )


def _without_point_zero(texts: Sequence[str]) -> list[str]:
    """Return 1, 2 for 1.0, 2.0, as which pandas writes whole numbers beside missing values."""
    if texts and all(re.fullmatch(r"-?(0|[1-9]\d*)\.0", text) for text in texts):
        return [text[:-2] for text in texts]
    return list(texts)


def _encode_numbers(column: pd.Series, numbers: Float64[np.ndarray, " n"]) -> EncodedColumn:
    if np.isinf(numbers).any():
        raise _infinite_error(column.name, np.isinf(numbers), column.index)
    return EncodedColumn(numbers, None)


def _encode_categorical(column: pd.Series) -> EncodedColumn:
    """Keep the declared categories and their order, those that do not occur included."""
    codes = column.cat.codes.to_numpy(dtype=np.float64)
    _refuse_too_many_states(column.name, np.unique(codes).size, len(column), list(column.unique()[:2]))
    return EncodedColumn(codes, tuple(_label(category) for category in column.cat.categories))


def _encode_discrete(column: pd.Series) -> EncodedColumn:
    first_seen, cells = pd.factorize(column)
    labels = [_label(cell) for cell in cells]
    states = _sorted_states(labels)
    _refuse_too_many_states(column.name, len(states), len(column), list(cells[:2]))
    code_of = {state: float(code) for code, state in enumerate(states)}
    return EncodedColumn(np.array([code_of[label] for label in labels])[first_seen], states)


def _label(cell: object) -> str:
    """Return the text of a state; whole numbers without a decimal point, whatever their type."""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def _sorted_states(labels: Sequence[str]) -> tuple[str, ...]:
    """Sort distinct labels: by value where all are numbers ("9" before "10"), else as text."""
    distinct = sorted(set(labels))
    numbers = pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce")
    if distinct and numbers.notna().all():
        return tuple(distinct[i] for i in np.argsort(numbers.to_numpy(dtype=np.float64), kind="stable"))
    return tuple(distinct)


def _refuse_too_many_states(name: str, num_states: int, num_rows: int, examples: Sequence[object]) -> None:
    """Refuse an id, a date or a measurement posing as a discrete variable.

    With more states than half the rows most states are seen once, so their counts say nothing about any
    other variable; beyond 63 states a family with a single parent already has thousands of cells. Two
    states are always accepted: no smaller variable exists, however short the table.
    """
    if too_many_states(num_states, num_rows):
        limit = MAX_STATES if num_states > MAX_STATES else f"half the {num_rows} rows"
        raise TooManyStates(
            f"column '{shortened(name)}' has {num_states} distinct values as a discrete variable (for example "
            f"{quoted(examples[:2])}), more than {limit}: drop it with --drop "
            f"(drop=['{shortened(name)}']) if it is an id or a date, turn it into numbers if it is a "
            "measurement, or merge its states."
        )


def too_many_states(num_states: int, num_rows: int) -> bool:
    """Return whether so many states are refused in so many rows."""
    return num_states > MAX_STATES or (num_states > 2 and 2 * num_states > num_rows)
