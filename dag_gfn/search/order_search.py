"""The best DAG by search over orders of the nodes.

Candidates are the parents in the best DAG so far and what would gain most beside them, so that searching again from the
DAG that was found goes on. Given an order, each node takes its best parents among those before it, one look-up in a
table of the best subset of each set of candidate parents. Orders change by moving one node to another place; the best
such move is made until none gains. Then the order is shaken by a few random moves and improved again.

References
----------
Teyssier and Koller, "Ordering-based search", UAI 2005 (best parents given the order; here with moves of one node over
any distance, as Scanagatta, Corani and Zaffalon, PGM 2017, propose). Friedman, Nachman and Pe'er, "Learning Bayesian
network structure from massive datasets: the sparse candidate algorithm", UAI 1999 (candidates that are renewed).
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit
from scipy.special import expit

from dag_gfn.budget import TimeBudget
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import popcount, subsets_within, unpack
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

MAX_CANDIDATES = 12
"""Candidate parents of a node: all their subsets are scored."""
_FORBIDDEN = -1e12
"""Score in nats of a parent set that the constraints forbid."""
_SHAKES = 60  # of the best order that is known, after all starts
_MOVED = 4  # nodes that a shake moves


def best_by_orders(
    table: ScoreTable,
    starts: Int64[np.ndarray, "s d"],
    edge: Float64[np.ndarray, "d d"],
    *,
    budget: TimeBudget | None = None,
) -> Int64[np.ndarray, "r d"]:
    """Return the best DAGs of the orders that were found, best first.

    Parameters
    ----------
    table : ScoreTable
    starts : ndarray, shape (s, d), int64
        Parents of each node, as bitmasks, of DAGs whose orders the search begins with.
    edge : ndarray, shape (d, d), float64
        Probability of i → j: the likeliest parents are candidates, beside those in the starts.
    budget : TimeBudget, optional
        Of the search: when it is over, the best DAGs so far are returned, or the starts where there is none yet.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
    >>> from dag_gfn.search.order_search import best_by_orders
    >>> rng = np.random.default_rng(0)
    >>> a, c = rng.normal(size=(2, 200))
    >>> data = from_array(np.column_stack([a, a + c + 0.1 * rng.normal(size=200), c]), names=["a", "b", "c"])
    >>> table = ScoreTable.build(make_score("bge", data), make_prior("uniform", 3), Constraints.none(3))
    >>> best_by_orders(table, np.zeros((1, 3), dtype=int), np.full((3, 3), 0.5)).tolist()  # a -> b <- c
    [[0, 5, 0]]
    """
    budget = TimeBudget() if budget is None else budget
    d = table.d
    candidates = choose(table, starts, edge)
    size = max(int(popcount(candidates).max()), 1)
    scores, best, chosen = (np.full((d, 1 << size), fill) for fill in (-np.inf, -np.inf, np.int64(0)))
    places = np.zeros((d, d), dtype=np.int64)  # bit of each candidate in the indices of a node
    for node in range(d):
        if budget.is_over():
            return starts
        members = np.flatnonzero(unpack(candidates[node : node + 1], table.possible.size)[0])
        places[node, table.possible.nodes[node, members]] = np.int64(1) << np.arange(len(members))
        scores[node, : 1 << len(members)] = table.scores_within(node, int(candidates[node]))
    scores[scores == -np.inf] = _FORBIDDEN  # differences of infinities are not numbers
    _best_within(scores, best, chosen)
    orders = _orders_of(table.possible.adjacency_of(starts))
    found = [_climb(best, places, orders[0])]
    for order in orders[1:]:
        if budget.is_over():
            break
        found.append(_climb(best, places, order))
    rng = RandomStreams(0).generator("shaken orders")  # equal tables give equal graphs
    for _ in range(_SHAKES):
        if budget.is_over():
            break
        _, order = max(found, key=lambda pair: pair[0])
        shaken = order.copy()
        for _ in range(_MOVED):
            node, to = rng.integers(d, size=2)
            shaken = np.insert(np.delete(shaken, node), to, shaken[node])
        found.append(_climb(best, places, shaken))
    found.sort(key=lambda pair: -pair[0])
    return np.array([_parents_of(order, chosen, places, candidates) for _, order in found[: len(starts)]])


def choose(
    table: ScoreTable, starts: Int64[np.ndarray, "s d"], edge: Float64[np.ndarray, "d d"]
) -> Int64[np.ndarray, " d"]:
    """Return candidate parents of each node, as bitmasks: those that the starts have, and the likeliest others.

    Parameters
    ----------
    table, starts, edge
        As for `best_by_orders`; the first start is the best one.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
    >>> from dag_gfn.search.order_search import choose
    >>> data = from_array(np.random.default_rng(0).normal(size=(50, 3)), names=["a", "b", "c"])
    >>> table = ScoreTable.build(make_score("bge", data), make_prior("uniform", 3), Constraints.none(3))
    >>> choose(table, np.zeros((1, 3), dtype=int), np.full((3, 3), 0.5)).tolist()  # few nodes: all others
    [6, 5, 3]
    """
    d, possible = table.d, table.possible
    in_best = unpack(starts[0], possible.size)  # (node, other), as everything here
    in_any = unpack(np.bitwise_or.reduce(starts, axis=0), possible.size)
    required = unpack(table.constraints.required, possible.size)
    gains = table.column_gains(np.arange(d, dtype=np.int64), starts[0])
    worth = possible.by_bit(edge.T) + expit(gains) + 2.0 * in_any + 4.0 * in_best + 8.0 * required
    if possible.is_all:
        np.fill_diagonal(worth, -1.0)
    ranked = np.argsort(-worth, axis=1, kind="stable")[:, : min(MAX_CANDIDATES, d - 1)]
    return (np.int64(1) << ranked.astype(np.int64)).sum(axis=1)


def _orders_of(adjacency: Bool[np.ndarray, "s d d"]) -> Int64[np.ndarray, "s d"]:
    """Return an order of each DAG's nodes, parents first: they have fewer ancestors."""
    return np.argsort(graph.transitive_closure(adjacency).sum(axis=-2), axis=-1, kind="stable")


