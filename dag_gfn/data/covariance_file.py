"""The reader of files with a covariance or correlation matrix."""

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.column_selection import select_columns
from dag_gfn.data.compressed import unpacked
from dag_gfn.data.covariance import from_covariance
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.file_bytes import read_bytes
from dag_gfn.data.messages import one_line, quoted
from dag_gfn.data.roles import ColumnRole
from dag_gfn.data.text_encoding import text_encoding
from dag_gfn.errors import DataError

_SEPARATORS = (";", "\t", ",", "|", None)  # None: blanks
_CELL = re.compile(r'"[^"]*"|\S+')
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


class Matrix(NamedTuple):
    """A matrix as a file has it.

    Attributes
    ----------
    names : tuple of str, length d
    values : ndarray, shape (d, d), float64
    n : float, optional
        The number of rows, if the file says it.

    Examples
    --------
    See `read_covariance`.
    """

    names: tuple[str, ...]
    values: Float64[np.ndarray, "d d"]
    n: float | None


class _NotThisForm(Exception):
    """The cells do not form a matrix; the message says why."""


def read_covariance(
    path: str | PathLike,
    rows: float | int | None = None,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
) -> Dataset:
    """Read a file with a covariance or correlation matrix; `from_covariance` says what becomes of it.

    Two forms are read: the number of rows, the names and the lower triangle, each in lines of their own; and a square
    table with names in its first line, and perhaps in its first column. In both, one half may be left out. Cells are
    separated by commas, semicolons, tabs, vertical bars or blanks.

    Parameters
    ----------
    path : str or path
    rows : float, optional
        The number of rows that the matrix was computed from, if the file does not say it.
    columns, drop : sequence of str, optional
        Columns to keep, and to leave out.

    Raises
    ------
    DataError
        If the file cannot be read, its cells form no such matrix, or the number of rows is not known.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.covariance_file import read_covariance
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cov.txt"
    ...     _ = path.write_text("164\\nability cites\\n1.0\\n.29 1.0\\n")
    ...     data = read_covariance(path)
    >>> data.names, data.total_weight, data.moments_only
    (('ability', 'cites'), 164.0, True)
    """
    with unpacked(path) as plain:
        names, values, found = matrix_in(plain)
    n, notes = _number_of_rows(Path(path), rows, found)
    kept, left_out = select_columns(names, columns, drop)
    chosen = from_covariance(values[np.ix_(kept, kept)], n, [names[i] for i in kept])
    roles = tuple(ColumnRole(name, "continuous") for name in chosen.names) + left_out
    return replace(chosen, notes=chosen.notes + notes, roles=roles)


def is_covariance_file(path: str | PathLike) -> bool:
    """Return whether a file begins with a number of rows, and the names and cells of a matrix follow.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.covariance_file import is_covariance_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cov.txt"
    ...     _ = path.write_text("164\\na b\\n1\\n.5 1\\n")
    ...     is_covariance_file(path)
    True
    """
    try:
        with unpacked(path) as plain:
            return matrix_in(plain).n is not None
    except DataError:
        return False


def matrix_in(path: Path) -> Matrix:
    """Return the matrix in a text file.

    Raises
    ------
    DataError
        If the file cannot be read, or its cells form no matrix.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.covariance_file import matrix_in
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cov.csv"
    ...     _ = path.write_text(",a,b\\na,2,1\\nb,1,3\\n")
    ...     matrix_in(path).values.tolist()
    [[2.0, 1.0], [1.0, 3.0]]
    """
    content = read_bytes(path)
    text = content.decode(text_encoding(content, path)[0]).replace("\x1a", "")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "/"))]
    reasons = []
    for separator in _SEPARATORS:
        if separator is None or any(separator in line for line in lines):
            grid = [row for row in (_cells(line, separator) for line in lines) if any(row)]
            try:
                return _matrix(grid)
            except _NotThisForm as reason:
                reasons.append((max(map(len, grid), default=0), str(reason)))
    raise DataError(
        f"'{path}' holds no covariance matrix: {max(reasons)[1]}; names in the first line and a number for each "
        "pair of them are expected."
    )


def _number_of_rows(
    path: Path, rows: float | int | None, found: float | None
) -> tuple[float, tuple[str, ...]]:
    if rows is None and found is None:
        raise DataError(
            f"'{path}' does not say how many rows the matrix was computed from: give it with --rows (rows=...)."
        )
    if rows is not None and found is not None and rows != found:
        return float(rows), (f"took {rows:g} for the number of rows, though the file says {found:g}",)
    return float(found if rows is None else rows), ()  # type: ignore[arg-type]  # one of them is a number


def _cells(line: str, separator: str | None) -> list[str]:
    if separator is None:
        return [cell.strip('"') for cell in _CELL.findall(line)]
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise DataError(f"a line of the file cannot be divided into cells ({error}): correct it") from None
    return [cell.strip() for cell in cells]


def _matrix(grid: list[list[str]]) -> Matrix:
    n = None
    if len(grid) > 1 and _is_number(grid[0][0]) and not any(grid[0][1:]):
        n, grid = _number(grid[0][0]), grid[1:]
    names, body = grid[0] if grid else [], grid[1:]
    names = _without_empty_end(names)
    with_names = all(row[0] and not _is_number(row[0]) for row in body)
    has_corner = bool(names) and (not names[0] or (with_names and len(body) == len(names) - 1))
    names = names[1:] if has_corner else names
    d = len(names)
    if d < 2 or any(not name or _is_number(name) for name in names):
        raise _NotThisForm(
            f"its first line ({one_line(' '.join(grid[0]) if grid else '')}) does not name columns"
        )
    if len(body) != d:
        raise _NotThisForm(f"{d} names are followed by {len(body)} lines of numbers")
    if has_corner or with_names:
        given = [row[0] for row in body]
        if given != names:
            raise _NotThisForm(f"its lines are called {quoted(given)}, its columns {quoted(names)}")
        body = [row[1:] for row in body]
    values = np.full((d, d), np.nan)
    body = [_without_empty_end(row) for row in body]
    if [len(row) for row in body] == [d - i for i in range(d)]:
        body = [[""] * i + row for i, row in enumerate(body)]  # the upper half
    for i, row in enumerate(body):
        if len(row) not in (i + 1, d):
            raise _NotThisForm(
                f"the line of '{one_line(names[i])}' has {len(row)} numbers, not {i + 1} or {d}"
            )
        for j, cell in enumerate(row):
            if cell and not _is_number(cell):
                raise _NotThisForm(
                    f"'{one_line(cell)}' in the line of '{one_line(names[i])}' is not a number"
                )
            if cell:
                values[i, j] = _number(cell)
    values = np.where(np.isnan(values), values.T, values)
    absent = np.argwhere(np.isnan(values))
    if len(absent):
        i, j = absent[0]
        raise _NotThisForm(f"the cell of '{one_line(names[i])}' and '{one_line(names[j])}' is empty")
    return Matrix(tuple(names), values, n)


def _without_empty_end(row: list[str]) -> list[str]:
    filled = [i for i, cell in enumerate(row) if cell]
    return row[: filled[-1] + 1] if filled else []


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
