"""Tables of numbers with so few rows that the probabilities depend on the prior."""

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.row_weights import effective_rows

ROWS_PER_COLUMN = 2
"""With at most so many rows for each column, unrelated columns often get links of high probability."""
ROWS_FOR_COPIES = 6
"""With fewer rows, unrelated columns may be nearly collinear by chance; with two rows all are."""


def few_rows(data: Dataset) -> list[Doubt]:
    """Return the doubt that a continuous or mixed table has too few rows for its number of columns, or no doubt.

    In a mixed table a category counts for as many columns as it has levels but one.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.few_rows import few_rows
    >>> rng = np.random.default_rng(0)
    >>> [doubt.level for doubt in few_rows(dag_gfn.simulate(10, 20, rng=rng))]
    ['caution']
    >>> few_rows(dag_gfn.simulate(10, 21, rng=rng))
    []
    """
    columns = sum(max(r - 1, 1) for r in data.cardinalities)
    if data.kind == "discrete" or effective_rows(data) > ROWS_PER_COLUMN * columns:
        return []
    rows = (
        f"{data.n} rows"
        if data.weights is None
        else f"{data.n} rows of total weight {data.total_weight:,.0f}"
    )
    levels = f" ({columns} with all but one level of each category)" if columns > data.d else ""
    return [
        Doubt(
            "few_rows",
            "caution",
            "too few rows for so many columns: the probabilities rest on the prior",
            f"{rows} cannot tell the parents of {data.d} columns{levels} apart, so that the "
            f"probabilities rest on the prior: collect more than {ROWS_PER_COLUMN * columns} rows, or choose "
            "fewer columns with --columns or --drop.",
        )
    ]
