"""How a table is read, declared once: the keywords of `read_csv` and `from_frame` as flags and parameters."""

# ruff: noqa: RUF009  # option() makes a field

from collections.abc import Iterable
from dataclasses import dataclass

from dag_gfn.options import Names, OptionGroup, Settings, option, options_of


@dataclass(frozen=True)
class ReadingOptions(OptionGroup, panel="The table"):
    """How the table is read.

    Examples
    --------
    >>> from dag_gfn.fitting.reading_options import ReadingOptions
    >>> ReadingOptions(drop=["id"]).values()["drop"]
    ['id']
    """

    columns: Names | None = option(None, "Columns to use, and no others.")
    drop: Names | None = option(None, "Columns to leave out.", first=True)
    keep: Names = option((), "Columns to use that the rules of roles would leave out.")
    discrete: Names = option(
        (),
        "Columns that are categories, or 'all'.",
        details="Their distinct values are states, whatever their type.",
        words=("all",),
        first=True,
    )
    continuous: Names = option(
        (), "Columns that are numbers.", details="Cells that are no numbers count as missing."
    )
    ordinal: Names = option(
        (),
        "Categories in an order, as rating:low<mid<high.",
        details="Without the column's name, low<mid<high is the order of every column with these labels; rating alone "
        "leaves the order to known scales, or to the size of numbers.",
        first=True,
    )
    missing: str | None = option(
        None,
        "Missing cells: impute (the default), drop, level or error.",
        details="``impute`` draws them from the model, ``drop`` leaves incomplete rows out, ``level`` makes a level of "
        "its own of the missing cells of a category, ``error`` refuses them, as strict does by default.",
        first=True,
    )  # what reads the table checks it
    na_values: Names = option(
        (),
        "Cells that are missing values too, as ?,-999.",
        details="They count besides empty cells and signs such as ?.",
    )
    weights: str | None = option(
        None,
        "Column that says how many rows each row stands for.",
        details="It is no variable then: the counts of a table of counts, or the weights of a survey, which should "
        "have the mean 1. Rows of weight 0 are left out.",
        metavar="COLUMN",
    )
    interventions: str | None = option(
        None,
        "What an experimenter set: a column that names it in each row, or a file.",
        details="A cell names the variables that were set in its row, with a bar between several, and is empty where "
        "none was; or all cells are numbers, 1 for the first column of the table and 0 for none. A file has a 0/1 "
        "matrix, with a column for each variable that was set in some row. Rows in which a variable was set say "
        "nothing about its causes.",
        metavar="COLUMN|FILE",
    )
    context: Names = option(
        (),
        "Columns that can only be causes: an experiment, a batch, a site.",
        details="They are categories. An edge from a context to a variable says that the experiment changes how the "
        "variable comes about.",
    )
    dates: str = option(
        "drop",
        "Dates: drop or days.",
        details="``days`` makes numbers of days of them, ``drop`` leaves them out.",
    )
    group: Settings | None = option(
        None,
        "Columns that one node owns, as climate=temp,rain.",
        details="The score ``block`` takes them together: dummy columns of one category, or measurements of one thing.",
        metavar="NAME=A,B,..",
    )
    lags: int = option(
        0,
        "Of a table in time order: rows before that each row has as columns.",
        details="They are called x[t-1], x[t-2], ..., and have no causes in the graph.",
        metavar="L",
    )
    series: str | None = option(
        None,
        "With lags: column that says which series a row belongs to.",
        details="It is no variable then, and no lag crosses series.",
        metavar="COLUMN",
    )
    strict: bool = option(
        False,
        "Refuse a table that needs decisions, rather than decide by the rules of roles.",
        details="Then every column is used as its type says, and what cannot be used is an error.",
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


def refuse_reading_options(keywords: Iterable[str]) -> None:
    """Say where the keywords belong that tell how a table is read: to what reads it, not to the fit.

    Raises
    ------
    TypeError
        If one of them is among the keywords.

    Examples
    --------
    >>> from dag_gfn.fitting.reading_options import refuse_reading_options
    >>> refuse_reading_options(["seed", "drop"])
    Traceback (most recent call last):
    TypeError: 'drop' says how a table is read: fit(from_frame(frame, drop=...)), for a file read_csv(path, drop=...)
    """
    for name in keywords:
        if name in options_of(ReadingOptions):
            first = f"'{name}' says how a table is read: fit(from_frame(frame, {name}=...))"
            raise TypeError(f"{first}, for a file read_csv(path, {name}=...)")
