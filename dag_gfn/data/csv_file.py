"""A CSV file as a data frame, or one sentence that says what is wrong with the file."""

import csv
import io
import re
from os import PathLike
from pathlib import Path

import pandas as pd

from dag_gfn.data.columns import quoted
from dag_gfn.errors import DataError

# pandas' own list also has "None", which is a state of many a discrete variable.
MISSING_CELLS = ["", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "NULL", "null"]
UNNAMED_INDEX = "Unnamed: 0"  # what pandas calls the first column when the header gives it no name


def read_csv_file(path: str | PathLike) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the table in a CSV file and notes on how it was read.

    The separator is a comma; where the header shows only one column, a semicolon or a tab in it is the
    separator. Beside a semicolon, numbers such as 1,5 have a decimal comma.

    Raises
    ------
    DataError
        The file is missing, empty, not UTF-8 text, or ragged; the header is missing, has empty or
        repeated names.
    """
    path = Path(path)
    text = _read_text(path)
    notes = []
    separator = _separator(text)
    decimal = "."
    if separator != ",":
        decimal = (
            "," if separator == ";" and re.search(r"(^|;)\s*-?\d+,\d+\s*(;|$)", text, re.MULTILINE) else "."
        )
        shown = "tabs" if separator == "\t" else "semicolons"
        notes.append(f"read {shown} as separators" + (" and decimal commas" if decimal == "," else ""))
    header = _checked_header(text, separator, path)
    frame = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        decimal=decimal,
        header=0,
        names=header,
        index_col=False,
        skipinitialspace=True,
        keep_default_na=False,
        na_values=MISSING_CELLS,
        low_memory=False,  # a column's type is decided once, not per chunk
    )
    return frame, tuple(notes)


def _read_text(path: Path) -> str:
    if not path.exists():
        raise DataError(f"no file '{path}': give the path of a CSV file with column names in its first line.")
    if path.is_dir():
        raise DataError(f"'{path}' is a directory: give the path of a CSV file in it.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"'{path}' is not UTF-8 text (byte 0x{error.object[error.start]:02x} at position {error.start}): "
            "save it as a CSV file in UTF-8 (a spreadsheet or a compressed file has to be exported first)."
        ) from None
    except OSError as error:
        raise DataError(f"'{path}' cannot be read ({error.strerror}): check its permissions.") from None
    if not text.strip():
        raise DataError(
            f"'{path}' is empty: a header line with the column names and at least two rows are needed."
        )
    return text


def _separator(text: str) -> str:
    header = next(line for line in text.splitlines() if line.strip())
    cells = next(csv.reader([header]))
    if len(cells) == 1:
        for separator in (";", "\t"):
            if separator in cells[0]:
                return separator
    return ","


def _checked_header(text: str, separator: str, path: Path) -> list[str]:
    """Return the column names after checking that every line has as many cells.

    pandas would rename repeated names, fill short lines with missing values and take a surplus cell for an
    index.
    """
    lines = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    header: list[str] = []
    try:
        for cells in lines:
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
            elif len(cells) != len(header):
                raise DataError(
                    f"'{path}': line {lines.line_num} has {len(cells)} cells, but the header names "
                    f"{len(header)} columns: correct the line, or quote cells that contain the separator."
                )
    except csv.Error as error:
        raise DataError(f"'{path}': line {lines.line_num} is not CSV ({error}): correct the line.") from None
    return _checked_names(header, path)


def _checked_names(header: list[str], path: Path) -> list[str]:
    if len(header) > 1 and not header[0]:
        header = [UNNAMED_INDEX, *header[1:]]
    unnamed = [str(i + 1) for i, name in enumerate(header) if not name]
    if unnamed:
        raise DataError(
            f"'{path}': the header gives no name to column {', '.join(unnamed)}: name every column."
        )
    repeated = [name for name in dict.fromkeys(header) if header.count(name) > 1]
    if repeated:
        raise DataError(
            f"'{path}': the header names {quoted(repeated)} more than once: give each column its own name."
        )
    # 0,1,2,... is what pandas writes for an array; any other line of numbers is data.
    if header != [str(i) for i in range(len(header))] and all(map(_is_number, header)):
        raise DataError(
            f"'{path}': the first line holds numbers ({', '.join(header[:3])}), not column names: "
            "add a header line."
        )
    return header


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
