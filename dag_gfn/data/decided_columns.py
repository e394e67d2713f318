"""All columns of a table with what they become, by the rules of roles."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.cells_of_table import CellsOfTable
from dag_gfn.data.column_reading import MIXED, ReadColumn, read_column
from dag_gfn.data.messages import one_line
from dag_gfn.data.ordered_columns import with_orders
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.data.role_rules import DecidedColumn, decide_column
from dag_gfn.data.row_weights import checked_weights, no_numbers_error
from dag_gfn.data.table_rules import (
    as_weights,
    fewer_levels,
    numbers_as_categories,
    weights_column,
    without_copies,
)
from dag_gfn.errors import DataError


def decided_columns(
    table: CellsOfTable, rows: Bool[np.ndarray, " n"], before: Sequence[DecidedColumn] = ()
) -> list[DecidedColumn]:
    """Return what each column becomes by the rules.

    Parameters
    ----------
    table : CellsOfTable
    rows : ndarray, shape (n,), bool
        The rows to use.
    before : sequence of DecidedColumn
        What all rows decided, if some are not used any more: columns that were left out stay so.

    Returns
    -------
    list of DecidedColumn
        With values for the rows in use.

    Raises
    ------
    DataError
        If the user's choices do not go with the cells.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from dag_gfn.data.cells_of_table import CellsOfTable
    >>> from dag_gfn.data.decided_columns import decided_columns
    >>> from dag_gfn.data.reading_choices import ReadingChoices
    >>> from dag_gfn.data.source import Source
    >>> frame = pd.DataFrame({"name": ["anna", "ben", "cleo", "dora"], "age": [31, 25, 44, 40]})
    >>> source = Source(("name", "age"), lambda k: frame.iloc[:, k], numbers=np.arange(4), typed=True)
    >>> columns = decided_columns(CellsOfTable.of(source, ReadingChoices()), np.ones(4, dtype=bool))
    >>> [column.role.role for column in columns]
    ['left out', 'continuous']
    """
    choices, names = table.choices, table.source.names
    reads = []
    for k, name in enumerate(names):
        read = read_column(
            table.column(k),
            rows & ~table.absent[:, k],
            as_labels=name in choices.discrete or name in choices.ordinal,
            as_numbers=name in choices.continuous or name == choices.weights,
            typed=table.typed(k),
            separator=table.source.separator,
            decimal=table.decimal,
        )
        reads.append(read._replace(values=read.values[rows]))
    reads = with_orders(reads, names, choices)
    settled = {  # rows that are not used any more may be all that made a column one of numbers and other cells
        column.role.name: column
        for column in before
        if column.role.role == "left out" and MIXED not in column.role.reason
    }

    def decide(weights: Float64[np.ndarray, " n"] | None) -> list[DecidedColumn]:
        return [
            settled[name]._replace(values=read.values)
            if name in settled
            else _decided(name, read, choices, weights)
            for name, read in zip(names, reads, strict=True)
        ]

    columns = decide(None)
    chosen = (*choices.keep, *choices.continuous, *choices.ordinal)
    if choices.weights is not None:
        j: int | None = names.index(choices.weights)
        reason = "--weights"
    elif before:
        j = next((k for k, column in enumerate(before) if column.role.role == "weights"), None)
        reason = before[j].role.reason if j is not None else ""
    else:
        j = weights_column(_factors(columns, reads), chosen)
        reason = (
            "a table of counts: it says how often each row occurred (--continuous makes a variable of it)"
        )
    weights = None
    if j is not None:
        weights = columns[j].values
        if choices.weights is not None:
            if reads[j].kind != "numbers":
                raise no_numbers_error(names[j])
            checked_weights(weights, names[j], table.source.numbers[rows])
        columns = decide(weights)
        columns[j] = as_weights(columns[j], reason)
    columns = without_copies(columns, chosen)
    columns = fewer_levels(columns, chosen, weights)
    columns = numbers_as_categories(columns, chosen)
    _refuse_unusable(columns, (*choices.keep, *choices.continuous, *choices.ordinal))
    return columns


def _factors(columns: Sequence[DecidedColumn], reads: Sequence[ReadColumn]) -> list[DecidedColumn]:
    """Return the columns, labels that have many levels as categories: a table of counts may have one row for each."""
    found = []
    for column, read in zip(columns, reads, strict=True):
        if read.kind == "labels" and column.role.role == "left out":
            distinct = len(np.unique(read.values[~np.isnan(read.values)]))
            if 2 < distinct <= len(read.values) / 2:
                column = column._replace(role=replace(column.role, role="category"), values=read.values)
        found.append(column)
    return found


def _decided(
    name: str, read: ReadColumn, choices: ReadingChoices, weights: Float64[np.ndarray, " n"] | None
) -> DecidedColumn:
    return decide_column(
        name,
        read,
        keep=name in choices.keep or name == choices.weights,
        chosen=name in choices.continuous or name in choices.ordinal,
        dates=choices.dates,
        weights=weights,
    )


def _refuse_unusable(columns: Sequence[DecidedColumn], asked: Sequence[str]) -> None:
    for column in columns:
        if column.role.role == "left out" and column.role.name in asked:
            raise DataError(
                f"column '{one_line(column.role.name)}' cannot be a variable, though it was asked for: "
                f"{column.role.reason}."
            )
