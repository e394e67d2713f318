"""What posterior.json records of the cells that were not seen."""

from typing import Any

import numpy as np

from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.data.dataset import Dataset
from dag_gfn.fitting.mixed_posterior import Mixed

_PATTERNS = 20  # most frequent patterns that are recorded


def missing_record(
    data: Dataset, names: tuple[str, ...], completed: CompletedTables, tables: int, mixed: Mixed
) -> dict[str, Any]:
    """Return where cells are missing, how they were completed, and how much each edge depends on them.

    Parameters
    ----------
    data : Dataset
        With its missing cells.
    names : tuple of str, length d
        The nodes.
    completed : CompletedTables
    tables : int
        How many of the tables are used.
    mixed : Mixed

    Returns
    -------
    dict
        `cells` and `rows` with missing cells, out of `all_cells` and `all_rows`; `columns`: the number of missing
        cells by the name of each column that has some; `patterns`: the most frequent sets of columns that are missing
        together, with `rows`, out of `num_patterns`; `route`, `tables`, `effective_tables`; and `edges`: for each pair
        i → j (row → column) the `standard_deviation` of its probability between the completed tables, and the
        `share_of_variance` p (1 - p) that this is.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2)), ["a", "b"])
    >>> data = replace(data, values=np.where(data.values > 1.5, np.nan, data.values))
    >>> record = dag_gfn.fit(data, num_completed=40, progress=False).info["missing"]
    >>> record["cells"], record["columns"], record["patterns"][0]
    (3, {'a': 1, 'b': 2}, {'columns': ['b'], 'rows': 2})
    """
    missing = data.missing
    incomplete = missing.any(axis=1)
    patterns, counts = np.unique(missing[incomplete], axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_PATTERNS]
    return {
        "cells": int(missing.sum()),
        "all_cells": int(missing.size),
        "rows": int(incomplete.sum()),
        "all_rows": data.n,
        "columns": {
            name: int(count) for name, count in zip(data.names, missing.sum(axis=0), strict=True) if count > 0
        },
        "patterns": [
            {
                "columns": [data.names[j] for j in np.flatnonzero(patterns[k])],
                "rows": int(counts[k]),
            }
            for k in order
        ],
        "num_patterns": len(patterns),
        "route": completed.route,
        "tables": tables,
        "effective_tables": mixed.diagnostics.effective_tables,
        "edges": {
            "standard_deviation": mixed.edges.deviation,
            "share_of_variance": mixed.edges.share,
        },
    }
