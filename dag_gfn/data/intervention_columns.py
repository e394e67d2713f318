"""What an experimenter set in each row, as a column of the table or a matrix in a file says it."""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from dag_gfn.data.file_readers import read_table
from dag_gfn.data.messages import listed, one_line, quoted, row_numbers
from dag_gfn.data.roles import ColumnRole
from dag_gfn.data.text_table import TextColumn, TextTable
from dag_gfn.errors import DataError

NOTHING_SET = re.compile(
    r"|0|-1|none|no|nothing|na|nan|null|obs(ervational|ervation|erved)?|control|wt|wild.?type|-",
    re.IGNORECASE,
)
"""Cells that say that nothing was set in a row."""
SEPARATOR = "|"
"""Between the names of several variables that were set in one row."""


def mask_of_column(column: TextColumn, variables: Sequence[str]) -> Bool[np.ndarray, "n v"]:
    """Return which variables were set in each row, from a column that names them.

    A cell names the variables that were set, with a bar between them, and is empty (or 'none', 'control', ...) where
    none was. In the numbered form every cell is the number of a variable, 1 for the first column of the table, and 0
    stands for none: so is the column INT of the protein data of bnlearn.

    Parameters
    ----------
    column : TextColumn
    variables : sequence of str, length v
        All other columns of the table in their order, those that are left out too.

    Raises
    ------
    DataError
        If a cell is neither.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.intervention_columns import mask_of_column
    >>> from dag_gfn.data.text_table import TextColumn
    >>> set_here = TextColumn("set", np.array([0, 1, 2]), ("", "raf", "raf|mek"))
    >>> mask_of_column(set_here, ["raf", "mek"]).astype(int).tolist()
    [[0, 0], [1, 0], [1, 1]]
    >>> mask_of_column(TextColumn("INT", np.array([1, 0]), ("0", "2")), ["raf", "mek"]).astype(int).tolist()
    [[0, 1], [0, 0]]
    """
    place = {name.strip(): i for i, name in enumerate(variables)}
    parts = [[part.strip() for part in text.split(SEPARATOR)] for text in column.texts]
    named = [part for some in parts for part in some if part not in place and not NOTHING_SET.fullmatch(part)]
    by_number = bool(named) and all(_number(part) is not None for part in named)
    sets = np.zeros((len(parts), len(variables)), dtype=bool)
    for k, some in enumerate(parts):
        for part in some:
            if part in place:
                sets[k, place[part]] = True
            elif by_number and (number := _number(part)):
                if number > len(variables):
                    raise DataError(
                        f"column '{one_line(column.name)}' says that variable {number} was set "
                        f"({row_numbers(column.codes == k)}), but the table has {len(variables)} other columns: "
                        "number them from 1, or write their names."
                    )
                sets[k, number - 1] = True
            elif not NOTHING_SET.fullmatch(part):
                near = get_close_matches(part, list(place), n=1)
                hint = f"did you mean {quoted(near)}?" if near else f"its columns are {quoted(variables)}."
                raise DataError(
                    f"column '{one_line(column.name)}' says that '{one_line(part)}' was set "
                    f"({row_numbers(column.codes == k)}), which is no column of the table: {hint} (Leave the cell "
                    "empty where nothing was set, and separate several names by a bar.)"
                )
    return sets[column.codes]


def _number(text: str) -> int | None:
    """Return a whole number, which spreadsheets may have written with a decimal point; None if it is none."""
    found = re.fullmatch(r"(\d{1,6})(\.0+)?", text)
    return None if found is None else int(found[1])


def mask_of_file(
    path: str | Path, variables: Sequence[str], rows: Int[np.ndarray, " n"]
) -> Bool[np.ndarray, "n v"]:
    """Return which variables were set in each row, from a file with a 0/1 matrix under names of columns.

    Parameters
    ----------
    path : path
        Of any format that tables have. It has a line for each row of the table, in the same order.
    variables : sequence of str, length v
        The columns of the table; those that the file does not name were never set.
    rows : ndarray, shape (n,), int
        The numbers of the table's rows, from 0 below its header.

    Raises
    ------
    DataError
        If the file has other names, another number of rows, or cells other than 0 and 1.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from dag_gfn.data.intervention_columns import mask_of_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "set.csv"
    ...     _ = path.write_text("mek\\n0\\n1\\n")
    ...     mask_of_file(path, ["raf", "mek"], np.arange(2)).astype(int).tolist()
    [[0, 0], [0, 1]]
    """
    table = read_table(path)
    shown = f"the file of interventions '{one_line(path)}'"
    if isinstance(table, TextTable):
        names = [name.strip() for name in table.names]
        columns = [[cell.strip() for cell in table.cells(j)] for j in range(len(names))]
    else:
        names = [str(name).strip() for name in table.columns]
        columns = [[_cell(cell) for cell in table.iloc[:, j]] for j in range(len(names))]
    mask = np.zeros((len(columns[0]) if columns else 0, len(variables)), dtype=bool)
    for name, cells in zip(names, columns, strict=True):
        if name not in variables:
            near = get_close_matches(name, list(variables), n=1)
            hint = f"did you mean {quoted(near)}?" if near else f"the table has {quoted(variables)}."
            raise DataError(f"{shown} has the column '{one_line(name)}', which the table has not: {hint}")
        wrong = np.array([cell not in _TRUE | _FALSE for cell in cells])
        if wrong.any():
            cell = cells[int(wrong.argmax())]
            raise DataError(
                f"{shown} holds '{one_line(cell)}' in column '{one_line(name)}' ({row_numbers(wrong)}): 1 says that "
                "the variable was set in this row, 0 that it was observed."
            )
        mask[:, list(variables).index(name)] = [cell in _TRUE for cell in cells]
    if len(rows) and len(mask) == int(rows.max()) + 1:
        return mask[rows]  # blank lines and further header lines of the table are no rows
    if len(mask) != len(rows):
        raise DataError(
            f"{shown} has {len(mask)} rows, the table {len(rows)}: one line for each row is needed."
        )
    return mask


