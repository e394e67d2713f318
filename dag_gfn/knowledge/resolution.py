"""From statements by name to the variables of one table; contradictions are named."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.messages import listed
from dag_gfn.errors import ConstraintError
from dag_gfn.graphs.graph import transitive_closure
from dag_gfn.knowledge.knowledge import Knowledge
from dag_gfn.knowledge.matching import Matcher
from dag_gfn.knowledge.resolved import Index, ResolvedKnowledge


def resolve(
    knowledge: Knowledge,
    names: Sequence[str],
    *,
    left_out: Mapping[str, str] | None = None,
    impossible: Mapping[Index, str] | None = None,
) -> ResolvedKnowledge:
    """Return what knowledge says about the variables of a table.

    Parameters
    ----------
    knowledge : Knowledge
    names : sequence of str
        The variables.
    left_out : mapping of str to str, optional
        Columns that are no variables, and why: statements about them have no effect, and a note says so.
    impossible : mapping from (int, int) to str, optional
        Edges that the table itself rules out, whatever is known, and why.

    Raises
    ------
    ConstraintError
        If a name is unknown, or statements contradict each other. The message names both, with their lines.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.knowledge import Knowledge, resolve
    >>> try:
    ...     resolve(Knowledge(roots=("age",), required=(("sex", "age"),)), ("age", "sex"))
    ... except dag_gfn.ConstraintError as error:
    ...     print(error)
    edge sex -> age is required, but 'age' is a root: drop one of the two
    """
    return _Resolution(knowledge, tuple(names), left_out, impossible or {}).result()


class _Resolution:
    """The work of `resolve`: statement after statement, with the reason of each edge that is ruled out."""

    def __init__(
        self,
        knowledge: Knowledge,
        names: tuple[str, ...],
        left_out: Mapping[str, str] | None,
        impossible: Mapping[Index, str],
    ):
        self.knowledge, self.names, self.d = knowledge, names, len(names)
        self.matcher = Matcher(names, knowledge, left_out)
        self.impossible = impossible
        self.reasons: dict[Index, str] = dict(impossible)
        self.required: dict[Index, str] = {}
        self.notes: list[str] = []

    def result(self) -> ResolvedKnowledge:
        for (i, j), place in self._pairs("forbidden", "forbidden edge").items():
            self._rule_out(i, j, f"it is forbidden{_told(place)}")
        self._roots_and_leaves()
        self._tiers()
        self.required = self._pairs("required", "required edge", needed=True)
        self._refuse_impossible_edges()
        ordered = self._paths()
        belief = self._beliefs()
        limits = self._limits()
        if self.matcher.ignored:
            columns = listed([f"'{name}'" for name in dict.fromkeys(self.matcher.ignored)])
            self.notes.append(f"what is known about {columns} has no effect: the table leaves it out")
        return ResolvedKnowledge(
            self.names,
            self.knowledge,
            self._matrix(self.required),
            self._matrix(self.reasons),
            limits,
            belief,
            *ordered,
            tuple(self.notes),
            self._matrix(self.impossible),
        )

    def _matrix(self, edges: Mapping[Index, str]) -> Bool[np.ndarray, "d d"]:
        matrix = np.zeros((self.d, self.d), dtype=bool)
        for i, j in edges:
            matrix[i, j] = True
        return matrix

    def _rule_out(self, i: int, j: int, reason: str) -> None:
        self.reasons.setdefault((i, j), reason)

    def _pairs(self, kind: str, word: str, *, needed: bool = False) -> dict[Index, str]:
        """Return the pairs that statements of a kind are about, and where each was said."""
        found: dict[Index, str] = {}
        for k, (source, target) in enumerate(getattr(self.knowledge, kind)):
            place = self.knowledge.place(kind, k)
            where = f"{place}{word} {source} -> {target}"
            sources, targets = (self.matcher.find(name, where, needed=needed) for name in (source, target))
            if sources == targets and len(sources) == 1:
                raise ConstraintError(f"{where} is a self-loop: a DAG never has one, leave it out")
            for i in sources:
                for j in targets:
                    if i != j:
                        found.setdefault((i, j), place)
        return found

    def _roots_and_leaves(self) -> None:
        for kind, word in (("roots", "root"), ("leaves", "leaf")):
            for k, name in enumerate(getattr(self.knowledge, kind)):
                place = self.knowledge.place(kind, k)
                for node in self.matcher.find(name, f"{place}{word} {name}"):
                    for other in range(self.d):
                        if other != node:
                            edge = (other, node) if kind == "roots" else (node, other)
                            self._rule_out(*edge, f"'{self.names[node]}' is a {word}{_told(place)}")

    def _tiers(self) -> None:
        tier_of: dict[int, int] = {}
        for k, members in enumerate(self.knowledge.tiers):
            place = self.knowledge.place("tiers", k)
            for name in members:
                for node in self.matcher.find(name, f"{place}tier {k + 1}"):
                    if tier_of.setdefault(node, k) != k:
                        raise ConstraintError(
                            f"{place}'{self.names[node]}' is in the tiers {tier_of[node] + 1} and {k + 1}: leave it in "
                            "one of them"
                        )
        for i, first in tier_of.items():
            for j, second in tier_of.items():
                if first > second:
                    self._rule_out(i, j, f"the tiers put '{self.names[i]}' after '{self.names[j]}'")
                elif i != j and first == second and first + 1 in self.knowledge.closed_tiers:
                    self._rule_out(i, j, f"edges within tier {first + 1} are forbidden")

    def _refuse_impossible_edges(self) -> None:
        for (i, j), place in self.required.items():
            reason = self.reasons.get((i, j))
            edge = f"{place}edge {self.names[i]} -> {self.names[j]}"
            if reason is not None and reason.startswith("it is forbidden"):
                raise ConstraintError(
                    f"{edge} is both required and forbidden{reason.removeprefix('it is forbidden')}: drop one of the "
                    "two"
                )
            if reason is not None:
                raise ConstraintError(f"{edge} is required, but {reason}: drop one of the two")

    def _paths(self) -> tuple[tuple[Index, ...], tuple[Index, ...]]:
        """Check statements about paths, and rule out the edges that they exclude by themselves."""
        required = self._pairs("required_paths", "required path", needed=True)
        forbidden = self._pairs("forbidden_paths", "forbidden path")
        if not required and not forbidden:
            return (), ()
        before = transitive_closure(self._matrix({**self.required, **required}), reflexive=False)
        np.fill_diagonal(before, False)  # before[i, j]: i is an ancestor of j
        for (i, j), place in required.items():
            if before[j, i]:
                raise ConstraintError(
                    f"{place}the path {self._path(i, j)} is required, but other statements require one from "
                    f"{self.names[j]} to {self.names[i]}: drop one of the two"
                )
        for (i, j), place in forbidden.items():
            if before[i, j]:
                raise ConstraintError(
                    f"{place}the path {self._path(i, j)} is forbidden, but required edges and paths lead from "
                    f"{self.names[i]} to {self.names[j]}: drop one of them"
                )
            sources = np.flatnonzero(before[i] | (np.arange(self.d) == i)).tolist()  # they come after i
            targets = np.flatnonzero(before[:, j] | (np.arange(self.d) == j)).tolist()  # j comes after them
            for a in sources:
                for b in targets:
                    if a != b:
                        self._rule_out(a, b, f"the path {self._path(i, j)} is forbidden{_told(place)}")
        if required:
            for i, j in np.argwhere(before).tolist():
                self._rule_out(j, i, f"the path {self._path(i, j)} is required")
        possible = ~self._matrix(self.reasons)
        np.fill_diagonal(possible, False)
        reach = transitive_closure(possible)
        for (i, j), place in required.items():
            if not reach[i, j]:
                raise ConstraintError(
                    f"{place}the path {self._path(i, j)} is required, but the edges that are left lead from "
                    f"{self.names[i]} to {self.names[j]} in no way: drop one of the statements"
                )
        return tuple(required), tuple(forbidden)

    def _path(self, i: int, j: int) -> str:
        return f"{self.names[i]} ~> {self.names[j]}"

    def _beliefs(self) -> Float64[np.ndarray, "d d"]:
        """Return the beliefs; those about single variables go before those about groups and wildcards."""
        belief = np.full((self.d, self.d), 0.5)
        said: dict[Index, tuple[bool, float, str]] = {}
        for k, (source, target, p) in enumerate(self.knowledge.beliefs):
            place = self.knowledge.place("beliefs", k)
            where = f"{place}belief {source} -> {target}"
            single = self.matcher.is_single(source) and self.matcher.is_single(target)
            sources, targets = (self.matcher.find(name, where) for name in (source, target))
            if sources == targets and len(sources) == 1:
                raise ConstraintError(f"{where} is about a self-loop: a DAG never has one, leave it out")
            for edge in [(i, j) for i in sources for j in targets if i != j]:
                known = said.get(edge)
                if known is not None and known[0] == single and known[1] != p:
                    raise ConstraintError(
                        f"{where} is {p:g}, but {known[1]:g} elsewhere{_told(known[2])}: leave one of them out"
                    )
                if known is None or single:
                    said[edge] = (single, p, place)
        moot = [edge for edge in said if edge in self.reasons or edge in self.required]
        for i, j in said.keys() - set(moot):
            belief[i, j] = said[i, j][1]
        if moot:
            edges = listed([f"{self.names[i]} -> {self.names[j]}" for i, j in moot], limit=5)
            one = len(moot) == 1
            self.notes.append(
                f"{'a belief has' if one else f'{len(moot)} beliefs have'} no effect, since the "
                f"{'edge is' if one else 'edges are'} required or ruled out: {edges}"
            )
        return belief

    def _limits(self) -> dict[str, int]:
        """Return the limits of parents; those of single variables go before those of groups and wildcards."""
        of_many: dict[str, int] = {}
        of_one: dict[str, int] = {}
        for name, limit in self.knowledge.max_parents.items():
            place = self.knowledge.place("max_parents", name)
            limits = of_one if self.matcher.is_single(name) else of_many
            for node in self.matcher.find(name, f"{place}max_parents of {name}"):
                limits[self.names[node]] = min(limit, limits.get(self.names[node], limit))
        return {**of_many, **of_one}


def _told(place: str) -> str:
    """Return a place in brackets."""
    return f" ({place.removesuffix(': ')})" if place else ""
