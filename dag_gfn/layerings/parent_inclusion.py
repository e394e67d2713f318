r"""Probabilities of each column as a parent of one node, by a catalogue of parent sets.

The catalogue holds the likely sets of the node (:mod:`dag_gfn.layerings.candidates`), and is taken for all there are:
column i is a parent with probability :math:`\sum_{T \ni i} w(T) / \sum_T w(T)`, with sums over all T of the catalogue,
or over those within the columns before the node in a random order.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.graphs.subsets import pack, unpack
from dag_gfn.scores import ScoreTable

_ORDERS = (32, 256)  # random orders, at least and at most
_LOOKS = 1_000_000  # at all sets of a catalogue in all orders, about


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
    >>> sets = np.array([0b000, 0b010, 0b100, 0b110])
    >>> found = parent_inclusion(table, 0, sets, table.scores_of(0, sets), rng=np.random.default_rng(0))
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
    rng: np.random.Generator,
) -> ParentInclusion:
    """Return the probability of each column as a parent of a node.

    Parameters
    ----------
    table : ScoreTable
    node : int
    sets, scores : ndarray, shape (m,)
        Parent sets, as bitmasks, and their scores. One of them holds the required parents alone.
    rng : numpy.random.Generator
        Of the orders.

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
    >>> sets, rng = np.array([0b000, 0b010, 0b100, 0b110]), np.random.default_rng(0)
    >>> found = parent_inclusion(table, 0, sets, table.scores_of(0, sets), rng=rng)
    >>> (found.alone > 0.5).tolist()
    [False, True, False]
    """
    bits, own = table.possible.size, table.possible.own_bit(node)
    ordered, place = (bits, node) if own else (bits + 1, bits)  # the node is among the bits, or comes on top
    orders = int(np.clip(_LOOKS / len(sets), *_ORDERS))
    before = rng.permuted(np.tile(np.arange(ordered), (orders, 1)), axis=1)  # places in random orders
    before = before[:, :bits] < before[:, [place]]
    within = pack(before) & ~np.int64(own) | table.constraints.required[node]
    members = unpack(sets, bits).astype(np.float64)
    alone = _shares(scores, members)
    mean, looks = np.zeros((2, bits))
    for allowed, can_be in zip(within, unpack(within, bits), strict=True):
        here = sets & ~allowed == 0
        mean += _shares(scores[here], members[here])
        looks += can_be
    return ParentInclusion(alone, mean / np.maximum(looks, 1))


def _shares(
    scores: Float64[np.ndarray, " m"], members: Float64[np.ndarray, "m p"]
) -> Float64[np.ndarray, " p"]:
    """Return the shares of the weight of the sets that have each member; 0 if no set is possible."""
    largest = scores.max(initial=-np.inf)
    if largest == -np.inf:
        return np.zeros(members.shape[1])
    weight = np.exp(scores - largest)
    shares: Float64[np.ndarray, " p"] = weight @ members / weight.sum()
    return shares
