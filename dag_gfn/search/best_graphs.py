"""The most probable DAGs of a score table, proven where the table is complete and small, and found by search elsewhere.

Up to 16 nodes of a complete table a best-first search lists the most probable DAGs and classes, with the proof that
there are no better ones (:mod:`dag_gfn.exact.most_probable`). Else, where the table is complete, a dynamic programme
gives the best DAG. Elsewhere orders of the nodes are searched with the best parents among candidates
(:mod:`dag_gfn.search.order_search`), beginning with the orders of the best draws. Then the search goes on around what
was found and around the best draws: it takes the most probable graph whose neighbours have not been seen, scores
these, and repeats that. Counts bound the work, so that equal fits find equal graphs; a time budget can end it sooner.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.most_probable import MAX_NODES, most_probable_classes, most_probable_dags
from dag_gfn.graphs import graph
from dag_gfn.posterior.ranking import ROUNDING
from dag_gfn.scores import ScoreTable
from dag_gfn.search.neighbours import neighbours
from dag_gfn.search.order_search import best_by_orders

KEPT = 1_000
"""Graphs that are returned, at most: enough to hold the best of many equivalence classes."""
_CLASS_STEPS = (
    100_000  # of the proof for classes; half of them from 14 nodes on, and a quarter for 16: seconds
)
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
    proven_graphs : int
        How many of the first are proven to be the most probable DAGs.
    proven_classes : int
        How many of the most probable classes, by size · R, are proven to be among the classes of these DAGs.
    cut_short : bool
        Whether the time budget ended the search.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.search import BestGraphs
    >>> chain = np.array([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], dtype=bool)
    >>> best = BestGraphs(chain, np.array([-12.5]), proven=True, cut_short=False)
    >>> np.argwhere(best.adjacency[0]).tolist()
    [[0, 1], [1, 2]]
    """

    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    proven: bool
    cut_short: bool
    proven_graphs: int = 0
    proven_classes: int = 0


