r"""A Markov chain over DAGs that adds, removes or reverses one edge at a time, with P(G) ∝ R(G) as its distribution.

Each step proposes one of two moves of an ordered pair (i, j), all pairs being equally probable:

``toggle``  i → j is removed if it is there, and added if it is not;
``reverse``  i → j becomes j → i, if it is there.

Both are symmetric: a proposal and its reversal are equally probable. So a proposal is accepted with probability
:math:`\min(1, R(G') / R(G))`, and numbers of neighbours need not be counted. What makes a cycle, or is not allowed, is
rejected.
"""

from collections.abc import Callable
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.baselines.chain_runs import Blocks
from dag_gfn.scores import ScoreTable

REVERSALS = 0.3
"""Share of the proposals that reverse an edge; the others toggle one."""

LocalScores = Callable[[Int64[np.ndarray, " m"], Int64[np.ndarray, " m"]], Float64[np.ndarray, " m"]]


class EdgeChain:
    """A chain over DAGs by single edges.

    The scores of all parent sets that differ from a node's own in one node are at hand, so that a proposal that is
    rejected takes no look-up, and one that is accepted those of one or two nodes.

    Parameters
    ----------
    table : ScoreTable
        Of at most 63 nodes.
    start : ndarray, shape (d,), int64
        The parents of each node of a DAG that the table allows, as bitmasks.

    Attributes
    ----------
    parents : ndarray, shape (d,), int64
        Of the DAG where the chain is.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.baselines.edge_moves import EdgeChain
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> a = np.random.default_rng(0).normal(size=200)
    >>> data = dag_gfn.from_array(np.column_stack([a, a + 0.1 * np.roll(a, 1)]))
    >>> chain = EdgeChain(ScoreTable.build(make_score("bge", data)), np.zeros(2, dtype=np.int64))
    >>> blocks, tried, accepted = chain.advance(10, 100, np.random.default_rng(0))
    >>> blocks.edge[1:].mean(axis=0).round(1).tolist(), int(tried.sum())  # a – b: one direction as often as the other
    ([[0.0, 0.5], [0.5, 0.0]], 1000)
    """

    moves: tuple[str, ...] = ("toggle", "reverse")

    def __init__(self, table: ScoreTable, start: Int64[np.ndarray, " d"]):
        self._table, self.d = table, table.d
        d = self.d
        self.parents = start.copy()
        self._scores = table.local_scores(np.arange(d, dtype=np.int64), start)
        self._toggled = np.full(
            (d, d), -np.inf
        )  # [j, i]: score of j where i joins its parents or leaves them
        self._refresh(np.arange(d, dtype=np.int64))

    def advance(
        self, blocks: int, thinning: int, rng: np.random.Generator
    ) -> tuple[Blocks, Int64[np.ndarray, "moves"], Int64[np.ndarray, "moves"]]:
        """Make blocks of `thinning` steps each; return them, and the moves that were tried and accepted, by kind."""
        d = len(self.parents)
        found = Blocks(
            np.zeros((blocks, d), dtype=np.int64),
            np.zeros(blocks),
            np.zeros((blocks, d, d), dtype=np.float32),
        )
        counts = np.zeros((2, 2), dtype=np.int64)
        for block in range(blocks):
            steps = np.zeros((d, d), dtype=np.int64)  # [j, i]: in how many i → j was there
            since = np.zeros((d, d), dtype=np.int64)
            if self._table.complete is not None:
                _run(
                    self._table.complete,
                    self.parents,
                    self._scores,
                    self._toggled,
                    steps,
                    since,
                    thinning,
                    rng,
                    counts,
                )
            else:
                self._run_by_look_ups(steps, since, thinning, rng, counts)
            _count_rest(self.parents, steps, since, thinning)
            found.state[block] = self.parents
            found.log_target[block] = self._scores.sum()
            found.edge[block] = (steps / thinning).T
        return found, counts[0], counts[1]

    def _run_by_look_ups(
        self,
        steps: Int64[np.ndarray, "d d"],
        since: Int64[np.ndarray, "d d"],
        thinning: int,
        rng: np.random.Generator,
        counts: Int64[np.ndarray, "2 2"],
    ) -> None:
        """Run a block where scores are not all in memory: compiled code stops at each move that is accepted."""
        done = 0
        while done < thinning:
            done, j, i = _next_move(
                self.parents, self._scores, self._toggled, steps, since, done, thinning, rng, counts
            )
            if j >= 0:
                self._refresh(np.array([j] if i < 0 else [j, i], dtype=np.int64))

    def _refresh(self, nodes: Int64[np.ndarray, " m"]) -> None:
        d = len(self.parents)
        bits = np.int64(1) << np.arange(d, dtype=np.int64)
        sets = (self.parents[nodes, None] ^ bits).reshape(-1)
        self._toggled[nodes] = self._table.local_scores(np.repeat(nodes, d), sets).reshape(-1, d)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _gain(parents, scores, toggled, reverse, i, j):
    """Return log R(G') - log R(G) of a move of the pair (i, j), -inf where there is none; cycles are not seen."""
    present = parents[j] >> i & 1
    if not reverse:
        return toggled[j, i] - scores[j]
    if not present:
        return -np.inf
    return toggled[j, i] - scores[j] + toggled[i, j] - scores[i]


