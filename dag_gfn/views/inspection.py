"""What a person sees of a table before a fit."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dag_gfn.errors import printable

MAX_NAMED = 8
"""So many columns with missing cells are named."""


def print_inspection(found: Mapping[str, Any], console: Console, *, command: str) -> None:
    """Print what a fit would do with a table.

    Parameters
    ----------
    found : mapping
        What `dag_gfn.fitting.inspection.Inspection.to_json` returns.
    console : rich.console.Console
    command : str
        The command of the fit, without options.

    Examples
    --------
    >>> import dag_gfn
    >>> from rich.console import Console
    >>> from dag_gfn.fitting.inspection import inspect_table
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.views.inspection import print_inspection
    >>> found = inspect_table(dag_gfn.load_example("wine"), FitOptions.from_keywords({}, caller="fit"))
    >>> console = Console(record=True, width=80, quiet=True)
    >>> print_inspection(found.to_json(), console, command="dag-gfn fit --example wine")
    """

    def say(text: str, style: str | None = None) -> None:
        console.print(printable(text), style=style, markup=False, highlight=False, emoji=False)

    say(size_sentence(found))
    console.print(_columns(found["columns"]))
    for note in found["notes"]:
        say(f"note: {note}")
    say(missing_sentence(found))
    for warning in found["warnings"]:
        say(f"warning: {warning}", style="yellow")
    say(f"fit would use the score {found['score']['name']} ({found['score']['reason']}).")
    for line in method_sentences(found):
        say(line)
    undone = [column for column in found["columns"] if column["otherwise"]]
    if undone:
        say(f"To decide otherwise about '{undone[0]['name']}': {command} {undone[0]['otherwise']}")
    else:
        say(f"To go on: {command}")


def size_sentence(found: Mapping[str, Any]) -> str:
    """Return how many rows, columns and variables there are.

    Examples
    --------
    >>> from dag_gfn.views.inspection import size_sentence
    >>> size_sentence({"rows": 24, "total_weight": 592.0, "columns": [{}] * 4, "nodes": ["a", "b", "c"]})
    '24 rows, which count as 592; 3 of 4 columns are variables.'
    """
    rows, total = found["rows"], found["total_weight"]
    counted = "" if total == rows else f", which count as {total:,.6g}"
    columns, nodes = len(found["columns"]), len(found["nodes"])
    variables = f"all {columns} columns are" if nodes == columns else f"{nodes} of {columns} columns are"
    return f"{rows:,} rows{counted}; {variables} variables."


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
    >>> method_sentences({"method": method, "drawn": ""})
    ['The method would be exact (the exact posterior of 5 columns is quick): about 0.1 seconds.']
    """
    method = found["method"]
    cost = f": {method['cost']}" if method["cost"] else ""
    lines = [f"The method would be {method['name']} ({method['reason']}){cost}."]
    if found["drawn"]:
        lines.append(
            f"First, {found['drawn']} would be drawn many times, and the method would run on each completed table: the "
            "cost above is that of one of them."
        )
    return lines


def _columns(columns: list[Mapping[str, Any]]) -> Table:
    table = Table(title=None, header_style="bold", pad_edge=False)
    table.add_column("column", overflow="fold")
    table.add_column("role", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    table.add_column("otherwise", overflow="fold")
    for each in columns:
        role = f"{each['role']}, {each['levels']} levels" if each["levels"] else each["role"]
        missing = f"{each['missing']:,}" if each["missing"] else ""
        cells = (each["name"], role, missing, each["reason"], each["otherwise"])
        table.add_row(*(Text(printable(cell)) for cell in cells), style="bold" if each["surprise"] else None)
    return table
