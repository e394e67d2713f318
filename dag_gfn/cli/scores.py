"""dag-gfn scores: the local scores of a table, for other programs."""

# ruff: noqa: RUF009  # option() makes a field

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.declared import from_command_line, read_values
from dag_gfn.cli.input_table import read_table
from dag_gfn.cli.options import DEBUG_HELP
from dag_gfn.fitting.knowledge_options import KnowledgeOptions
from dag_gfn.fitting.options import ModelOptions, PriorHyperparameters, ScoreHyperparameters
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import OptionGroup, option

_MODEL = (ModelOptions, KnowledgeOptions, ScoreHyperparameters, PriorHyperparameters)


@dataclass(frozen=True)
class ScoresOptions(OptionGroup):
    """Where the table comes from, and what is written."""

    out: Path = option(Path("scores.jkl"), "File to write.", first=True)
    example: str | None = option(None, "A named data set in place of a file: wine, asia, ...", first=True)
    prune: bool = option(False, "Leave out sets that cannot be best.", first=True)
    with_prior: bool = option(False, "Add the log prior of each family.", first=True)
    overwrite: bool = option(False, "Replace the file.")
    debug: bool = option(False, DEBUG_HELP)


@from_command_line(ScoresOptions, ReadingOptions, CovarianceOptions, *_MODEL)
def scores(
    table: Annotated[Path | None, typer.Argument(metavar="[TABLE]", help="A file as fit reads it.")] = None,
    **given: Any,
) -> None:
    """Write the local scores of a table as a file that GOBNILP and others read, and fit too (.jkl)."""
    from dag_gfn.fitting.score_export import require_free, write_scores

    how = ScoresOptions(**read_values(ScoresOptions, given))
    require_free(how.out, overwrite=how.overwrite)
    matrix = CovarianceOptions(**read_values(CovarianceOptions, given))
    data = read_table(table, how.example, read_values(ReadingOptions, given), matrix)
    options: dict[str, Any] = {}
    for group in _MODEL:
        options |= read_values(group, given, names=data.names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dag_gfn.DataWarning)  # a fit tells them
        warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, where values overflow: the score says so
        families = dag_gfn.export_scores(data, prune=how.prune, with_prior=how.with_prior, **options)
    changed = write_scores(families, how.out, overwrite=how.overwrite)
    prior = "with" if how.with_prior else "without"
    print(
        f"Wrote {families.num_listed:,} families of {families.d} variables to {how.out}, {prior} the prior over graphs."
    )
    if how.prune:
        print(
            "Sets that cannot be best are left out: the file serves to find the best graph, not probabilities."
        )
    if changed:
        print("A score file holds words only, so some names were changed:")
        print("\n".join(f"  {change}" for change in changed))
