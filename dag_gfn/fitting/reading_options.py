"""How a table is read, declared once: the keywords of `read_csv` and `from_frame` as flags and parameters."""

# ruff: noqa: RUF009  # option() makes a field

from dataclasses import dataclass

from dag_gfn.options import Names, OptionGroup, option


@dataclass(frozen=True)
class ReadingOptions(OptionGroup, panel="The table"):
    """How the table is read.

    Examples
    --------
    >>> from dag_gfn.fitting.reading_options import ReadingOptions
    >>> ReadingOptions(drop=["id"]).values()["drop"]
    ['id']
    """

    columns: Names | None = option(None, "Columns to keep.")
    drop: Names | None = option(None, "Columns to leave out.", first=True)
    discrete: Names = option(
        (),
        "Columns that are discrete, or 'all'.",
        details="Their distinct values are states, whatever their type.",
        words=("all",),
        first=True,
    )
    missing: str = option(
        "error",
        "Rows with missing values: error or drop.",
        details="``error`` refuses them, ``drop`` leaves them out.",
        first=True,
    )  # what reads the table checks it
    na_values: Names = option(
        (),
        "Cells that are missing values too, as ?,-999.",
        details="They count besides empty cells and signs such as ?.",
    )


@dataclass(frozen=True)
class CovarianceOptions(OptionGroup, panel="The table"):
    """Whether the table is a covariance matrix, and of how many rows.

    Examples
    --------
    >>> from dag_gfn.fitting.reading_options import CovarianceOptions
    >>> CovarianceOptions(covariance=True, rows=164).values()
    {'covariance': True, 'rows': 164}
    """

    covariance: bool = option(
        False,
        "The table is a covariance or correlation matrix.",
        details="See `dag_gfn.from_covariance`.",
    )
    rows: float | int | None = option(
        None,
        "How many rows that matrix was computed from.",
        details="Needed with `covariance`, unless the first line of the file is this number.",
    )  # what reads the matrix checks it
