"""The columns of a dataset beside its contexts."""

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.some_nodes import of_nodes


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
    beside = [j for j, name in enumerate(data.nodes) if name not in data.contexts]
    return of_nodes(data, beside)
