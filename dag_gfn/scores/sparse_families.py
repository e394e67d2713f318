"""The warning that likely parent sets of discrete columns have too many table cells for the rows."""

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.messages import listed
from dag_gfn.graphs.subsets import distinct_sets
from dag_gfn.scores.cell_limit import CellLimit, rows_of_columns

ROWS_PER_CELL = 2.0
"""A table with fewer rows per cell than this counts as sparse."""
LIKELY = 0.5
"""A column is named if its parent sets with sparse tables have a posterior probability above this."""


def sparse_doubts(
    graphs: Bool[np.ndarray, "m d d"], weights: Float64[np.ndarray, " m"], data: Dataset, sparse_families: str
) -> list[Doubt]:
    """Return the doubt that names the columns whose likely parent sets have sparse tables.

    Parameters
    ----------
    graphs : array, shape (m, d, d), bool
        Graphs of a posterior: True at (s, i, j) for i -> j (row -> column).
    weights : array, shape (m,), float64
        Their probabilities.
    data : Dataset
        The data that the graphs were fitted to.
    sparse_families : {"drop", "keep"}
        ``drop`` if families of more cells than rows were left out.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import sparse_doubts
    >>> data = from_array(np.arange(8).reshape(-1, 1) // [4, 2, 1] % 2, ["a", "b", "c"], discrete="all")
    >>> graph = np.array([[False, False, True], [False, False, True], [False, False, False]])  # a -> c <- b
    >>> (doubt,) = sparse_doubts(graph[None], np.array([1.0]), data, "drop")
    >>> doubt.warning[:68]  # 2^3 cells
    "the likely parent sets of 'c' (tables of 8 cells for 8 rows, with 2 "
    """
    if data.kind != "discrete":
        return []
    states, rows = np.array(data.cardinalities, dtype=np.float64), rows_of_columns(data)
    named = []
    for node in range(data.d):
        sets, which = distinct_sets(graphs[:, :, node])
        probability, sizes = np.bincount(which, weights), sets.sum(axis=1)
        cells = states[node] * np.where(sets, states, 1.0).prod(axis=1)
        sparse = (sizes > 0) & (cells * ROWS_PER_CELL > rows[node]) & (rows[node] > 0)
        if probability[sparse].sum() > LIKELY:
            likeliest = np.flatnonzero(sparse)[probability[sparse].argmax()]
            named.append((node, cells[likeliest], int(sizes[likeliest])))
    if not named:
        return []
    columns = [
        f"'{data.names[node]}' (tables of {table:,.0f} cells for {rows[node]:,.0f} rows, with {count} "
        f"parent{'s' if count > 1 else ''})"
        for node, table, count in named
    ]
    sizes = CellLimit(states, rows, np.zeros((data.d, data.d), dtype=bool)).sizes_left_out()
    most = max(1, min(sizes[node][0] for node, *_ in named) - 1)
    drop = "--sparse-families drop or " if sparse_families == "keep" else ""
    return [
        Doubt(
            "sparse_families",
            "caution",
            "too few rows for the tables of likely parent sets: links may be noise",
            f"the likely parent sets of {listed(columns)} need more cells than the rows can fill, and discrete "
            f"scores reward such parents even if they are noise: choose {drop}--max-parents {most}, merge states, or "
            "collect more rows.",
        )
    ]
