"""The DAG that lies nearest to a posterior in expected structural Hamming distance."""

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.graphs import graph, subsets

MAX_EXACT_COMPONENT = 16
"""Largest strongly connected component of the unconstrained median that is solved exactly."""


def median_graph(probability: Float64[np.ndarray, "d d"]) -> Bool[np.ndarray, "d d"]:
    r"""Return the DAG of least expected structural Hamming distance (SHD) to a draw from the posterior.

    A missing, an extra and a reversed edge count one each, so the expected distance is a sum over pairs, and the
    likeliest state of each pair (i → j, j → i or no edge) would be best. Where these states form a directed cycle, the
    DAG of smallest cost is taken. The edge i → j in place of no edge gains

    .. math:: g_{ij} = P(i \to j) - P(\text{not linked}),

    and the DAG of largest total gain within each strongly connected component comes from a recursion over the sets
    of nodes that come first. A component of more than `MAX_EXACT_COMPONENT` nodes is built greedily instead,
    by descending gain. An edge of probability above ½ is always among the likeliest states; where the data
    cannot orient an edge, its direction is arbitrary.

    Parameters
    ----------
    probability : ndarray, shape (d, d), float64
        Marginal P(i → j), row → column.

    Returns
    -------
    ndarray, shape (d, d), bool
        Entry (i, j) is True for the edge i → j.

    Examples
    --------
    The likeliest states of the pairs form the cycle 0 -> 1 -> 2 -> 0; its least probable edge is left out:

    >>> import numpy as np
    >>> from dag_gfn.posterior.median_graph import median_graph
    >>> probability = np.array([[0.0, 0.9, 0.0], [0.0, 0.0, 0.8], [0.6, 0.0, 0.0]])
    >>> np.argwhere(median_graph(probability)).tolist()
    [[0, 1], [1, 2]]
    """
    not_linked = np.clip(1.0 - probability - probability.T, 0.0, None)
    gain = np.clip(probability - not_linked, 0.0, None)
    np.fill_diagonal(gain, 0.0)
    lower_index_first = np.triu(np.ones(gain.shape, dtype=bool))
    median = (gain > 0) & ((gain > gain.T) | (gain == gain.T) & lower_index_first)
    # The components can be ordered such that all edges between them point forwards; these edges stay.
    reach = graph.transitive_closure(median)
    for component in np.unique(reach & reach.T, axis=0):
        nodes = np.flatnonzero(component)
        if len(nodes) > 1:
            block = np.ix_(nodes, nodes)
            exact = len(nodes) <= MAX_EXACT_COMPONENT
            median[block] = _best_dag(gain[block]) if exact else _greedy_dag(gain[block])
    return median


def _best_dag(gain: Float64[np.ndarray, "s s"]) -> Bool[np.ndarray, "s s"]:
    """Return the acyclic set of edges of largest total gain, where no gain is negative.

    best(S) = max over the last node j of S: best(S - j) + the gains of all edges from S - j into j.
    """
    s = len(gain)
    first = np.arange(1 << s, dtype=np.int64)
    gain_after = subsets.unpack(first, s) @ gain  # (2^s, s): of all edges from a set into a node
    best = np.full(1 << s, -1.0)  # total gain within a set
    best[0] = 0.0
    last = np.zeros(1 << s, dtype=np.int64)
    size = subsets.popcount(first)
    for k in range(1, s + 1):
        for node in range(s):
            sets = first[(size == k) & (first >> node & 1 == 1)]
            before = sets ^ (1 << node)
            total = best[before] + gain_after[before, node]
            better = total > best[sets]
            best[sets[better]] = total[better]
            last[sets[better]] = node
    dag = np.zeros((s, s), dtype=bool)
    left = (1 << s) - 1
    while left:
        node = last[left]
        left ^= 1 << int(node)
        dag[:, node] = subsets.unpack(np.array(left), s) & (gain[:, node] > 0)
    return dag


def _greedy_dag(gain: Float64[np.ndarray, "s s"]) -> Bool[np.ndarray, "s s"]:
    """Return edges of positive gain: the largest first, each if it closes no cycle with those before."""
    dag: nx.DiGraph = nx.DiGraph()
    dag.add_nodes_from(range(len(gain)))
    for edge in np.argsort(-gain, axis=None, kind="stable"):
        i, j = map(int, np.unravel_index(edge, gain.shape))
        if gain[i, j] > 0 and not nx.has_path(dag, j, i):
            dag.add_edge(i, j)
    return nx.to_numpy_array(dag, dtype=np.dtype(bool))