def _parents_of(
    order: Int64[np.ndarray, " d"],
    chosen: Int64[np.ndarray, "d sets"],
    places: Int64[np.ndarray, "d d"],
    candidates: Int64[np.ndarray, " d"],
) -> Int64[np.ndarray, " d"]:
    parents = np.zeros(len(order), dtype=np.int64)
    for position, node in enumerate(order):
        before = places[node, order[:position]].sum()
        parents[node] = subsets_within(int(candidates[node]))[chosen[node, before]]
    return parents


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _best_within(scores, best, chosen):
    """Fill the largest score among the subsets of each set, and which subset has it.

    All arrays have shape (d, 2^K); bit k of an index stands for candidate k of the node.
    """
    d, sets = scores.shape
    for node in range(d):
        for inside in range(sets):
            top, subset = scores[node, inside], inside
            # any other subset lies within the set less one member, a smaller index that is done already
            rest = inside
            while rest:
                bit = rest & -rest
                rest ^= bit
                if best[node, inside ^ bit] > top:
                    top, subset = best[node, inside ^ bit], chosen[node, inside ^ bit]
            best[node, inside], chosen[node, inside] = top, subset


@njit(cache=True, nogil=True)
@no_type_check
def _climb(best, places, start):
    """Return the score of the order that the best moves of single nodes lead to, and the order.

    ``best[v, s]`` is the best score of v with parents in the set of index s, ``places[v, u]`` the bit of u in the
    indices of v, 0 where u is no candidate. Each round looks at all moves of one node to another place, O(d²), and
    makes the one that gains most; it ends where none gains.
    """
    d = len(start)
    order = start.copy()
    before = np.zeros(d, dtype=np.int64)  # index of the predecessors of each node
    value = np.empty(d)
    for position in range(d):
        node = order[position]
        for earlier in range(position):
            before[node] += places[node, order[earlier]]
        value[node] = best[node, before[node]]
    for _ in range(20 * d):
        top, top_from, top_to = 1e-9, -1, -1
        for position in range(d):
            node = order[position]
            for step in (-1, 1):  # towards the front, then towards the end, one place at a time
                change = 0.0  # in the scores of the nodes that were passed
                inside = before[node]
                to = position
                while 0 <= to + step < d:
                    to += step
                    other = order[to]
                    # the two change places: towards the front the node loses `other` as a possible parent, and
                    # `other` gains the node; towards the end it is the other way round
                    inside += step * places[node, other]
                    moved = before[other] - step * places[other, node]
                    change += best[other, moved] - value[other]
                    gain = change + best[node, inside] - value[node]
                    if gain > top:
                        top, top_from, top_to = gain, position, to
        if top_from < 0:
            break
        # make the best move by the same exchanges of neighbours, so that the index sets and scores stay right
        node = order[top_from]
        step = 1 if top_to > top_from else -1
        position = top_from
        while position != top_to:
            other = order[position + step]
            before[node] += step * places[node, other]
            before[other] -= step * places[other, node]
            value[other] = best[other, before[other]]
            order[position] = other
            position += step
        order[position] = node
        value[node] = best[node, before[node]]
    total = 0.0
    for node in range(d):
        total += value[node]
    return total, order
