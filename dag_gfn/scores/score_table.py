"""The table of local scores plus log prior that every method reads.

A complete table holds every parent set of every node in one array. A lazy table scores a family when it is first asked
for, and keeps the value in a cache. Both are read in batches through the same methods.
"""

from dataclasses import replace
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped
from numba import njit

from dag_gfn.errors import DataError, NotTractable, OptionError
from dag_gfn.graphs.subsets import MAX_NODES, parent_sets, popcount, remove_bit, subsets_within
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.family_cache import FamilyCache
from dag_gfn.scores.graph_prior import GraphPrior, make_prior
from dag_gfn.scores.local_score import LocalScore
from dag_gfn.scores.parent_choice import choose_possible
from dag_gfn.scores.wide import WideScore

MEMORY_LIMIT = 1_000_000_000
"""Default limit in bytes on a complete table, and on a lazy table's cache."""

MAX_COMPLETE_NODES = 20
"""``storage="auto"`` is complete up to this many nodes, where it fits the memory limit."""

MAX_SCORE = 1e13
"""Largest local score, in nats: beyond it the last digit of a float64 is more than a thousandth of a nat."""


def table_bytes(d: int) -> int:
    """Return the size in bytes of the complete table of d nodes, d 2^(d-1) float64.

    Examples
    --------
    >>> from dag_gfn.scores import table_bytes
    >>> table_bytes(20) / 1e6  # MB: 20 nodes, 2^19 parent sets of each, 8 bytes
    83.88608
    """
    return 8 * d << (d - 1)


