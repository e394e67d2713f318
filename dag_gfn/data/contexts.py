"""The columns of a dataset beside its contexts."""

from dataclasses import replace
from typing import Any

import numpy as np

from dag_gfn.data.dataset import Dataset


def without_contexts(data: Dataset) -> Dataset:
    """Return the columns that are no contexts; a single one is enough.

    Examples
    --------
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.data.contexts import without_contexts
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "y": [3.0, 1.0, 1.0], "lab": ["a", "b", "a"]})
    >>> without_contexts(dag_gfn.from_frame(frame, context=["lab"])).kind
    'continuous'
    """
    columns = [j for j, name in enumerate(data.names) if name not in data.contexts]
    changes: dict[str, Any] = {
        name: tuple(getattr(data, name)[j] for j in columns)
        for name in ("names", "kinds", "cardinalities", "states")
    }
    changes |= {
        "values": data.values[:, columns],
        "means": data.means[columns],
        "scales": data.scales[columns],
        "intervened": None if data.intervened is None else data.intervened[:, columns],
        "true_graph": None if data.true_graph is None else data.true_graph[np.ix_(columns, columns)],
        "contexts": (),
        "margins": tuple(data.margins[j] for j in columns) if data.margins else (),
        "own_values": None if data.own_values is None else data.own_values[:, columns],
    }
    if len(columns) > 1:
        return replace(data, **changes)
    single = object.__new__(Dataset)  # one column is too few for a graph, but enough beside a context
    for name in data.__dataclass_fields__:
        object.__setattr__(single, name, changes.get(name, getattr(data, name)))
    return single
