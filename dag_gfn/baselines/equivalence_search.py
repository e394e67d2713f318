"""The point estimate of greedy equivalence search (GES): one Markov equivalence class.

A class is held as its CPDAG. First the best insertion of an edge is made, again and again, then the best deletion; each
is one parent set of one node that changes. Validity of both is that of Chickering's theorems 15 and 17.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from dag_gfn.baselines.extensions import extension
from dag_gfn.baselines.hill_climbing import LEAST_GAIN
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import pack
from dag_gfn.scores import ScoreTable

Matrix = Bool[np.ndarray, "d d"]


def equivalence_search(table: ScoreTable) -> Matrix:
    """Return the CPDAG that greedy equivalence search finds, from the empty graph.

    Parameters
    ----------
    table : ScoreTable
        Of at most 63 nodes, with a score that is the same for equivalent DAGs, and without knowledge about directions.

    Returns
    -------
    ndarray, shape (d, d), bool
        Compelled i → j: only ``[i, j]`` is True. Reversible i – j: both ``[i, j]`` and ``[j, i]`` are.

    References
    ----------
    Chickering, "Optimal structure identification with greedy search", JMLR 3 (2002).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.equivalence_search import equivalence_search
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> a = np.random.default_rng(0).normal(size=200)
    >>> data = from_array(np.column_stack([a, a + 0.1 * np.roll(a, 1)]), names=["a", "b"])
    >>> equivalence_search(ScoreTable.build(make_score("bge", data))).tolist()  # a – b
    [[False, True], [True, False]]
    """
    mixed = np.zeros((table.d, table.d), dtype=bool)
    for moves_of, made in ((_insertions, _inserted), (_deletions, _deleted)):
        while (best := _best(table, moves_of(mixed), mixed)) is not None:
            dag = extension(made(mixed, best), rng=np.random.default_rng(0))  # any member gives the class
            mixed = graph.cpdag(dag.adjacency)
    return mixed


class _Move(NamedTuple):
    """A change of the edge between two nodes, and the parent sets of y before and after, as bitmasks.

    `others` are the neighbours of y that point to it afterwards (insertion), or that y points to (deletion); `guard` is
    the set that has to block paths from y to x, None where none has to.
    """

    x: int
    y: int
    others: int
    before: int
    after: int
    guard: int | None


class _Masks(NamedTuple):
    """Parents, undirected neighbours and all adjacent nodes of each node of a CPDAG, as bitmasks."""

    parents: list[int]
    near: list[int]
    adjacent: list[int]

    @classmethod
    def of(cls, mixed: Matrix) -> "_Masks":
        arrows, lines = mixed & ~mixed.T, mixed & mixed.T
        return cls(*(pack(part.T).tolist() for part in (arrows, lines, mixed | mixed.T)))


def _insertions(mixed: Matrix) -> Iterator[_Move]:
    """Yield the insertions of x → y whose neighbours of y are a clique; paths are looked at later."""
    masks, d = _Masks.of(mixed), len(mixed)
    for y in range(d):
        for x in range(d):
            if x == y or masks.adjacent[y] >> x & 1:
                continue
            shared = masks.near[y] & masks.adjacent[x]
            if not _is_clique(shared, masks.adjacent):
                continue
            for clique in _cliques(shared, masks.near[y] & ~masks.adjacent[x], masks.adjacent):
                before = clique | masks.parents[y]
                yield _Move(x, y, clique & ~shared, before, before | 1 << x, clique)


def _deletions(mixed: Matrix) -> Iterator[_Move]:
    """Yield the deletions of x – y or x → y after which the shared neighbours that stay are a clique."""
    masks, d = _Masks.of(mixed), len(mixed)
    for y in range(d):
        for x in range(d):
            if not (masks.near[y] | masks.parents[y]) >> x & 1:
                continue
            shared = masks.near[y] & masks.adjacent[x]
            for clique in _cliques(0, shared, masks.adjacent):
                after = (clique | masks.parents[y]) & ~(1 << x)
                yield _Move(x, y, shared & ~clique, after | 1 << x, after, None)


def _best(table: ScoreTable, moves: Iterator[_Move], mixed: Matrix) -> _Move | None:
    """Return the valid move that gains most; None where none gains."""
    every = list(moves)
    if not every:
        return None
    nodes = np.array([move.y for move in every], dtype=np.int64)
    sets = np.array([[move.before, move.after] for move in every], dtype=np.int64)
    before, after = table.local_scores(nodes, sets[:, 0]), table.local_scores(nodes, sets[:, 1])
    gain = np.where(np.isfinite(before), after - np.where(np.isfinite(before), before, 0.0), -np.inf)
    for at in np.argsort(-gain, kind="stable"):
        if not gain[at] > LEAST_GAIN:
            return None
        move = every[at]
        if move.guard is None or not _reaches(mixed, move.y, move.x, move.guard):
            return move
    return None


def _inserted(mixed: Matrix, move: _Move) -> Matrix:
    changed = mixed.copy()
    changed[move.x, move.y] = True
    changed[move.y, _members(move.others)] = False  # t – y becomes t → y
    return changed


def _deleted(mixed: Matrix, move: _Move) -> Matrix:
    changed = mixed.copy()
    changed[move.x, move.y] = changed[move.y, move.x] = False
    for h in _members(move.others):
        changed[h, move.y] = False  # y – h becomes y → h
        if mixed[move.x, h] and mixed[h, move.x]:
            changed[h, move.x] = False
    return changed


def _members(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _is_clique(nodes: int, adjacent: list[int]) -> bool:
    return all(not nodes & ~adjacent[one] & ~(1 << one) for one in _members(nodes))


def _cliques(base: int, more: int, adjacent: list[int]) -> Iterator[int]:
    """Yield a clique, and all larger ones with further nodes."""
    yield base
    for one in _members(more):
        more &= ~(1 << one)
        if not base & ~adjacent[one]:
            yield from _cliques(base | 1 << one, more & adjacent[one], adjacent)


def _reaches(mixed: Matrix, start: int, goal: int, guard: int) -> bool:
    """Return whether a path without an arrow against it leads from one node to another and avoids the guard."""
    seen, waiting = guard | 1 << start, [start]
    while waiting:
        for following in np.flatnonzero(mixed[waiting.pop()]).tolist():
            if following == goal:
                return True
            if not seen >> following & 1:
                seen |= 1 << following
                waiting.append(following)
    return False
