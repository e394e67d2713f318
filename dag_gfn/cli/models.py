"""dag-gfn models: which model the data support."""

# ruff: noqa: RUF009  # option() makes a field

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn import files
from dag_gfn.cli.declared import from_command_line, read_values
from dag_gfn.cli.input_table import read_table
from dag_gfn.cli.options import DEBUG_HELP
from dag_gfn.cli.output import console, json_text, print_json, require_output
from dag_gfn.errors import StorageError
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.progress import announce
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import OptionGroup, option


@dataclass(frozen=True)
class ModelsOptions(OptionGroup):
    """Where the table comes from, and where the answer goes.

    Examples
    --------
    >>> from dag_gfn.cli.models import ModelsOptions
    >>> ModelsOptions(json=True).out is None
    True
    """

    out: Path | None = option(None, "A folder for models.csv and models.json.", first=True)
    example: str | None = option(None, "A named data set in place of a file: wine, asia, ...", first=True)
    json: bool = option(False, "Print JSON.", first=True)
    debug: bool = option(False, DEBUG_HELP)


@from_command_line(ModelsOptions, ReadingOptions, CovarianceOptions, FitOptions)
def models(
    table: Annotated[Path | None, typer.Argument(metavar="[TABLE]", help="A file as fit reads it.")] = None,
    **given: Any,
) -> int:
    """Compare models of a table by their evidence: lines, curves, normal scores, priors over graphs. Fits none."""
    from dag_gfn.views.models import print_models

    require_output()
    how = ModelsOptions(**read_values(ModelsOptions, given))
    matrix = CovarianceOptions(**read_values(CovarianceOptions, given))
    data = read_table(table, how.example, read_values(ReadingOptions, given), matrix)
    options = read_values(FitOptions, given, names=data.names)
    for text in data.notes:
        announce(text, shown=not how.json)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, where values overflow
        found = dag_gfn.compare_models(data, **options, progress=not how.json)
    record = found.to_json()
    if how.out is not None:
        _write(how.out, found)
    if how.json:
        print_json("models", record)
    else:
        print_models(record, console())
    return 0


def _write(folder: Path, found: "dag_gfn.ModelComparison") -> None:
    """Write models.csv and models.json, each complete or not at all."""
    frame = found.to_frame()
    lines = [files.csv_line(frame.columns)]
    for row in frame.itertuples(index=False):
        lines.append(files.csv_line("" if value is None or value != value else value for value in row))
    text = json_text("models", found.to_json())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.write_text(folder / "models.csv", "".join(lines))
        files.write_text(folder / "models.json", text + "\n")
    except OSError as error:
        raise StorageError(f"cannot write to '{folder}': {error.strerror or error}") from error
