"""dag-gfn inspect: what a fit would do with a table, without doing it."""

# option() makes a field

import shlex
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.declared import from_command_line, read_values
from dag_gfn.cli.input_table import read_table
from dag_gfn.cli.options import DEBUG_HELP
from dag_gfn.cli.output import console, print_json, require_output
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import OptionGroup, option, options_of


@dataclass(frozen=True)
class InspectOptions(OptionGroup):
    """Where the table comes from, and how the answer is printed."""

    example: str | None = option(None, "A named data set in place of a file: wine, asia, ...", first=True)
    json: bool = option(False, "Print JSON.", first=True)
    debug: bool = option(False, DEBUG_HELP)


@from_command_line(InspectOptions, ReadingOptions, CovarianceOptions, FitOptions)
def inspect(
    table: Annotated[Path | None, typer.Argument(metavar="[TABLE]", help="A file as fit reads it.")] = None,
    **given: Any,
) -> int:
    """Show what fit would do with a table: roles of columns, missing cells, doubts, score and method. Fits nothing."""
    from dag_gfn.fitting.inspection import inspect_table
    from dag_gfn.views.inspection import print_inspection

    require_output()
    how = InspectOptions(**read_values(InspectOptions, given))
    matrix = CovarianceOptions(**read_values(CovarianceOptions, given))
    data = read_table(table, how.example, read_values(ReadingOptions, given), matrix)
    options = read_values(FitOptions, given, names=data.names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dag_gfn.DataWarning)
        warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, where values overflow
        found = inspect_table(data, FitOptions.from_keywords(options, caller="fit"))
    if how.json:
        print_json("inspect", found.to_json())
        return 0
    print_inspection(found.to_json(), found.roles, console(), command=_command(table, given))
    return 0


def _command(table: Path | None, given: dict[str, Any]) -> str:
    """Return the command of the fit with the options that were given to this one."""
    words = ["dag-gfn", "fit", *([] if table is None else [str(table)])]
    for name, each in options_of(InspectOptions, ReadingOptions, CovarianceOptions, FitOptions).items():
        value = given[name]
        if name in ("json", "debug") or value in (None, [], each.default):
            continue
        if isinstance(value, bool):
            words.append(each.flag if value else each.flag.replace("--", "--no-", 1))
            continue
        for one in value if isinstance(value, list) else [value]:
            words += [each.flag, f"{one:g}" if isinstance(one, float) else str(one)]
    return shlex.join(words)
