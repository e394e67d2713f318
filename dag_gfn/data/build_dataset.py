"""Builds a Dataset from the columns of any source: missing values first, then rows, then types."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from dag_gfn.data.column_encoding import EncodedColumn, TooManyStates, encode_column, encode_text
from dag_gfn.data.column_selection import check_names
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import option_value, quoted
from dag_gfn.data.missing_codes import BLANK_CELLS, is_named, missing_texts
from dag_gfn.data.missing_values import missing_values_error, too_few_rows_error
from dag_gfn.data.mixed_kinds import mixed_kinds_error
from dag_gfn.data.number_text import decimal_sign
from dag_gfn.data.reading_notes import code_notes, reading_notes
from dag_gfn.data.text_table import TextColumn
from dag_gfn.errors import DataError

KEPT_TEXTS = 1000  # a column with more distinct texts is loaded twice, to save memory


@dataclass(frozen=True, eq=False)
class Source:
    """The columns of a table before missing values and types are decided.

    Attributes
    ----------
    names : tuple of str, length d
    load : callable
        `load(k)` returns column k: a TextColumn, or a Series if the column has a type.
    numbers : ndarray, shape (n,), int
        Row numbers from 0, for messages.
    typed : bool
        Whether the source stores types, as a data frame does. If not, text of digits is read as numbers.
    head : callable, optional
        `head(k)` returns the first cells of column k as they are written in the file. The decimal sign is
        found from them.
    separator : str
        Separator of the cells in the file.

    Examples
    --------
    See `build_dataset`.
    """

    names: tuple[str, ...]
    load: Callable[[int], TextColumn | pd.Series]
    numbers: Int[np.ndarray, " n"]
    typed: bool
    head: Callable[[int], list[str]] | None = None
    separator: str = ","


def build_dataset(
    source: Source,
    *,
    discrete: Sequence[str],
    drop: Sequence[str],
    missing: str,
    na_values: tuple[str, ...],
    notes: tuple[str, ...],
    intervened: Bool[np.ndarray, "n d"] | None = None,
) -> Dataset:
    """Return the Dataset of a source's columns.

    Missing values are recognised first, then incomplete rows are dropped, and the remaining rows decide whether
    a column is continuous or discrete.

    Parameters
    ----------
    source : Source
    discrete : sequence of str
        Columns whose distinct values are states.
    drop : sequence of str
        Columns that the user left out. The options that an error proposes repeat them.
    missing : {"error", "drop"}
    na_values : tuple of str
        Codes for missing values that the user named.
    notes : tuple of str
        What was done so far.
    intervened : ndarray, shape (n, d), bool, optional
        True where the experimenter set the value.

    Raises
    ------
    DataError
        If the table cannot be used as it is.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from dag_gfn.data.build_dataset import Source, build_dataset
    >>> frame = pd.DataFrame({"age": [31.0, 25.0, np.nan, 40.0], "pay": [2.1, 1.7, 3.0, 2.8]})
    >>> source = Source(("age", "pay"), lambda k: frame.iloc[:, k], numbers=np.arange(4), typed=True)
    >>> data = build_dataset(source, discrete=(), drop=(), missing="drop", na_values=(), notes=())
    >>> data.n, data.notes
    (3, ('dropped 1 of 4 rows with missing values',))
    """
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
            sign = decimal_sign(sorted(present))
            if sign is not None:
                signs.add(sign)
    notes += code_notes(names, codes, na_values)

    complete = np.count_nonzero(absent, axis=1) == 0
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
        column = light.pop(k) if k in light else source.load(k)
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
    """Return which cells are missing, and how many cells each code for a missing value fills."""
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
    source: Source,
    complete: Bool[np.ndarray, " n"],
    as_discrete: bool,
    codes: Mapping[str, int],
    decimal: str | None,
) -> EncodedColumn:
    if isinstance(column, TextColumn):
        # In a data frame, a column of numbers with codes such as "?" has the type of text.
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


def _refused_error(refused: Mapping[str, TooManyStates], drop: Sequence[str]) -> DataError:
    """Return the error of the first refused column; it names the others too."""
    first, *others = refused
    text = str(refused[first])
    if others:
        text += (
            f" Likewise {quoted(others)}: --drop {option_value([*drop, *refused])} leaves all of them out."
        )
    return DataError(text)
