"""The cells of a source that are missing, column by column, before it is decided what the columns become."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool

from dag_gfn.data.missing_codes import BLANK_CELLS, is_named, missing_texts
from dag_gfn.data.number_text import decimal_sign
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.data.source import KEPT_TEXTS, Source
from dag_gfn.data.text_table import TextColumn


@dataclass(frozen=True, eq=False)
class CellsOfTable:
    """A source with the cells that are missing.

    Attributes
    ----------
    source : Source
    choices : ReadingChoices
    absent : ndarray, shape (n, d), bool
        True where a cell is missing.
    codes : tuple of mappings from str to int, length d
        How many cells of a column each code for a missing value fills.
    decimal : str or None
        The decimal sign of the file, if it is known.
    light : dict from int to column
        Columns that are kept in memory.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from dag_gfn.data.cells_of_table import CellsOfTable
    >>> from dag_gfn.data.reading_choices import ReadingChoices
    >>> from dag_gfn.data.source import Source
    >>> frame = pd.DataFrame({"age": [31.0, None], "job": ["?", "cook"]})
    >>> source = Source(("age", "job"), lambda k: frame.iloc[:, k], numbers=np.arange(2), typed=True)
    >>> CellsOfTable.of(source, ReadingChoices()).absent.tolist()
    [[False, False], [True, False]]
    """

    source: Source
    choices: ReadingChoices
    absent: Bool[np.ndarray, "n d"]
    codes: tuple[Mapping[str, int], ...]
    decimal: str | None
    light: Mapping[int, TextColumn | pd.Series]

    @classmethod
    def of(cls, source: Source, choices: ReadingChoices) -> "CellsOfTable":
        """Return the missing cells of a source; see `CellsOfTable`."""
        absent = np.zeros((len(source.numbers), len(source.names)), dtype=bool)
        codes: list[Counter[str]] = []
        light: dict[int, TextColumn | pd.Series] = {}
        signs: set[str] = set()
        for k, name in enumerate(source.names):
            column = source.load(k)
            is_label = name in choices.discrete or name in choices.ordinal
            absent[:, k], found = _missing_cells(column, is_discrete=is_label, na_values=choices.na_values)
            codes.append(found)
            if isinstance(column, pd.Series) or len(column.texts) <= KEPT_TEXTS:
                light[k] = column
            if source.head is not None and not is_label:
                present = {text for text in source.head(k) if text not in found and text not in BLANK_CELLS}
                sign = decimal_sign(sorted(present))
                if sign is not None:
                    signs.add(sign)
        decimal = next(iter(signs)) if len(signs) == 1 else None
        return cls(source, choices, absent, tuple(codes), decimal, light)

    def column(self, k: int) -> TextColumn | pd.Series:
        """Return column k of the source; categories that are codes for missing values are none."""
        column = self.light[k] if k in self.light else self.source.load(k)
        if self.codes[k] and isinstance(column, pd.Series) and isinstance(column.dtype, pd.CategoricalDtype):
            codes = [category for category in column.cat.categories if str(category) in self.codes[k]]
            return column.cat.remove_categories(codes)
        return column

    def typed(self, k: int) -> bool:
        """Return whether text in column k is meant as text; a data frame's numbers with codes such as "?" are not."""
        return self.source.typed and not self.codes[k]


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
