"""Which columns of a table are used, and errors about names that cannot be used."""

import difflib
from collections.abc import Collection, Sequence

from dag_gfn.data.messages import one_line, quoted
from dag_gfn.data.roles import ColumnRole
from dag_gfn.errors import DataError

MAX_COLUMNS = 256  # with more than 63, each has 62 possible parents (dag_gfn.graphs.possible_parents)


def select_columns(
    names: Sequence[str],
    columns: Sequence[str] | None,
    drop: Sequence[str] | None,
    *,
    keep: Sequence[str] = (),
    has_index: bool = False,
    without_value: Collection[int] = (),
    weights: str | None = None,
) -> tuple[list[int], tuple[ColumnRole, ...]]:
    """Return the positions of the columns to use, and the roles of those that are left out.

    Parameters
    ----------
    names : sequence of str
        Names of all columns.
    columns : sequence of str, optional
        Columns to keep, in this order.
    drop : sequence of str, optional
        Columns to leave out.
    keep : sequence of str
        Columns that are not to be left out automatically.
    has_index : bool
        Whether the first column is a row index that pandas or R wrote. It is left out unless `columns` names it.
    without_value : collection of int
        Positions of columns without a name and without any value. They are left out unless `columns` names them.
    weights : str, optional
        The column with the weights of the rows, which is used even if `columns` does not name it.

    Raises
    ------
    DataError
        If `columns`, `drop` or `keep` names a column that the table does not have.

    Examples
    --------
    >>> from dag_gfn.data.column_selection import select_columns
    >>> kept, left_out = select_columns(["Unnamed: 0", "age", "sex", "job"], None, ["sex"], has_index=True)
    >>> kept, [role.reason for role in left_out]
    ([1, 3], ['an unnamed row index', '--drop'])
    """
    columns, drop, keep = as_names(columns), as_names(drop), as_names(keep)
    refuse_unknown(columns, names, option="columns")
    refuse_unknown(drop, names, option="drop")
    refuse_unknown(keep, names, option="keep")
    if columns and weights is not None and weights not in columns and weights in names:
        columns = (*columns, weights)
    positions = [names.index(name) for name in columns] if columns else list(range(len(names)))
    reasons = {i: "not among --columns" for i in range(len(names)) if i not in positions}
    reasons |= {i: "--drop" for i in positions if names[i] in drop}
    surprising = set()
    if not columns:
        found = dict.fromkeys(without_value, "without a name and without any value")
        if has_index:
            found[0] = "an unnamed row index"
        surprising = {i for i in found if i not in reasons and names[i] not in keep}
        reasons |= {i: found[i] for i in surprising}
    left_out = tuple(
        ColumnRole(names[i], "left out", reasons[i], surprise=1 if i in surprising else 0)
        for i in sorted(reasons)
    )
    return [i for i in positions if i not in reasons], left_out


def as_names(names: Sequence[object] | None) -> tuple[str, ...]:
    """Return names as a tuple of str; a single str is one name, and None means no names.

    Examples
    --------
    >>> from dag_gfn.data.column_selection import as_names
    >>> as_names("age"), as_names([1, "b"]), as_names(None)
    (('age',), ('1', 'b'), ())
    """
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(str(name) for name in names)


def refuse_unknown(chosen: Sequence[str], names: Sequence[str], *, option: str) -> None:
    """Raise DataError if a chosen name is not a column of the table; the message suggests the most similar one.

    Examples
    --------
    >>> from dag_gfn.data.column_selection import refuse_unknown
    >>> refuse_unknown(["hieght"], ["age", "height"], option="drop")
    Traceback (most recent call last):
    dag_gfn.errors.DataError: --drop (drop=...) names 'hieght', which is no column of the table: did you mean 'height'?
    """
    for name in chosen:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {quoted(near)}?" if near else f"its columns are {quoted(names)}."
            raise DataError(
                f"--{option} ({option}=...) names '{one_line(name)}', which is no column of the table: {hint}"
            )


def check_names(names: Sequence[str]) -> None:
    """Raise DataError unless there are 2 to 256 columns with distinct, non-empty names.

    Examples
    --------
    >>> from dag_gfn.data.column_selection import check_names
    >>> check_names(["age", "sex"])
    >>> check_names(["age", "age"])
    Traceback (most recent call last):
    dag_gfn.errors.DataError: 'age' names more than one column: give each column its own name.
    """
    if len(names) < 2:
        which = f"one column ({quoted(names)})" if names else "no columns"
        raise DataError(
            f"the table has {which}: a graph needs at least 2 (--columns, --drop and the separator decide)."
        )
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"the table has {len(names)} columns, at most {MAX_COLUMNS} are possible: "
            "choose some with --columns or --drop."
        )
    check_distinct_names(names)


def check_distinct_names(names: Sequence[str]) -> None:
    """Raise DataError unless every column has a name of its own.

    Examples
    --------
    >>> from dag_gfn.data.column_selection import check_distinct_names
    >>> check_distinct_names(["age", " "])
    Traceback (most recent call last):
    dag_gfn.errors.DataError: column 2 has no name: name every column.
    """
    unnamed = [str(i + 1) for i, name in enumerate(names) if not name.strip()]
    if unnamed:
        raise DataError(f"column {', '.join(unnamed)} has no name: name every column.")
    repeated = [name for name in dict.fromkeys(names) if list(names).count(name) > 1]
    if repeated:
        raise DataError(f"{quoted(repeated)} names more than one column: give each column its own name.")
