"""A table whose cells are still text: the first stop of a CSV file, before missing values and types."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, Integer

CELL_END = "\x1f"  # the unit separator of ASCII; a file that holds it is refused as no text


class TextColumn(NamedTuple):
    """One column of text: cell i holds `texts[codes[i]]`; each text is there once, without blanks around."""

    name: str
    codes: Integer[np.ndarray, " n"]
    texts: tuple[str, ...]

    def counts(self, rows: Bool[np.ndarray, " n"] | None = None) -> Int[np.ndarray, " texts"]:
        """Return how many of the chosen rows hold each text."""
        codes = self.codes if rows is None else self.codes[rows]
        return np.bincount(codes, minlength=len(self.texts))


def text_column(name: str, cells: list[str] | np.ndarray) -> TextColumn:
    """Return a column of text after removing the blanks around its cells."""
    codes, found = pd.factorize(np.asarray(cells, dtype=object))
    stripped = [text.strip() for text in found]
    if len(set(stripped)) < len(stripped):
        merged, found = pd.factorize(np.asarray(stripped, dtype=object))
        codes, stripped = merged[codes], list(found)
    # The smallest integers that hold the codes: one byte per cell where there are few texts.
    return TextColumn(name, codes.astype(np.min_scalar_type(max(len(stripped), 1))), tuple(stripped))


@dataclass(frozen=True, eq=False)
class TextTable:
    """Rows of text under named columns.

    The text of a column lies in one string per block of rows, so that the table takes about as much memory
    as its file; `cells` takes it apart for one column at a time.

    Parameters
    ----------
    names : tuple of str
    blocks : tuple of tuples of str
        `blocks[k][j]` joins the cells of column j in block k.
    row_numbers : ndarray, shape (rows in the blocks,), int
        Numbers of the rows in the file, from 0 below the header.
    start, stop : int
        The rows that count; those outside were found to be no data.
    separator : str
    notes : tuple of str
        What was done while reading.
    """

    names: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    row_numbers: Int[np.ndarray, " all"]
    start: int
    stop: int
    separator: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows that count."""
        return max(self.stop - self.start, 0)

    @property
    def rows(self) -> Int[np.ndarray, " n"]:
        """The numbers of the rows that count, from 0 below the header."""
        return self.row_numbers[self.start : self.stop]

    def cells(self, j: int, limit: int | None = None) -> list[str]:
        """Return the cells of column j, or only the first `limit`."""
        found: list[str] = []
        for block in self.blocks:
            found += block[j].split(CELL_END)
            if limit is not None and len(found) >= self.start + limit:
                break
        return found[self.start : self.stop if limit is None else min(self.stop, self.start + limit)]

    def column(self, j: int) -> TextColumn:
        """Return column j with each of its texts once."""
        return text_column(self.names[j], self.cells(j))

    def first_row(self) -> list[str]:
        """Return the cells of the first row."""
        return [self.cells(j, 1)[0] for j in range(len(self.names))]

    def last_row(self) -> list[str]:
        """Return the cells of the last row of the file."""
        return [cells.rsplit(CELL_END, 1)[-1] for cells in self.blocks[-1]]

    def without(self, *, first: int = 0, last: int = 0, note: str) -> "TextTable":
        """Return the table without rows at its ends that are no data."""
        return replace(self, start=self.start + first, stop=self.stop - last, notes=(*self.notes, note))
