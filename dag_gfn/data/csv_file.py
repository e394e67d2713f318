"""The reader of CSV files: encoding, separator, rows of cells, and errors that name the line."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from os import PathLike
from pathlib import Path

import numpy as np

from dag_gfn.data.csv_header import column_names, without_other_lines
from dag_gfn.data.file_bytes import read_bytes
from dag_gfn.data.separators import TextLines, text_lines
from dag_gfn.data.text_encoding import text_encoding
from dag_gfn.data.text_table import CELL_END, TextTable
from dag_gfn.errors import DataError

ROWS_PER_BLOCK = 20_000
_LAST_LINE = "\x1f\x1f"  # added after the last line; if it ends up inside a cell, a quote was not closed


def read_csv_file(path: str | PathLike) -> TextTable:
    """Return the text in a CSV file; types are decided later, from the rows that are used.

    `text_lines` says how the separator is found. Rows without any value, and empty cells beyond the last column,
    are left out with a note.

    Raises
    ------
    DataError
        If the file is missing, unreadable, empty or binary, its lines have different numbers of cells, a quote
        is not closed, or the header is missing or repeats a name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.csv_file import read_csv_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "survey.csv"
    ...     _ = path.write_text("age;job\\n31;cook\\n25;nurse\\n")
    ...     table = read_csv_file(path)
    >>> table.names, table.cells(1), table.notes
    (('age', 'job'), ['cook', 'nurse'], ('read semicolons as separators',))
    """
    path = Path(path)
    content = read_bytes(path)
    encoding, notes = text_encoding(content, path)
    text, text_notes = text_lines(content, encoding)
    header, blocks, numbers, row_notes = _read_rows(text, path)
    table = TextTable(
        names=tuple(header),
        blocks=tuple(blocks),
        row_numbers=numbers,
        start=0,
        stop=len(numbers),
        separator=text.separator,
        notes=notes + text_notes + row_notes,
    )
    return without_other_lines(column_names(table, path))


def _read_rows(
    text: TextLines, path: Path
) -> tuple[list[str], list[tuple[str, ...]], np.ndarray, tuple[str, ...]]:
    """Return the header, the blocks of joined cells, the row numbers from 0 below the header, and notes."""
    reader = text.records(_with_last_line(text))
    header: list[str] = []
    blocks: list[tuple[str, ...]] = []
    empty: list[int] = []
    first, width, cut, done, has_breaks = 0, 0, 0, False, False
    try:
        header = [cell.strip() for cell in _first_record(reader)]
        while not done:
            rows = list(islice(reader, ROWS_PER_BLOCK))
            if not rows or rows[-1] == [_LAST_LINE]:
                done = True
                rows = rows[:-1]
            elif any(_LAST_LINE in cell for cell in rows[-1]):
                raise _OpenQuote
            rows = [row for row in rows if row and (len(row) > 1 or row[0].strip())]
            if not rows:
                continue
            if not width:
                header = _fitted_header(header, rows[0])
                width = len(header)
            if any(len(row) != width for row in rows):
                cut += _cut_empty_ends(rows, width)
                if any(len(row) != width for row in rows):
                    raise _Ragged
            is_empty = [not any(row) or not any(cell.strip() for cell in row) for row in rows]
            if any(is_empty):
                empty += [first + i for i, no_value in enumerate(is_empty) if no_value]
            kept = [row for row, no_value in zip(rows, is_empty, strict=True) if not no_value]
            first += len(rows)
            if kept:
                blocks.append(tuple(CELL_END.join(cells) for cells in zip(*kept, strict=True)))
                has_breaks = has_breaks or any("\n" in cells or "\r" in cells for cells in blocks[-1])
    except (_OpenQuote, _Ragged, csv.Error) as error:
        raise _broken_line(text, path, len(header), error) from None
    if has_breaks:
        _refuse_joined_lines(text, path)
    numbers = np.delete(np.arange(first), empty)
    notes = []
    if cut:
        notes.append(f"cut empty cells at the end of {cut} line{'s' if cut > 1 else ''}")
    if empty:
        notes.append(f"left out {len(empty)} row{'s' if len(empty) > 1 else ''} without any value")
    return header, blocks, numbers, tuple(notes)


class _OpenQuote(Exception):
    """The file ends within a quoted cell."""


class _Ragged(Exception):
    """A line has more or fewer cells than the header."""


def _with_last_line(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line.replace("\x1a", "")  # the end-of-file sign of DOS
    yield _LAST_LINE


def _first_record(reader: Iterator[list[str]]) -> list[str]:
    for row in reader:
        if any(_LAST_LINE in cell for cell in row):
            raise _OpenQuote
        if any(cell.strip() for cell in row):
            return row
    raise _OpenQuote


def _fitted_header(header: list[str], row: list[str]) -> list[str]:
    """Return the header with as many cells as the first row, if the difference has a known cause.

    Some programs write a separator at the end of the header but not of the rows. R gives row names no header.
    """
    while len(header) > max(len(row), 1) and not header[-1]:
        header = header[:-1]
    if len(row) == len(header) + 1 and len(header) > 1 and row[-1].strip():
        return ["", *header]
    return header


def _cut_empty_ends(rows: list[list[str]], width: int) -> int:
    """Cut empty cells beyond the last column, in place, and return the number of rows that had some."""
    cut = 0
    for i, row in enumerate(rows):
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            rows[i] = row[:width]
            cut += 1
    return cut


def _refuse_joined_lines(text: TextLines, path: Path) -> None:
    """Raise DataError if a missing closing quote joined several lines into one cell.

    The quote that should open a later cell closes it, and is followed by text. The strict reader refuses that.
    """
    reader = text.records(strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            next(reader)
        except StopIteration:
            return
        except csv.Error:
            if reader.line_num > begins:
                raise _open_quote(path, begins) from None


def _open_quote(path: Path, line: int) -> DataError:
    return DataError(f"'{path}': line {line}: a quote is not closed: close or delete it.")


def _broken_line(text: TextLines, path: Path, width: int, error: Exception) -> DataError:
    """Read again up to the first faulty record, and return the error with the line in which the record begins."""
    reader = text.records(_with_last_line(text))
    named, begins = 0, 1
    header_seen = False
    first: tuple[int, int] | None = None
    while True:
        begins = reader.line_num + 1
        try:
            row = next(reader)
        except (csv.Error, StopIteration) as problem:
            if reader.line_num > begins:  # a cell over many lines that exceeds the largest size
                return _open_quote(path, begins)
            return DataError(f"'{path}': line {begins} is not CSV ({problem}): correct the line.")
        if row != [_LAST_LINE] and any(_LAST_LINE in cell for cell in row):
            return _open_quote(path, begins)
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        if not header_seen:
            header_seen, named = True, len(row)
            continue
        first = first or (begins, len(row))
        if width == named + 1 and len(row) == named:  # only the first row is longer than the header
            return _uneven_line(path, *first, named)
        if isinstance(error, _Ragged) and len(row) != width and any(c.strip() for c in row[width:] or row):
            if reader.line_num > begins:
                return DataError(
                    f"'{path}': line {begins}: a quote is not closed in its line, so that lines {begins} to "
                    f"{reader.line_num} make one row of {len(row)} cells where {width} are expected: "
                    "close or delete the quote."
                )
            return _uneven_line(path, begins, len(row), width)


def _uneven_line(path: Path, line: int, cells: int, width: int) -> DataError:
    title = "; if line 1 is a title, delete it" if width == 1 < cells else ""
    return DataError(
        f"'{path}': line {line} has {cells} cells, but the header names {width} columns: correct the line, or "
        f"quote cells that contain the separator{title}."
    )
