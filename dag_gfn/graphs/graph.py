"""Pure functions on directed graphs held as boolean adjacency arrays.

Everywhere `adjacency[..., i, j]` is True when the edge points from i to j (row → column). Leading axes are
batches of graphs, which numpy processes together. Each row is packed into words of 63 bits, one up to 63 nodes, so that
the children or descendants of a node are a single number, or a few.
"""

from collections.abc import Collection

import numpy as np
from jaxtyping import Bool, Int64

from dag_gfn.graphs import subsets


def parent_masks(adjacency: Bool[np.ndarray, "*b d d"]) -> Int64[np.ndarray, "*b d"]:
    """Return every node's parents as a bitmask.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j.

    Returns
    -------
    ndarray, shape (..., d), int64
        Bit i of entry j is set iff i → j.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import parent_masks
    >>> collider = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 2 ← 1
    >>> parent_masks(collider).tolist()
    [0, 0, 3]
    """
    return subsets.pack(np.swapaxes(adjacency, -1, -2))


def adjacency_from_masks(masks: Int64[np.ndarray, "*b d"], d: int) -> Bool[np.ndarray, "*b d d"]:
    """Return the adjacency whose columns are the parent sets `masks`; the inverse of `parent_masks`.

    Returns
    -------
    ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j, that is, iff bit i of `masks[..., j]` is set.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import adjacency_from_masks
    >>> adjacency_from_masks(np.array([0, 0, 3]), d=3).astype(int).tolist()
    [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    """
    return np.swapaxes(subsets.unpack(masks, d), -1, -2)


def parent_words(adjacency: Bool[np.ndarray, "*b d d"]) -> Int64[np.ndarray, "words *b d"]:
    """Return every node's parents as words of 63 bits, which any number of nodes fits (`subsets.pack_words`).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import parent_words
    >>> collider = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 2 ← 1
    >>> parent_words(collider).tolist()
    [[0, 0, 3]]
    """
    return subsets.pack_words(np.swapaxes(adjacency, -1, -2))


def _meet(a: Int64[np.ndarray, "words ..."], b: Int64[np.ndarray, "words ..."]) -> Bool[np.ndarray, "..."]:
    """Return whether two sets have a member in common."""
    return np.asarray((a & b != 0).any(axis=0))


def transitive_closure(
    adjacency: Bool[np.ndarray, "*b d d"], reflexive: bool = True
) -> Bool[np.ndarray, "*b d d"]:
    """Return which nodes reach which along directed paths (Warshall's algorithm on bitmasks).

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j. Cycles are allowed.
    reflexive : bool
        Whether every node reaches itself. If not, the diagonal is True for the nodes on a cycle.

    Returns
    -------
    ndarray, shape (..., d, d), bool
        `ancestor[..., i, j]` is True iff a path leads from i to j (or i = j, if reflexive).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import transitive_closure
    >>> chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 1 → 2
    >>> transitive_closure(chain).astype(int).tolist()
    [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    """
    d = adjacency.shape[-1]
    reach = np.moveaxis(
        subsets.pack_words(adjacency), -1, 1
    ).copy()  # (words, d, ...): bit j of row i is i ⇝ j
    for k in range(d):
        word, bit = divmod(k, subsets.MAX_NODES)
        through_k = -((reach[word] >> bit) & 1)  # all ones where i reaches k, else zero
        for part in reach:
            part |= through_k & part[k]
    ancestor = subsets.unpack_words(np.moveaxis(reach, 1, -1), d)
    if reflexive:
        ancestor[..., np.arange(d), np.arange(d)] = True
    return ancestor


def path_matrix(adjacency: Bool[np.ndarray, "*b d d"]) -> Bool[np.ndarray, "*b d d"]:
    """Return which nodes reach which other nodes: the transitive closure without its diagonal.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j.

    Returns
    -------
    ndarray, shape (..., d, d), bool
        `path[..., i, j]` is True iff i ≠ j and a directed path leads from i to j.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import path_matrix
    >>> chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 1 → 2
    >>> path_matrix(chain).astype(int).tolist()
    [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    """
    path = transitive_closure(adjacency)
    diagonal = np.arange(adjacency.shape[-1])
    path[..., diagonal, diagonal] = False
    return path


def is_dag(adjacency: Bool[np.ndarray, "*b d d"]) -> Bool[np.ndarray, "*b"]:
    """Return which graphs have no directed cycle (a self-loop is a cycle).

    Nodes without parents are removed until nothing changes. The graph is a DAG iff no node is left.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import is_dag
    >>> is_dag(np.array([[[0, 1], [0, 0]], [[0, 1], [1, 0]]], dtype=bool)).tolist()
    [True, False]
    """
    d = adjacency.shape[-1]
    parents = np.moveaxis(parent_words(adjacency), -1, 1)  # (words, d, ...)
    left = subsets.pack_words(np.ones((*parents.shape[2:], d), dtype=bool))  # (words, ...)
    for _ in range(d):
        before = left.copy()
        for node in range(d):
            word, bit = divmod(node, subsets.MAX_NODES)
            left[word] &= ~((~_meet(parents[:, node], left)).astype(np.int64) << bit)
        if np.array_equal(left, before):
            break
    return np.asarray((left == 0).all(axis=0))


