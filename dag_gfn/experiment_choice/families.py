"""The distinct families of a batch of graphs: each is scored once, however many graphs share it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.graphs import graph


@dataclass(frozen=True, eq=False)
class Families:
    """Nodes with their parents, and which graph has which.

    Attributes
    ----------
    nodes : ndarray, shape (f,), int64
        Families of one node stand side by side, nodes ascending.
    parents : ndarray, shape (f,), int64
        Bitmasks.
    of_graph : ndarray, shape (k, d), int64
        The family that graph s has at node j.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.experiment_choice.families import Families
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [0, 0]]], dtype=bool)
    >>> families = Families.of(graphs)
    >>> families.nodes.tolist(), families.parents.tolist(), families.of_graph.tolist()
    ([0, 1, 1], [0, 0, 1], [[0, 2], [0, 1]])
    """

    nodes: Int64[np.ndarray, " f"]
    parents: Int64[np.ndarray, " f"]
    of_graph: Int64[np.ndarray, "k d"]

    @classmethod
    def of(cls, graphs: Bool[np.ndarray, "k d d"]) -> "Families":
        """Return the families of graphs; `graphs[s, i, j]` is True for i → j (row → column)."""
        masks = graph.parent_masks(graphs)
        nodes, parents, of_graph, count = [], [], np.empty(masks.shape, dtype=np.int64), 0
        for node, column in enumerate(masks.T):
            sets, which = np.unique(column, return_inverse=True)
            nodes.append(np.full(len(sets), node))
            parents.append(sets)
            of_graph[:, node] = count + which.reshape(-1)
            count += len(sets)
        return cls(np.concatenate(nodes).astype(np.int64), np.concatenate(parents), of_graph)

    def __len__(self) -> int:
        return len(self.nodes)

    def of_graphs(self, values: Float64[np.ndarray, "s f"]) -> Float64[np.ndarray, "s k"]:
        """Return the sum over the families of each graph, for each row of values."""
        total = values[:, self.of_graph[:, 0]]
        for node in range(1, self.of_graph.shape[1]):
            total += values[:, self.of_graph[:, node]]
        return total
