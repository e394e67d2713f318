"""What a column becomes, by rules: continuous, category, ordinal, or left out with the reason."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.column_encoding import MAX_STATES
from dag_gfn.data.column_reading import ReadColumn
from dag_gfn.data.dataset import NEGLIGIBLE_SPREAD
from dag_gfn.data.identifier_columns import MANY, is_id_name, why_identifier
from dag_gfn.data.messages import listed, one_line, option_value
from dag_gfn.data.rare_levels import MAX_OTHER, max_levels, merge_levels, rows_of_a_level
from dag_gfn.data.roles import ColumnRole

MAX_MISSING = 0.5
"""A column with a larger share of missing cells is left out."""
MAX_CODES = 5
"""A numeric column with at most so many distinct whole numbers may hold codes of categories."""
FREE_TEXT = 40
"""Labels that are longer than this on average are free text."""
LOOK, DECIDED = 1, 2
"""Levels of surprise: worth a look; something was left out, or decided that may be wrong."""


class DecidedColumn(NamedTuple):
    """A column and what it becomes.

    Attributes
    ----------
    role : ColumnRole
    values : ndarray, shape (n,), float64
        Numbers, or codes of states; NaN where a cell is missing.
    states : tuple of str
        The labels of the codes; empty for numbers.
    how, doubt
        As for `EncodedColumn`.

    Examples
    --------
    See `decide_column`.
    """

    role: ColumnRole
    values: Float64[np.ndarray, " n"]
    states: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def is_variable(self) -> bool:
        """Whether the column becomes a variable."""
        return self.role.role in ("continuous", "category", "ordinal")

    def left_out(self, reason: str) -> "DecidedColumn":
        """Return the column as one that is left out."""
        role = ColumnRole(self.role.name, "left out", reason, self.role.missing, surprise=DECIDED)
        return self._replace(role=role)


def decide_column(
    name: str,
    read: ReadColumn,
    *,
    order: tuple[str, ...] | None = None,
    keep: bool = False,
    chosen: bool = False,
    dates: str = "drop",
    weights: Float64[np.ndarray, " n"] | None = None,
) -> DecidedColumn:
    """Return what a column becomes.

    Parameters
    ----------
    name : str
    read : ReadColumn
        Cells of the rows in use.
    order : tuple of str, optional
        The user says that the column is ordinal, with these labels from low to high; an empty tuple leaves the order to
        the rules.
    keep : bool
        Use the column even if the rules would leave it out.
    chosen : bool
        The user says what the column becomes (numeric or category), so that it is no identifier.
    dates : {"drop", "days"}
    weights : ndarray, shape (n,), optional
        How many cases each row stands for.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.column_reading import ReadColumn
    >>> from dag_gfn.data.role_rules import decide_column
    >>> decide_column("pay", ReadColumn("numbers", np.array([1.5, 2.5, np.nan, 4.0]))).role.role
    'continuous'
    >>> decide_column("site", ReadColumn("numbers", np.ones(4))).role.reason
    'constant: 1 in every row'
    """
    missing = np.isnan(read.values)
    role = ColumnRole(name, "", missing=int(missing.sum()))
    column = DecidedColumn(role, read.values, read.states, read.how, read.doubt)
    if read.kind == "unusable":
        return column.left_out(read.remark)
    if missing.all():
        return column.left_out("no value in any row")
    share = missing.mean()
    if share > MAX_MISSING and not keep:
        return column.left_out(f"{100 * share:.0f}% of the cells are missing")
    if read.kind == "dates" and not (keep or dates == "days"):
        return column.left_out("dates or times; --dates days makes numbers of them")
    if read.kind in ("numbers", "dates"):
        return _decide_numbers(column, read, keep or chosen)
    return _decide_labels(column, read, order, keep or chosen, weights)


def _decide_numbers(column: DecidedColumn, read: ReadColumn, keep: bool) -> DecidedColumn:
    seen = read.values[~np.isnan(read.values)]
    if np.ptp(seen) <= NEGLIGIBLE_SPREAD * np.abs(seen).max():
        return column.left_out(f"constant: {seen[0]:.6g} in every row")
    why = "" if keep else why_identifier(column.role.name, read.values)
    if why:
        return column.left_out(why)
    reasons, surprise = [], 0
    if read.kind == "dates":
        reasons, surprise = ["dates, as days since 1970-01-01"], LOOK
    elif (codes := _codes(seen)) is not None and len(codes) > 2:
        surprise = LOOK
        name = option_value([column.role.name])
        reasons.append(f"only the numbers {listed(codes)}; if they are codes: --discrete {name}")
    if read.remark:
        reasons.append(read.remark)
    if read.odd:
        surprise = DECIDED
        reasons.append(f"cells that are no number count as missing: {_cells(read)}")
    return _with_role(column, "continuous", reasons, surprise)


def _codes(seen: Float64[np.ndarray, " n"]) -> list[str] | None:
    """Return the distinct values of a column of few whole numbers, as text."""
    if np.unique(seen[:1000]).size > MAX_CODES:
        return None
    distinct = np.unique(seen)
    if distinct.size > MAX_CODES or (distinct != np.round(distinct)).any():
        return None
    return [f"{value:.6g}" for value in distinct]


def _decide_labels(
    column: DecidedColumn,
    read: ReadColumn,
    order: tuple[str, ...] | None,
    keep: bool,
    weights: Float64[np.ndarray, " n"] | None,
) -> DecidedColumn:
    seen = ~np.isnan(read.values)
    codes = read.values[seen].astype(np.int64)
    counts = _rows_of_levels(read.values, len(read.states), weights)
    occurring = np.flatnonzero(np.bincount(codes, minlength=len(read.states)))
    if occurring.size < 2:
        return column.left_out(f"constant: {one_line(read.states[codes[0]])} in every row")
    if order is not None or read.kind == "ordered":
        steps = " < ".join(one_line(state, 20) for state in read.states)
        return _with_role(column, "ordinal", [read.remark, steps], 0 if read.is_declared else LOOK, read)
    n = float(counts.sum())
    if not keep and occurring.size > 2:
        why = _why_no_category(column.role.name, read, counts, len(codes))
        if why:
            return column.left_out(why)
    limit = MAX_STATES if read.is_declared or keep else max_levels(n)
    least = 0.0 if read.is_declared or keep else rows_of_a_level(n)
    if occurring.size == 2 or (read.is_declared and len(read.states) <= limit):
        merged = None
    else:
        most = 1.0 if keep else MAX_OTHER
        merged = merge_levels(read.states, counts, limit=limit, least=least, max_other=most)
        if merged is None:
            return column.left_out(
                f"{occurring.size} levels, too many for {n:,.0f} rows"
                + (f" ({read.remark})" if read.remark else "")
            )
    if merged is None or not merged.merged:
        surprise = LOOK if read.remark else 0
        return _with_role(column, "category", [read.remark], surprise, read)
    values = np.full(len(read.values), np.nan)
    values[seen] = merged.position[codes]
    rows = f"{100 * merged.share:.1g}" if merged.share < 0.095 else f"{100 * merged.share:.0f}"
    number = len(merged.merged)
    rare = "1 rare level is" if number == 1 else f"{number} rare levels are"
    reason = f"{rare} '{merged.states[-1]}' ({rows}% of the rows): {_first(merged.merged)}"
    decided = column._replace(values=values, states=merged.states)
    return _with_role(decided, "category", [read.remark, reason], DECIDED, read)


def _rows_of_levels(
    values: Float64[np.ndarray, " n"], r: int, weights: Float64[np.ndarray, " n"] | None
) -> Float64[np.ndarray, " r"]:
    """Return how many rows have each code, or the sum of their weights."""
    seen = ~np.isnan(values)
    codes = values[seen].astype(np.int64)
    return np.bincount(codes, None if weights is None else weights[seen], minlength=r).astype(np.float64)


def _why_no_category(name: str, read: ReadColumn, counts: Float64[np.ndarray, " levels"], n: int) -> str:
    """Return why labels are an identifier or free text; empty text if they are the levels of a category."""
    occurring = np.flatnonzero(counts)
    r = occurring.size
    if r > n / 2:
        length = float(np.mean([len(read.states[k]) for k in occurring]))
        what = "free text" if length > FREE_TEXT else "an identifier or free text"
        differ = "all cells differ" if r == n else f"{r:,} distinct values in {n:,} cells"
        return f"{what}: {differ}{f' ({read.remark})' if read.remark else ''}"
    if is_id_name(name) and r > MANY and not read.is_declared:
        return f"an identifier: {r:,} distinct values in {n:,} cells"
    return ""


def merged_further(
    column: DecidedColumn, limit: int, weights: Float64[np.ndarray, " n"] | None
) -> DecidedColumn | None:
    """Return a category with at most `limit` levels, the others merged; None if they would be most of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.role_rules import DecidedColumn, merged_further
    >>> from dag_gfn.data.roles import ColumnRole
    >>> codes = np.array([0.0, 0, 0, 1, 1, 1, 2, 3])
    >>> column = DecidedColumn(ColumnRole("site", "category"), codes, ("a", "b", "c", "d"))
    >>> merged_further(column, 3, None).states
    ('a', 'b', 'other')
    """
    seen = ~np.isnan(column.values)
    codes = column.values[seen].astype(np.int64)
    counts = _rows_of_levels(column.values, len(column.states), weights)
    merged = merge_levels(column.states, counts, limit=limit)
    if merged is None or len(merged.states) < 2:
        return None
    values = np.full(len(column.values), np.nan)
    values[seen] = merged.position[codes]
    reason = f"merged to {len(merged.states)} levels, because the table has few rows for its columns"
    role = ColumnRole(
        column.role.name, "category", reason, column.role.missing, levels=len(merged.states), surprise=DECIDED
    )
    return column._replace(role=role, values=values, states=merged.states)


def _with_role(
    column: DecidedColumn, role: str, reasons: list[str], surprise: int, read: ReadColumn | None = None
) -> DecidedColumn:
    if read is not None and read.odd:
        surprise = max(surprise, DECIDED)
        reasons = [*reasons, f"cells outside the order count as missing: {_cells(read)}"]
    reason = "; ".join(text for text in reasons if text)
    decided = ColumnRole(
        column.role.name, role, reason, column.role.missing, levels=len(column.states), surprise=surprise
    )
    return column._replace(role=decided)


def _cells(read: ReadColumn) -> str:
    parts = [
        f"'{one_line(text, 20)}'{f' ({count})' if count > 1 else ''}" for text, count in read.odd.items()
    ]
    return listed(parts, limit=3)


def _first(labels: tuple[str, ...]) -> str:
    return listed([one_line(label, 20) for label in labels], limit=3)