def skeleton(adjacency: Bool[np.ndarray, "*b d d"]) -> Bool[np.ndarray, "*b d d"]:
    """Return which pairs of nodes are linked by an edge in either direction; the matrix is symmetric.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import skeleton
    >>> skeleton(np.array([[0, 1], [0, 0]], dtype=bool)).astype(int).tolist()
    [[0, 1], [1, 0]]
    """
    return adjacency | np.swapaxes(adjacency, -1, -2)


def markov_blanket(adjacency: Bool[np.ndarray, "*b d d"]) -> Bool[np.ndarray, "*b d d"]:
    """Return the Markov blanket of each node: its parents, its children and the other parents of its children.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j.

    Returns
    -------
    ndarray, shape (..., d, d), bool
        Entry (i, j) is True iff j is in the blanket of i. Symmetric, with an empty diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import markov_blanket
    >>> collider = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 2 ← 1
    >>> markov_blanket(collider)[0].tolist()  # child 2, and 1 as its other parent
    [False, True, True]
    """
    d = adjacency.shape[-1]
    children = subsets.pack_words(adjacency)
    share_a_child = _meet(children[..., :, None], children[..., None, :])  # (..., d, d)
    blanket = skeleton(adjacency) | share_a_child
    blanket[..., np.arange(d), np.arange(d)] = False
    return blanket


def d_separated(
    adjacency: Bool[np.ndarray, "*b d d"],
    a: int,
    b: int,
    given: Collection[int] = (),
    *,
    ancestors: Int64[np.ndarray, "words *b d"] | None = None,
    parents: Int64[np.ndarray, "words *b d"] | None = None,
) -> Bool[np.ndarray, "*b"]:
    """Return in which DAGs a and b are d-separated given a set of nodes.

    They are d-separated iff the set separates them in the moral graph of the ancestors of a, b and the set. The
    moral graph links all members of a family (a node and its parents), so the search from a goes from family to family.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j.
    a, b : int
        Different nodes.
    given : collection of int
        The nodes that are conditioned on; neither a nor b.
    ancestors, parents : ndarray, shape (words, ..., d), int64, optional
        `parent_words` of the reflexive closure and of the graphs, if they were computed before.

    Raises
    ------
    ValueError
        If a, b and the given nodes are not all different.

    References
    ----------
    Lauritzen, Dawid, Larsen & Leimer, "Independence properties of directed Markov fields", Networks 20 (1990),
    proposition 3.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import d_separated
    >>> collider = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 2 ← 1
    >>> bool(d_separated(collider, 0, 1)), bool(d_separated(collider, 0, 1, given=[2]))
    (True, False)
    """
    if a == b or a in given or b in given:
        raise ValueError(f"d-separation needs different nodes, not {a} and {b} given {sorted(given)}")
    d = adjacency.shape[-1]
    if ancestors is None:
        ancestors = parent_words(transitive_closure(adjacency))  # (words, ..., d), reflexive
    if parents is None:
        parents = parent_words(adjacency)
    ancestral = np.bitwise_or.reduce(ancestors[..., [a, b, *given]], axis=-1)  # (words, ...)
    ones = subsets.pack_words(np.eye(d, dtype=bool))  # (words, d): each node alone
    axes = (len(ones),) + (1,) * (ancestral.ndim - 1)
    free = ~np.bitwise_or.reduce(ones[:, list(given)], axis=1).reshape(axes)
    families = []
    for node, of_node in enumerate(np.moveaxis(parents, -1, 0)):
        word, bit = divmod(node, subsets.MAX_NODES)
        is_ancestral = -(ancestral[word] >> bit & 1)  # all ones or zero
        families.append(is_ancestral & (of_node | ones[:, node].reshape(axes)) & free)
    reached = np.broadcast_to(ones[:, a].reshape(axes), ancestral.shape).copy()
    for _ in range(d):
        before = reached.copy()
        for family in families:
            reached |= np.where(_meet(reached, family), family, 0)
        if np.array_equal(reached, before):
            break
    return np.asarray(~_meet(reached, ones[:, b].reshape(axes)))


