"""What is missing where, how it was completed, and which edges depend on it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dag_gfn.data.messages import listed

MAX_EDGES = 8
"""Edges that are named because they depend on the missing cells."""
DEPENDS = 0.05
"""Standard deviation of an edge's probability between completed tables from which on it is named."""
MAX_COLUMNS = 6
"""Columns that a sentence names with their missing cells."""
ROUTES = {
    "weighted": "drawn from a model of all columns without a graph and weighted by how well graphs explain them",
    "augmentation": "drawn in turn with graphs and parameters",
}
"""How completed tables were drawn, by the route that is recorded."""


class DependentEdge(NamedTuple):
    """An edge whose probability differs between completed tables.

    Attributes
    ----------
    source, target : str
    probability : float
        Averaged over the tables.
    deviation : float
        Its standard deviation between tables.

    Examples
    --------
    >>> from dag_gfn.views.missing_cells import DependentEdge
    >>> DependentEdge("a", "b", 0.62, 0.21).deviation
    0.21
    """

    source: str
    target: str
    probability: float
    deviation: float


def has_missing(info: Mapping[str, Any]) -> bool:
    """Return whether the posterior is of a table with missing cells, which were completed.

    Examples
    --------
    >>> from dag_gfn.views.missing_cells import has_missing
    >>> has_missing({}), has_missing({"missing": {"cells": 3, "rows": 2, "columns": {"a": 3}}})
    (False, True)
    """
    return bool((info.get("missing") or {}).get("cells", 0))


def dependent_edges(
    info: Mapping[str, Any], names: Sequence[str], probability: np.ndarray
) -> list[DependentEdge]:
    """Return the edges that depend on the missing cells, most first.

    Parameters
    ----------
    info : mapping
        Of a posterior.
    names : sequence of str, length d
    probability : ndarray, shape (d, d), float64
        Entry (i, j): probability of i → j (row → column).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.views.missing_cells import dependent_edges
    >>> missing = {"cells": 3, "edges": {"standard_deviation": [[0.0, 0.2], [0.01, 0.0]]}}
    >>> dependent_edges({"missing": missing}, ("a", "b"), np.array([[0.0, 0.6], [0.1, 0.0]]))
    [DependentEdge(source='a', target='b', probability=0.6, deviation=0.2)]
    """
    deviation = ((info.get("missing") or {}).get("edges") or {}).get("standard_deviation")
    if deviation is None:
        return []
    values = np.asarray(deviation, dtype=np.float64)
    order = np.argsort(-values, axis=None, kind="stable")[:MAX_EDGES]
    return [
        DependentEdge(names[i], names[j], float(probability[i, j]), float(values[i, j]))
        for i, j in zip(*np.unravel_index(order, values.shape), strict=True)
        if values[i, j] >= DEPENDS
    ]


def missing_sentences(info: Mapping[str, Any], names: Sequence[str], probability: np.ndarray) -> list[str]:
    r"""Return sentences about the missing cells, one for each line; none where no cell is missing.

    Parameters
    ----------
    info, names, probability
        As for `dependent_edges`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.views.missing_cells import missing_sentences
    >>> missing = {"cells": 3, "all_cells": 40, "rows": 2, "all_rows": 20, "columns": {"b": 3}, "tables": 20,
    ...     "effective_tables": 17.2, "route": "weighted",
    ...     "edges": {"standard_deviation": [[0.0, 0.2], [0.01, 0.0]]}}
    >>> print(*missing_sentences({"missing": missing}, ("a", "b"), np.array([[0.0, 0.6], [0.1, 0.0]])), sep="\n")
    3 of 40 cells are missing, in 2 of 20 rows: b 3.
    The posterior averages 20 completed tables, worth about 17 independent ones.
    Edges that depend on what is missing: a → b 0.60 (± 0.20 between tables).
    """
    missing = info.get("missing") or {}
    if not missing.get("cells"):
        return []
    columns = sorted(missing["columns"].items(), key=lambda item: -item[1])
    where = listed([f"{name} {count:,}" for name, count in columns], MAX_COLUMNS)
    lines = [
        f"{missing['cells']:,}{_of(missing.get('all_cells'))} cells {_are(missing['cells'])} missing, in "
        f"{missing['rows']:,}{_of(missing.get('all_rows'))} rows: {where}."
    ]
    if missing.get("tables"):
        worth = missing.get("effective_tables")
        same = ""
        if worth is not None:
            number = f"{worth:,.0f}" if worth >= 10 else f"{worth:.2g}"
            same = f", worth about {number} independent ones"
        lines.append(f"The posterior averages {missing['tables']:,} completed tables{same}.")
    edges = dependent_edges(info, names, probability)
    if edges:
        told = [
            f"{e.source} → {e.target} {e.probability:.2f} (± {e.deviation:.2f} between tables)" for e in edges
        ]
        lines.append(f"Edges that depend on what is missing: {', '.join(told)}.")
    elif (missing.get("edges") or {}).get("standard_deviation") is not None:
        lines.append(f"No edge's probability differs between completed tables by {DEPENDS} or more.")
    return lines


def _of(total: int | None) -> str:
    return "" if total is None else f" of {total:,}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
