"""The sufficient statistics of one of several completed tables, taken from those of all of them together."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float64, Shaped

PER_TABLE = ("column_means", "scatter", "block_means", "block_scatter", "counts")
"""Statistics that differ between completed tables: they have a leading axis of tables. Others are the same in all."""
OF_TABLES = ("table_log_weights", "table_log_evidence", "pair_graphs", "pair_tables", "pair_log_weights")
"""Statistics about the tables themselves."""


def num_tables(statistics: Mapping[str, Shaped[np.ndarray, "..."]]) -> int:
    """Return how many completed tables the statistics are of: 1 where no cell is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.table_statistics import num_tables
    >>> num_tables({"means": np.zeros(2)}), num_tables({"table_log_weights": np.log([0.5, 0.5])})
    (1, 2)
    """
    return len(statistics["table_log_weights"]) if "table_log_weights" in statistics else 1


def statistics_of_table(
    statistics: Mapping[str, Shaped[np.ndarray, "..."]], table: int
) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Return the statistics of one completed table; they are those of a table without missing cells.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.table_statistics import statistics_of_table
    >>> both = {"means": np.zeros(1), "scatter": np.array([[[3.0]], [[5.0]]]), "table_log_weights": np.log([0.5, 0.5])}
    >>> statistics_of_table(both, 1)
    {'means': array([0.]), 'scatter': array([[5.]])}
    """
    if "table_log_weights" not in statistics:
        return dict(statistics)
    return {
        name: array[table] if name in PER_TABLE else array
        for name, array in statistics.items()
        if name not in OF_TABLES
    }


def table_weights(
    statistics: Mapping[str, Shaped[np.ndarray, "..."]], graph: Bool[np.ndarray, "d d"]
) -> Float64[np.ndarray, " t"]:
    """Return the probability of each completed table given a graph, shape (t,).

    It is that of the pairs of graph and table with this graph. Without any, it is the weight of the table alone.

    Parameters
    ----------
    statistics : mapping of str to ndarray
    graph : ndarray, shape (d, d), bool
        Entry (i, j) is True for i → j (row → column).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.table_statistics import table_weights
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [False, False]]])
    >>> statistics = {
    ...     "table_log_weights": np.log([0.5, 0.5]),
    ...     "pair_graphs": np.packbits(graphs.reshape(2, -1), axis=1),
    ...     "pair_tables": np.array([1, 0]),
    ...     "pair_log_weights": np.log([0.5, 0.5]),
    ... }
    >>> table_weights(statistics, graphs[0]).tolist()
    [0.0, 1.0]
    """
    if "table_log_weights" not in statistics:
        return np.ones(1)
    weights = np.exp(statistics["table_log_weights"])
    if "pair_graphs" in statistics:
        here = (statistics["pair_graphs"] == np.packbits(graph.reshape(-1))).all(axis=1)
        if here.any():
            of_pairs = np.exp(statistics["pair_log_weights"][here])
            weights = np.bincount(statistics["pair_tables"][here], weights=of_pairs, minlength=len(weights))
    return weights / weights.sum()
