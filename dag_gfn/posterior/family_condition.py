"""A condition on the parents of each node: edges that are present, edges that are absent, an order of tiers.

Such a condition says of each node alone which parent sets comply. The weight of the graphs that satisfy it is then a
sum of the same form as the evidence, so samplers can be conditioned on it exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.graphs import graph
from dag_gfn.posterior.queries import And, Not, PairFeature, Parents, Query


@dataclass(frozen=True, eq=False)
class FamilyCondition:
    """Which parents each node must and must not have.

    Attributes
    ----------
    required, forbidden : ndarray, shape (d,), int64
        For each node, the bitmask of the parents that it has, and of those that it has not.

    Examples
    --------
    >>> from dag_gfn.posterior.family_condition import FamilyCondition
    >>> condition = FamilyCondition.of(("a", "b", "c"), edges=[("a", "b")], tiers=[["a"], ["c"]])
    >>> condition.required.tolist(), condition.forbidden.tolist()  # b has the parent a; c is no parent of a
    ([0, 1, 0], [4, 0, 0])
    """

    required: Int64[np.ndarray, " d"]
    forbidden: Int64[np.ndarray, " d"]

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        edges: Iterable[tuple[str, str]] = (),
        absent: Iterable[tuple[str, str]] = (),
        tiers: Sequence[Sequence[str]] = (),
    ) -> "FamilyCondition":
        """Return the condition that edges (source, target) are there, others are not, and none leads back in a tier.

        Parameters
        ----------
        names : sequence of str, length d
            The variables.
        edges, absent : iterable of (source, target)
        tiers : sequence of sequences of str
            No edge leads from a later tier to an earlier one. Variables in no tier are free.

        Raises
        ------
        OptionError
            If a name is not a variable, or is in two tiers.
        ConstraintError
            If the condition contradicts itself.
        """
        place = {name: k for k, name in enumerate(names)}
        required, forbidden = (np.zeros(len(names), dtype=np.int64) for _ in range(2))
        for masks, pairs in ((required, edges), (forbidden, absent)):
            for source, target in pairs:
                masks[_place(place, target)] |= np.int64(1) << _place(place, source)
        earlier: list[int] = []
        for tier in tiers:
            if isinstance(tier, str):
                raise OptionError(f"a tier is a list of variables, not '{tier}': write [['{tier}'], ...]")
            here = [_place(place, name) for name in tier]
            if len({*earlier, *here}) < len(earlier) + len(here):
                raise OptionError(f"a variable is in two tiers: {', '.join(tier)} holds one again")
            for node in earlier:
                forbidden[node] |= sum(1 << later for later in here)
            earlier += here
        condition = cls(required, forbidden)
        condition.require_possible(names)
        return condition

    @classmethod
    def of_query(cls, query: Query, d: int) -> "tuple[FamilyCondition, Query | None]":
        """Return the part of a query that is about the parents of single nodes, and the rest; None where all is.

        The statements that count are those that are joined by "and": ``edge(a, b)`` and its negation, the same of a
        pair that is not linked, and ``parents(b)`` compared by ``==``, ``>=`` or ``<=``.

        Examples
        --------
        >>> from dag_gfn.posterior.family_condition import FamilyCondition
        >>> from dag_gfn.posterior.query_language import parse_query
        >>> query = parse_query("edge(a, b) & path(b, c)", ("a", "b", "c"))
        >>> condition, rest = FamilyCondition.of_query(query, 3)
        >>> condition.required.tolist(), rest
        ([0, 1, 0], PairFeature(feature='path', source=1, target=2))
        """
        required, forbidden = np.zeros(d, dtype=np.int64), np.zeros(d, dtype=np.int64)
        everyone, rest = (1 << d) - 1, []
        for part in _conjuncts(query):
            match part:
                case PairFeature("edge", source, target):
                    required[target] |= np.int64(1) << source
                case Not(PairFeature("edge", source, target)):
                    forbidden[target] |= np.int64(1) << source
                case Not(PairFeature("linked", source, target)):
                    forbidden[target] |= np.int64(1) << source
                    forbidden[source] |= np.int64(1) << target
                case Parents(node, "==" | ">=" | "<=" as comparison, members):
                    if comparison != "<=":
                        required[node] |= members
                    if comparison != ">=":
                        forbidden[node] |= everyone & ~members & ~(1 << node)
                case _:
                    rest.append(part)
        remaining = None if not rest else rest[0] if len(rest) == 1 else And(tuple(rest))
        return cls(required, forbidden), remaining

    def is_empty(self) -> bool:
        """Return whether it says nothing."""
        return not (self.required.any() or self.forbidden.any())

    def require_possible(self, names: Sequence[str]) -> None:
        """Raise ConstraintError if no DAG at all satisfies the condition."""
        both = np.flatnonzero(self.required & self.forbidden)
        if len(both):
            raise ConstraintError(
                f"an edge into '{names[both[0]]}' is to be there and not to be there: take one of the two as given"
            )
        if not graph.is_dag(graph.adjacency_from_masks(self.required, len(names))):
            raise ConstraintError("the edges that are given close a cycle: a DAG never has them all")


def _conjuncts(query: Query) -> list[Query]:
    """Return the statements that a query joins by "and"."""
    match query:
        case And(parts):
            return [each for part in parts for each in _conjuncts(part)]
        case Not(Not(part)):
            return _conjuncts(part)
    return [query]


def _place(place: dict[str, int], name: str) -> int:
    if name not in place:
        raise OptionError(f"no variable is called '{name}': there are {', '.join(place)}")
    return place[name]
