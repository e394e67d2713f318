"""The cells of one column as numbers, labels or dates, before it is decided what the column becomes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int

from dag_gfn.data.column_encoding import label_of, sorted_states, text_of_objects, without_point_zero
from dag_gfn.data.date_columns import number_dates, text_dates, typed_dates
from dag_gfn.data.number_text import NumberReading, read_numbers
from dag_gfn.data.ordinal_labels import ordered_part
from dag_gfn.data.rare_levels import max_levels
from dag_gfn.data.text_table import TextColumn
from dag_gfn.data.unit_text import without_unit

MAX_ODD = 0.1
"""Cells that are no numbers are missing values of a numeric column if they are at most this share of its cells."""
MAX_MIXED_LEVELS = 20
"""A column of numbers and many other cells is a category if it has at most so many distinct values."""


MIXED = "numbers and other cells"
"""The remark on such a column."""


class ReadColumn(NamedTuple):
    """What the cells of a column are.

    Attributes
    ----------
    kind : {"numbers", "labels", "ordered", "dates", "unusable"}
    values : ndarray, shape (n,), float64
        Numbers, or codes 0..r-1 of labels; NaN where a cell is missing.
    states : tuple of str
        The label of each code; empty for numbers.
    is_declared : bool
        Whether the source or the user says that the column is a category, or gives the order.
    odd : mapping from str to int
        Cells that count as missing because they do not fit the others.
    how, doubt
        As for `EncodedColumn`.
    remark : str
        Why the column is read so, if that is not plain; why it cannot be used, if it cannot.

    Examples
    --------
    See `read_column`.
    """

    kind: str
    values: Float64[np.ndarray, " n"]
    states: tuple[str, ...] = ()
    is_declared: bool = False
    odd: Mapping[str, int] = {}
    how: tuple[str, ...] = ()
    doubt: str = ""
    remark: str = ""


def read_column(
    column: TextColumn | pd.Series,
    present: Bool[np.ndarray, " n"],
    *,
    as_labels: bool = False,
    as_numbers: bool = False,
    typed: bool = False,
    separator: str = ",",
    decimal: str | None = None,
) -> ReadColumn:
    """Return the cells of a column as numbers, labels or dates.

    Parameters
    ----------
    column : TextColumn or Series
    present : ndarray, shape (n,), bool
        False where a cell is missing, or its row is not used.
    as_labels, as_numbers : bool
        The user says that the column is a category, or that it is numeric.
    typed, separator, decimal
        As for `encode_text`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.column_reading import read_column
    >>> from dag_gfn.data.text_table import TextColumn
    >>> column = TextColumn("parity", np.array([0, 1, 2, 1]), ("0", "1", "2+"))
    >>> read = read_column(column, np.ones(4, dtype=bool))
    >>> read.kind, read.states, read.values.tolist()
    ('ordered', ('0', '1', '2+'), [0.0, 1.0, 2.0, 1.0])
    """
    if isinstance(column, TextColumn):
        return _read_text(column, present, as_labels, as_numbers, typed, separator, decimal)
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _read_categorical(column, present, as_numbers)
    if as_labels or (pd.api.types.is_bool_dtype(dtype) and not as_numbers):
        codes, cells = pd.factorize(column.where(pd.Series(present, index=column.index), None))
        return _labels([label_of(cell) for cell in cells], codes, present, is_declared=True)
    if pd.api.types.is_complex_dtype(dtype):
        return _unusable(present, "complex numbers")
    if pd.api.types.is_numeric_dtype(dtype):
        return _numbers(np.where(present, column.to_numpy(dtype=np.float64, na_value=np.nan), np.nan))
    days = typed_dates(column)
    if days is not None:
        return ReadColumn("dates", np.where(present, days, np.nan))
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        text = text_of_objects(column)
        if text is not None:
            return _read_text(text, present, as_labels, as_numbers, True, separator, decimal)
        return _read_objects(column, present)
    return _unusable(present, f"a type that is neither number nor text ({dtype})")


def _read_text(
    column: TextColumn,
    present: Bool[np.ndarray, " n"],
    as_labels: bool,
    as_numbers: bool,
    typed: bool,
    separator: str,
    decimal: str | None,
) -> ReadColumn:
    counts = column.counts(present)
    used = np.flatnonzero(counts)
    texts, counts = [column.texts[i] for i in used], counts[used]
    position = np.full(len(column.texts), -1)
    position[used] = np.arange(used.size)
    codes = np.where(present, position[column.codes], -1)
    if as_labels or not texts:
        return _labels(without_point_zero(texts), codes, present, is_declared=as_labels)
    if as_numbers or not typed:
        reading = _number_reading(texts, separator, decimal)
        if reading.found.all() or (as_numbers and reading.found.any()):
            return _text_numbers(reading, texts, counts, codes)
    else:
        reading = read_numbers(texts, separator=separator, decimal=decimal)
    days = text_dates(texts)
    if days is not None:
        return ReadColumn("dates", np.append(days, np.nan)[codes], odd=_odd(~np.isnan(days), texts, counts))
    order, words = ordered_part(texts) if len(texts) <= MAX_MIXED_LEVELS else (None, ())
    if order is not None:
        place = {text: float(order.index(text)) if text in order else np.nan for text in texts}
        values = np.append([place[text] for text in texts], np.nan)[codes]
        odd = {text: int(count) for text, count in zip(texts, counts, strict=True) if text in words}
        return ReadColumn("ordered", values, order, odd=odd, remark="labels of a known order")
    total, numeric = counts.sum(), counts[reading.found].sum()
    if typed and reading.found.all():
        padded = any(len(text) > 1 and text[0] == "0" and text[1].isdigit() for text in texts)
        if len(texts) > max_levels(float(total)) and not padded:
            return _text_numbers(reading, texts, counts, codes)._replace(remark="numbers written as text")
    elif numeric >= (1 - MAX_ODD) * total and not _are_codes(reading, counts):
        return _text_numbers(reading, texts, counts, codes)
    mixed = MIXED if not typed and 2 * numeric >= total else ""
    return _labels(without_point_zero(texts), codes, present)._replace(remark=mixed)


def _number_reading(texts: list[str], separator: str, decimal: str | None) -> NumberReading:
    reading = read_numbers(texts, separator=separator, decimal=decimal)
    if reading.found.all():
        return reading
    found = without_unit(texts)
    if found is None:
        return reading
    bare = read_numbers(found[0], separator=separator, decimal=decimal)
    return bare._replace(how=(*bare.how, f"units ({found[1]})")) if bare.found.all() else reading


def _text_numbers(
    reading: NumberReading,
    texts: Sequence[str],
    counts: Int[np.ndarray, " texts"],
    codes: Int[np.ndarray, " n"],
) -> ReadColumn:
    usable = np.isfinite(reading.values)
    values = np.append(np.where(usable, reading.values, np.nan), np.nan)[codes]
    read = _numbers(values)
    return read._replace(odd=_odd(usable, texts, counts), how=reading.how, doubt=reading.doubt)


def _are_codes(reading: NumberReading, counts: Int[np.ndarray, " texts"]) -> bool:
    """Return whether a column of numbers and a few other cells holds codes, of which the other cells are some.

    So it is if it has few distinct values, or if each number occurs several times and each other text about as often.
    """
    found = reading.found
    if len(counts) <= MAX_MIXED_LEVELS:
        return bool(np.count_nonzero(found) <= 5 * np.count_nonzero(~found))
    typical = float(np.median(counts[found]))
    return typical >= 3 and bool((np.abs(counts[~found] - typical) <= typical / 2).all())


def _odd(
    usable: Bool[np.ndarray, " texts"], texts: Sequence[str], counts: Int[np.ndarray, " texts"]
) -> dict[str, int]:
    return {texts[int(i)]: int(counts[i]) for i in np.flatnonzero(~usable)}


def _numbers(values: Float64[np.ndarray, " n"]) -> ReadColumn:
    infinite = np.isinf(values)
    odd = {f"{value:g}": int(np.count_nonzero(values == value)) for value in np.unique(values[infinite])}
    values = np.where(infinite, np.nan, values)
    days = number_dates(values)
    return ReadColumn("numbers", values, odd=odd) if days is None else ReadColumn("dates", days, odd=odd)


def _labels(
    labels: Sequence[str],
    codes: Int[np.ndarray, " n"],
    present: Bool[np.ndarray, " n"],
    *,
    is_declared: bool = False,
) -> ReadColumn:
    """Return labels as codes of their sorted states; cells that are not present have code -1."""
    states = sorted_states(labels)
    place = {state: float(k) for k, state in enumerate(states)}
    values = np.append([place[label] for label in labels], np.nan)[codes]
    return ReadColumn("labels", np.where(present, values, np.nan), states, is_declared)


def _read_categorical(column: pd.Series, present: Bool[np.ndarray, " n"], as_numbers: bool) -> ReadColumn:
    codes = column.cat.codes.to_numpy(dtype=np.float64)
    values = np.where(present & (codes >= 0), codes, np.nan)
    states = tuple(label_of(category) for category in column.cat.categories)
    if as_numbers:
        numbers = pd.to_numeric(pd.Series(states, dtype=object), errors="coerce").to_numpy(dtype=np.float64)
        seen = np.isfinite(values)
        values[seen] = numbers[values[seen].astype(np.int64)]
        return _numbers(values)
    if not column.cat.ordered:
        return ReadColumn("labels", values, states, is_declared=True)
    used = np.unique(values[np.isfinite(values)]).astype(np.int64)
    place = np.full(len(states) + 1, np.nan)
    place[used] = np.arange(used.size)
    values = place[np.where(np.isfinite(values), values, len(states)).astype(np.int64)]
    kind = "ordered" if used.size > 2 else "labels"
    return ReadColumn(
        kind, values, tuple(states[k] for k in used), True, remark="the source gives their order"
    )


def _read_objects(column: pd.Series, present: Bool[np.ndarray, " n"]) -> ReadColumn:
    """Return the numbers of cells that are Python objects: large integers, decimals, fractions."""
    values = np.full(len(column), np.nan)
    odd: Counter[str] = Counter()
    for i in np.flatnonzero(present):
        try:
            values[i] = float(column.iloc[i])
        except OverflowError:
            odd["a number beyond 1.8e308"] += 1
        except (TypeError, ValueError):
            kind = type(column.iloc[i]).__name__
            return _unusable(present, f"{kind} objects, neither numbers nor text")
    read = _numbers(values)
    return read._replace(odd={**odd, **read.odd})


def _unusable(present: Bool[np.ndarray, " n"], what: str) -> ReadColumn:
    return ReadColumn("unusable", np.full(len(present), np.nan), remark=what)