@njit(cache=True, nogil=True)
@no_type_check
def _makes_cycle(parents, reverse, i, j):
    """Return whether a move of the pair (i, j) makes a cycle."""
    present = parents[j] >> i & 1
    if not reverse:
        return not present and _is_ancestor(parents, j, i)
    parents[j] ^= np.int64(1) << i  # another way from i to j
    found = _is_ancestor(parents, i, j)
    parents[j] ^= np.int64(1) << i
    return found


@njit(cache=True, nogil=True)
@no_type_check
def _is_ancestor(parents, a, b):
    """Return whether a path leads from a to b, which differ."""
    above = parents[b]
    new = above
    while new:
        if new >> a & 1:
            return True
        reached = np.int64(0)
        v = 0
        while new:
            if new & 1:
                reached |= parents[v]
            new >>= 1
            v += 1
        new = reached & ~above
        above |= reached
    return False


@njit(cache=True, nogil=True)
@no_type_check
def _next_move(parents, scores, toggled, steps, since, done, thinning, rng, counts):
    """Make proposals until one is accepted, and change the graph in place; ``toggled`` is then to be refreshed.

    Returns
    -------
    int
        Steps of the block that are done.
    int, int
        The nodes whose parents have changed; -1 stands for none.
    """
    d = len(parents)
    while done < thinning:
        done += 1
        reverse = rng.random() < REVERSALS
        counts[0, int(reverse)] += 1
        i = np.int64(rng.random() * d)
        j = np.int64(rng.random() * (d - 1))
        if j >= i:
            j += 1
        if not np.log(rng.random()) < _gain(parents, scores, toggled, reverse, i, j):
            continue
        if _makes_cycle(parents, reverse, i, j):
            continue
        counts[1, int(reverse)] += 1
        # the step itself counts for the new graph
        if parents[j] >> i & 1:
            steps[j, i] += done - 1 - since[j, i]
        else:
            since[j, i] = done - 1
        parents[j] ^= np.int64(1) << i
        scores[j] = toggled[j, i]
        if not reverse:
            return done, j, -1
        parents[i] |= np.int64(1) << j
        scores[i] = toggled[i, j]
        since[i, j] = done - 1
        return done, j, i
    return done, -1, -1


@njit(cache=True, nogil=True)
@no_type_check
def _count_rest(parents, steps, since, thinning):
    """Add the steps since the last move to the edges that are there at the end of a block."""
    for j in range(len(parents)):
        for i in range(len(parents)):
            if parents[j] >> i & 1:
                steps[j, i] += thinning - since[j, i]


@njit(cache=True, nogil=True)
@no_type_check
def _run(complete, parents, scores, toggled, steps, since, thinning, rng, counts):
    """Run a block with all scores in memory; ``complete`` has shape (d, 2^(d-1))."""
    done = 0
    while done < thinning:
        done, j, i = _next_move(parents, scores, toggled, steps, since, done, thinning, rng, counts)
        if j >= 0:
            _refresh_node(complete, parents, toggled, j)
        if i >= 0:
            _refresh_node(complete, parents, toggled, i)


@njit(cache=True, nogil=True)
@no_type_check
def _refresh_node(complete, parents, toggled, node):
    """Look up the scores of all parent sets that differ from a node's own in one other node."""
    below = (np.int64(1) << node) - 1
    index = parents[node] & below | (parents[node] >> 1) & ~below  # without the node's own bit
    for other in range(len(parents)):
        if other != node:
            place = other if other < node else other - 1
            toggled[node, other] = complete[node, index ^ np.int64(1) << place]
