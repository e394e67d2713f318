"""What a person sees of a table before a fit."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from dag_gfn.data.roles import ColumnRole
from dag_gfn.errors import printable
from dag_gfn.views.role_table import print_roles

MAX_UNDONE = 5
"""So many decisions are shown with the command that undoes them."""
MAX_NAMED = 8
"""So many columns with missing cells are named."""


def print_inspection(
    found: Mapping[str, Any], roles: Sequence[ColumnRole], console: Console, *, command: str
) -> None:
    """Print what a fit would do with a table.

    Parameters
    ----------
    found : mapping
        What `dag_gfn.fitting.inspection.Inspection.to_json` returns.
    roles : sequence of ColumnRole
    console : rich.console.Console
    command : str
        That of the fit.

    Examples
    --------
    >>> import dag_gfn
    >>> from rich.console import Console
    >>> from dag_gfn.fitting.inspection import inspect_table
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.views.inspection import print_inspection
    >>> found = inspect_table(dag_gfn.load_example("wine"), FitOptions.from_keywords({}, caller="fit"))
    >>> console = Console(record=True, width=80, quiet=True)
    >>> print_inspection(found.to_json(), found.roles, console, command="dag-gfn fit --example wine")
    """

    def say(text: str, style: str | None = None) -> None:
        console.print(printable(text), style=style, markup=False, highlight=False, emoji=False)

    say(rows_sentence(found))
    print_roles(roles, found["rows"], console)
    for note in found["notes"]:
        say(f"note: {note}")
    say(missing_sentence(found))
    for warning in found["warnings"]:
        say(f"warning: {warning}", style="yellow")
    say(f"fit would use the score {found['score']['name']}: {found['score']['reason']}.")
    for line in method_sentences(found):
        say(line)
    undone = [column for column in found["columns"] if column["otherwise"]]
    undone = sorted(undone, key=lambda column: not column["is_doubtful"])[:MAX_UNDONE]
    say(f"To go on: {command}")
    if undone:
        say("To decide otherwise about a column, add one of these to it or to inspect:")
    for column in undone:
        say(f"  {column['otherwise']}")


def rows_sentence(found: Mapping[str, Any]) -> str:
    """Return how many rows there are, and what they count as.

    Examples
    --------
    >>> from dag_gfn.views.inspection import rows_sentence
    >>> rows_sentence({"rows": 24, "total_weight": 592.0})
    '24 rows, which count as 592 by their weights.'
    """
    rows, total = found["rows"], found["total_weight"]
    return f"{rows:,} rows" + ("." if total == rows else f", which count as {total:,.6g} by their weights.")


def missing_sentence(found: Mapping[str, Any]) -> str:
    """Return which variables have missing cells, and how many rows have none.

    Examples
    --------
    >>> from dag_gfn.views.inspection import missing_sentence
    >>> missing_sentence({"rows": 100, "complete_rows": 80, "missing": {"age": 20}})
    "Missing cells: 20 of 'age'; 80 of 100 rows are complete."
    """
    missing = sorted(found["missing"].items(), key=lambda pair: -pair[1])
    if not missing:
        return "No variable has a missing cell."
    named = [f"{count:,} of '{name}'" for name, count in missing[:MAX_NAMED]]
    if len(missing) > MAX_NAMED:
        named.append(f"fewer in each of {len(missing) - MAX_NAMED} more")
    return f"Missing cells: {', '.join(named)}; {found['complete_rows']:,} of {found['rows']:,} rows are complete."


def method_sentences(found: Mapping[str, Any]) -> list[str]:
    """Return which method a fit would use, why, and what it would take.

    Examples
    --------
    >>> from dag_gfn.views.inspection import method_sentences
    >>> method = {"name": "exact", "reason": "the exact posterior of 5 columns is quick", "cost": "about 0.1 seconds"}
    >>> method_sentences({"method": method, "drawn": "", "tables": 1})
    ['The method would be exact: the exact posterior of 5 columns is quick. It would take about 0.1 seconds.']
    >>> print(method_sentences({"method": method, "drawn": "7 missing cells", "tables": 200})[1])
    First, 7 missing cells would be drawn: the method would run on each of 200 completed tables.
    """
    method = found["method"]
    on_each = " on each completed table" if found["drawn"] else ""
    cost = f" It would take {method['cost']}{on_each}." if method["cost"] else ""
    lines = [f"The method would be {method['name']}: {method['reason']}.{cost}"]
    if found["drawn"]:
        lines.append(
            f"First, {found['drawn']} would be drawn: the method would run on each of {found['tables']} completed "
            "tables."
        )
    return lines
