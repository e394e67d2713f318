"""One column as numbers: decides whether it is continuous or discrete, and codes the states of a discrete one."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int

from dag_gfn.data.messages import one_line, quoted, row_numbers
from dag_gfn.data.number_text import NumberReading, read_numbers
from dag_gfn.data.text_table import TextColumn
from dag_gfn.errors import DataError

MAX_STATES = 63


class EncodedColumn(NamedTuple):
    """The numbers of one column.

    Attributes
    ----------
    values : ndarray, shape (n,), float64
        Measured values of a continuous column; codes 0..r-1 of a discrete one.
    states : tuple of str, or None
        The label of each code; None for a continuous column.
    how : tuple of str
        Notations other than plain numbers in which the text was read, such as "decimal commas".
    doubt : str
        How an ambiguous notation was read; empty where there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.column_encoding import encode_column
    >>> column = encode_column(pd.Series(["low", "high", "low", "high"], name="dose"))
    >>> column.values.tolist(), column.states
    ([1.0, 0.0, 1.0, 0.0], ('high', 'low'))
    """

    values: Float64[np.ndarray, " n"]
    states: tuple[str, ...] | None
    how: tuple[str, ...] = ()
    doubt: str = ""


class TooManyStates(DataError):
    """A discrete column has too many states for its number of rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.column_encoding import TooManyStates, encode_column
    >>> try:
    ...     encode_column(pd.Series(["anna", "ben", "carla"], name="person"))
    ... except TooManyStates as error:
    ...     print(str(error).partition(" (")[0])
    column 'person' has 3 distinct values as a discrete variable
    """


def encode_column(column: pd.Series, *, as_discrete: bool = False) -> EncodedColumn:
    """Return a column's numbers: the values of a continuous column, the codes 0..r-1 of a discrete one.

    Numeric columns are continuous, also integers and 0/1. Text, boolean and categorical columns are discrete.

    Parameters
    ----------
    column : Series
        Without missing values. Errors use its name, and its index as row numbers from 0.
    as_discrete : bool
        Make each distinct value a state, whatever the type.

    Raises
    ------
    DataError
        If the column holds dates, complex numbers, or numbers mixed with text, or has too many states.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.column_encoding import encode_column
    >>> grade = pd.Series([10, 9, 9, 10], name="grade")
    >>> encode_column(grade).states is None  # numbers are continuous
    True
    >>> encode_column(grade, as_discrete=True).states
    ('9', '10')
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
            f"column '{one_line(column.name)}' holds {what} ({one_line(dtype)}): drop it with --drop "
            f"(drop=['{one_line(column.name)}']), or turn it into a number first."
        )
    text = text_of_objects(column)
    if text is not None:
        return encode_text(text, np.ones(len(column), dtype=bool), column.index.to_numpy(), typed=True)
    return _encode_objects(column)


