"""All columns of a table with what they become: by the rules of roles, or refusing what would need a decision."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.data.column_encoding import MAX_STATES, EncodedColumn, TooManyStates, encode_column, encode_text
from dag_gfn.data.column_reading import MIXED, ReadColumn, read_column
from dag_gfn.data.messages import one_line, option_value, quoted
from dag_gfn.data.missing_codes import BLANK_CELLS, is_named, missing_texts
from dag_gfn.data.number_text import decimal_sign
from dag_gfn.data.ordinal_labels import ordered_part
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.data.role_rules import DecidedColumn, decide_column
from dag_gfn.data.roles import ColumnRole
from dag_gfn.data.row_weights import checked_weights
from dag_gfn.data.source import KEPT_TEXTS, Source
from dag_gfn.data.table_rules import (
    as_weights,
    fewer_levels,
    numbers_as_categories,
    weights_column,
    without_copies,
)
from dag_gfn.data.text_table import TextColumn
from dag_gfn.errors import DataError


@dataclass(frozen=True, eq=False)
class CellsOfTable:
    """A source with the cells that are missing.

    Attributes
    ----------
    source : Source
    choices : ReadingChoices
    absent : ndarray, shape (n, d), bool
        True where a cell is missing.
    codes : tuple of mappings from str to int, length d
        How many cells of a column each code for a missing value fills.
    decimal : str or None
        The decimal sign of the file, if it is known.
    light : dict from int to column
        Columns that are kept in memory.

    Examples
    --------
    See `decided_columns`.
    """

    source: Source
    choices: ReadingChoices
    absent: Bool[np.ndarray, "n d"]
    codes: tuple[Mapping[str, int], ...]
    decimal: str | None
    light: Mapping[int, TextColumn | pd.Series]

    @classmethod
    def of(cls, source: Source, choices: ReadingChoices) -> "CellsOfTable":
        """Return the missing cells of a source.

        Examples
        --------
        See `decided_columns`.
        """
        absent = np.zeros((len(source.numbers), len(source.names)), dtype=bool)
        codes: list[Counter[str]] = []
        light: dict[int, TextColumn | pd.Series] = {}
        signs: set[str] = set()
        for k, name in enumerate(source.names):
            column = source.load(k)
            is_label = name in choices.discrete or name in choices.ordinal
            absent[:, k], found = _missing_cells(column, is_discrete=is_label, na_values=choices.na_values)
            codes.append(found)
            if isinstance(column, pd.Series) or len(column.texts) <= KEPT_TEXTS:
                light[k] = column
            if source.head is not None and not is_label:
                present = {text for text in source.head(k) if text not in found and text not in BLANK_CELLS}
                sign = decimal_sign(sorted(present))
                if sign is not None:
                    signs.add(sign)
        decimal = next(iter(signs)) if len(signs) == 1 else None
        return cls(source, choices, absent, tuple(codes), decimal, light)

    def column(self, k: int) -> TextColumn | pd.Series:
        """Return column k of the source; categories that are codes for missing values are none."""
        column = self.light[k] if k in self.light else self.source.load(k)
        if self.codes[k] and isinstance(column, pd.Series) and isinstance(column.dtype, pd.CategoricalDtype):
            codes = [category for category in column.cat.categories if str(category) in self.codes[k]]
            return column.cat.remove_categories(codes)
        return column

    def typed(self, k: int) -> bool:
        """Return whether text in column k is meant as text; a data frame's numbers with codes such as "?" are not."""
        return self.source.typed and not self.codes[k]


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
    >>> from dag_gfn.data.decided_columns import CellsOfTable, decided_columns
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
    reads = _with_orders(reads, names, choices)
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
                raise _no_numbers(names[j])
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
    >>> from dag_gfn.data.decided_columns import CellsOfTable, strict_columns
    >>> from dag_gfn.data.reading_choices import ReadingChoices
    >>> from dag_gfn.data.source import Source
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
            raise _no_numbers(choices.weights)
        checked_weights(decided[j].values, choices.weights, table.source.numbers[rows])
        decided[j] = as_weights(decided[j], "--weights")
    return decided


def _strict_role(column: DecidedColumn, read: ReadColumn, choices: ReadingChoices) -> DecidedColumn:
    name = column.role.name
    read = _with_orders([read], (name,), choices, of_all=False)[0]
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