_TRUE, _FALSE = {"1", "1.0", "True", "true", "TRUE"}, {"0", "0.0", "False", "false", "FALSE", ""}


def _cell(cell: object) -> str:
    return "" if cell is None or cell != cell else str(cell)


def intervention_note(
    mask: Bool[np.ndarray, "n v"], variables: Sequence[str], used: Sequence[str], where: str
) -> str:
    """Return in a sentence how many rows have a value that was set, and of which variables.

    Parameters
    ----------
    mask : ndarray, shape (n, v), bool
    variables : sequence of str, length v
    used : sequence of str
        Those that are read.
    where : str
        What said so.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.intervention_columns import intervention_note
    >>> intervention_note(np.array([[True, False], [False, False]]), ["raf", "mek"], ["raf"], "INT")
    "1 of 2 rows have values that were set, as 'INT' says: 'raf' in 1"
    """
    counts = [
        f"'{one_line(name, 30)}' in {count}"
        for name, count in zip(variables, mask.sum(axis=0).tolist(), strict=True)
        if count
    ]
    text = (
        f"{mask.any(axis=1).sum()} of {len(mask)} rows have values that were set, as '{one_line(where)}' says"
    )
    lost = [variables[j] for j in np.flatnonzero(mask.any(axis=0)).tolist() if variables[j] not in used]
    if lost:
        counts.append(
            f"{quoted(lost)} {'are' if len(lost) > 1 else 'is'} left out, so that this counts for nothing"
        )
    return f"{text}: {listed(counts)}" if counts else text


class SetColumns(NamedTuple):
    """Which of the columns that are read were set in each row, and a note about it.

    Examples
    --------
    See `set_columns`.
    """

    mask: Bool[np.ndarray, "n kept"]
    note: str


def set_columns(
    interventions: object,
    all_names: Sequence[str],
    kept: list[int],
    others: tuple[ColumnRole, ...],
    texts: Callable[[int], TextColumn],
    rows: Int[np.ndarray, " n"],
    *,
    has_index: bool,
) -> tuple[list[int], tuple[ColumnRole, ...], SetColumns]:
    """Return the columns to read without the one that says what was set, the roles of the others, and what was set.

    Parameters
    ----------
    interventions : str or path
        A column of the table, or a file.
    all_names : sequence of str
        All columns of the table.
    kept : list of int
        The columns to read.
    others : tuple of ColumnRole
        Those that are not read.
    texts : callable
        Returns a column as text.
    rows : ndarray, shape (n,), int
        The numbers of the table's rows, from 0 below its header.
    has_index : bool
        Whether the first column is a row index, which the numbered form does not count.

    Raises
    ------
    DataError
        If it is neither a column nor a file, or cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> import dag_gfn
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 2.5], "y": [3.0, 1.0, 1.5], "set": ["x", "", "y"]})
    >>> dag_gfn.from_frame(frame, interventions="set").intervened.astype(int).tolist()
    [[1, 0], [0, 0], [0, 1]]
    """
    where = str(interventions)
    column = list(all_names).index(where) if where in all_names else None
    if column is None and not Path(where).is_file():
        near = get_close_matches(where, list(all_names), n=1)
        hint = f"did you mean {quoted(near)}?" if near else f"its columns are {quoted(all_names)}."
        raise DataError(
            f"--interventions (interventions=...) names '{one_line(where)}', which is no column of the table and no "
            f"file: {hint}"
        )
    variables = [j for j in range(len(all_names)) if j != column and not (has_index and j == 0)]
    names = [all_names[j] for j in variables]
    mask = mask_of_file(where, names, rows) if column is None else mask_of_column(texts(column), names)
    if column is not None:
        others = tuple(role for role in others if role.name != where)
        others += (
            ColumnRole(where, "left out", "it says what was set in each row (--interventions)", surprise=1),
        )
        kept = [j for j in kept if j != column]
    note = intervention_note(mask, names, [all_names[j] for j in kept], where)
    whole = np.zeros((len(rows), len(all_names)), dtype=bool)
    whole[:, variables] = mask
    return kept, others, SetColumns(whole[:, kept], note)
