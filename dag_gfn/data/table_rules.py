"""What columns become beside each other: weights of a table of counts, copies, and too many levels for the rows."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.copied_columns import copy_of, function_of
from dag_gfn.data.count_columns import counts_column, is_count_name
from dag_gfn.data.messages import one_line, option_value
from dag_gfn.data.role_rules import DECIDED, LOOK, DecidedColumn, merged_further
from dag_gfn.data.roles import ColumnRole

MAX_SHARE = 0.5
"""The levels of all categories, less one each, and the numeric columns are to be at most this share of the rows."""
SMALL = 5
"""A category with at most so many levels is not cut any further."""


def weights_column(columns: Sequence[DecidedColumn], excluded: Collection[str] = ()) -> int | None:
    """Return the position of the column that says how often each row of a table of counts occurred, or None.

    The rule is that of `counts_column`, for the columns that would be variables.

    Parameters
    ----------
    columns : sequence of DecidedColumn
    excluded : collection of str
        Columns of which the user said what they are.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.role_rules import DecidedColumn
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.data.table_rules import weights_column
    >>> def column(name, role, values):
    ...     return DecidedColumn(ColumnRole(name, role), np.array(values, dtype=float))
    >>> smokes, ill = column("smokes", "category", [0, 0, 1, 1]), column("ill", "category", [0, 1, 0, 1])
    >>> weights_column([smokes, ill, column("Freq", "continuous", [12, 3, 5, 20])])
    2
    """
    used = [j for j, column in enumerate(columns) if column.is_variable]
    if not any(is_count_name(columns[j].role.name) for j in used):
        return None
    names = [columns[j].role.name for j in used]
    values = np.stack([columns[j].values for j in used], axis=1)
    found = counts_column(names, values, [columns[j].role.role != "continuous" for j in used])
    return None if found is None or names[found] in excluded else used[found]


def as_weights(column: DecidedColumn, reason: str) -> DecidedColumn:
    """Return a numeric column as the one that says how many cases each row stands for.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.role_rules import DecidedColumn
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.data.table_rules import as_weights
    >>> as_weights(DecidedColumn(ColumnRole("Freq", "continuous"), np.ones(3)), "a table of counts").role.role
    'weights'
    """
    return column._replace(
        role=ColumnRole(column.role.name, "weights", reason, column.role.missing, surprise=DECIDED + 1)
    )


def without_copies(columns: Sequence[DecidedColumn], keep: Collection[str] = ()) -> list[DecidedColumn]:
    """Return the columns, of which those that hold the same as an earlier one are left out.

    If only one column would be left, its first copy is kept. Columns that are functions of others stay, with a remark.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.role_rules import DecidedColumn
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.data.table_rules import without_copies
    >>> metres = np.random.default_rng(0).normal(size=20)
    >>> m = DecidedColumn(ColumnRole("m", "continuous"), metres)
    >>> cm = DecidedColumn(ColumnRole("cm", "continuous"), 100 * metres)
    >>> age = DecidedColumn(ColumnRole("age", "continuous"), np.arange(20.0) ** 2)
    >>> without_copies([m, cm, age])[1].role.reason
    "the same as 'm' on another scale"
    """
    used = [j for j, column in enumerate(columns) if column.is_variable]
    found = copy_of([columns[j].values for j in used], [bool(columns[j].states) for j in used])
    decided = list(columns)
    words = {
        "equal": "equal to {}",
        "scale": "the same as {} on another scale",
        "labels": "the same as {} under other labels",
    }
    for copy, (original, how) in found.items():
        j, i = used[copy], used[original]
        if columns[j].role.name not in keep:
            name = f"'{one_line(columns[i].role.name)}'"
            same = how == "labels" and columns[i].states == columns[j].states
            decided[j] = columns[j].left_out(words["equal" if same else how].format(name))
    if len(used) > 1 and sum(column.is_variable for column in decided) == 1:
        j = next(j for j in used if not decided[j].is_variable)
        reason = f"{decided[j].role.reason}; kept because a graph needs two columns"
        decided[j] = columns[j]._replace(role=replace(columns[j].role, reason=reason, surprise=DECIDED))
        return decided
    numeric = [j for j in used if decided[j].role.role == "continuous"]
    for copy, original in function_of([columns[j].values for j in numeric]).items():
        role = decided[numeric[copy]].role
        name = f"'{one_line(columns[numeric[original]].role.name)}'"
        reason = f"a function of {name}, in the same order; keep one: --drop {option_value([role.name])}"
        reasons = "; ".join(text for text in (reason, role.reason) if text)
        role = replace(role, reason=reasons, surprise=max(role.surprise, LOOK))
        decided[numeric[copy]] = decided[numeric[copy]]._replace(role=role)
    return decided


def fewer_levels(
    columns: Sequence[DecidedColumn], keep: Collection[str], weights: Float64[np.ndarray, " n"] | None
) -> list[DecidedColumn]:
    """Return the columns, the categories with most levels cut until the table has rows enough for all of them.

    A table needs at least two rows for each numeric column and each level after the first of a category. Levels that
    are about equally frequent are not cut.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.role_rules import DecidedColumn
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.data.table_rules import fewer_levels
    >>> codes = np.array([0.0] * 40 + [1] * 30 + list(range(2, 26)))
    >>> sites = DecidedColumn(ColumnRole("site", "category"), codes, tuple("abcdefghijklmnopqrstuvwxyz"))
    >>> len(fewer_levels([sites], (), None)[0].states)  # no more than 94 rows can bear
    26
    """
    decided = list(columns)
    n = len(columns[0].values) if weights is None else weights.sum()
    cut = [
        j
        for j, column in enumerate(decided)
        if column.role.role == "category" and column.role.name not in keep
    ]
    while cut:
        widths = [max(len(column.states) - 1, 1) if column.is_variable else 0 for column in decided]
        j = max(cut, key=lambda j: widths[j])
        if sum(widths) <= MAX_SHARE * n or widths[j] < SMALL:
            break
        merged = merged_further(decided[j], max(SMALL, (widths[j] + 1) // 2), weights)
        if merged is None:
            cut.remove(j)
        else:
            decided[j] = merged
    return decided


def numbers_as_categories(
    columns: Sequence[DecidedColumn], keep: Collection[str] = ()
) -> list[DecidedColumn]:
    """Return the columns, numeric ones of two values as categories if all others are categories.

    Such a table is discrete as a whole, so that its score takes no relation for linear.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.role_rules import DecidedColumn
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.data.table_rules import numbers_as_categories
    >>> hit = DecidedColumn(ColumnRole("hit", "continuous"), np.array([0.0, 1, 1]))
    >>> shot = DecidedColumn(ColumnRole("shot", "category"), np.array([0.0, 1, 0]), ("three", "two"))
    >>> numbers_as_categories([shot, hit])[1].states
    ('0', '1')
    """
    numeric = [j for j, column in enumerate(columns) if column.role.role == "continuous"]
    if len(numeric) == sum(column.is_variable for column in columns):
        return list(columns)
    distinct = {j: np.unique(columns[j].values[~np.isnan(columns[j].values)]) for j in numeric}
    if any(values.size > 2 or columns[j].role.name in keep for j, values in distinct.items()):
        return list(columns)
    decided = list(columns)
    for j, values in distinct.items():
        codes = np.where(np.isnan(columns[j].values), np.nan, np.searchsorted(values, columns[j].values))
        role = replace(columns[j].role, role="category", reason="two values beside categories", levels=2)
        decided[j] = DecidedColumn(role, codes, tuple(f"{value:.15g}" for value in values))
    return decided
