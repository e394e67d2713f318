"""A condition on the parents of each node: edges that are present, edges that are absent, an order of tiers.

Such a condition says of each node alone which parent sets comply. The weight of the graphs that satisfy it is then a
sum of the same form as the evidence, so samplers can be conditioned on it exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.graphs import graph
from dag_gfn.posterior.queries import And, Not, PairFeature, Parents, Query


@dataclass(frozen=True, eq=False)
class FamilyCondition:
    """Which parents each node must and must not have.

    Attributes
    ----------
    required, forbidden : ndarray, shape (d, d), bool
        ``[i, j]`` is True for the edges i -> j (row -> column) that are present, and for those that are absent.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.family_condition import FamilyCondition
    >>> condition = FamilyCondition.of(("a", "b", "c"), edges=[("a", "b")], tiers=[["a"], ["c"]])
    >>> np.argwhere(condition.required).tolist(), np.argwhere(condition.forbidden).tolist()  # a -> b, not c -> a
    ([[0, 1]], [[2, 0]])
    """

    required: Bool[np.ndarray, "d d"]
    forbidden: Bool[np.ndarray, "d d"]

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
        required, forbidden = np.zeros((2, len(names), len(names)), dtype=bool)
        for matrix, pairs in ((required, edges), (forbidden, absent)):
            for source, target in pairs:
                matrix[_place(place, source), _place(place, target)] = True
        earlier: list[int] = []
        for tier in tiers:
            if isinstance(tier, str):
                raise OptionError(f"a tier is a list of variables, not '{tier}': write [['{tier}'], ...]")
            here = [_place(place, name) for name in tier]
            if len({*earlier, *here}) < len(earlier) + len(here):
                raise OptionError(f"a variable is in two tiers: {', '.join(tier)} holds one again")
            forbidden[np.ix_(here, earlier)] = True
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
        >>> import numpy as np
        >>> from dag_gfn.posterior.family_condition import FamilyCondition
        >>> from dag_gfn.posterior.query_language import parse_query
        >>> query = parse_query("edge(a, b) & path(b, c)", ("a", "b", "c"))
        >>> condition, rest = FamilyCondition.of_query(query, 3)
        >>> np.argwhere(condition.required).tolist(), rest
        ([[0, 1]], PairFeature(feature='path', source=1, target=2))
        """
        required, forbidden = np.zeros((2, d, d), dtype=bool)
        rest = []
        for part in _conjuncts(query):
            match part:
                case PairFeature("edge", source, target):
                    required[source, target] = True
                case Not(PairFeature("edge", source, target)):
                    forbidden[source, target] = True
                case Not(PairFeature("linked", source, target)):
                    forbidden[source, target] = forbidden[target, source] = True
                case Parents(node, "==" | ">=" | "<=" as comparison, members):
                    among = np.array([bool(members >> i & 1) for i in range(d)])
                    if comparison != "<=":
                        required[:, node] |= among
                    if comparison != ">=":
                        forbidden[:, node] |= ~among & (np.arange(d) != node)
                case _:
                    rest.append(part)
        remaining = None if not rest else rest[0] if len(rest) == 1 else And(tuple(rest))
        return cls(required, forbidden), remaining

    def is_empty(self) -> bool:
        """Return whether it says nothing."""
        return not (self.required.any() or self.forbidden.any())

    def require_possible(self, names: Sequence[str]) -> None:
        """Raise ConstraintError if no DAG at all satisfies the condition."""
        both = np.argwhere(self.required & self.forbidden)
        if len(both):
            raise ConstraintError(
                f"an edge into '{names[both[0, 1]]}' is to be there and not to be there: take one of the two as given"
            )
        if not graph.is_dag(self.required):
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