def _encode_objects(column: pd.Series) -> EncodedColumn:
    """Return the numbers of cells that are Python objects: large integers, decimals, fractions."""
    numbers = np.full(len(column), np.nan)
    for i, cell in enumerate(column):
        try:
            numbers[i] = float(cell)
        except OverflowError:
            raise DataError(
                f"column '{one_line(column.name)}' holds a number beyond 1.8e308 (row {column.index[i] + 1}, "
                "counted from 1 below the header): correct it, or leave the column out with --drop."
            ) from None
        except (TypeError, ValueError):
            raise DataError(
                f"column '{one_line(column.name)}' holds {type(cell).__name__} objects, neither numbers nor "
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
    """Return the numbers of a column of text: its values where all cells are numbers, else codes 0..r-1.

    Parameters
    ----------
    column : TextColumn
    rows : ndarray, shape (n,), bool
        The rows to use; none of them has a missing value. Only these decide the type.
    numbers : ndarray, shape (n,), int
        Row numbers from 0, for errors.
    as_discrete : bool
        Make each distinct text a state.
    typed : bool
        Whether the source stores types, as a data frame does. Text is text there, and digits are labels of states.
    separator, decimal : str
        As for `read_numbers`.

    Raises
    ------
    DataError
        If the column mixes numbers with text, or has too many states.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.column_encoding import encode_text
    >>> from dag_gfn.data.text_table import TextColumn
    >>> column = TextColumn("price", codes=np.array([0, 1, 0]), texts=("1,5", "2,25"))
    >>> encoded = encode_text(column, np.ones(3, dtype=bool), np.arange(3), separator=";")
    >>> encoded.values.tolist(), encoded.how
    ([1.5, 2.25, 1.5], ('decimal commas',))
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
    labels = without_point_zero(texts)
    states = sorted_states(labels)
    _refuse_too_many_states(column.name, len(states), len(codes), texts)
    code_of = {state: float(code) for code, state in enumerate(states)}
    return EncodedColumn(np.array([code_of[label] for label in labels])[codes], states)


def text_of_objects(column: pd.Series) -> TextColumn | None:
    """Return the text of a column of objects or strings, or None if no cell is text or boolean.

    Missing cells become empty text.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.column_encoding import text_of_objects
    >>> text_of_objects(pd.Series(["yes", None, "no"], name="smokes")).texts
    ('', 'yes', 'no')
    """
    try:
        codes, found = pd.factorize(column.to_numpy(dtype=object))
    except TypeError:  # lists and the like
        return None
    if not any(isinstance(cell, (str, bool, np.bool_)) for cell in found):
        return None
    texts = [label_of(cell).strip() for cell in found]
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
    text = one_line(texts[int(codes[first])])
    others = f" ({where.size} such cells)" if where.size > 1 else ""
    kinds = {text for text, is_odd in zip(texts, odd, strict=True) if is_odd}
    code = f', or say --na-values "{text}" (na_values) if that stands for one' if len(kinds) == 1 else ""
    return DataError(
        f"column '{one_line(name)}' is {np.floor(100 * share):.0f}% numbers, but row {numbers[first] + 1} "
        f"(counted from 1 below the header) holds '{text}'{others}: correct it, or leave the cell empty if the "
        f"value is missing{code}; if the column is a category, say so with --discrete (discrete=['{one_line(name)}'])."
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
            f"column '{one_line(name)}' holds a number beyond 1.8e308 ({row_numbers(infinite, numbers)}, counted "
            f"from 1 below the header: '{one_line(digits[0], 30)}'): correct it, or leave the column out with --drop."
        )
    raise _infinite_error(name, infinite, numbers)


def _infinite_error(
    name: str, infinite: Bool[np.ndarray, " n"], numbers: Int[np.ndarray, " n"] | pd.Index
) -> DataError:
    return DataError(
        f"column '{one_line(name)}' has {infinite.sum()} infinite value{'s' if infinite.sum() > 1 else ''} "
        f"({row_numbers(infinite, numbers)}, counted from 1 below the header): correct them, or "
        "leave the cells empty and use --missing drop (missing='drop')."
    )


def without_point_zero(texts: Sequence[str]) -> list[str]:
    """Return 1, 2 for 1.0, 2.0: pandas writes whole numbers so in a column with missing values.

    Examples
    --------
    >>> from dag_gfn.data.column_encoding import without_point_zero
    >>> without_point_zero(["1.0", "2.0"]), without_point_zero(["1.0", "2.5"])
    (['1', '2'], ['1.0', '2.5'])
    """
    if texts and all(re.fullmatch(r"-?(0|[1-9]\d*)\.0", text) for text in texts):
        return [text[:-2] for text in texts]
    return list(texts)


def _encode_numbers(column: pd.Series, numbers: Float64[np.ndarray, " n"]) -> EncodedColumn:
    if np.isinf(numbers).any():
        raise _infinite_error(str(column.name), np.isinf(numbers), column.index)
    return EncodedColumn(numbers, None)


def _encode_categorical(column: pd.Series) -> EncodedColumn:
    """Return codes of the declared categories, in their order, including categories that do not occur."""
    codes = column.cat.codes.to_numpy(dtype=np.float64)
    _refuse_too_many_states(str(column.name), np.unique(codes).size, len(column), list(column.unique()[:2]))
    return EncodedColumn(codes, tuple(label_of(category) for category in column.cat.categories))


def _encode_discrete(column: pd.Series) -> EncodedColumn:
    first_seen, cells = pd.factorize(column)
    labels = [label_of(cell) for cell in cells]
    states = sorted_states(labels)
    _refuse_too_many_states(str(column.name), len(states), len(column), list(cells[:2]))
    code_of = {state: float(code) for code, state in enumerate(states)}
    return EncodedColumn(np.array([code_of[label] for label in labels])[first_seen], states)


def label_of(cell: object) -> str:
    """Return the label of a state; a whole number has no decimal point, whatever its type.

    Examples
    --------
    >>> from dag_gfn.data.column_encoding import label_of
    >>> label_of(3.0), label_of("3.0")
    ('3', '3.0')
    """
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def sorted_states(labels: Sequence[str]) -> tuple[str, ...]:
    """Sort distinct labels: by value where all are numbers ("9" before "10"), else as text.

    Examples
    --------
    >>> from dag_gfn.data.column_encoding import sorted_states
    >>> sorted_states(["10", "9"]), sorted_states(["b", "a"])
    (('9', '10'), ('a', 'b'))
    """
    distinct = sorted(set(labels))
    numbers = pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce")
    if distinct and numbers.notna().all():
        return tuple(distinct[i] for i in np.argsort(numbers.to_numpy(dtype=np.float64), kind="stable"))
    return tuple(distinct)


def _refuse_too_many_states(name: str, num_states: int, num_rows: int, examples: Sequence[object]) -> None:
    """Raise TooManyStates for a column that is more likely an id, a date or a measurement.

    If there are more states than half the rows, most states occur once, and their counts carry no information
    about other variables. With more than 63 states, a family with one parent already has thousands of cells.
    Two states are always accepted, because a discrete variable has at least two.
    """
    if too_many_states(num_states, num_rows):
        limit = MAX_STATES if num_states > MAX_STATES else f"half the {num_rows} rows"
        raise TooManyStates(
            f"column '{one_line(name)}' has {num_states} distinct values as a discrete variable (for example "
            f"{quoted(examples[:2])}), more than {limit}: drop it with --drop "
            f"(drop=['{one_line(name)}']) if it is an id or a date, turn it into numbers if it is a "
            "measurement, or merge its states."
        )


def too_many_states(num_states: int, num_rows: int) -> bool:
    """Return whether a discrete column of so many states is refused in a table of so many rows.

    Examples
    --------
    >>> from dag_gfn.data.column_encoding import too_many_states
    >>> too_many_states(20, num_rows=100), too_many_states(60, num_rows=100)
    (False, True)
    """
    return num_states > MAX_STATES or (num_states > 2 and 2 * num_states > num_rows)
