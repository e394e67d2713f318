"""Columns whose labels the user orders: --ordinal "rating:low<mid<high"."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dag_gfn.data.column_encoding import MAX_STATES
from dag_gfn.data.column_reading import ReadColumn
from dag_gfn.data.messages import one_line, quoted
from dag_gfn.data.ordinal_labels import ordered_part
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.errors import DataError


def with_orders(
    reads: Sequence[ReadColumn], names: Sequence[str], choices: ReadingChoices, *, of_all: bool = True
) -> list[ReadColumn]:
    """Return the columns, those that the user orders with their labels in this order.

    Parameters
    ----------
    reads : sequence of ReadColumn
    names : sequence of str
    choices : ReadingChoices
    of_all : bool
        These are all columns of the table, so that each order has to fit one.

    Raises
    ------
    DataError
        If a label is not in its order, or an order fits no column.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.column_reading import ReadColumn
    >>> from dag_gfn.data.ordered_columns import with_orders
    >>> from dag_gfn.data.reading_choices import ReadingChoices
    >>> read = ReadColumn("labels", np.array([0.0, 1, 2]), ("high", "low", "mid"))
    >>> (ordered,) = with_orders([read], ["dose"], ReadingChoices(orders=(("low", "mid", "high"),)))
    >>> ordered.kind, ordered.states, ordered.values.tolist()
    ('ordered', ('low', 'mid', 'high'), [2.0, 0.0, 1.0])
    """
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
