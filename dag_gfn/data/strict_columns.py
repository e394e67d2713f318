"""Columns as their types say, where nothing is to be decided: what cannot be used so is an error."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Bool

from dag_gfn.data.cells_of_table import CellsOfTable
from dag_gfn.data.column_encoding import EncodedColumn, TooManyStates, encode_column, encode_text
from dag_gfn.data.column_reading import ReadColumn
from dag_gfn.data.messages import option_value, quoted
from dag_gfn.data.ordered_columns import with_orders
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.data.role_rules import DecidedColumn
from dag_gfn.data.roles import ColumnRole
from dag_gfn.data.row_weights import checked_weights, no_numbers_error
from dag_gfn.data.table_rules import as_weights
from dag_gfn.data.text_table import TextColumn
from dag_gfn.errors import DataError


def strict_columns(
    table: CellsOfTable, rows: Bool[np.ndarray, " n"], before: Sequence[DecidedColumn] = ()
) -> list[DecidedColumn]:
    """Return all columns as variables, numeric or categories by their type; what would need a decision is an error.

    Parameters
    ----------
    table : CellsOfTable
    rows : ndarray, shape (n,), bool
        The rows to use.
    before : sequence of DecidedColumn
        What all rows decided; not used.

    Raises
    ------
    DataError
        If a column has dates, numbers mixed with text, or too many states.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from dag_gfn.data.cells_of_table import CellsOfTable
    >>> from dag_gfn.data.reading_choices import ReadingChoices
    >>> from dag_gfn.data.source import Source
    >>> from dag_gfn.data.strict_columns import strict_columns
    >>> frame = pd.DataFrame({"id": [1, 2, 3, 4], "sex": ["f", "m", "f", "m"]})
    >>> source = Source(("id", "sex"), lambda k: frame.iloc[:, k], numbers=np.arange(4), typed=True)
    >>> columns = strict_columns(CellsOfTable.of(source, ReadingChoices(strict=True)), np.ones(4, dtype=bool))
    >>> [column.role.role for column in columns]
    ['continuous', 'category']
    """
    choices, names = table.choices, table.source.names
    decided: list[DecidedColumn] = []
    refused: dict[str, TooManyStates] = {}
    for k, name in enumerate(names):
        present = rows & ~table.absent[:, k]
        column = table.column(k)
        try:
            one = _encoded(table, k, column, present)
        except TooManyStates as error:
            refused[name] = error
            continue
        values = np.full(len(rows), np.nan)
        values[present] = one.values
        states = one.states or ()
        is_ordered = isinstance(column, pd.Series) and getattr(column.dtype, "ordered", False)
        kind = "numbers" if one.states is None else "ordered" if is_ordered and len(states) > 2 else "labels"
        read = ReadColumn(kind, values[rows], states, True, {}, one.how, one.doubt)
        decided.append(
            DecidedColumn(
                ColumnRole(name, "", missing=int(np.isnan(read.values).sum())),
                read.values,
                states,
                one.how,
                one.doubt,
            )
        )
        decided[-1] = _strict_role(decided[-1], read, choices)
    if refused:
        raise _refused_error(refused, choices.drop)
    if choices.weights is not None:
        j = names.index(choices.weights)
        if decided[j].states:
            raise no_numbers_error(choices.weights)
        checked_weights(decided[j].values, choices.weights, table.source.numbers[rows])
        decided[j] = as_weights(decided[j], "--weights")
    return decided


def _strict_role(column: DecidedColumn, read: ReadColumn, choices: ReadingChoices) -> DecidedColumn:
    name = column.role.name
    read = with_orders([read], (name,), choices, of_all=False)[0]
    role = {"numbers": "continuous", "ordered": "ordinal"}.get(read.kind, "category")
    role_of = replace(column.role, role=role, levels=len(read.states))
    return column._replace(role=role_of, values=read.values, states=read.states)


def _encoded(
    table: CellsOfTable, k: int, column: TextColumn | pd.Series, present: Bool[np.ndarray, " n"]
) -> EncodedColumn:
    name, choices = table.source.names[k], table.choices
    as_discrete = name in choices.discrete or name in choices.ordinal
    if isinstance(column, TextColumn):
        return encode_text(
            column,
            present,
            table.source.numbers,
            as_discrete=as_discrete,
            typed=table.typed(k),
            separator=table.source.separator,
            decimal=table.decimal,
        )
    used = column if present.all() else column[present]
    return encode_column(used, as_discrete=as_discrete)


def _refused_error(refused: Mapping[str, TooManyStates], drop: Sequence[str]) -> DataError:
    """Return the error of the first refused column; it names the others too."""
    first, *others = refused
    text = str(refused[first])
    if others:
        text += (
            f" Likewise {quoted(others)}: --drop {option_value([*drop, *refused])} leaves all of them out."
        )
    return DataError(text)
