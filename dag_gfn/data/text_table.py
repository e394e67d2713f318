"""Text tables: the cells of a file as text, before missing values and types are decided."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int, Integer

from dag_gfn.data.number_text import plain_numbers

CELL_END = "\x1f"  # the unit separator of ASCII; a file that contains it is refused as binary


class TextColumn(NamedTuple):
    """One column of text: cell i holds `texts[codes[i]]`.

    Attributes
    ----------
    name : str
    codes : ndarray, shape (n,), integer
    texts : tuple of str
        Distinct texts, without leading or trailing blanks.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.text_table import TextColumn
    >>> column = TextColumn("job", codes=np.array([0, 1, 0]), texts=("cook", "nurse"))
    >>> column.counts().tolist()
    [2, 1]
    """

    name: str
    codes: Integer[np.ndarray, " n"]
    texts: tuple[str, ...]

    def counts(self, rows: Bool[np.ndarray, " n"] | None = None) -> Int[np.ndarray, " texts"]:
        """Return how many of the chosen rows hold each text."""
        codes = self.codes if rows is None else self.codes[rows]
        return np.bincount(codes, minlength=len(self.texts))


def _smallest(num_texts: int) -> np.dtype[Any]:
    """Return the smallest integer type that holds the codes: one byte per cell for few texts."""
    return np.min_scalar_type(max(num_texts, 1))


@dataclass(frozen=True, eq=False)
class TextTable:
    """Rows of text under named columns.

    The cells of a column are joined to one string per block of rows, so that the table takes about as much
    memory as its file. `cells` splits one column at a time.

    Parameters
    ----------
    names : tuple of str
    blocks : tuple of tuples of str
        `blocks[k][j]` joins the cells of column j in block k with `CELL_END`.
    row_numbers : ndarray, shape (rows in the blocks,), int
        Numbers of the rows in the file, from 0 below the header.
    start, stop : int
        The range of rows that are data. Rows outside are further header lines or totals.
    separator : str
        Separator of the cells in the file.
    notes : tuple of str
        What was done while reading.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.text_table import CELL_END, TextTable
    >>> block = (CELL_END.join(["31", "25", "31"]), CELL_END.join(["cook", "nurse", "cook"]))
    >>> table = TextTable(("age", "job"), (block,), np.arange(3), start=0, stop=3, separator=",")
    >>> table.cells(0), table.column(1).texts, table.numbers(0).tolist()
    (['31', '25', '31'], ('cook', 'nurse'), [31.0, 25.0, 31.0])
    """

    names: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    row_numbers: Int[np.ndarray, " all"]
    start: int
    stop: int
    separator: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of data rows."""
        return max(self.stop - self.start, 0)

    @property
    def rows(self) -> Int[np.ndarray, " n"]:
        """Numbers of the data rows in the file, from 0 below the header."""
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
        """Return column j with each of its texts once; it is read block by block to save memory."""
        position: dict[str, int] = {}
        parts = []
        for block in self.blocks:
            codes, found = pd.factorize(np.asarray(block[j].split(CELL_END), dtype=object))
            known = [position.setdefault(text.strip(), len(position)) for text in found]
            parts.append(np.asarray(known, dtype=_smallest(len(position)))[codes])
        codes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint8)
        codes = codes[self.start : self.stop]
        used = np.bincount(codes, minlength=len(position)) > 0
        texts = list(position)
        if used.all():
            return TextColumn(self.names[j], codes, tuple(texts))
        # Leave out texts that occur only outside the data rows.
        new = (np.cumsum(used) - 1).astype(codes.dtype)
        return TextColumn(self.names[j], new[codes], tuple(texts[i] for i in np.flatnonzero(used)))

    def numbers(self, j: int) -> Float64[np.ndarray, " n"] | None:
        """Return column j as numbers if every cell is a finite number in plain notation, else None.

        It builds no list of distinct texts, which takes more memory than the column if most cells differ.
        """
        parts = []
        for block in self.blocks:
            values = plain_numbers([cell.strip() for cell in block[j].split(CELL_END)])
            if not np.isfinite(values).all():
                return None
            parts.append(values)
        return np.concatenate(parts)[self.start : self.stop] if parts else None

    def first_row(self) -> list[str]:
        """Return the cells of the first row."""
        return [self.cells(j, 1)[0] for j in range(len(self.names))]

    def last_row(self) -> list[str]:
        """Return the cells of the last row of the file."""
        return [cells.rsplit(CELL_END, 1)[-1] for cells in self.blocks[-1]]

    def without(self, *, first: int = 0, last: int = 0, note: str) -> "TextTable":
        """Return the table without some of its first and last rows, and with a note that says so."""
        return replace(self, start=self.start + first, stop=self.stop - last, notes=(*self.notes, note))
