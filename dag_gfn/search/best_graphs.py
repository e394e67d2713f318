"""The most probable DAGs of a score table: exactly the first where that can be had, and others around it.

Where the table is complete the best DAG comes from a dynamic programme. Elsewhere orders of the nodes are searched with
the best parents among candidates (:mod:`dag_gfn.search.order_search`), from the orders of the best draws. From what is
found, and from the best draws, the most probable graph whose neighbours have not been seen is taken again and again,
and its neighbours are scored. All work is bounded by counts, not by the clock, so that equal fits find equal graphs.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.exact.best_dag import best_dag
from dag_gfn.graphs import graph
from dag_gfn.scores import ScoreTable
from dag_gfn.search.neighbours import neighbours
from dag_gfn.search.order_search import best_by_orders

KEPT = 1_000
"""Graphs that are returned, at most: enough to hold the best of many equivalence classes."""
_STARTS = 30  # best draws that the search begins with
_ROUNDS = 12  # of the search over orders, at most
_EXPANDED = 400  # graphs whose neighbours are scored, at the end
_EXPANDED_IN_ROUND = 60
_SEEN = 200  # neighbours of one graph, at most


@dataclass(frozen=True, eq=False)
class BestGraphs:
    """The most probable DAGs that were found.

    Attributes
    ----------
    adjacency : ndarray, shape (k, d, d), bool
        By descending score; ``[s, i, j]`` is True for i → j (row → column).
    log_scores : ndarray, shape (k,), float64
        log R in nats.
    proven : bool
        Whether no DAG has a larger score than the first.
    """

    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    proven: bool


def best_graphs(
    table: ScoreTable,
    drawn: Bool[np.ndarray, "m d d"],
    log_scores: Float64[np.ndarray, " m"],
    edge: Float64[np.ndarray, "d d"],
) -> BestGraphs:
    """Search for the most probable DAGs.

    Parameters
    ----------
    table : ScoreTable
    drawn : ndarray, shape (m, d, d), bool
        Graphs to begin with, ``[s, i, j]`` True for i → j (row → column).
    log_scores : ndarray, shape (m,), float64
        Their log R.
    edge : ndarray, shape (d, d), float64
        Probability of i → j, by which candidate parents are chosen.
    """
    best_drawn = np.argsort(-log_scores, kind="stable")[:_STARTS]
    starts = graph.parent_masks(drawn[best_drawn])
    if table.is_complete:
        starts = np.concatenate([graph.parent_masks(best_dag(table).adjacency[None]), starts])
    parents, scores = _explore(table, starts, _EXPANDED_IN_ROUND)
    for _ in range(0 if table.is_complete else _ROUNDS):
        before = scores[0]
        found = best_by_orders(table, parents[:_STARTS], edge)
        parents, scores = _explore(table, np.concatenate([found, parents]), _EXPANDED_IN_ROUND)
        if scores[0] <= before + 1e-9:
            break
    parents, scores = _explore(table, parents, _EXPANDED)
    return BestGraphs(graph.adjacency_from_masks(parents, table.d), scores, table.is_complete)


def _explore(
    table: ScoreTable, starts: Int64[np.ndarray, "s d"], expansions: int
) -> tuple[Int64[np.ndarray, "k d"], Float64[np.ndarray, " k"]]:
    """Return the best graphs seen while neighbours of the best ones are scored; the most probable go first."""
    known: dict[bytes, float] = {}
    expanded: set[bytes] = set()

    def see(parents: Int64[np.ndarray, "m d"], scores: Float64[np.ndarray, " m"]) -> None:
        for masks, score in zip(parents, scores, strict=True):
            if score == -np.inf:
                continue
            known.setdefault(masks.tobytes(), float(score))

    see(starts, table.log_reward(starts))
    for _ in range(expansions):
        ranked = sorted(known, key=lambda key: (-known[key], key))
        for key in ranked[KEPT:]:  # as many better ones are known
            if key not in expanded:
                del known[key]
        waiting = [key for key in ranked[:KEPT] if key not in expanded]
        if not waiting:
            break
        expanded.add(waiting[0])
        gains, changed = neighbours(table, np.frombuffer(waiting[0], dtype=np.int64))
        good = np.argsort(-gains, kind="stable")[:_SEEN]
        see(changed[good], known[waiting[0]] + gains[good])
    keys = sorted(known, key=lambda key: (-known[key], key))[:KEPT]
    parents = np.array([np.frombuffer(key, dtype=np.int64) for key in keys])
    scores = table.log_reward(parents)  # sums of gains have rounding
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > -np.inf]
    return parents[order], scores[order]
