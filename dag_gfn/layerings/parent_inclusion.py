r"""How probable each column is as a parent of a node, taken alone: from chains over the node's parent sets.

Many chains side by side, each over the subsets of a set U by their weight w. A step looks at one random column i of U
and lets it be a parent with its conditional probability

.. math:: p(i \mid T \setminus i) = \frac{w(T \cup i)}{w(T \cup i) + w(T \setminus i)},

and the mean of these, rather than of what was drawn, is the estimate (Rao-Blackwell): it is near the truth for rare
parents too. Every second step goes on to exchange a parent for another column, so that columns which stand in for one
another change places.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.graphs.subsets import pack, unpack
from dag_gfn.scores import ScoreTable

_SWEEPS = 6  # looks of each chain at each column, the first quarter as burn-in
_LEAST_STEPS = 200
_CHAINS = (32, 256)


@dataclass(frozen=True, eq=False)
class ParentInclusion:
    """Probabilities that each column is a parent of a node, the parents of all other nodes left out of account.

    Attributes
    ----------
    alone : ndarray, shape (d,), float64
        Where all other columns can be parents.
    in_orders : ndarray, shape (d,), float64
        The mean over random orders in which it comes before the node, where only what comes before can be.
    """

    alone: Float64[np.ndarray, " d"]
    in_orders: Float64[np.ndarray, " d"]


def parent_inclusion(
    table: ScoreTable,
    node: int,
    sets: Int64[np.ndarray, " m"],
    scores: Float64[np.ndarray, " m"],
    *,
    families: int | float,
    rng: np.random.Generator,
) -> ParentInclusion:
    """Return how probable each column is as a parent of a node.

    Parameters
    ----------
    table : ScoreTable
    node : int
    sets, scores : ndarray, shape (m,)
        Parent sets, as bitmasks, and their values in the table: the chains begin at draws of these.
    families : float
        How many families may be scored, roughly.
    rng : numpy.random.Generator
    """
    d = table.d
    steps = max(_SWEEPS * (d - 1), _LEAST_STEPS)
    half = int(np.clip(families / (1.5 * steps), *_CHAINS)) // 2
    before = rng.permuted(np.tile(np.arange(d), (half, 1)), axis=1)  # places in random orders
    before = before < before[:, [node]]
    within = pack(np.concatenate([np.ones_like(before), before])) & ~(np.int64(1) << node)
    within |= table.constraints.required[node]
    weight = np.exp(scores - scores.max())
    chains = _Chains(table, node, within, sets[rng.choice(len(sets), 2 * half, p=weight / weight.sum())], rng)
    mean, looks = np.zeros((2, 2, d))
    for step in range(steps):
        column, probability = chains.flip()
        if step >= steps // 4:
            for k, part in enumerate((slice(half), slice(half, None))):
                mean[k] += np.bincount(column[part], probability[part], minlength=d)
                looks[k] += np.bincount(column[part], chains.possible(column)[part], minlength=d)
        if step % 2:
            chains.exchange()
    alone, in_orders = mean / np.maximum(looks, 1)
    return ParentInclusion(alone, in_orders)


class _Chains:
    """Chains over parent sets of one node, each within a set of its own."""

    def __init__(
        self,
        table: ScoreTable,
        node: int,
        within: Int64[np.ndarray, " chains"],
        sets: Int64[np.ndarray, " chains"],
        rng: np.random.Generator,
    ):
        self._table, self._node, self._within, self._rng = table, node, within, rng
        self._others = np.array([i for i in range(table.d) if i != node])
        self._sets = sets & within
        self._scores = self._scored(self._sets)

    def possible(self, column: Int64[np.ndarray, " chains"]) -> Float64[np.ndarray, " chains"]:
        """Return 1 where a chain's set can hold the column, else 0."""
        return (self._within >> column & 1).astype(np.float64)

    def flip(self) -> tuple[Int64[np.ndarray, " chains"], Float64[np.ndarray, " chains"]]:
        """Let one random column of each chain join or leave; return it, and the probability that it is in."""
        column = self._others[self._rng.integers(len(self._others), size=len(self._sets))]
        flipped = self._sets ^ (np.int64(1) << column) & self._within
        scores = self._scored(flipped)
        with np.errstate(over="ignore"):
            change = 1.0 / (1.0 + np.exp(self._scores - scores))
        change[flipped == self._sets] = 0.0
        probability = np.where(self._sets >> column & 1, 1.0 - change, change)
        self._go(flipped, scores, self._rng.random(len(flipped)) < change)
        return column, probability

    def exchange(self) -> None:
        """Propose a random column that is in no set, in place of one that is."""
        key = self._rng.random((len(self._sets), self._table.d))
        inside, free = unpack(self._sets, self._table.d), unpack(self._within & ~self._sets, self._table.d)
        leaves, joins = (np.where(among, key, -1.0).argmax(axis=1) for among in (inside, free))
        exchanged = self._sets ^ (np.int64(1) << leaves) ^ (np.int64(1) << joins)
        exchanged = np.where(inside.any(axis=1) & free.any(axis=1), exchanged, self._sets)
        scores = self._scored(exchanged)
        self._go(exchanged, scores, -self._rng.exponential(size=len(scores)) < scores - self._scores)

    def _scored(self, sets: Int64[np.ndarray, " chains"]) -> Float64[np.ndarray, " chains"]:
        distinct, which = np.unique(sets, return_inverse=True)
        return self._table.scores_of(self._node, distinct)[which]

    def _go(self, sets: np.ndarray, scores: np.ndarray, where: np.ndarray) -> None:
        self._sets, self._scores = np.where(where, sets, self._sets), np.where(where, scores, self._scores)
