"""Random directed acyclic graphs for simulated data: Erdős-Rényi and scale-free."""

import numpy as np
from jaxtyping import Bool

from dag_gfn.errors import OptionError


def erdos_renyi_dag(
    num_nodes: int, *, edges_per_node: int | float, rng: np.random.Generator
) -> Bool[np.ndarray, "d d"]:
    """Return an Erdős-Rényi DAG: a uniformly random node order, along which each edge has the same probability.

    Parameters
    ----------
    num_nodes : int
        d, at least 1.
    edges_per_node : float
        m, the expected number of edges divided by d. An edge has probability min(1, 2m / (d - 1)).
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column).

    Raises
    ------
    OptionError
        If `num_nodes` is below 1 or `edges_per_node` below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import erdos_renyi_dag
    >>> complete = erdos_renyi_dag(4, edges_per_node=1.5, rng=np.random.default_rng(0))
    >>> int(complete.sum())  # probability min(1, 3 / 3): all pairs are linked
    6
    """
    _check_size(num_nodes, edges_per_node)
    probability = min(1.0, 2 * edges_per_node / max(num_nodes - 1, 1))
    linked = rng.random((num_nodes, num_nodes)) < probability
    return _oriented(linked, rng.permutation(num_nodes))


def scale_free_dag(
    num_nodes: int, *, edges_per_node: int | float, rng: np.random.Generator
) -> Bool[np.ndarray, "d d"]:
    """Return a scale-free DAG: a Barabasi-Albert skeleton, oriented along an independent random node order.

    The first m + 1 nodes, m = `edges_per_node`, are all linked. Each later node is linked to m earlier nodes,
    drawn without replacement with probabilities proportional to their degrees.

    Parameters
    ----------
    num_nodes : int
        d, at least 1.
    edges_per_node : int
        m, at least 1.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j (row → column).

    Raises
    ------
    OptionError
        If `num_nodes` is below 1, or `edges_per_node` is not a whole number from 1.

    References
    ----------
    Barabasi and Albert, Science 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import scale_free_dag
    >>> tree = scale_free_dag(10, edges_per_node=1, rng=np.random.default_rng(0))
    >>> int(tree.sum())  # one link for each node but the first
    9
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
    """Return the links as edges from earlier to later nodes; `order[i]` is the position of node i."""
    return linked & (order[:, None] < order[None, :])


def _check_size(num_nodes: int, edges_per_node: int | float) -> None:
    if num_nodes < 1:
        raise OptionError(f"a graph needs at least 1 node, not {num_nodes}.")
    if not edges_per_node >= 0:
        raise OptionError(f"the number of edges per node cannot be {edges_per_node}: give 0 or more.")
