"""Simulated benchmark data in one call: a random DAG, random weights, a sample."""

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.linear_gaussian_simulator import LinearGaussianSimulator
from dag_gfn.data.random_dag import erdos_renyi_dag, scale_free_dag
from dag_gfn.errors import OptionError

RANDOM_DAGS = {"er": erdos_renyi_dag, "sf": scale_free_dag}


def simulate(
    num_nodes: int,
    num_samples: int,
    *,
    rng: np.random.Generator | int,
    edges_per_node: int | float = 1.0,
    graph: str = "er",
    noise_variance: int | float = 0.1,
    weight_scale: int | float = 1.0,
) -> Dataset:
    """Return a sample of a random linear-Gaussian network with its true graph; it is not standardized.

    Parameters
    ----------
    num_nodes, num_samples : int
        At least 2 of each.
    rng : numpy.random.Generator or int
        An integer is a seed.
    edges_per_node : float
        Expected number of edges divided by the number of nodes.
    graph : {"er", "sf"}
        Erdős-Rényi or scale-free (Barabasi-Albert).
    noise_variance : float
    weight_scale : float
        Standard deviation of the normal weights on the edges.

    Raises
    ------
    OptionError
        If `graph` has another value, or a number is out of its range.

    Examples
    --------
    >>> import dag_gfn
    >>> data = dag_gfn.simulate(3, 100, edges_per_node=1, rng=0)
    >>> data.values.shape, int(data.true_graph.sum())
    ((100, 3), 3)
    """
    if graph not in RANDOM_DAGS:
        raise OptionError(
            f"graph is one of {', '.join(RANDOM_DAGS)} (Erdős-Rényi, scale-free), not '{graph}'."
        )
    rng = np.random.default_rng(rng)
    adjacency = RANDOM_DAGS[graph](num_nodes, edges_per_node=edges_per_node, rng=rng)
    network = LinearGaussianSimulator.random(
        adjacency, rng=rng, weight_scale=weight_scale, noise_variance=noise_variance
    )
    return network.sample(num_samples, rng=rng)
