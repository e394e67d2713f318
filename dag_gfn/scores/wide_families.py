"""The warning that likely parent sets of the block score own too many columns for the rows."""

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.messages import listed
from dag_gfn.scores.block_design import BlockDesign
from dag_gfn.scores.cell_limit import rows_of_columns

ROWS_PER_COLUMN = 2.0
"""A family with fewer rows for each of its design columns than this counts as wide."""
LIKELY = 0.5
"""A node is named if its wide parent sets have a posterior probability above this."""


def wide_doubts(
    graphs: Bool[np.ndarray, "m d d"], weights: Float64[np.ndarray, " m"], data: Dataset
) -> list[Doubt]:
    """Return the doubt that names the nodes whose likely parent sets own too many columns for the rows.

    With nearly as many columns as rows a regression fits whatever there is, and the prior alone decides.

    Parameters
    ----------
    graphs : array, shape (m, d, d), bool
        Graphs of a posterior: True at (s, i, j) for i -> j (row -> column).
    weights : array, shape (m,), float64
        Their probabilities.
    data : Dataset
        The data that the graphs were fitted to.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores.wide_families import wide_doubts
    >>> codes = np.arange(12)[:, None] // [1, 2, 3] % [6, 6, 2]  # twelve rows
    >>> data = from_array(codes, ["town", "job", "sex"], discrete="all", strict=True)
    >>> graph = np.zeros((1, 3, 3), dtype=bool)
    >>> graph[0, :2, 2] = True  # town -> sex <- job
    >>> (doubt,) = wide_doubts(graph, np.array([1.0]), data)
    >>> doubt.warning[:67]  # 5 and 5 contrasts and 1
    "the likely parent sets of 'sex' (11 columns for 12 rows) own more c"
    """
    widths, rows = BlockDesign.of(data).widths, rows_of_columns(data)
    rows_of_nodes = np.array([rows[list(owned)].min() for owned in data.node_columns])
    named = []
    for node, (width, available) in enumerate(zip(widths.tolist(), rows_of_nodes.tolist(), strict=True)):
        columns = graphs[:, :, node] @ widths + width
        wide = (columns > width) & (columns * ROWS_PER_COLUMN > available) & (available > 0)
        if weights[wide].sum() > LIKELY:
            likeliest = columns[np.flatnonzero(wide)[weights[wide].argmax()]]
            named.append(f"'{data.nodes[node]}' ({likeliest} columns for {available:,.0f} rows)")
    if not named:
        return []
    return [
        Doubt(
            "wide_families",
            "caution",
            "too few rows for the columns of likely parent sets: links may be noise",
            f"the likely parent sets of {listed(named)} own more columns than half of the rows, so that the prior "
            "decides as much as the data: choose --max-parents, merge levels, or collect more rows.",
        )
    ]