def best_graphs(
    table: ScoreTable,
    drawn: Bool[np.ndarray, "m d d"],
    log_scores: Float64[np.ndarray, " m"],
    edge: Float64[np.ndarray, "d d"],
    *,
    oriented: Bool[np.ndarray, "d d"] | None = None,
    classes: bool = True,
    budget: TimeBudget | None = None,
    on_share: Callable[[float], None] | None = None,
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
    oriented : ndarray, shape (d, d), bool, optional
        The pairs of nodes whose edge experiments orient, of :func:`dag_gfn.graphs.interventional.oriented_pairs`.
    classes : bool
        Whether to list the most probable classes too, where that is possible.
    budget : TimeBudget, optional
        Of the search alone. When it is over, the best graphs so far are returned. The dynamic programme for complete
        tables, which takes a second for 20 nodes, is not cut.
    on_share : callable, optional
        Called with the share of the work that is done, in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
    >>> from dag_gfn.search import best_graphs
    >>> rng = np.random.default_rng(0)
    >>> a, c = rng.normal(size=(2, 200))
    >>> data = from_array(np.column_stack([a, a + c + 0.1 * rng.normal(size=200), c]), names=["a", "b", "c"])
    >>> table = ScoreTable.build(make_score("bge", data), make_prior("uniform", 3), Constraints.none(3))
    >>> empty = np.zeros((1, 3, 3), dtype=bool)
    >>> found = best_graphs(table, empty, table.log_reward(np.zeros((1, 3), dtype=int)), np.full((3, 3), 0.5))
    >>> np.argwhere(found.adjacency[0]).tolist(), found.proven
    ([[0, 1], [2, 1]], True)
    """
    budget = TimeBudget() if budget is None else budget
    tell = (lambda share: None) if on_share is None else on_share
    if table.is_complete and table.d <= MAX_NODES:
        # what experiments orient at context columns has to be known
        classes = classes and table.is_score_equivalent and (oriented is not None or not table.contexts)
        return _listed(table, classes, oriented, budget, tell)
    rounds = 0 if table.is_complete else _ROUNDS
    best_drawn = np.argsort(-log_scores, kind="stable")[:_STARTS]
    starts = table.possible.masks_of(drawn[best_drawn])
    if table.is_complete:
        starts = np.concatenate([table.possible.masks_of(best_dag(table).adjacency[None]), starts])
    parents, scores, cut = _explore(table, starts, _EXPANDED_IN_ROUND, budget)
    for done in range(rounds):
        tell((1 + done) / (2 + rounds))
        before = scores[0]
        found = best_by_orders(table, parents[:_STARTS], edge, budget=budget)
        parents, scores, cut = _explore(table, np.concatenate([found, parents]), _EXPANDED_IN_ROUND, budget)
        if cut or scores[0] <= before + 1e-9:
            break
    tell((1 + rounds) / (2 + rounds))
    parents, scores, cut = _explore(table, parents, _EXPANDED, budget)
    tell(1.0)
    proven = table.is_complete
    return BestGraphs(table.possible.adjacency_of(parents), scores, proven, cut, int(proven))


def _listed(
    table: ScoreTable,
    classes: bool,
    oriented: Bool[np.ndarray, "d d"] | None,
    budget: TimeBudget,
    tell: Callable[[float], None],
) -> BestGraphs:
    """List the most probable DAGs, with members of the most probable classes where these are known by their scores."""
    dags = most_probable_dags(table, KEPT, budget=budget)
    best = best_dag(table).adjacency[None]  # the first of those that are as probable
    adjacency, ended, proven_classes = np.concatenate([best, dags.adjacency]), dags.ended, 0
    tell(0.2)
    if classes:
        steps = _CLASS_STEPS >> max(0, (table.d - 12) // 2)  # they take longer
        members = most_probable_classes(table, KEPT, oriented, max_steps=steps, budget=budget)
        proven_classes = len(members.log_mass)
        adjacency, ended = np.concatenate([adjacency, members.adjacency]), ended and members.ended
    first, _ = graph.distinct(adjacency)
    adjacency = adjacency[np.sort(first)]
    scores = table.log_reward(table.possible.masks_of(adjacency))
    order = np.argsort(-scores.round(ROUNDING), kind="stable")
    scores = np.minimum.accumulate(scores[order])  # equal ones differ by rounding
    tell(1.0)
    cut_short = not ended and budget.is_over()
    return BestGraphs(adjacency[order], scores, True, cut_short, len(dags.log_scores), proven_classes)


def _explore(
    table: ScoreTable, starts: Int64[np.ndarray, "s d"], expansions: int, budget: TimeBudget
) -> tuple[Int64[np.ndarray, "k d"], Float64[np.ndarray, " k"], bool]:
    """Return the best graphs seen while neighbours of the best ones are scored, best first, and whether time ended."""
    known: dict[bytes, float] = {}
    # a heap: those whose neighbours have not been scored, the best first
    waiting: list[tuple[float, bytes]] = []

    def see(parents: Int64[np.ndarray, "m d"], scores: Float64[np.ndarray, " m"]) -> None:
        for masks, score in zip(parents, scores.tolist(), strict=True):
            key = masks.tobytes()
            if score > -np.inf and key not in known:
                known[key] = score
                heappush(waiting, (-score, key))

    see(starts, table.log_reward(starts))
    cut = False
    for _ in range(expansions):
        if (cut := budget.is_over()) or not waiting:
            break
        minus_score, key = heappop(waiting)
        gains, changed = neighbours(table, np.frombuffer(key, dtype=np.int64))
        good = np.argsort(-gains, kind="stable")[:_SEEN]
        see(changed[good], gains[good] - minus_score)
    keys = sorted(known, key=lambda key: (-known[key], key))[:KEPT]
    parents = np.array([np.frombuffer(key, dtype=np.int64) for key in keys])
    scores = table.log_reward(parents)  # sums of gains have rounding
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > -np.inf]
    return parents[order], scores[order], cut
