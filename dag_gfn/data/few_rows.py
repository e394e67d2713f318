"""Continuous tables with so few rows that the prior decides."""

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt

ROWS_PER_COLUMN = 2
"""Up to this many rows for each column, unrelated columns are often linked with confidence."""
ROWS_FOR_COPIES = 6
"""With fewer rows columns that have nothing in common may be nearly copies: any two rows are."""


def few_rows(data: Dataset) -> list[Doubt]:
    """Return the doubt that a continuous table is too short for its number of columns."""
    if data.kind != "continuous" or data.n > ROWS_PER_COLUMN * data.d:
        return []
    return [
        Doubt(
            "few_rows",
            "caution",
            "too few rows for so many columns: the probabilities rest on the prior",
            f"{data.n} rows cannot tell the parents of {data.d} columns apart, so that the probabilities rest on the "
            f"prior: collect more than {ROWS_PER_COLUMN * data.d} rows, or choose fewer columns with --columns or "
            "--drop.",
        )
    ]
