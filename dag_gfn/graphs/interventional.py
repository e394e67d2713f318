"""Equivalence of DAGs under experiments: which edges data with interventions can orient."""

import numpy as np
from jaxtyping import Bool

from dag_gfn.graphs import graph


def oriented_pairs(
    targets: Bool[np.ndarray, "t d"], sources: Bool[np.ndarray, " d"] | None = None
) -> Bool[np.ndarray, "d d"]:
    """Return the pairs of nodes whose edge an experiment orients, if there is one; symmetric.

    An experiment that sets one of two linked nodes and not the other shows which of them is the cause. A node that
    can only be a parent (a context) needs no experiment.

    Parameters
    ----------
    targets : ndarray, shape (t, d), bool
        ``targets[k, i]`` is True if experiment k sets node i. Rows in which nothing is set are an experiment too, but
        orient nothing.
    sources : ndarray, shape (d,), bool, optional
        The nodes that can only be parents.

    References
    ----------
    Hauser and Bühlmann, "Characterization and greedy learning of interventional Markov equivalence classes of directed
    acyclic graphs", JMLR 13 (2012), theorem 10.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.interventional import oriented_pairs
    >>> np.argwhere(oriented_pairs(np.array([[True, False, False]]))).tolist()  # node 0 is set
    [[0, 1], [0, 2], [1, 0], [2, 0]]
    """
    oriented = (targets[:, :, None] != targets[:, None, :]).any(axis=0)
    if sources is not None:
        oriented |= sources[:, None] ^ sources[None, :]
    return oriented


def essential_graph(
    adjacency: Bool[np.ndarray, "*b d d"], oriented: Bool[np.ndarray, "d d"] | None = None
) -> Bool[np.ndarray, "*b d d"]:
    """Return the essential graph of each DAG: the edges on which all DAGs agree that the same experiments allow.

    Two DAGs are equivalent under experiments if they have the same links, the same v-structures, and the same
    direction of every edge that an experiment orients. The edges that these oriented ones and the v-structures compel
    follow by Meek's rules. Without experiments it is the CPDAG.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j.
    oriented : ndarray, shape (d, d), bool, optional
        Of `oriented_pairs`.

    Returns
    -------
    ndarray, shape (..., d, d), bool
        Compelled i → j: only entry (i, j) is True. Reversible i – j: both (i, j) and (j, i) are. DAGs are equivalent
        iff these are equal.

    Raises
    ------
    ValueError
        If a graph has a directed cycle.

    References
    ----------
    Hauser and Bühlmann, JMLR 13 (2012). Meek, "Causal inference and causal explanation with background knowledge", UAI
    1995: the rules find every edge that is compelled.

    Examples
    --------
    In the chain 0 -> 1 -> 2 an experiment that sets 0 orients the first edge, which compels the second:

    >>> import numpy as np
    >>> from dag_gfn.graphs.interventional import essential_graph, oriented_pairs
    >>> chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    >>> essential_graph(chain, oriented_pairs(np.array([[True, False, False]]))).astype(int).tolist()
    [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    """
    essential = graph.cpdag(adjacency)
    if oriented is None or not oriented.any():
        return essential
    d = adjacency.shape[-1]
    shape, essential = essential.shape, essential.reshape(-1, d, d)
    dags = adjacency.reshape(-1, d, d)
    reversible = essential & essential.swapaxes(-1, -2)
    changed = reversible & oriented & dags  # i → j as in the DAG; j → i is dropped
    left = np.flatnonzero(changed.any(axis=(-1, -2)))
    essential = essential & ~changed.swapaxes(-1, -2)
    while len(left):  # the graphs in which something was oriented in the last round
        compelled = _compelled_by_rules(essential[left])
        essential[left] &= ~compelled.swapaxes(-1, -2)
        left = left[compelled.any(axis=(-1, -2))]
    return essential.reshape(shape)


def _compelled_by_rules(mixed: Bool[np.ndarray, "m d d"]) -> Bool[np.ndarray, "m d d"]:
    """Return the reversible edges i – j that Meek's rules 1 to 3 orient as i → j.

    Rule 4 adds nothing where the oriented edges are those of experiments, since these leave no such pattern.
    """
    opposite = mixed.swapaxes(-1, -2)
    directed, reversible = mixed & ~opposite, mixed & opposite
    apart = ~(mixed | opposite)
    apart[:, np.arange(mixed.shape[-1]), np.arange(mixed.shape[-1])] = False
    # 1: k → i – j with k and j not linked
    first = (directed.swapaxes(-1, -2).astype(np.float32) @ apart.astype(np.float32)) > 0
    # 2: i → k → j
    second = (directed.astype(np.float32) @ directed.astype(np.float32)) > 0
    # 3: i – k → j and i – l → j with k and l not linked
    middle = reversible[:, :, :, None] & directed[:, None, :, :]  # (m, i, k, j)
    middle = np.moveaxis(middle, 2, -1).astype(np.float32)  # (m, i, j, k)
    third = ((middle @ apart.astype(np.float32)[:, None]) * middle).sum(axis=-1) > 0
    return reversible & (first | second | third)
