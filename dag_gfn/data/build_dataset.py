"""Builds a Dataset from the columns of any source: missing values first, then what each column becomes, then rows."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.cells_of_table import CellsOfTable
from dag_gfn.data.column_encoding import EncodedColumn
from dag_gfn.data.column_groups import grouped
from dag_gfn.data.column_selection import MAX_COLUMNS, check_distinct_names, check_names
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.decided_columns import decided_columns
from dag_gfn.data.lagged_columns import with_lags
from dag_gfn.data.messages import listed, one_line
from dag_gfn.data.missing_level import missing_as_level, missing_level_note
from dag_gfn.data.missing_values import missing_values_error, too_few_rows_error
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.data.reading_notes import code_notes, reading_notes
from dag_gfn.data.role_rules import DecidedColumn
from dag_gfn.data.roles import ColumnRole
from dag_gfn.data.source import Source
from dag_gfn.data.strict_columns import strict_columns
from dag_gfn.errors import DataError


def build_dataset(
    source: Source,
    choices: ReadingChoices,
    *,
    notes: tuple[str, ...] = (),
    intervened: Bool[np.ndarray, "n d"] | None = None,
) -> Dataset:
    """Return the Dataset of a source's columns.

    Missing values are recognised first, then it is decided what each column becomes. If incomplete rows are
    dropped, the remaining rows decide again.

    Parameters
    ----------
    source : Source
    choices : ReadingChoices
    notes : tuple of str
        What was done so far.
    intervened : ndarray, shape (n, d), bool, optional
        True where the experimenter set the value.

    Raises
    ------
    DataError
        If the table cannot be used as it is.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from dag_gfn.data.build_dataset import build_dataset
    >>> from dag_gfn.data.reading_choices import ReadingChoices
    >>> from dag_gfn.data.source import Source
    >>> frame = pd.DataFrame({"age": [31.0, 25.0, np.nan, 40.0], "pay": [2.1, 1.7, 3.0, 2.8]})
    >>> source = Source(("age", "pay"), lambda k: frame.iloc[:, k], numbers=np.arange(4), typed=True)
    >>> data = build_dataset(source, ReadingChoices(missing="drop"))
    >>> data.n, data.notes
    (3, ('dropped 1 of 4 rows with missing values',))
    """
    names, n = source.names, len(source.numbers)
    if len(names) < 2:
        check_names(names)
    check_distinct_names(names)
    if n < 2:
        rows_text = "no rows below its header" if n == 0 else "only one row"
        raise DataError(f"the table has {rows_text}: at least 2 are needed, and many more to learn from.")
    table = CellsOfTable.of(source, choices)
    notes += code_notes(names, table.codes, choices.na_values)
    decide = strict_columns if choices.strict else decided_columns
    rows = np.ones(n, dtype=bool)
    columns = decide(table, rows)
    missing = _missing(columns)
    if choices.missing == "error" and missing.any():
        used = [column.role.name for column in columns if column.is_variable]
        codes = [table.codes[names.index(name)] for name in used]
        raise missing_values_error(missing, used, codes=codes, numbers=source.numbers)
    weightless = np.zeros(n, dtype=bool)
    while True:
        unused = missing.any(axis=1) if choices.missing == "drop" else missing.all(axis=1)
        weights = _weights(columns)
        no_weight = np.zeros(len(missing), dtype=bool) if weights is None else weights == 0
        if not (unused | no_weight).any():
            break
        if (~(unused | no_weight)).sum() < 2:
            raise too_few_rows_error(missing, [c.role.name for c in columns if c.is_variable])
        weightless[np.flatnonzero(rows)[no_weight & ~unused]] = True
        rows[rows] = ~(unused | no_weight)
        columns = decide(table, rows, columns)
        missing = _missing(columns)
    dropped = n - int(rows.sum()) - int(weightless.sum())
    if dropped:
        what = "with missing values" if choices.missing == "drop" else "without any value"
        notes += (f"dropped {dropped} of {n} rows {what}",)
    if weightless.any():
        notes += (f"dropped {weightless.sum()} of {n} rows of weight 0",)
    return _dataset(source, choices, columns, rows, notes, intervened)


def _dataset(
    source: Source,
    choices: ReadingChoices,
    columns: list[DecidedColumn],
    rows: Bool[np.ndarray, " n"],
    notes: tuple[str, ...],
    intervened: Bool[np.ndarray, "n d"] | None,
) -> Dataset:
    """Return the Dataset of the columns that became variables."""
    roles = _all_roles(source, columns)
    used = [k for k, column in enumerate(columns) if column.is_variable]
    _check_number(roles, len(used))
    if choices.missing == "level":
        absent = [columns[k].role for k in used if columns[k].states and np.isnan(columns[k].values).any()]
        for k in used:
            columns[k] = _with_level(columns[k])
        roles = _all_roles(source, columns)
        if absent:
            reordered = [role.name for role in absent if role.role == "ordinal"]
            notes += (missing_level_note([role.name for role in absent], reordered=reordered),)
    if choices.contexts:
        columns = [_as_context(column, choices.contexts) for column in columns]
        roles = _all_roles(source, columns)
    variables = [columns[k] for k in used]
    names = tuple(column.role.name for column in variables)
    values = np.empty((int(rows.sum()), len(variables)))
    for j, column in enumerate(variables):
        values[:, j] = column.values
    kinds = {"continuous": "continuous", "category": "discrete", "ordinal": "ordinal"}
    encoded = [
        EncodedColumn(values[:, j], column.states or None, column.how, column.doubt)
        for j, column in enumerate(variables)
    ]
    dataset = Dataset(
        values=values,
        names=names,
        kinds=tuple(kinds[column.role.role] for column in variables),
        cardinalities=tuple(len(column.states) for column in variables),
        states=tuple(column.states for column in variables),
        means=np.zeros(len(names)),
        scales=np.ones(len(names)),
        intervened=None if intervened is None else intervened[rows][:, used],
        notes=notes + reading_notes(names, encoded),
        weights=_weights(columns),
        roles=roles,
        contexts=choices.contexts,
    )
    dataset = grouped(dataset, choices.groups) if choices.groups else dataset
    if not choices.lags:
        return dataset
    complete = choices.missing == "drop"
    return with_lags(dataset, choices.lags, rows=rows, series=choices.series, complete=complete)


def _as_context(column: DecidedColumn, contexts: tuple[str, ...]) -> DecidedColumn:
    """Return a column with what the role table says of a context, if it is one."""
    if column.role.name not in contexts:
        return column
    reason = "; ".join(text for text in ("a context, which can only be a cause", column.role.reason) if text)
    return column._replace(role=replace(column.role, reason=reason))


def _with_level(column: DecidedColumn) -> DecidedColumn:
    """Return a category whose missing cells are a level of their own; numbers as they are."""
    if column.role.role == "continuous" or not np.isnan(column.values).any():
        return column
    values, states = missing_as_level(column.values, column.states)
    reasons = [f"missing cells are the level '{states[-1]}'"]
    if column.role.role == "ordinal":
        reasons.append("which leaves no order")
    reason = "; ".join(text for text in (column.role.reason, ", ".join(reasons)) if text)
    role = replace(
        column.role, role="category", reason=reason, levels=len(states), surprise=max(column.role.surprise, 1)
    )
    return column._replace(role=role, states=states, values=values)


def _missing(columns: list[DecidedColumn]) -> Bool[np.ndarray, "n used"]:
    """Return which cells of the variables are missing."""
    n = len(columns[0].values)
    found = [np.isnan(column.values) for column in columns if column.is_variable]
    return np.stack(found, axis=1) if found else np.zeros((n, 1), dtype=bool)


def _weights(columns: list[DecidedColumn]) -> Float64[np.ndarray, " n"] | None:
    return next((column.values for column in columns if column.role.role == "weights"), None)


def _all_roles(source: Source, columns: list[DecidedColumn]) -> tuple[ColumnRole, ...]:
    """Return the roles of all columns of the source, in its order."""
    found = {role.name: role for role in source.others}
    found |= {column.role.name: column.role for column in columns}
    order = source.all_names or source.names
    return tuple(found[name] for name in order if name in found)


def _check_number(roles: tuple[ColumnRole, ...], number: int) -> None:
    """Raise DataError if the columns that can be variables are fewer than 2 or more than 256."""
    if number > MAX_COLUMNS:
        raise DataError(
            f"the table has {number} columns that can be variables, at most {MAX_COLUMNS} are possible: "
            "choose some with --columns or --drop."
        )
    if number >= 2:
        return
    reasons = [
        f"'{one_line(role.name, 30)}' ({one_line(role.reason, 80)})"
        for role in roles
        if role.role in ("left out", "weights")
    ]
    count = "no column" if number == 0 else "only one column"
    raise DataError(
        f"{count} can be a variable, a graph needs at least 2: left out are {listed(reasons)}; add columns that vary, "
        "or use one of these all the same with --keep NAME (keep=[...])."
    )
