r"""Probabilities of each column as a parent of one node, from Markov chains over the node's parent sets.

Many chains run side by side, each over the subsets T of its own set U, with the weights w(T) as their limit. A step
takes one random column i of U and makes it a parent with its conditional probability

.. math:: p(i \mid T \setminus i) = \frac{w(T \cup i)}{w(T \cup i) + w(T \setminus i)},

The estimate is the mean of these probabilities, not of the draws (Rao-Blackwell), which is accurate for rare parents
too. Every second step also proposes to exchange a parent for another column, so that columns which can replace each
other do so.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.graphs.subsets import pack, unpack
from dag_gfn.scores import ScoreTable

_SWEEPS = 6  # steps of each chain for each column; the first quarter is burn-in
_LEAST_STEPS = 200
_CHAINS = (32, 256)  # at least and at most


@dataclass(frozen=True, eq=False)
class ParentInclusion:
    """Probabilities that each column is a parent of a node, whatever the parents of the other nodes.

    Attributes
    ----------
    alone : ndarray, shape (p,), float64
        The probabilities where all other columns can be parents. An entry stands for a bit of the node's masks: for the
        column itself, up to 63 of them.
    in_orders : ndarray, shape (p,), float64
        The same where only columns before the node in an order can be: the mean over the random orders in which the
        column comes before the node.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.parent_inclusion import parent_inclusion
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> start, rng = np.array([0]), np.random.default_rng(0)
    >>> found = parent_inclusion(table, 0, start, table.scores_of(0, start), families=1_000, rng=rng)
    >>> found.alone.shape, float(found.alone[0])  # a node is no parent of itself
    ((3,), 0.0)
    """

    alone: Float64[np.ndarray, " p"]
    in_orders: Float64[np.ndarray, " p"]


def parent_inclusion(
    table: ScoreTable,
    node: int,
    sets: Int64[np.ndarray, " m"],
    scores: Float64[np.ndarray, " m"],
    *,
    families: int | float,
    rng: np.random.Generator,
) -> ParentInclusion:
    """Return the probability of each column as a parent of a node.

    Parameters
    ----------
    table : ScoreTable
    node : int
    sets, scores : ndarray, shape (m,)
        Parent sets, as bitmasks, and their scores. The chains start at draws of these.
    families : float
        About how many families may be scored.
    rng : numpy.random.Generator

    Examples
    --------
    Column 0 follows column 1 and not column 2:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.parent_inclusion import parent_inclusion
    >>> x = np.random.default_rng(1).normal(size=(40, 3))
    >>> x[:, 0] += 3 * x[:, 1]
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(x)))
    >>> start, rng = np.array([0]), np.random.default_rng(0)
    >>> found = parent_inclusion(table, 0, start, table.scores_of(0, start), families=1_000, rng=rng)
    >>> (found.alone > 0.5).tolist()
    [False, True, False]
    """
    bits, own = table.possible.size, table.possible.own_bit(node)
    steps = _steps(bits)
    half = int(np.clip(families / scorings(bits), *_CHAINS)) // 2
    ordered, place = (bits, node) if own else (bits + 1, bits)  # the node is among the bits, or comes on top
    before = rng.permuted(np.tile(np.arange(ordered), (half, 1)), axis=1)  # places in random orders
    before = before[:, :bits] < before[:, [place]]
    within = pack(np.concatenate([np.ones_like(before), before])) & ~np.int64(own)
    within |= table.constraints.required[node]
    weight = np.exp(scores - scores.max())
    chains = _Chains(table, node, within, sets[rng.choice(len(sets), 2 * half, p=weight / weight.sum())], rng)
    mean, looks = np.zeros((2, 2, bits))
    for step in range(steps):
        column, probability = chains.flip()
        if step >= steps // 4:
            for k, part in enumerate((slice(half), slice(half, None))):
                mean[k] += np.bincount(column[part], probability[part], minlength=bits)
                looks[k] += np.bincount(column[part], chains.possible(column)[part], minlength=bits)
        if step % 2:
            chains.exchange()
    alone, in_orders = mean / np.maximum(looks, 1)
    return ParentInclusion(alone, in_orders)


def scorings(d: int) -> float:
    """Return how many times families are scored, one of each chain, for d nodes.

    Examples
    --------
    >>> from dag_gfn.layerings.parent_inclusion import scorings
    >>> scorings(50)
    441.0
    """
    return 1.5 * _steps(d)  # every second step exchanges parents, too


def _steps(d: int) -> int:
    return max(_SWEEPS * (d - 1), _LEAST_STEPS)


class _Chains:
    """Markov chains over parent sets of one node, each limited to the subsets of its own set of columns."""

    def __init__(
        self,
        table: ScoreTable,
        node: int,
        within: Int64[np.ndarray, " chains"],
        sets: Int64[np.ndarray, " chains"],
        rng: np.random.Generator,
    ):
        self._table, self._node, self._within, self._rng = table, node, within, rng
        everyone = table.possible.everyone(node)
        self._others = np.array([bit for bit in range(table.possible.size) if everyone >> bit & 1])
        self._sets = sets & within
        self._scores = self._scored(self._sets)

    def possible(self, column: Int64[np.ndarray, " chains"]) -> Float64[np.ndarray, " chains"]:
        """Return 1 where a chain's set can hold the column, else 0."""
        return (self._within >> column & 1).astype(np.float64)

    def flip(self) -> tuple[Int64[np.ndarray, " chains"], Float64[np.ndarray, " chains"]]:
        """Let one random column of each chain join or leave; return the columns and their probabilities to be in."""
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
        """Propose, in each chain, to exchange a random member of the set for a random column outside it."""
        bits = self._table.possible.size
        key = self._rng.random((len(self._sets), bits))
        inside, free = unpack(self._sets, bits), unpack(self._within & ~self._sets, bits)
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