def _with_orders(
    reads: Sequence[ReadColumn], names: Sequence[str], choices: ReadingChoices, *, of_all: bool = True
) -> list[ReadColumn]:
    """Return the columns, those that the user orders with their labels in this order."""
    ordered = list(reads)
    fitting: set[tuple[str, ...]] = set()
    for k, (name, read) in enumerate(zip(names, reads, strict=True)):
        if read.kind not in ("labels", "ordered"):
            continue
        used = _used_states(read)
        if name in choices.ordinal:
            order = choices.ordinal[name] or _order_by_rule(name, used)
            ordered[k] = _in_order(name, read, used, order)
            continue
        for order in choices.orders:
            if len(used) > 1 and set(used) <= set(order):
                ordered[k] = _in_order(name, read, used, order)
                fitting.add(order)
    unused = [order for order in choices.orders if order not in fitting]
    if unused and of_all:
        raise DataError(
            f"--ordinal (ordinal=...) gives the order {'<'.join(unused[0])}, but no column has only these labels."
        )
    return ordered


def _used_states(read: ReadColumn) -> tuple[str, ...]:
    codes = np.unique(read.values[~np.isnan(read.values)]).astype(np.int64)
    return tuple(read.states[k] for k in codes)


def _order_by_rule(name: str, used: tuple[str, ...]) -> tuple[str, ...]:
    """Return labels in the order that the rules find; the labels of numbers are in the order of the numbers already."""
    order, words = ordered_part(used)
    if order is not None and not words:
        return order
    if (
        pd.to_numeric(pd.Series(used, dtype=object), errors="coerce").notna().all()
        and len(used) <= MAX_STATES
    ):
        return used
    raise DataError(
        f"the order of the {len(used)} labels of column '{one_line(name)}' is not known: give it from low to high, as "
        f'--ordinal "{one_line(name)}:{"<".join(one_line(state, 15) for state in used[:3])}".'
    )


def _in_order(name: str, read: ReadColumn, used: tuple[str, ...], order: tuple[str, ...]) -> ReadColumn:
    unknown = [state for state in used if state not in order]
    if unknown:
        raise DataError(
            f"column '{one_line(name)}' has {quoted(unknown)}, which its order {'<'.join(order)} does not name."
        )
    kept = [state for state in order if state in used]
    place = np.array(
        [float(kept.index(state)) if state in kept else np.nan for state in read.states] + [np.nan]
    )
    codes = np.where(np.isnan(read.values), len(read.states), read.values).astype(np.int64)
    return read._replace(
        kind="ordered",
        values=place[codes],
        states=tuple(kept),
        is_declared=True,
        remark="--ordinal gives the order",
    )


def _no_numbers(name: str) -> DataError:
    return DataError(
        f"column '{one_line(name)}' holds no numbers, so it cannot hold the weights of the rows: name another column."
    )


def _refuse_unusable(columns: Sequence[DecidedColumn], asked: Sequence[str]) -> None:
    for column in columns:
        if column.role.role == "left out" and column.role.name in asked:
            raise DataError(
                f"column '{one_line(column.role.name)}' cannot be a variable, though it was asked for: "
                f"{column.role.reason}."
            )


def _missing_cells(
    column: TextColumn | pd.Series, *, is_discrete: bool, na_values: tuple[str, ...]
) -> tuple[Bool[np.ndarray, " n"], Counter[str]]:
    """Return which cells are missing, and how many cells each code for a missing value fills."""
    if isinstance(column, TextColumn):
        counts = column.counts()
        flags = missing_texts(column.texts, counts, is_discrete=is_discrete, na_values=na_values)
        found = Counter(
            {
                column.texts[i]: int(counts[i])
                for i in np.flatnonzero(flags)
                if column.texts[i] not in BLANK_CELLS or column.texts[i] in na_values
            }
        )
        return flags[column.codes], found
    absent = column.isna().to_numpy(dtype=bool, copy=True)
    found = Counter()
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = [str(category) for category in column.cat.categories]
        counts = np.bincount(column.cat.codes[~absent], minlength=len(texts))
        flags = missing_texts(texts, counts, is_discrete=True, na_values=na_values)
        for i in np.flatnonzero(flags & (counts > 0)):
            absent |= (column.cat.codes == i).to_numpy()
            found[texts[i]] = int(counts[i])
    elif (
        na_values
        and pd.api.types.is_numeric_dtype(column.dtype)
        and not pd.api.types.is_complex_dtype(column.dtype)
    ):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        for text in na_values:
            for value in {
                number for number in np.unique(numbers[~absent]) if is_named(f"{number:.17g}", (text,))
            }:
                found[text] += int((numbers == value).sum())
                absent = absent | (numbers == value)
    return absent, found


def _refused_error(refused: Mapping[str, TooManyStates], drop: Sequence[str]) -> DataError:
    """Return the error of the first refused column; it names the others too."""
    first, *others = refused
    text = str(refused[first])
    if others:
        text += (
            f" Likewise {quoted(others)}: --drop {option_value([*drop, *refused])} leaves all of them out."
        )
    return DataError(text)
