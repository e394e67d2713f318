r"""A Markov chain over orders of the nodes, parents summed out.

With :math:`\hat w_v(S)` the summed weight of the parent sets of v within S, the chain has the distribution

.. math:: P(\prec) \propto \prod_v \hat w_v(\{u : u \prec v\}),

that is, an order is as probable as all DAGs that agree with it together. A step proposes one of three moves, each of
which is as probable as its way back:

``adjacent``  two neighbours change places;
``swap``  any two nodes change places;
``relocate``  a node moves to another place.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.baselines.chain_runs import Blocks
from dag_gfn.errors import ConstraintError
from dag_gfn.layerings.layer_weights import LayerWeights

ADJACENT, SWAPS = 0.4, 0.3
"""Shares of the proposals of these kinds; the others relocate a node."""
NEGLIGIBLE = 1e-9
"""Probability of a parent that counts as none: with few digits left, it may be rounding."""
_LOOK = 2  # edge probabilities are looked at after so many steps for each node


class OrderChain:
    """A chain over orders.

    Parameters
    ----------
    weights : LayerWeights
        Weights of parent sets and their sums, of all sets or of those among candidates.
    start : ndarray, shape (d,), int64
        An order that has weight; see `random_order`.

    Attributes
    ----------
    order : ndarray, shape (d,), int64
        Where the chain is: the nodes, parents before children.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.order_moves import OrderChain
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> chain = OrderChain(LayerWeights.of(np.zeros((3, 4))), np.arange(3))  # all DAGs on three nodes weigh the same
    >>> blocks, tried, accepted = chain.advance(10, 100, np.random.default_rng(0))
    >>> blocks.edge.mean(axis=0)[0].astype(float).round(1).tolist()  # the earlier of two is a parent half of the time
    [0.0, 0.2, 0.2]
    """

    moves: tuple[str, ...] = ("adjacent", "swap", "relocate")

    def __init__(self, weights: LayerWeights, start: Int64[np.ndarray, " d"]):
        self._sums, self._places = weights.log_sums, weights.places
        self._scale = float(weights.log_scales.sum())
        self.order, self.d = start.copy(), len(start)
        self._before, self._values = predecessors(self._sums, self._places, start)

    def advance(
        self, blocks: int, thinning: int, rng: np.random.Generator
    ) -> tuple[Blocks, Int64[np.ndarray, "moves"], Int64[np.ndarray, "moves"]]:
        """Make blocks of `thinning` steps each; return them, and the moves that were tried and accepted, by kind."""
        d = len(self.order)
        found = Blocks(
            np.zeros((blocks, d), dtype=np.int64),
            np.zeros(blocks),
            np.zeros((blocks, d, d), dtype=np.float32),
        )
        counts = np.zeros((2, len(self.moves)), dtype=np.int64)
        for block in range(blocks):
            edge = np.zeros((d, d))
            looks = _run(
                self._sums, self._places, self.order, self._before, self._values, edge, thinning, rng, counts
            )
            found.state[block] = self.order
            found.log_target[block] = self._values.sum() + self._scale
            found.edge[block] = edge / looks
        return found, counts[0], counts[1]


def random_order(weights: LayerWeights, rng: np.random.Generator) -> Int64[np.ndarray, " d"]:
    """Return an order that has weight: each next node is drawn among those with a parent set among the nodes before.

    Parameters
    ----------
    weights : LayerWeights
    rng : numpy.random.Generator

    Raises
    ------
    ConstraintError
        If no order has weight.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.order_moves import random_order
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> random_order(LayerWeights.of(np.array([[-np.inf, 0.0], [0.0, 0.0]])), np.random.default_rng(0)).tolist()
    [1, 0]
    """
    d = weights.d
    before, order = np.zeros(d, dtype=np.int64), np.zeros(d, dtype=np.int64)
    left = list(range(d))
    for place in range(d):
        ready = [v for v in left if weights.log_sums[v, before[v]] > -np.inf]
        if not ready:  # a larger set of nodes before would leave no fewer
            raise ConstraintError(f"no DAG on the {d} nodes satisfies the constraints: drop some of them")
        order[place] = ready[int(rng.integers(len(ready)))]
        before += weights.places[:, order[place]]
        left.remove(int(order[place]))
    return order


def predecessors(
    log_sums: Float64[np.ndarray, "d sets"],
    places: Int64[np.ndarray, "d d"],
    order: Int64[np.ndarray, " d"],
) -> tuple[Int64[np.ndarray, " d"], Float64[np.ndarray, " d"]]:
    """Return the index of the nodes before each node of an order, and the log of the weight of its parent sets.

    Parameters
    ----------
    log_sums, places : ndarray
        As of `LayerWeights`.
    order : ndarray, shape (d,), int64

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.order_moves import predecessors
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> weights = LayerWeights.of(np.zeros((3, 4)))
    >>> before, values = predecessors(weights.log_sums, weights.places, np.array([2, 0, 1]))
    >>> before.tolist(), np.exp(values).round().tolist()  # 2^k parent sets of the node with k before it
    ([2, 3, 0], [2.0, 4.0, 1.0])
    """
    before = np.zeros(len(order), dtype=np.int64)
    for place, node in enumerate(order):
        before[node] = places[node, order[:place]].sum()
    return before, log_sums[np.arange(len(order)), before]


def draw_parents(
    weights: LayerWeights, orders: Int64[np.ndarray, "n d"], rng: np.random.Generator
) -> Int64[np.ndarray, "n d"]:
    """Return a DAG of each order, drawn by weight among those that agree with it: parents as bitmasks.

    Each possible parent in turn is taken or not, with its probability given what was decided before. Probabilities are
    ratios of sums over parent sets, by inclusion and exclusion; those within 1e-9 of 0 or 1, where rounding decides,
    are taken as 0 and 1.

    Parameters
    ----------
    weights : LayerWeights
    orders : ndarray, shape (n, d), int64
    rng : numpy.random.Generator
        One number is drawn for each node of each order.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.order_moves import draw_parents
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> weights = LayerWeights.of(np.log([[1.0, 1e-9], [1e-9, 1.0]]))  # 0 -> 1 is all but certain
    >>> draw_parents(weights, np.array([[0, 1]]), np.random.default_rng(0)).tolist()
    [[0, 1]]
    """
    parents = np.zeros(orders.shape, dtype=np.int64)
    uniform = rng.random(orders.shape)
    _draw(weights.log_sums, weights.places, orders, uniform, parents)
    return parents


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _propose(rng, d):
    """Return the kind of a move and its two places, the first and the last of the nodes that it changes."""
    kind = rng.random()
    if kind < ADJACENT:
        first = np.int64(rng.random() * (d - 1))
        return 0, first, first + 1
    first = np.int64(rng.random() * d)
    if (
        d == 2 and kind >= ADJACENT + SWAPS
    ):  # the order stays half of the time: steps would else only alternate
        return 2, first, np.int64(rng.random() * d)
    last = np.int64(rng.random() * (d - 1))
    if last >= first:
        last += 1
    return (1 if kind < ADJACENT + SWAPS else 2), first, last


@njit(cache=True, nogil=True)
@no_type_check
def _change(places, order, before, kind, start, end, new_order, new_before):
    """Write the order after a move, and the indices of the nodes before; only places from start to end differ.

    Kind 2 moves the node at `start` to `end`; the others exchange these two.
    """
    low, high = min(start, end), max(start, end)
    new_order[low : high + 1] = order[low : high + 1]
    if kind == 2 and start < end:
        new_order[low:high] = order[low + 1 : high + 1]
        new_order[high] = order[low]
    elif kind == 2:
        new_order[low + 1 : high + 1] = order[low:high]
        new_order[low] = order[high]
    else:
        new_order[low], new_order[high] = order[high], order[low]
    # the nodes in between gain or lose those that pass them; the two ends are counted anew
    for place in range(low, high + 1):
        new_before[order[place]] = before[order[place]]
    left, right = order[low], order[high]
    moved_right = kind != 2 or start < end  # the node on the left goes to the right end
    moved_left = kind != 2 or start > end
    for place in range(low, high + 1):
        node = order[place]
        if moved_right and node != left:
            new_before[node] -= places[node, left]
            new_before[left] += places[left, node]
        # of the two ends themselves, the pair was counted just above where both move
        if moved_left and node != right and not (moved_right and node == left):
            new_before[node] += places[node, right]
            new_before[right] -= places[right, node]
    return low, high


@njit(cache=True, nogil=True)
@no_type_check
def _run(log_sums, places, order, before, values, edge, thinning, rng, counts):
    """Make steps; add up edge probabilities given the order now and then, and return how often."""
    d = len(order)
    new_order, new_before, new_values = np.empty_like(order), np.empty_like(before), np.empty_like(values)
    looks, every = 0, min(_LOOK * d, thinning)
    for step in range(thinning):
        kind, start, end = _propose(rng, d)
        counts[0, kind] += 1
        low, high = _change(places, order, before, kind, start, end, new_order, new_before)
        gain = 0.0
        for place in range(low, high + 1):
            node = new_order[place]
            new_values[node] = log_sums[node, new_before[node]]
            gain += new_values[node] - values[node]
        if np.log(rng.random()) < gain:
            counts[1, kind] += 1
            for place in range(low, high + 1):
                node = new_order[place]
                order[place] = node
                before[node], values[node] = new_before[node], new_values[node]
        if (step + 1) % every == 0:
            looks += 1
            _add_edges(log_sums, places, order, before, values, edge)
    return looks


@njit(cache=True, nogil=True)
@no_type_check
def _add_edges(log_sums, places, order, before, values, edge):
    """Add P(i → j | order) at (i, j): the weight of the parent sets with i, as a share."""
    for place in range(1, len(order)):
        node = order[place]
        for earlier in range(place):
            other = order[earlier]
            if places[node, other]:
                without = log_sums[node, before[node] ^ places[node, other]]
                edge[other, node] += 1.0 - np.exp(without - values[node])


@njit(cache=True, nogil=True)
@no_type_check
def _share_with(log_sums, node, within, chosen, reference):
    """Return the weight of the parent sets within a set that have all chosen parents, as a share of the reference.

    By inclusion and exclusion over the chosen ones; all sets are indices.
    """
    share, left_out = 0.0, chosen
    while True:
        sign, rest = 1.0, left_out
        while rest:
            sign, rest = -sign, rest & (rest - 1)
        share += sign * np.exp(log_sums[node, within & ~left_out] - reference)
        if left_out == 0:
            return share
        left_out = (left_out - 1) & chosen


@njit(cache=True, nogil=True)
@no_type_check
def _draw(log_sums, places, orders, uniform, parents):
    """Fill the parents of each node of each order, as bitmasks."""
    n, d = orders.shape
    for k in range(n):
        for place in range(d):
            node = orders[k, place]
            within = np.int64(0)
            for earlier in range(place):
                within += places[node, orders[k, earlier]]
            reference, chosen = log_sums[node, within], np.int64(0)
            share, goal = 1.0, uniform[k, place]
            for earlier in range(place):
                other = orders[k, earlier]
                bit = places[node, other]
                if bit == 0:
                    continue
                out = _share_with(log_sums, node, within ^ bit, chosen, reference) / share
                if out < NEGLIGIBLE:
                    out = 0.0
                elif out > 1.0 - NEGLIGIBLE:
                    out = 1.0
                if goal < out:
                    within ^= bit
                    goal /= out
                    share *= out
                else:
                    chosen |= bit
                    parents[k, node] |= np.int64(1) << other
                    goal = (goal - out) / (1.0 - out)
                    share *= 1.0 - out
