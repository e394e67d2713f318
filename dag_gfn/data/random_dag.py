"""Random directed acyclic graphs for simulated data."""

import numpy as np
from jaxtyping import Bool

from dag_gfn.errors import OptionError


def erdos_renyi_dag(
    num_nodes: int, *, edges_per_node: int | float, rng: np.random.Generator
) -> Bool[np.ndarray, "d d"]:
    """Draw each edge of a uniformly random node order with the same probability.

    Parameters
    ----------
    num_nodes : int
    edges_per_node : float
        Expected number of edges over the number of nodes, m: an edge has probability min(1, 2m / (d - 1)).

    Returns
    -------
    ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column).
    """
    _check_size(num_nodes, edges_per_node)
    probability = min(1.0, 2 * edges_per_node / max(num_nodes - 1, 1))
    linked = rng.random((num_nodes, num_nodes)) < probability
    return _oriented(linked, rng.permutation(num_nodes))


def scale_free_dag(
    num_nodes: int, *, edges_per_node: int | float, rng: np.random.Generator
) -> Bool[np.ndarray, "d d"]:
    """Draw a Barabasi-Albert skeleton and orient it along an independent, uniformly random node order.

    The first m + 1 nodes, m = `edges_per_node`, are all linked; each later one links to m earlier nodes drawn
    without replacement in proportion to their degree.

    Returns
    -------
    ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column).

    References
    ----------
    Barabasi and Albert, Science 1999.
    """
    _check_size(num_nodes, edges_per_node)
    if edges_per_node < 1 or not float(edges_per_node).is_integer():
        raise OptionError(
            f"a scale-free graph needs a whole number of edges per node from 1, not {edges_per_node}."
        )
    links_per_node = int(edges_per_node)
    linked = np.zeros((num_nodes, num_nodes), dtype=bool)
    for node in range(1, num_nodes):
        if node <= links_per_node:
            targets = np.arange(node)
        else:
            degree = linked.sum(axis=0) + linked.sum(axis=1)
            targets = rng.choice(node, size=links_per_node, replace=False, p=degree[:node] / degree.sum())
        linked[targets, node] = True
    shuffled = rng.permutation(num_nodes)
    linked = (linked | linked.T)[np.ix_(shuffled, shuffled)]
    return _oriented(linked, rng.permutation(num_nodes))


def _oriented(linked: Bool[np.ndarray, "d d"], order: np.ndarray) -> Bool[np.ndarray, "d d"]:
    """Keep the links from an earlier to a later node of the order; `order[i]` is the place of node i."""
    return linked & (order[:, None] < order[None, :])


def _check_size(num_nodes: int, edges_per_node: int | float) -> None:
    if num_nodes < 1:
        raise OptionError(f"a graph needs at least 1 node, not {num_nodes}.")
    if not edges_per_node >= 0:
        raise OptionError(f"the number of edges per node cannot be {edges_per_node}: give 0 or more.")
