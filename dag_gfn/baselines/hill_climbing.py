"""The point estimate of greedy hill climbing: one DAG that no change of one edge improves."""

import numpy as np
from jaxtyping import Int64

from dag_gfn.errors import ConstraintError
from dag_gfn.scores import ScoreTable
from dag_gfn.search.neighbours import legal_moves

LEAST_GAIN = 1e-9
"""Nats that a change has to gain: less is rounding."""
_TIED = 1e-6  # nats by which gains differ that count as equal, as those of an edge's two directions often are


def hill_climb(table: ScoreTable, *, rng: np.random.Generator) -> Int64[np.ndarray, " d"]:
    """Return the DAG to which the best change of one edge leads, again and again, from the required edges alone.

    An edge is added, removed or reversed, whatever gains most in log R. It is a local optimum, and need not be the best
    DAG.

    Parameters
    ----------
    table : ScoreTable
        Of at most 63 nodes.
    rng : numpy.random.Generator
        Chooses among changes that gain as much, so that the order of the columns decides no direction.

    Returns
    -------
    ndarray, shape (d,), int64
        The parents of each node, as bitmasks.

    Raises
    ------
    ConstraintError
        If the required edges alone are not allowed.

    References
    ----------
    Heckerman, Geiger and Chickering, "Learning Bayesian networks", Machine Learning 20 (1995), section 7.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.hill_climbing import hill_climb
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> a, c = np.random.default_rng(0).normal(size=(2, 200))
    >>> data = from_array(np.column_stack([a, a + c + 0.1 * np.roll(a, 1), c]), names=["a", "b", "c"])
    >>> hill_climb(ScoreTable.build(make_score("bge", data)), rng=np.random.default_rng(0)).tolist()  # a -> b <- c
    [0, 5, 0]
    """
    d, nodes = table.d, np.arange(table.d, dtype=np.int64)
    parents = table.constraints.required.copy()
    scores = table.local_scores(nodes, parents)
    if not np.isfinite(scores).all():
        raise ConstraintError(f"the required edges alone are no DAG on the {d} nodes that is allowed")
    bits = np.int64(1) << nodes
    toggled = np.full((d, d), -np.inf)  # [i, j]: score of j where i joins its parents or leaves them
    changed = nodes
    while True:
        others = np.repeat(changed, d)
        sets = (parents[changed, None] ^ bits).reshape(-1)
        toggled[:, changed] = table.local_scores(others, sets).reshape(-1, d).T
        moves = legal_moves(table.possible.adjacency_of(parents), toggled - scores)
        gain = np.stack([of_move for _, of_move in moves])  # (toggle or reverse, i, j)
        top = float(gain.max())
        if not top > LEAST_GAIN:
            return parents
        best = np.argwhere(gain >= top - _TIED)
        reverse, i, j = best[int(rng.integers(len(best)))]
        parents[j] ^= bits[i]
        scores[j] = toggled[i, j]
        changed = np.array([j])
        if reverse:
            parents[i] ^= bits[j]
            scores[i] = toggled[j, i]
            changed = np.array([i, j])
