"""The parts of a table that checks of the data look at: its columns of one kind, in complete rows."""

from dataclasses import replace

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import DataError


def complete_parts(dataset: Dataset) -> list[Dataset]:
    """Return the numeric columns, and the others, each in the rows where none of them is missing.

    A complete table of one kind is its own part. A part is left out where too few rows are complete, or a column is
    constant in them. Every column is a node of its own there.

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
    parts = []
    for chosen in (numeric, ~numeric):
        columns = np.flatnonzero(chosen).tolist()
        rows = ~dataset.missing[:, columns].any(axis=1)
        if not columns:
            continue
        try:
            parts.append(
                replace(
                    dataset,
                    values=dataset.values[np.ix_(rows, columns)],
                    names=tuple(dataset.names[j] for j in columns),
                    kinds=tuple(dataset.kinds[j] for j in columns),
                    cardinalities=tuple(dataset.cardinalities[j] for j in columns),
                    states=tuple(dataset.states[j] for j in columns),
                    means=dataset.means[columns],
                    scales=dataset.scales[columns],
                    intervened=None
                    if dataset.intervened is None
                    else dataset.intervened[np.ix_(rows, columns)],
                    weights=None if dataset.weights is None else dataset.weights[rows],
                    true_graph=None,
                    groups=(),
                )
            )
        except DataError:
            continue
    return parts
