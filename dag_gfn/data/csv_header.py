"""Lines of a CSV file that are not data: column names, further header lines, a line of totals."""

import re
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

import numpy as np

from dag_gfn.data.messages import listed, one_line, quoted
from dag_gfn.data.missing_codes import ABBREVIATIONS, BLANK_CELLS, SIGNS, WORDS
from dag_gfn.data.number_text import looks_like_number, read_numbers
from dag_gfn.data.text_table import TextTable
from dag_gfn.errors import DataError

UNNAMED_INDEX = "Unnamed: 0"  # the name that pandas gives to a first column without one
UNNAMED = re.compile(r"Unnamed: \d+")
PEEK = 1000  # rows that are looked at to recognise numbers
_MISSING_WORDS = ABBREVIATIONS | WORDS
_TOTAL = re.compile(
    r"(grand |sub)?totals?|sum|mean|average|summe|gesamt|insgesamt|mittelwert|durchschnitt|somme|moyenne|suma|promedio",
    re.IGNORECASE,
)


def column_names(table: TextTable, path: Path) -> TextTable:
    """Return the table with checked column names; a column without one is called "Unnamed: 3", as in pandas.

    Raises
    ------
    DataError
        If a name is repeated, or the first line holds numbers that look like data.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from dag_gfn.data.csv_header import column_names
    >>> from dag_gfn.data.text_table import TextTable
    >>> table = TextTable(("age", "body  mass", ""), (("31", "70", "x"),), np.arange(1), 0, 1, ",")
    >>> column_names(table, Path("t.csv")).names
    ('age', 'body mass', 'Unnamed: 2')
    """
    header = [" ".join(name.split()) for name in table.names]
    unnamed = [i for i, name in enumerate(header) if not name] if len(header) > 1 else []
    for i in unnamed:
        header[i] = f"Unnamed: {i}"
    if header == [""]:
        raise DataError(f"'{path}': the header gives no name to its only column: name every column.")
    notes = table.notes
    # Columns without values are left out later and need no note here.
    with_values = [i for i in unnamed if i > 0 and any(map(str.strip, table.cells(i)))]
    if with_values:
        notes += (
            "called columns without a name "
            + listed([f"'{header[i]}' (column {i + 1})" for i in with_values]),
        )
    if not unnamed and all(map(looks_like_number, header)):
        if not _numbers_are_names(table, header):
            raise DataError(
                f"'{path}': the first line holds numbers ({', '.join(map(one_line, header[:3]))}), which look "
                "like a row of data, not like column names: add a header line, for example "
                f"{table.separator.join(f'x{i + 1}' for i in range(min(len(header), 3)))}"
                f"{table.separator + '...' if len(header) > 3 else ''}."
            )
        if header != [str(i) for i in range(len(header))]:  # 0,1,2,... is what pandas writes for an array
            shown = listed([one_line(name) for name in header], limit=4)
            notes += (f"took the numbers of the first line ({shown}) for column names",)
    repeated = [one_line(name) for name in dict.fromkeys(header) if header.count(name) > 1]
    if repeated:
        raise DataError(
            f"'{path}': the header names {quoted(repeated)} more than once: give each column its own name, "
            "or add a header line if the first line is data."
        )
    return replace(table, names=tuple(header), notes=notes)


def _numbers_are_names(table: TextTable, header: Sequence[str]) -> bool:
    """Return whether a first line of numbers names the columns, such as years, wavelengths or 1, 2, 3.

    The numbers must be distinct and finite. They are names in each of these cases:

    - they are 0, 1, 2, ... or 1, 2, 3, ...;
    - they are whole, there are at least four, and their steps are equal and not zero;
    - they are whole and rise, there are at least two, and over three quarters of the columns hold mostly
      fractions below;
    - in over half the columns the cells below are mostly words, or all lie further from the number than their range.
    """
    names = read_numbers(header).values
    if len(set(names.tolist())) < len(names) or not all(map(isfinite, names)):
        return False
    d = len(names)
    if np.array_equal(names, np.arange(d)) or np.array_equal(names, np.arange(1, d + 1)):
        return True
    whole = bool((names == np.round(names)).all())
    steps = np.diff(names)
    if whole and d >= 4 and steps[0] != 0 and (steps == steps[0]).all():
        return True
    fractional = unlike = 0
    for j, name in enumerate(names):
        cells = [cell.strip() for cell in table.cells(j, PEEK)]
        numbers = read_numbers(list(dict.fromkeys(cell for cell in cells if not _is_missing(cell)))).values
        values = numbers[np.isfinite(numbers)]
        if numbers.size and 2 * values.size < numbers.size:
            unlike += 1  # mostly words
        elif values.size >= 2 and len(cells) >= 5:
            fractional += bool((values != np.round(values)).mean() > 0.5)
            spread = np.ptp(values)
            unlike += bool(name > values.max() + spread or name < values.min() - spread)
    return 2 * unlike > d or (whole and d >= 2 and bool((steps > 0).all()) and 4 * fractional > 3 * d)


def without_other_lines(table: TextTable) -> TextTable:
    """Return the table without further header lines and without a last line of totals.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.csv_header import without_other_lines
    >>> from dag_gfn.data.text_table import CELL_END, TextTable
    >>> columns = (["a", "b", "c", "Total"], ["1", "2", "3", "6"])
    >>> blocks = (tuple(CELL_END.join(cells) for cells in columns),)
    >>> table = without_other_lines(TextTable(("shop", "sales"), blocks, np.arange(4), 0, 4, ","))
    >>> len(table), table.notes
    (3, ("left out the last row, which begins with 'Total'",))
    """
    if len(table) < 4:
        return table
    heads = _second_header(table)
    if heads:
        shown = [one_line(cell, 40) for cell in table.first_row() if cell.strip()]
        lines = (
            "the first row below the header, a second header line"
            if heads == 1
            else (f"the first {heads} rows below the header, further header lines")
        )
        table = table.without(
            first=heads, note=f"left out {lines} ({listed([f'{c!r}' for c in shown], limit=3)})"
        )
    last = [cell.strip() for cell in table.last_row()]
    first = next(j for j, cell in enumerate(last) if cell)
    if (
        _TOTAL.fullmatch(last[first].rstrip(": "))
        and sum(cell.strip() == last[first] for cell in table.cells(first)) == 1
    ):
        table = table.without(last=1, note=f"left out the last row, which begins with '{last[first]}'")
    return table


def _second_header(table: TextTable) -> int:
    """Return how many of the first rows are further header lines, which some survey programs write.

    They are recognised by the mark of one program, or by words above columns of numbers.
    """
    columns = [[cell.strip() for cell in table.cells(j, PEEK)] for j in range(len(table.names))]
    marked = [
        i for i in range(min(3, len(table) - 2)) if any('{"ImportId"' in column[i] for column in columns)
    ]
    if marked:
        return marked[-1] + 1
    for heads in (1, 2):
        below = [[cell for cell in column[heads:] if not _is_missing(cell)] for column in columns]
        numeric = [
            column
            for column, cells in zip(columns, below, strict=True)
            if len(cells) >= 3 and all(map(looks_like_number, cells))
        ]
        if len(numeric) < 2:
            continue
        tops = [cell for column in numeric for cell in column[:heads]]
        words = [[cell for cell in column[:heads] if not _is_missing(cell)] for column in numeric]
        if not any(map(looks_like_number, tops)) and 2 * sum(map(bool, words)) > len(numeric):
            return heads
    return 0


def _is_missing(cell: str) -> bool:
    return cell in BLANK_CELLS or cell in SIGNS or cell.casefold() in _MISSING_WORDS