class ScoreTable:
    """Local scores with prior and constraints, log R(G) = sum_j local_scores(j, Pa_j). Made by :meth:`build`.

    Attributes
    ----------
    d : int
    names : tuple of str
        The variables.
    score, prior : str
        Names of the score and of the graph prior.
    score_options, prior_options : dict
        Their hyperparameters, defaults included.
    constraints : Constraints
    graph_prior : GraphPrior
        The log prior of each family, included in every value of the table.
    possible : PossibleParents
        What the bits of parent masks stand for: all nodes up to 63, and possible parents of each node beyond.
    complete : array, shape (d, 2^(d-1)), float64, or None
        The value for parent set P of node j at ``[j, remove_bit(P, j)]``, -inf where constraints forbid P;
        None for a lazy table.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import BGe, Constraints, ScoreTable, make_prior
    >>> data = from_array(np.random.default_rng(0).normal(size=(50, 3)), ["a", "b", "c"])
    >>> no_a_to_b = Constraints.from_names(data.names, forbidden=[("a", "b")])
    >>> table = ScoreTable.build(BGe(data.standardize()), make_prior("edge", 3, beta=0.5), no_a_to_b)
    >>> nodes, parents = np.array([1, 1]), np.array([0b000, 0b001])  # b without parents, and with a
    >>> table.local_scores(nodes, parents).round(2).tolist()
    [-75.81, -inf]
    >>> empty, chain = [0, 0, 0], [0, 0b100, 0b001]  # a parent set for each node
    >>> table.log_reward(np.array([empty, chain])).round(2).tolist()
    [-227.42, -234.03]
    """

    def __init__(
        self,
        local_score: LocalScore,
        prior: GraphPrior,
        constraints: Constraints,
        complete: Float64[np.ndarray, "d sets"] | None,
        memory_limit: int | float,
    ):
        self.d = local_score.d
        self.names = local_score.names
        self.score, self.prior = local_score.name, prior.name
        self.score_options, self.prior_options = local_score.hyperparameters, prior.hyperparameters
        self.possible = local_score.possible
        if not self.possible.is_all and constraints.possible is None:
            constraints = constraints.among(self.possible)
        self.constraints, self.graph_prior = constraints, prior
        self._prior = prior.among(self.possible)
        self._own = np.array([self.possible.own_bit(node) for node in range(self.d)], dtype=np.int64)
        self.complete = complete
        self._local_score, self._memory_limit = local_score, memory_limit
        self._cache = FamilyCache(memory_limit if complete is None else 0)  # a complete table needs none

    @classmethod
    def build(
        cls,
        score: LocalScore,
        prior: GraphPrior | None = None,
        constraints: Constraints | None = None,
        *,
        storage: str = "auto",
        memory_limit: int | float = MEMORY_LIMIT,
    ) -> "ScoreTable":
        """Return the table of a score, a graph prior and constraints.

        Of more than 63 nodes, possible parents of each are chosen first (:mod:`dag_gfn.scores.parent_choice`).

        Parameters
        ----------
        score : LocalScore
        prior : GraphPrior, optional
            Uniform when left out.
        constraints : Constraints, optional
            None when left out. A required edge makes every parent set without it -inf, so the empty graph too.
        storage : {"auto", "complete", "lazy"}
            ``auto`` is complete up to 20 nodes where that fits the limit, lazy otherwise.
        memory_limit : float
            In bytes. A complete table must fit; a lazy table empties its cache when the limit is reached.

        Raises
        ------
        NotTractable
            If ``storage="complete"`` would exceed the memory limit.
        DataError
            If a score is not a finite number.
        ConstraintError
            If the score has listed families only, and the constraints allow none of a node.
        """
        d = score.d
        prior = make_prior("uniform", d) if prior is None else prior
        constraints = Constraints.none(d) if constraints is None else constraints
        for what, size in (("prior is", len(prior.log_prior_by_size)), ("constraints are", constraints.d)):
            if size != d:
                raise OptionError(f"the {what} for {size} nodes, the data have {d}")
        if d > MAX_NODES and not isinstance(score, WideScore):
            score = WideScore(score, choose_possible(score, constraints))
        if score.listed is not None:
            score.listed.require_some(constraints.allow)
            constraints = replace(constraints, listed=score.listed)
        if storage not in ("auto", "complete", "lazy"):
            raise OptionError(f"unknown storage {storage!r}: choose one of auto, complete, lazy")
        fits = table_bytes(d) <= memory_limit
        if storage == "complete" and not fits:
            raise NotTractable(
                f"the complete score table of {d} nodes needs {_in_words(table_bytes(d))}, the limit is "
                f"{_in_words(memory_limit)}: use lazy storage (storage='lazy'; max_parents then saves "
                "scores), or raise memory_limit="
            )
        if storage == "lazy" or not fits or (storage == "auto" and d > MAX_COMPLETE_NODES):
            return cls(score, prior, constraints, None, memory_limit)
        return cls(score, prior, constraints, _complete(score, prior, constraints), memory_limit)

    def given(self, required: Bool[np.ndarray, "d d"], forbidden: Bool[np.ndarray, "d d"]) -> "ScoreTable":
        """Return this table restricted to families that have required parents and no forbidden ones.

        Whatever else rules families out stays as it is. The sum of R over the graphs of the new table is that over the
        graphs of this one that comply.

        Parameters
        ----------
        required, forbidden : array, shape (d, d), bool
            ``[i, j]`` is True for i -> j (row -> column).
        """
        narrower = self.constraints.given(required, forbidden)
        complete = None if self.complete is None else self.complete.copy()
        if complete is not None:
            with_these, without = self.possible.masks_of(required), self.possible.masks_of(forbidden)
            for node in np.flatnonzero(with_these | without).tolist():
                sets = parent_sets(node, self.d)
                complies = (sets & without[node] == 0) & (with_these[node] & ~sets == 0)
                complete[node, ~complies] = -np.inf
        return ScoreTable(self._local_score, self.graph_prior, narrower, complete, self._memory_limit)

    @property
    def is_complete(self) -> bool:
        """Whether every parent set is in memory."""
        return self.complete is not None

    @property
    def is_score_equivalent(self) -> bool:
        """Whether all DAGs of an equivalence class have the same R.

        An equivalent score (BGe, BDeu, BIC) gives them the same score, and the uniform prior the same probability.
        Classes are those that the experiments cannot tell apart, where values were set or columns are contexts.
        Constraints distinguish their members, unless they forbid nothing, and so do beliefs about edges, unless they
        are the same for both directions of each edge.
        """
        if (
            not self._local_score.is_equivalent
            or self.prior != "uniform"
            or not self.graph_prior.is_symmetric
        ):
            return False
        contexts = self._local_score.contexts
        others = [node for node in range(self.d) if node not in contexts]
        if self.complete is None:
            return self.constraints.without(contexts).is_empty()
        return bool(np.isfinite(self.complete[others]).all())

    @property
    def contexts(self) -> tuple[int, ...]:
        """The nodes that can only be parents."""
        return self._local_score.contexts

    @property
    def families_per_second(self) -> float:
        """About how many families one core scores in a second."""
        return self._local_score.families_per_second

    def statistics(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Return the sufficient statistics of the data that parameters and effects of this score need."""
        return self._local_score.statistics()

    def local_scores(
        self, nodes: Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> Float64[np.ndarray, " m"]:
        """Return local score plus log prior of families, shape (m,).

        Parameters
        ----------
        nodes : array, shape (m,), int64
        parents : array, shape (m,), int64
            Bitmasks. A set that the constraints forbid, or that contains the node itself, has -inf.
        """
        if self.complete is not None:
            values = self.complete[nodes, remove_bit(parents, nodes)]
            values[parents & self._own[nodes] != 0] = -np.inf
            return values
        values = np.full(len(nodes), -np.inf)
        unknown = np.flatnonzero(self._allowed(nodes, parents))
        known, found = self._cache.look_up(nodes[unknown], parents[unknown])
        values[unknown] = known
        unknown = unknown[~found]
        for node in np.unique(nodes[unknown]).tolist():
            here = unknown[nodes[unknown] == node]
            sets, inverse = np.unique(parents[here], return_inverse=True)
            scores = self._scored(node, sets)
            values[here] = scores[inverse]
            self._cache.insert(node, sets, scores)
        return values

    def scores_of(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return the values of one node as `local_scores` does, without filling the cache; faster in ascending order.

        Parameters
        ----------
        node : int
        parents : array, shape (m,), int64
            Bitmasks.
        """
        if self.complete is not None:
            return self.local_scores(np.full(len(parents), node, dtype=np.int64), parents)
        values = np.full(len(parents), -np.inf)
        allowed = self._allowed(node, parents)
        values[allowed] = self._scored(node, parents[allowed])
        return values

    def scores_of_repeated(
        self, node: int, parents: Int64[np.ndarray, "*shape"]
    ) -> Float64[np.ndarray, "*shape"]:
        """Return the values of one node as `scores_of` does, each distinct parent set scored once.

        Parameters
        ----------
        node : int
        parents : array of any shape, int64
            Bitmasks.
        """
        distinct, which = np.unique(parents, return_inverse=True)
        return self.scores_of(node, distinct)[which.reshape(parents.shape)]

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return the values of all subsets of candidate parents in the order of `subsets_within`, without the cache.

        Parameters
        ----------
        node : int
        candidates : int
            Bitmask that does not contain ``node``.
        """
        sets = subsets_within(candidates)
        if self.complete is not None:
            return self.complete[node, remove_bit(sets, node)]
        with np.errstate(all="ignore"):  # _finite reports it, with the column's name
            scores = self._local_score.scores_within(node, candidates)
        values = _finite(self._local_score, node, scores) + self._prior.log_prior(node, sets)
        values[~self.constraints.allow(node, sets)] = -np.inf
        return values

    def _scored(self, node: int, sets: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return score plus log prior of parent sets that the constraints allow."""
        if not len(sets):  # a score need not know what to do with none
            return np.zeros(0)
        with np.errstate(all="ignore"):  # _finite reports it, with the column's name
            scores = self._local_score.local_scores(node, sets)
        return _finite(self._local_score, node, scores) + self._prior.log_prior(node, sets)

    def column_gains(
        self, nodes: Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> Float64[np.ndarray, "m p"]:
        """Return how much the value of each family rises when one more parent is added, shape (m, p).

        Entry (f, i) is local(nodes[f], parents[f] + i) - local(nodes[f], parents[f]), with i the parent of bit i: node
        i itself, up to 63 nodes. It is -inf where i is the node itself or already a parent, and where the difference is
        not finite. For whole graphs, entry (g, j, i) of ``column_gains(tile(arange(d), b),
        parents.ravel()).reshape(b, d, p)`` is for adding i -> j to graph g.
        """
        gains = np.full((len(nodes), self.possible.size), -np.inf)
        if self.complete is not None:
            _complete_gains(self.complete, np.ascontiguousarray(nodes), np.ascontiguousarray(parents), gains)
            return gains
        bits = np.int64(1) << np.arange(self.possible.size, dtype=np.int64)
        addable = (parents | self._own[nodes])[:, None] & bits == 0  # (m, p)
        family, source = np.nonzero(addable)
        before = self.local_scores(nodes, parents)
        after = self.local_scores(nodes[family], parents[family] | bits[source])
        both = np.isfinite(after) & np.isfinite(before[family])
        gains[family[both], source[both]] = after[both] - before[family[both]]
        return gains

    def log_reward(self, parents: Int64[np.ndarray, "b d"]) -> Float64[np.ndarray, " b"]:
        """Return log R of graphs given as one parent set for each node, shape (b,)."""
        nodes = np.tile(np.arange(self.d, dtype=np.int64), len(parents))
        return self.local_scores(nodes, parents.reshape(-1)).reshape(parents.shape).sum(-1)

    def log_reward_of(self, adjacency: Bool[np.ndarray, "b d d"]) -> Float64[np.ndarray, " b"]:
        """Return log R of graphs, shape (b,); -inf where a parent is none of the possible ones of its node."""
        scores = np.full(len(adjacency), -np.inf)
        held = self.possible.hold(adjacency)
        scores[held] = self.log_reward(self.possible.masks_of(adjacency[held]))
        return scores

    def _allowed(self, nodes: int | np.ndarray, parents: np.ndarray) -> np.ndarray:
        """Return which families satisfy the constraints and do not contain the node as its own parent."""
        return self.constraints.allow(nodes, parents) & (parents & self._own[nodes] == 0)


def _complete(
    score: LocalScore, prior: GraphPrior, constraints: Constraints
) -> Float64[np.ndarray, "d sets"]:
    """Return the complete table: score plus log prior, -inf where the constraints forbid a parent set."""
    with np.errstate(all="ignore"):  # _finite reports it, with the column's name
        table = score.complete_table()
    by_size = prior.log_prior_by_size[
        popcount(np.arange(table.shape[1], dtype=np.int64))
    ]  # the same for all nodes
    for node in range(score.d):
        _finite(score, node, table[node])
        if prior.log_odds is None:
            table[node] += by_size
        else:
            table[node] += prior.log_prior(node, parent_sets(node, score.d))
        if not constraints.is_empty():
            table[node, ~constraints.allow(node, parent_sets(node, score.d))] = -np.inf
    return table


def _finite(score: LocalScore, node: int, values: Float64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
    """Return the values, or raise DataError if one is not finite or too large for double precision."""
    if not np.isfinite(values).all():
        raise DataError(
            f"score {score.name!r} of column {score.names[node]!r} is not a finite number for "
            "some parent sets: look for values of extreme size or nearly collinear columns, and standardise "
            "the data"
        )
    largest = float(np.abs(values).max(initial=0.0))
    if largest > MAX_SCORE:
        raise DataError(
            f"score {score.name!r} of column {score.names[node]!r} reaches {largest:.2g} nats, where double "
            "precision cannot tell parent sets apart: divide the column by its spread, or standardise the data"
        )
    return values


def _in_words(size: int | float) -> str:
    """Return a number of bytes in a readable unit."""
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000 or unit == "PB":
            return f"{size:.0f} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _complete_gains(complete, nodes, parents, gains):
    """Write the gain of adding each parent to each family; -inf stands in ``gains`` already where nothing is written.

    complete: shape (d, 2^(d-1)); nodes, parents: shape (m,); gains: shape (m, d).
    """
    d = len(complete)
    for f in range(len(nodes)):
        node = nodes[f]
        if parents[f] >> node & 1:  # its own parent: no such family
            continue
        below = (1 << node) - 1
        index = parents[f] & below | (parents[f] >> 1) & ~below  # remove_bit(parents[f], node)
        before = complete[node, index]
        if not np.isfinite(before):  # forbidden: a difference says nothing
            continue
        for i in range(d):  # bit i of the parent set stands one place lower in the index if i > node
            if i != node and not parents[f] >> i & 1:
                gain = complete[node, index | 1 << (i if i < node else i - 1)] - before
                gains[f, i] = gain if np.isfinite(gain) else -np.inf
