"""Some columns of a table, as a table of their own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dag_gfn.data.dataset import Dataset


def of_nodes(data: Dataset, nodes: Sequence[int]) -> Dataset:
    """Return the columns of some nodes, in this order, in the same rows; a single node is enough.

    Groups and contexts among them stay so.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.some_nodes import of_nodes
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0, 0.5], [3.0, 8.0, 2.5]]), ["a", "b", "c"])
    >>> of_nodes(data, [2, 0]).values.tolist()
    [[0.5, 1.0], [2.5, 3.0]]
    """
    columns = [column for node in nodes for column in data.node_columns[node]]
    kept = {data.nodes[node] for node in nodes}
    changes: dict[str, Any] = {
        name: tuple(getattr(data, name)[j] for j in columns)
        for name in ("names", "kinds", "cardinalities", "states")
    }
    changes |= {
        "values": data.values[:, columns],
        "means": data.means[columns],
        "scales": data.scales[columns],
        "intervened": None if data.intervened is None else data.intervened[:, columns],
        "true_graph": None if data.true_graph is None else data.true_graph[np.ix_(nodes, nodes)],
        "groups": tuple(group for group in data.groups if group[0] in kept),
        "contexts": tuple(name for name in data.contexts if name in kept),
        "margins": tuple(data.margins[j] for j in columns) if data.margins else (),
        "own_values": None if data.own_values is None else data.own_values[:, columns],
    }
    some = object.__new__(Dataset)  # unchecked: the whole table was, and one column is too few for a graph
    for name in data.__dataclass_fields__:
        object.__setattr__(some, name, changes.get(name, getattr(data, name)))
    return some
