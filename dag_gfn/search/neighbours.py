"""DAGs that differ from one in one edge, with what each change does to the score."""

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.graphs import graph
from dag_gfn.scores import ScoreTable


def neighbours(
    table: ScoreTable, parents: Int64[np.ndarray, " d"]
) -> tuple[Float64[np.ndarray, " m"], Int64[np.ndarray, "m d"]]:
    """Return all DAGs that one edge added, removed or reversed makes, and the gain of each in log R.

    Parameters
    ----------
    table : ScoreTable
    parents : ndarray, shape (d,), int64
        The parents of each node of a DAG that the constraints allow, as bitmasks.

    Returns
    -------
    gains : ndarray, shape (m,), float64
        In nats; changes that the constraints forbid are left out.
    changed : ndarray, shape (m, d), int64
        Parents of each neighbour.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
    >>> from dag_gfn.search.neighbours import neighbours
    >>> a = np.random.default_rng(0).normal(size=200)
    >>> data = from_array(np.column_stack([a, -a]) + 0.1, names=["a", "b"])
    >>> table = ScoreTable.build(make_score("bge", data), make_prior("uniform", 2), Constraints.none(2))
    >>> gains, changed = neighbours(table, np.zeros(2, dtype=int))
    >>> changed.tolist(), (gains > 100).tolist()  # a -> b, b -> a
    ([[0, 1], [2, 0]], [True, True])
    """
    d, possible = table.d, table.possible
    bits = np.int64(1) << np.arange(possible.size, dtype=np.int64)
    nodes = np.arange(d, dtype=np.int64)
    toggled = parents[:, None] ^ bits  # (node, bit): the other node joins or leaves the parents
    scores = table.local_scores(np.repeat(nodes, len(bits)), toggled.reshape(-1)).reshape(toggled.shape)
    by_bit = scores - table.local_scores(nodes, parents)[:, None]
    gain = possible.by_node(by_bit, -np.inf).T  # (i, j): of toggling i → j
    adjacency = possible.adjacency_of(parents)  # (i, j): i → j
    moves = legal_moves(adjacency, gain)
    gains, changed = [], []
    for toggles, of_move in moves:
        for i, j in np.argwhere(np.isfinite(of_move)):
            after = parents.copy()
            after[j] ^= np.int64(1) << possible.bits[j, i]  # toggles i → j
            if toggles == 2:
                after[i] ^= np.int64(1) << possible.bits[i, j]
            gains.append(of_move[i, j])
            changed.append(after)
    if not gains:
        return np.zeros(0), np.zeros((0, d), dtype=np.int64)
    return np.array(gains), np.array(changed)


def legal_moves(
    adjacency: Bool[np.ndarray, "d d"], gain: Float64[np.ndarray, "d d"]
) -> list[tuple[int, Float64[np.ndarray, "d d"]]]:
    """Return the gains of toggling i → j alone, and of reversing it, -inf where that is no DAG.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        Of a DAG, ``[i, j]`` is True for i → j (row → column).
    gain : ndarray, shape (d, d), float64
        What node j's score gains where i joins its parents or leaves them, in nats.

    Returns
    -------
    list of (int, ndarray of shape (d, d))
        How many parent sets a move changes, and the gain of that move of i → j.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.search.neighbours import legal_moves
    >>> (_, toggle), (_, reverse) = legal_moves(np.array([[False, True], [False, False]]), np.ones((2, 2)))
    >>> toggle.tolist(), reverse.tolist()  # 0 → 1 can go or be turned round; 1 → 0 beside it is a cycle
    ([[-inf, 1.0], [-inf, -inf]], [[-inf, 2.0], [-inf, -inf]])
    """
    d = len(adjacency)
    reaches = graph.transitive_closure(adjacency)  # reflexive
    alone = np.where(adjacency | ~reaches.T, gain, -np.inf)  # to be added where j does not reach i
    # i → j can be reversed unless i reaches another parent of j
    around = (reaches & ~np.eye(d, dtype=bool)).astype(np.float32) @ adjacency.astype(np.float32) > 0
    reverse = np.where(adjacency & ~around, gain + gain.T, -np.inf)
    return [(1, alone), (2, reverse)]
