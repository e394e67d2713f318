"""Which parent sets are allowed: required edges, forbidden edges, and the largest number of parents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int64

from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import ConstraintError
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import popcount
from dag_gfn.scores.cell_limit import CellLimit
from dag_gfn.scores.family_list import FamilyList

Edges = Iterable[tuple[str, str] | list[str]]


@dataclass(frozen=True, eq=False)
class Constraints:
    """Which parent sets are allowed; all others score -inf.

    Parameters
    ----------
    required_edges, forbidden_edges : array, shape (d, d), bool
        ``[i, j]`` is True where i -> j (row -> column) must be in the graph, and where it must not.
    max_parents : int or None
        Largest number of parents of any node.
    max_parents_of : array, shape (d,), int64, or None
        Largest number of parents of each node; d - 1 where there is no limit of its own.
    cell_limit : CellLimit or None
        The largest contingency table of a family, for discrete columns.
    listed : FamilyList or None
        The only families that have a score, where they are listed.
    possible : PossibleParents or None
        What the bits of parent masks stand for. All nodes up to 63, unless given; with more, masks have a meaning only
        once the score table has chosen possible parents (`among`).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores import Constraints
    >>> constraints = Constraints.from_names(("a", "b", "c"), required=[("a", "b")], forbidden=[("c", "b")])
    >>> constraints.allow(1, np.array([0b000, 0b001, 0b101])).tolist()  # of b: {}, {a} and {a, c}
    [False, True, False]
    >>> constraints.describe(("a", "b", "c"))
    {'required': [['a', 'b']], 'forbidden': [['c', 'b']], 'max_parents': None, 'max_parents_of': {}}
    """

    required_edges: Bool[np.ndarray, "d d"]
    forbidden_edges: Bool[np.ndarray, "d d"]
    max_parents: int | None = None
    cell_limit: CellLimit | None = None
    max_parents_of: Int64[np.ndarray, " d"] | None = None
    listed: FamilyList | None = None
    possible: PossibleParents | None = None

    @classmethod
    def none(cls, d: int) -> "Constraints":
        """Return the constraints on d nodes that allow everything."""
        return cls(*np.zeros((2, d, d), dtype=bool))

    @classmethod
    def from_names(
        cls,
        names: Sequence[str],
        required: Edges = (),
        forbidden: Edges = (),
        max_parents: int | None = None,
        max_parents_of: Mapping[str, int] | None = None,
    ) -> "Constraints":
        """Return constraints from pairs (source, target) of column names.

        Parameters
        ----------
        names : sequence of str
            The columns, in their order.
        required, forbidden : iterable of (source, target)
            Edges source -> target.
        max_parents : int, optional
            Of every node.
        max_parents_of : mapping of str to int, optional
            Of single nodes.

        Raises
        ------
        ConstraintError
            If a name is unknown, an edge is a self-loop or both required and forbidden, required edges form a
            cycle, or a limit is negative or smaller than the required parents of a node.
        """
        names = tuple(names)
        matrices = {word: np.zeros((len(names),) * 2, dtype=bool) for word in ("required", "forbidden")}
        for word, edges in (("required", required), ("forbidden", forbidden)):
            for edge in edges:
                source, target = _edge_indices(edge, word, names)
                matrices[word][source, target] = True
        limits = None
        if max_parents_of:
            limits = np.full(len(names), len(names) - 1, dtype=np.int64)
            for name, limit in max_parents_of.items():
                _require_name(name, f"the limit of {limit} parents", names)
                limits[names.index(name)] = limit
        constraints = cls(matrices["required"], matrices["forbidden"], max_parents, max_parents_of=limits)
        constraints._refuse_contradictions(names)
        return constraints

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.required_edges)

    @cached_property
    def required(self) -> Int64[np.ndarray, " d"]:
        """For each node, the mask of the parents that it must have."""
        return self._masks.masks_of(self.required_edges)

    @cached_property
    def forbidden(self) -> Int64[np.ndarray, " d"]:
        """For each node, the mask of the parents that it must not have."""
        return self._masks.masks_of(self.forbidden_edges & (self._masks.bits.T >= 0))

    @property
    def _masks(self) -> PossibleParents:
        return PossibleParents.all(self.d) if self.possible is None else self.possible

    def among(self, possible: PossibleParents) -> "Constraints":
        """Return these constraints on masks over possible parents, among which the required ones have to be."""
        limit = None if self.cell_limit is None else self.cell_limit.among(possible)
        return replace(self, possible=possible, cell_limit=limit)

    def given(self, required: Bool[np.ndarray, "d d"], forbidden: Bool[np.ndarray, "d d"]) -> "Constraints":
        """Return these constraints with further required and forbidden edges, ``[i, j]`` for i -> j."""
        return replace(
            self,
            required_edges=self.required_edges | required,
            forbidden_edges=self.forbidden_edges | forbidden,
        )

    def is_empty(self) -> bool:
        """Return whether everything is allowed."""
        edges = self.required_edges.any() or self.forbidden_edges.any()
        limits = (self.max_parents, self.max_parents_of, self.cell_limit, self.listed)
        no_limits = all(limit is None for limit in limits)
        return not edges and no_limits

    def limit(self, node: int | Int64[np.ndarray, " m"]) -> Int64[np.ndarray, "*shape"]:
        """Return the largest number of parents of a node, or of each of some nodes, at most d - 1."""
        of_all = self.d - 1 if self.max_parents is None else self.max_parents
        of_each = np.full(self.d, self.d - 1) if self.max_parents_of is None else self.max_parents_of
        return np.asarray(np.minimum(of_each[node], of_all), dtype=np.int64)

    def with_contexts(self, contexts: Sequence[int], names: Sequence[str]) -> "Constraints":
        """Return these constraints with no edge into nodes that can only be parents.

        Raises
        ------
        ConstraintError
            If such an edge is required.
        """
        forbidden = self.forbidden_edges.copy()
        for node in contexts:
            if self.required_edges[:, node].any():
                source = names[int(np.flatnonzero(self.required_edges[:, node])[0])]
                raise ConstraintError(
                    f"required edge {source} -> {names[node]}: {names[node]!r} is a context, which has no causes; "
                    "leave the edge out, or take the column out of --context"
                )
            forbidden[:, node] = np.arange(self.d) != node
        return replace(self, forbidden_edges=forbidden)

    def without(self, nodes: Sequence[int]) -> "Constraints":
        """Return these constraints without those on the parents of some nodes."""
        others = ~np.isin(np.arange(self.d), nodes)
        return replace(
            self,
            required_edges=self.required_edges & others,
            forbidden_edges=self.forbidden_edges & others,
        )

    def without_sparse_families(self, data: Dataset) -> "Constraints":
        """Return these constraints without families of more table cells than rows; ``data`` is discrete."""
        return replace(self, cell_limit=CellLimit.of(data, self.required_edges))

    def allow(
        self, node: int | Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> Bool[np.ndarray, " m"]:
        """Return which parent sets (bitmasks, shape (m,)) are allowed; ``node`` is one node, or one for each set."""
        allowed = (parents & self.forbidden[node] == 0) & (self.required[node] & ~parents == 0)
        if self.max_parents is not None or self.max_parents_of is not None:
            allowed &= popcount(parents) <= self.limit(node)
        if self.cell_limit is not None:
            allowed &= self.cell_limit.allow(node, parents)
        if self.listed is not None:
            allowed &= self.listed.allow(node, parents)
        return allowed

    def possible_edges(self) -> Bool[np.ndarray, "d d"]:
        """Return which edges are neither forbidden nor the reverse of a required one, shape (d, d), row → column.

        With more than 63 nodes they are among the possible parents.
        """
        possible = ~self.forbidden_edges & ~self.required_edges.T & ~np.eye(self.d, dtype=bool)
        return possible if self.possible is None else possible & (self.possible.bits.T >= 0)

    def open_pairs(self) -> Bool[np.ndarray, "d d"]:
        """Return which edges i -> j no list of edges decides: entry (i, j), row -> column.

        Examples
        --------
        >>> from dag_gfn.scores import Constraints
        >>> Constraints.from_names(("a", "b"), required=[("a", "b")]).open_pairs().tolist()
        [[False, False], [False, False]]
        """
        return self.possible_edges() & ~self.required_edges

    def describe(self, names: Sequence[str]) -> dict[str, object]:
        """Return the constraints by name, as JSON can hold them: the arguments of :meth:`from_names`."""

        def edges(matrix: Bool[np.ndarray, "d d"]) -> list[list[str]]:
            return [[names[i], names[j]] for j, i in np.argwhere(matrix.T)]

        return {
            "required": edges(self.required_edges),
            "forbidden": edges(self.forbidden_edges),
            "max_parents": self.max_parents,
            "max_parents_of": self._limits_of_single(names),
        }

    def _limits_of_single(self, names: Sequence[str]) -> dict[str, int]:
        if self.max_parents_of is None:
            return {}
        own = np.flatnonzero(self.max_parents_of < self.d - 1)
        return {names[node]: int(self.max_parents_of[node]) for node in own.tolist()}

    def _refuse_contradictions(self, names: tuple[str, ...]) -> None:
        """Raise ConstraintError if no DAG can satisfy the constraints."""
        required = self.required_edges.T  # (target, source)
        for target, source in np.argwhere(required & self.forbidden_edges.T):
            raise ConstraintError(
                f"edge {names[source]} -> {names[target]} is both required and forbidden: drop one of the two"
            )
        if self.max_parents is not None:
            if self.max_parents < 0:
                raise ConstraintError(f"max_parents must be 0 or more, not {self.max_parents}")
            for target in np.flatnonzero(required.sum(1) > self.max_parents):
                sources = [names[i] for i in np.flatnonzero(required[target])]
                raise ConstraintError(
                    f"{names[target]!r} has {len(sources)} required parents ({', '.join(sources)}), more "
                    f"than max_parents = {self.max_parents}: raise max_parents to at least {len(sources)}"
                )
        for name, limit in self._limits_of_single(names).items():
            sources = [names[i] for i in np.flatnonzero(required[names.index(name)])]
            if limit < 0:
                raise ConstraintError(
                    f"the largest number of parents of {name!r} must be 0 or more, not {limit}"
                )
            if len(sources) > limit:
                raise ConstraintError(
                    f"{name!r} has {len(sources)} required parents ({', '.join(sources)}), more than its limit of "
                    f"{limit}: raise the limit to at least {len(sources)}"
                )
        cycle = _cycle(required)
        if cycle:
            raise ConstraintError(
                f"required edges form a cycle: {' -> '.join(names[i] for i in cycle)}. A causal DAG has "
                "none: drop one of them"
            )


def _edge_indices(edge: tuple[str, str] | list[str], word: str, names: tuple[str, ...]) -> tuple[int, int]:
    """Return the positions of source and target; `word` says in errors which option the edge is from."""
    if len(edge) != 2:
        raise ConstraintError(f"a {word} edge is a pair (source, target), not {edge!r}")
    for name in edge:
        _require_name(name, f"{word} edge {edge[0]} -> {edge[1]}", names)
    if edge[0] == edge[1]:
        raise ConstraintError(
            f"{word} edge {edge[0]} -> {edge[1]} is a self-loop: a DAG never has one, leave it out"
        )
    return names.index(edge[0]), names.index(edge[1])


def _require_name(name: str, where: str, names: tuple[str, ...]) -> None:
    """Raise ConstraintError, with the nearest names, unless there is a column of this name."""
    if name not in names:
        near = get_close_matches(str(name), names, n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"columns: {', '.join(names)}"
        raise ConstraintError(f"{where}: there is no column {name!r}; {hint}")


def _cycle(parents: Bool[np.ndarray, "d d"]) -> list[int]:
    """Return nodes v -> ... -> v along a cycle, or [] if there is none; ``parents[target, source]``."""
    left = np.ones(len(parents), dtype=bool)
    while (free := left & ~(parents & left).any(1)).any():  # a node without parents left is on no cycle
        left &= ~free
    if not left.any():
        return []
    walk = [int(np.flatnonzero(left)[0])]
    while walk[-1] not in walk[:-1]:  # every node left has a parent left, so going up ends in a cycle
        walk.append(int(np.flatnonzero(parents[walk[-1]] & left)[0]))
    return walk[walk.index(walk[-1]) :][::-1]
