"""The most probable DAGs and equivalence classes of a complete score table: no other has a larger probability."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import NotTractable
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.best_first import search
from dag_gfn.exact.class_bounds import NO_REFUNDS, ClassBounds
from dag_gfn.exact.completions import completions
from dag_gfn.exact.dag_recursion import CompleteTable, complete_of
from dag_gfn.exact.search_queue import FOUND, STEPS, new_queue, with_room
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import remove_bit

MAX_NODES = 16
"""Largest number of nodes: the bounds take d score tables of memory, 70 MB for 16 nodes."""
PRECISION = 1e-9
"""Log-scores that differ by less, relative to 1,000 nats, count as equal."""
MAX_STEPS = 500_000
"""Steps of one search, at most: each takes one beginning of DAGs apart."""
_SLICE = 2_000  # steps between two looks at the clock


class MostProbable(NamedTuple):
    """The most probable DAGs, or a member of each of the most probable classes.

    Attributes
    ----------
    adjacency : ndarray, shape (k, d, d), bool
        By descending `log_mass`; ``[s, i, j]`` is True for i → j (row → column). No DAG, or class, that is missing has
        a larger log mass than the last.
    log_scores : ndarray, shape (k,), float64
        log R in nats.
    log_mass : ndarray, shape (k,), float64
        log R, or log(size · R) for classes.
    ended : bool
        Whether the search found as many as were asked for, or all that there are; else time or steps were over.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.most_probable import most_probable_dags
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))
    >>> table.complete[1, 1] = 2.0  # the parent set {0} of node 1
    >>> most_probable_dags(table, 3).log_scores.tolist()
    [2.0, 0.0, 0.0]
    """

    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    log_mass: Float64[np.ndarray, " k"]
    ended: bool


def most_probable_dags(
    table: CompleteTable, k: int, *, max_steps: int = MAX_STEPS, budget: TimeBudget | None = None
) -> MostProbable:
    """Return the k DAGs of largest log R, with the proof that there are no better ones.

    See :mod:`dag_gfn.exact.best_first` for the search. Where several have the score of the last, some of them are
    among the k. When steps or time are over, those that were found are the most probable ones nevertheless.

    Parameters
    ----------
    table : CompleteTable
    k : int
    max_steps : int
    budget : TimeBudget, optional

    Raises
    ------
    NotTractable
        If the table is not complete, or has more than 16 nodes.
    ConstraintError
        If no DAG has support.

    References
    ----------
    Tian, He and Ram, "Bayesian model averaging using the k-best Bayesian network structures", UAI 2010, find the same
    by a dynamic programme that keeps k graphs of each set of nodes.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.most_probable import most_probable_dags
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))
    >>> table.complete[1, 1] = 2.0  # the parent set {0} of node 1
    >>> found = most_probable_dags(table, 100)
    >>> found.adjacency[0].astype(int).tolist(), len(found.log_scores), found.ended
    ([[0, 1], [0, 0]], 3, True)
    """
    return _searched(table, k, None, max_steps, budget)


def most_probable_classes(
    table: CompleteTable,
    k: int,
    oriented: Bool[np.ndarray, "d d"] | None = None,
    *,
    max_steps: int = MAX_STEPS,
    budget: TimeBudget | None = None,
) -> MostProbable:
    """Return one member of each of the k classes of largest size · R, with the proof that there are no better ones.

    All members of a class must have the same R: `ScoreTable.is_score_equivalent`. The ranking is by the mass of the
    classes, not by R. Bounds on the sizes of classes are not tight, so that a flat posterior can use up the steps;
    those that were found by then are the most probable ones nevertheless.

    Parameters
    ----------
    table : CompleteTable
    k : int
    oriented : ndarray, shape (d, d), bool, optional
        The pairs of nodes whose edge experiments orient, of :func:`dag_gfn.graphs.interventional.oriented_pairs`.
    max_steps : int
    budget : TimeBudget, optional

    Raises
    ------
    NotTractable
        If the table is not complete, or has more than 16 nodes.
    ConstraintError
        If no DAG has support.

    References
    ----------
    Chen and Tian, "Finding the k-best equivalence classes of Bayesian network structures for model averaging", AAAI
    2014, rank classes by R.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.most_probable import most_probable_classes
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # the empty graph, and the two of one edge
    >>> found = most_probable_classes(table, 100)
    >>> np.exp(found.log_mass).round(9).tolist()
    [2.0, 1.0]
    """
    oriented = np.zeros((table.d, table.d), dtype=bool) if oriented is None else oriented
    return _searched(table, k, oriented, max_steps, budget)


def _searched(
    table: CompleteTable,
    k: int,
    oriented: Bool[np.ndarray, "d d"] | None,
    max_steps: int,
    budget: TimeBudget | None,
) -> MostProbable:
    """Search for DAGs, or for classes if the oriented pairs are given."""
    weights, classes = complete_of(table), oriented is not None
    d = len(weights)
    if d > MAX_NODES:
        raise NotTractable(f"the most probable graphs are proven for up to {MAX_NODES} nodes; these are {d}")
    best = best_dag(table)
    # along the order of a best DAG, few of the probable ones have a node that might have come before a larger one
    order = np.array(graph.topological_order(best.adjacency))
    weights = _reordered(weights, order)
    enlarged, masks, refunds = weights, np.zeros(d, dtype=np.int64), NO_REFUNDS
    if oriented is not None:
        turned = np.ix_(order, order)
        masks = graph.parent_masks(oriented[turned][None])[0]
        bounds = ClassBounds(weights, best.adjacency[turned], oriented[turned])
        shares = bounds.best_shares(best.log_score)
        enlarged, refunds = bounds.enlarged(shares), bounds.refunds(shares)
    tables = completions(enlarged)
    unit = PRECISION * max(1.0, abs(best.log_score) / 1e3)
    queue, over = new_queue(d, k), False
    while not over and queue.used[STEPS] < max_steps:
        queue = with_room(queue)
        over = search(queue, tables, weights, refunds, masks, classes, best.log_score, unit, _SLICE)
        if budget is not None and budget.is_over():
            break
    found = queue.found[: queue.used[FOUND]]
    parents = np.zeros((len(found), d), dtype=np.int64)
    at = found.copy()
    rows = np.arange(len(found))
    for _ in range(d):
        parents[rows, queue.node[at]] = queue.parents[at]
        at = queue.before[at]
    there = np.empty_like(order)
    there[order] = np.arange(d)
    adjacency = graph.adjacency_from_masks(parents, d)[:, there][:, :, there]
    log_scores = queue.log_score[found]
    log_mass = log_scores + queue.log_size[found]
    by_mass = np.argsort(-log_mass, kind="stable")  # they came in units of the precision
    return MostProbable(adjacency[by_mass], log_scores[by_mass], log_mass[by_mass], over)


def _reordered(
    weights: Float64[np.ndarray, "d sets"], order: Int64[np.ndarray, " d"]
) -> Float64[np.ndarray, "d sets"]:
    """Return the log-weights of the nodes in another order: node i is what was node order[i]."""
    d = len(weights)
    sets = np.arange(1 << d)
    moved = np.zeros_like(sets)
    for i, node in enumerate(order):
        moved |= (sets >> i & 1) << node
    changed = np.empty_like(weights)
    for i, node in enumerate(order):
        old = moved[sets >> i & 1 == 0]  # ascending sets without i are those of the indices 0, 1, ...
        changed[i] = weights[node, remove_bit(old, int(node))]
    return changed
