"""The reader of spreadsheets: .xlsx, .xls, .xlsb and .ods."""

import zipfile
from datetime import date, datetime
from io import BytesIO
from os import PathLike
from typing import Any

import numpy as np

from dag_gfn.data.compressed import check_zip
from dag_gfn.data.csv_header import column_names, without_other_lines
from dag_gfn.data.messages import one_line, quoted
from dag_gfn.data.text_table import CELL_END, TextTable
from dag_gfn.data.typed_files import library, reading_as
from dag_gfn.errors import DataError


def read_excel_file(path: str | PathLike) -> TextTable:
    """Return the cells of the first sheet that holds a table, as text; types are decided later, as in a CSV file.

    Titles above the header, rows without any value, and columns without name and value are left out with a note.
    Dates become text such as 2024-05-31.

    Raises
    ------
    DataError
        If the file cannot be read, has no cells, or python-calamine is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from dag_gfn.data.excel_file import read_excel_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.xlsx"
    ...     pd.DataFrame({"age": [31, 25], "pay": [2.1, 1.7]}).to_excel(path, index=False)
    ...     table = read_excel_file(path)
    >>> table.names, table.cells(0), table.cells(1)
    (('age', 'pay'), ['31', '25'], ['2.1', '1.7'])
    """
    with reading_as("a spreadsheet", path) as file:
        calamine = library("python_calamine", "python-calamine", path)
        if zipfile.is_zipfile(file):
            check_zip(file)
        try:  # the content tells the format, not the suffix
            book = calamine.CalamineWorkbook.from_filelike(BytesIO(file.read_bytes()))
        except calamine.PasswordError:
            raise DataError(f"'{path}' needs a password: save it without one.") from None
        with book:
            name, rows = _first_table(book)
            names = book.sheet_names
    if not any(any(row) for row in rows[1:]):
        raise DataError(f"'{path}' has no sheet with a header and rows below it.")
    notes: tuple[str, ...] = ()
    if len(names) > 1:
        others = [other for other in names if other != name]
        notes = (f"read the sheet '{one_line(name)}' of {len(names)}, and not {quoted(others)}",)
    table = _table(rows, notes)
    return without_other_lines(column_names(table, file))


def _first_table(book: Any) -> tuple[str, list[list[str]]]:
    """Return the first sheet with three lines of two cells or more; if there is none, the first with any cells."""
    found: tuple[str, list[list[str]]] = ("", [])
    for name in book.sheet_names:
        rows = [[_text(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()]
        if sum(sum(map(bool, row)) > 1 for row in rows) > 2:
            return name, rows
        if rows and not found[1]:
            found = name, rows
    return found


def _table(rows: list[list[str]], notes: tuple[str, ...]) -> TextTable:
    titles = 0
    width = max(sum(map(bool, row)) for row in rows)
    while width > 1 and sum(map(bool, rows[titles])) < 2:
        titles += 1
    said = [cell for row in rows[:titles] for cell in row if cell]
    if said:
        notes += (f"left out {quoted(said)} above the header",)
    header, *rows = rows[titles:]
    is_full = [any(row) for row in rows]
    left_out = len(rows) - sum(is_full)
    while rows and not is_full[-1]:  # formatted cells below the table need no note
        is_full.pop(), rows.pop()
        left_out -= 1
    if left_out:
        notes += (f"left out {left_out} row{'s' if left_out > 1 else ''} without any value",)
    kept = [row for row, full in zip(rows, is_full, strict=True) if full]
    used = [j for j in range(len(header)) if header[j] or any(row[j] for row in kept)]
    return TextTable(
        names=tuple(header[j] for j in used),
        blocks=(tuple(CELL_END.join(row[j] for row in kept) for j in used),) if kept else (),
        row_numbers=np.flatnonzero(is_full),
        start=0,
        stop=len(kept),
        separator="\t",
        notes=notes,
    )


def _text(cell: Any) -> str:
    """Return a cell as it is typed: a whole number has no decimal point, a date no time of midnight."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        midnight = not (cell.hour or cell.minute or cell.second or cell.microsecond)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).replace(CELL_END, " ").strip()
