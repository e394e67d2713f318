"""The parts of a table that checks of the data look at: its columns of one kind, in complete rows."""

from dataclasses import fields

import numpy as np
from jaxtyping import Int64

from dag_gfn.data.dataset import Dataset


def complete_parts(dataset: Dataset) -> list[Dataset]:
    """Return the numeric columns, and the others, each in the rows where none of them is missing.

    A complete table of one kind is its own part. Columns that are constant in these rows are left out, and so is a part
    of which no column is left. Every column is a node of its own there.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import replace
    >>> import dag_gfn
    >>> from dag_gfn.data.parts import complete_parts
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, np.nan], [4.0, 7.0]]), missing="drop")
    >>> [part.values.tolist() for part in complete_parts(data)]
    [[[1.0, 2.0], [4.0, 7.0]]]
    """
    if dataset.kind != "mixed" and not dataset.has_missing and not dataset.groups:
        return [dataset]
    numeric = np.array([kind == "continuous" for kind in dataset.kinds])
    parts = (_part(dataset, np.flatnonzero(chosen)) for chosen in (numeric, ~numeric))
    return [part for part in parts if part is not None]


def _part(dataset: Dataset, columns: Int64[np.ndarray, " k"]) -> Dataset | None:
    """Return the columns that vary in the rows where none of these columns is missing; None if there are none."""
    rows = np.flatnonzero(~dataset.missing[:, columns].any(axis=1))
    if len(rows) < 2:
        return None
    columns = columns[np.ptp(dataset.values[np.ix_(rows, columns)], axis=0) > 0]
    if len(columns) == 0:
        return None
    cells, changes = (
        np.ix_(rows, columns),
        {field.name: getattr(dataset, field.name) for field in fields(dataset)},
    )
    for name in ("names", "kinds", "cardinalities", "states"):
        changes[name] = tuple(changes[name][j] for j in columns)
    changes |= {
        "values": dataset.values[cells],
        "means": dataset.means[columns],
        "scales": dataset.scales[columns],
        "intervened": None if dataset.intervened is None else dataset.intervened[cells],
        "weights": None if dataset.weights is None else dataset.weights[rows],
        "true_graph": None,
        "groups": (),
    }
    part = object.__new__(Dataset)  # unchecked: one column is too few for a graph, but enough for a check
    for name, value in changes.items():
        object.__setattr__(part, name, value)
    return part
