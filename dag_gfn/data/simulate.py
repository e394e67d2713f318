"""Simulated benchmark data in one call: a random graph, random weights, a sample."""

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.linear_gaussian import LinearGaussianNetwork
from dag_gfn.data.random_dag import erdos_renyi_dag, scale_free_dag
from dag_gfn.errors import OptionError

RANDOM_DAGS = {"er": erdos_renyi_dag, "sf": scale_free_dag}


def simulate(
    num_nodes: int,
    num_samples: int,
    *,
    rng: np.random.Generator,
    edges_per_node: int | float = 1.0,
    graph: str = "er",
    noise_variance: int | float = 0.1,
    weight_scale: int | float = 1.0,
) -> Dataset:
    """Return a sample of a random linear-Gaussian network, not standardized, with its true graph.

    Parameters
    ----------
    num_nodes, num_samples : int
        At least 2 of each.
    edges_per_node : float
        Expected number of edges over the number of nodes.
    graph : {"er", "sf"}
        Erdős-Rényi or scale-free (Barabasi-Albert).
    noise_variance : float
    weight_scale : float
        Standard deviation of the edges' normal weights.
    """
    if graph not in RANDOM_DAGS:
        raise OptionError(
            f"graph is one of {', '.join(RANDOM_DAGS)} (Erdős-Rényi, scale-free), not '{graph}'."
        )
    adjacency = RANDOM_DAGS[graph](num_nodes, edges_per_node=edges_per_node, rng=rng)
    network = LinearGaussianNetwork.random(
        adjacency, rng=rng, weight_scale=weight_scale, noise_variance=noise_variance
    )
    return network.sample(num_samples, rng=rng)
