"""The table that a command is given: a file of rows, a covariance matrix, or an example by its name."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dag_gfn
from dag_gfn.cli.declared import read_values
from dag_gfn.errors import DataError, OptionError
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import options_of

if TYPE_CHECKING:
    from dag_gfn.scores import FamilyList


def read_table(
    table: Path | None, example: str | None, reading: dict[str, Any], matrix: CovarianceOptions
) -> "dag_gfn.Dataset":
    """Return the table of a file, or of an example by its name.

    Raises
    ------
    OptionError
        Unless there is exactly one of both, or if options do not go with a matrix.
    DataError
        If it cannot be used as it is.
    """
    if matrix.covariance:
        return _read_covariance(table, reading, matrix.rows)
    if matrix.rows is not None:
        raise OptionError(
            "--rows is the number of rows of a covariance matrix: give --covariance too, or leave it out"
        )
    if table is not None and example is None:
        from dag_gfn.data.covariance_file import is_covariance_file
        from dag_gfn.data.reading import read_file  # loads pandas, which --help does not need
        from dag_gfn.scores.score_file import is_score_file

        if is_score_file(table):
            raise OptionError(
                f"'{table}' holds local scores, and rows are needed here: dag-gfn fit takes scores"
            )
        try:
            return read_file(table, **reading)
        except DataError as error:
            if not is_covariance_file(table):
                raise
            raise DataError(f"{error} The file looks like a covariance matrix: give --covariance.") from None
    if table is not None or example is None:
        raise OptionError("give either a file or --example NAME, for example: dag-gfn fit survey.csv")
    data = dag_gfn.load_example(example)
    if all(reading[name] == each.default for name, each in options_of(ReadingOptions).items()):
        return data
    chosen = dag_gfn.from_frame(data.to_frame(), **reading)
    return replace(chosen, notes=(*data.notes, *chosen.notes))


def _read_covariance(
    table: Path | None, reading: dict[str, Any], rows: float | int | None
) -> "dag_gfn.Dataset":
    if table is None:
        raise OptionError(
            "--covariance needs a file with the matrix, for example: dag-gfn fit cov.csv --covariance"
        )
    chosen = {name: reading.pop(name) for name in ("columns", "drop")}
    for name, each in options_of(ReadingOptions).items():
        if name in reading and each.is_given(reading[name]):
            raise OptionError(f"{each.flag} reads rows, and a covariance matrix has none: leave it out")
    return dag_gfn.read_covariance(table, rows, **chosen)


def read_scores(table: Path, given: dict[str, Any]) -> "FamilyList":
    """Return the families of a file of local scores.

    Raises
    ------
    OptionError
        If an option is about a table of rows.
    DataError
        If the file is not such a list.
    """
    from dag_gfn.scores.score_file import read_scores

    values = read_values(ReadingOptions, given) | read_values(CovarianceOptions, given)
    for name, each in options_of(ReadingOptions, CovarianceOptions).items():
        if each.is_given(values[name]):
            raise OptionError(f"{each.flag} is about a table, and '{table}' holds scores: leave it out")
    return read_scores(table)
