"""One column of a table: is it continuous or discrete, and which numbers stand for its cells?"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.errors import DataError

MAX_STATES = 63


class EncodedColumn(NamedTuple):
    """The numbers of one column; `states` is None for a continuous one."""

    values: Float64[np.ndarray, " n"]
    states: tuple[str, ...] | None


def quoted(names: Iterable[object]) -> str:
    """Return "'a', 'b' and 'c'", as `listed` does."""
    return listed([f"'{name}'" for name in names])


def listed(items: Sequence[str], limit: int = 8) -> str:
    """Return "a, b and c"; the rest beyond `limit` is counted."""
    shown = list(items)
    if len(shown) > limit:
        shown = [*shown[:limit], f"{len(shown) - limit} more"]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}"


def row_numbers(where: Bool[np.ndarray, " n"], index: pd.Index | None = None, *, limit: int = 5) -> str:
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
        raise DataError(
            f"column '{column.name}' holds dates or times ({dtype}): drop it with --drop "
            f"(drop=['{column.name}']), or turn it into a number first."
        )
    return _encode_text(column)


def _encode_text(column: pd.Series) -> EncodedColumn:
    """Encode cells of type object or str: text is discrete, a few words among numbers are a mistake."""
    is_text = column.map(lambda cell: isinstance(cell, (str, bool, np.bool_))).to_numpy(dtype=bool)
    if not is_text.any():
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
        if np.isnan(numbers).any():
            odd = type(column.iloc[np.isnan(numbers).argmax()]).__name__
            raise DataError(
                f"column '{column.name}' holds {odd} objects, neither numbers nor text: "
                "drop it with --drop, or turn it into one of these first."
            )
        return _encode_numbers(column, numbers)
    numeric = pd.to_numeric(column.astype(str), errors="coerce").notna().to_numpy()
    if numeric.mean() >= 0.5 and not numeric.all():
        first = int((~numeric).argmax())
        others = f" ({(~numeric).sum()} such cells)" if (~numeric).sum() > 1 else ""
        row, share = column.index[first] + 1, np.floor(100 * numeric.mean())
        raise DataError(
            f"column '{column.name}' is {share:.0f}% numbers, but row {row} (counted from 1 below the "
            f"header) holds '{column.iloc[first]}'{others}: correct it, or leave the cell empty if the value "
            f"is missing; if the column is a category, say so with --discrete (discrete=['{column.name}'])."
        )
    return _encode_discrete(column)


def _encode_numbers(column: pd.Series, numbers: Float64[np.ndarray, " n"]) -> EncodedColumn:
    infinite = np.isinf(numbers)
    if infinite.any():
        raise DataError(
            f"column '{column.name}' has {infinite.sum()} infinite value{'s' if infinite.sum() > 1 else ''} "
            f"({row_numbers(infinite, column.index)}, counted from 1 below the header): correct them, or "
            "leave the cells empty and use --missing drop (missing='drop')."
        )
    return EncodedColumn(numbers, None)


def _encode_categorical(column: pd.Series) -> EncodedColumn:
    """Keep the declared categories and their order, those that do not occur included."""
    codes = column.cat.codes.to_numpy(dtype=np.float64)
    _refuse_too_many_states(column, np.unique(codes).size)
    return EncodedColumn(codes, tuple(_label(category) for category in column.cat.categories))


def _encode_discrete(column: pd.Series) -> EncodedColumn:
    first_seen, cells = pd.factorize(column)
    labels = [_label(cell) for cell in cells]
    states = _sorted_states(labels)
    _refuse_too_many_states(column, len(states))
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


def _refuse_too_many_states(column: pd.Series, num_states: int) -> None:
    """Refuse an id, a date or a measurement posing as a discrete variable.

    With more states than half the rows most states are seen once, so their counts say nothing about any
    other variable; beyond 63 states a family with a single parent already has thousands of cells. Two
    states are always accepted: no smaller variable exists, however short the table.
    """
    num_rows = len(column)
    if num_states > MAX_STATES or (num_states > 2 and 2 * num_states > num_rows):
        limit = MAX_STATES if num_states > MAX_STATES else f"half the {num_rows} rows"
        raise DataError(
            f"column '{column.name}' has {num_states} distinct values as a discrete variable (for example "
            f"{quoted(column.unique()[:2])}), more than {limit}: drop it with --drop "
            f"(drop=['{column.name}']) if it is an id or a date, turn it into numbers if it is a "
            "measurement, or merge its states."
        )
