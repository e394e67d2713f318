"""What each column of a table became, and why, as a terminal shows it: the most surprising first."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dag_gfn.data.messages import listed, one_line
from dag_gfn.data.roles import ColumnRole
from dag_gfn.errors import printable

MAX_LINES = 20
"""Largest number of columns that have a line of their own."""
_PLURAL = {"category": "categories"}


def print_roles(roles: Sequence[ColumnRole], n: int, console: Console) -> None:
    """Print the role of each column: a line for those that a person may want to change, the others by their kind.

    Parameters
    ----------
    roles : sequence of ColumnRole
        Nothing is printed if there are none.
    n : int
        Number of rows of the table that was read, for the shares of missing cells.
    console : rich.console.Console

    Examples
    --------
    >>> import io
    >>> from rich.console import Console
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.views.role_table import print_roles
    >>> roles = [ColumnRole("age", "continuous"), ColumnRole("id", "left out", "numbers the rows", surprise=2)]
    >>> log = io.StringIO()
    >>> print_roles(roles, 20, Console(file=log, width=80))
    >>> [line.rstrip() for line in log.getvalue().splitlines()][2:]
    ['id      left out  numbers the rows', 'and 1 continuous: age']
    """
    if not roles:
        return
    variables = sum(role.role in ("continuous", "category", "ordinal") for role in roles)
    shown, others = shown_and_grouped(roles)
    are = "is a variable" if variables == 1 else "are variables"
    heading = f"{variables} of {len(roles)} columns {are}:"
    console.print(heading, markup=False, highlight=False, soft_wrap=True)
    if shown:
        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column("column", overflow="fold")
        table.add_column("role", no_wrap=True)
        table.add_column("why", overflow="fold")
        for role in shown:
            cells = (one_line(role.name, 40), kind_of(role), why(role, n))
            style = "yellow" if role.surprise >= 2 else None
            table.add_row(*(Text(printable(cell)) for cell in cells), style=style)
        console.print(table)
    for kind, names in others.items():
        many = _PLURAL.get(kind, kind) if len(names) > 1 else kind
        text = f"{'and ' if shown else ''}{len(names)} {many}: {listed([one_line(name, 40) for name in names], 30)}"
        console.print(printable(text), markup=False, highlight=False, emoji=False, soft_wrap=True)


def shown_and_grouped(roles: Sequence[ColumnRole]) -> tuple[list[ColumnRole], dict[str, list[str]]]:
    """Return the columns that have a line of their own, the most surprising first, and the others' names by role.

    A column is grouped if there is nothing to say about it, or if 20 others have more.

    Examples
    --------
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.views.role_table import shown_and_grouped
    >>> shown_and_grouped([ColumnRole("age", "continuous"), ColumnRole("pay", "continuous")])
    ([], {'continuous': ['age', 'pay']})
    """
    order = sorted(roles, key=lambda role: -role.surprise)  # stable: the order of the table among equals
    shown = [role for role in order if role.surprise or role.missing or role.reason][:MAX_LINES]
    others: dict[str, list[str]] = {}
    for role in order:
        if role not in shown:
            others.setdefault(role.role, []).append(role.name)
    return shown, others


def why(role: ColumnRole, n: int) -> str:
    """Return the reason of a role with the share of missing cells.

    Examples
    --------
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.views.role_table import why
    >>> why(ColumnRole("age", "continuous", "two values, 0 and 1", missing=5), 50)
    'two values, 0 and 1; 5 missing (10%)'
    """
    parts = [role.reason] if role.reason else []
    if role.missing and "missing" not in role.reason and role.missing < n:
        share = 100 * role.missing / n
        parts.append(
            f"{role.missing:,} missing ({share:.0f}%)" if share >= 0.5 else f"{role.missing:,} missing"
        )
    return "; ".join(parts)


def kind_of(role: ColumnRole) -> str:
    """Return the role in words, with the number of levels of a category.

    Examples
    --------
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.views.role_table import kind_of
    >>> kind_of(ColumnRole("sex", "category", levels=2))
    'category, 2 levels'
    """
    return f"{role.role}, {role.levels} levels" if role.levels else role.role