def cpdag(adjacency: Bool[np.ndarray, "*b d d"]) -> Bool[np.ndarray, "*b d d"]:
    """Return the completed partially directed graph (CPDAG) of each DAG's Markov equivalence class.

    An edge is compelled if it points the same way in every DAG of the class; otherwise it is reversible. Nodes are
    visited in topological order. The last parent x of a node y in this order decides about the edges into y. All of
    them are compelled if some edge w → x is compelled and w → y is absent, or if y has another parent that is not a
    parent of x. Otherwise only the edges from the compelled parents of x are.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        `adjacency[..., i, j]` is True for the edge i → j.

    Returns
    -------
    ndarray, shape (..., d, d), bool
        Compelled i → j: only entry (i, j) is True. Reversible i – j: both (i, j) and (j, i) are. DAGs are
        Markov equivalent iff their CPDAGs are equal.

    Raises
    ------
    ValueError
        If a graph has a directed cycle.

    References
    ----------
    Chickering, "A transformational characterization of equivalent Bayesian network structures", UAI 1995,
    section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import cpdag
    >>> chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 1 → 2
    >>> cpdag(chain).astype(int).tolist()  # both edges can be reversed
    [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    """
    d = adjacency.shape[-1]
    graphs = adjacency.reshape(-1, d, d)
    if not is_dag(graphs).all():
        raise ValueError("only DAGs have a CPDAG, but a graph has a directed cycle")
    num_ancestors = transitive_closure(graphs).sum(axis=-2)  # (m, d): a parent has fewer than its child
    order = np.argsort(num_ancestors, axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1).astype(np.int16)
    parents = np.moveaxis(parent_words(graphs), -1, 1)  # (words, d, m)
    compelled = np.zeros_like(parents)
    ones = subsets.pack_words(np.eye(d, dtype=bool))  # (words, d): each node alone
    each = np.arange(len(graphs))
    for y in order.T:  # (m,)
        into_y = parents[:, y, each]  # (words, m)
        x = np.where(graphs[each, :, y], rank, -1).argmax(
            axis=-1
        )  # 0 if y has no parents, which has no effect
        into_x = compelled[:, x, each]
        others = into_y & ~parents[:, x, each] & ~ones[:, x]
        all_of_them = ((into_x & ~into_y) | others).any(axis=0)
        compelled[:, y, each] = np.where(all_of_them, into_y, into_x)
    directed = np.swapaxes(subsets.unpack_words(np.moveaxis(compelled, 1, -1), d), -1, -2)
    reversible = graphs & ~directed
    return (graphs | np.swapaxes(reversible, -1, -2)).reshape(adjacency.shape)


def topological_order(adjacency: Bool[np.ndarray, "d d"]) -> list[int]:
    """Return the nodes of one DAG with every parent before its children; ties are in index order.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        `adjacency[i, j]` is True for the edge i → j.

    Raises
    ------
    ValueError
        If the graph has a directed cycle.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import topological_order
    >>> topological_order(np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0]], dtype=bool))  # 1 → 0 ← 2
    [1, 2, 0]
    """
    num_parents = adjacency.sum(axis=0)
    order: list[int] = []
    waiting = set(range(len(adjacency)))
    while waiting:
        node = min((i for i in waiting if num_parents[i] == 0), default=None)
        if node is None:
            raise ValueError(f"no topological order: the nodes {sorted(waiting)} include a directed cycle")
        order.append(node)
        waiting.remove(node)
        num_parents = num_parents - adjacency[node]
    return order


def distinct(
    adjacency: Bool[np.ndarray, "m d d"],
) -> tuple[Int64[np.ndarray, " u"], Int64[np.ndarray, " m"]]:
    """Return the distinct graphs of a batch, sorted by their row-major bits.

    Parameters
    ----------
    adjacency : ndarray, shape (m, d, d), bool
        `adjacency[k, i, j]` is True for the edge i → j of graph k.

    Returns
    -------
    first : ndarray, shape (u,), int64
        The first occurrence of each distinct graph.
    group : ndarray, shape (m,), int64
        `adjacency[first[group[k]]]` equals `adjacency[k]`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.graph import distinct
    >>> forward, backward = [[0, 1], [0, 0]], [[0, 0], [1, 0]]
    >>> first, group = distinct(np.array([forward, backward, forward], dtype=bool))
    >>> first.tolist(), group.tolist()
    ([1, 0], [1, 0, 1])
    """
    m, d, _ = adjacency.shape
    bits = np.packbits(adjacency.reshape(m, d * d), axis=1)
    padded = np.zeros((m, -(-bits.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    words = padded.view(">u8").astype(np.uint64)  # (m, words): big-endian words sort as the bytes do
    order = np.lexsort(words.T[::-1])
    ranked = words[order]
    is_new = np.ones(m, dtype=bool)
    is_new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    group = np.empty(m, dtype=np.int64)
    group[order] = np.cumsum(is_new) - 1
    return order[is_new].astype(np.int64), group
