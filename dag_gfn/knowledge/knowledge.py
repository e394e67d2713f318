"""Statements about a graph that are made before the data are seen, by names that may hold wildcards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from dag_gfn.errors import ConstraintError

Pair = tuple[str, str]
LISTS = (
    "required",
    "forbidden",
    "tiers",
    "roots",
    "leaves",
    "beliefs",
    "required_paths",
    "forbidden_paths",
)
"""The statements that come in lists."""
MAPPINGS = ("max_parents", "groups")
"""The statements that are about names."""


class Belief(NamedTuple):
    """A belief in an edge.

    Attributes
    ----------
    source, target : str
        The edge source -> target.
    probability : float
        Between 0 and 1, neither of them. It multiplies the prior odds of the edge by p / (1 - p): one half says
        nothing.

    Examples
    --------
    >>> from dag_gfn.knowledge import Belief
    >>> Belief("smoking", "cancer", 0.9).probability
    0.9
    """

    source: str
    target: str
    probability: float


@dataclass(frozen=True)
class Knowledge:
    """What is known about a graph. Each name may hold the wildcards ``*`` and ``?``, or be that of a group.

    :func:`dag_gfn.read_knowledge` reads it from a file, a mapping, or an object of another library.

    Attributes
    ----------
    required, forbidden : tuple of (source, target)
        Edges of every graph, and of none.
    tiers : tuple of tuple of str
        No edge leads from a later tier to an earlier one. Names that are in no tier are free.
    closed_tiers : tuple of int
        Numbers of the tiers, from 1, that have no edges within.
    roots, leaves : tuple of str
        Variables without parents, and without children.
    max_parents : dict of str to int
        Largest number of parents of single variables.
    groups : dict of str to tuple of str
        Names for several variables.
    beliefs : tuple of Belief
    required_paths, forbidden_paths : tuple of (source, target)
        A directed path from source to target is in every graph, or in none. An edge is a path.
    places : dict of str to str
        Where statements come from, for messages: ``{"required[0]": "line 3 of known.yaml"}``.

    Examples
    --------
    >>> from dag_gfn.knowledge import Knowledge
    >>> known = Knowledge(required=(("smoking", "cancer"),), roots=("age",))
    >>> known.is_empty, known.to_json()
    (False, {'required': [['smoking', 'cancer']], 'roots': ['age']})
    """

    required: tuple[Pair, ...] = ()
    forbidden: tuple[Pair, ...] = ()
    tiers: tuple[tuple[str, ...], ...] = ()
    closed_tiers: tuple[int, ...] = ()
    roots: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    max_parents: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beliefs: tuple[Belief, ...] = ()
    required_paths: tuple[Pair, ...] = ()
    forbidden_paths: tuple[Pair, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known; groups alone say nothing."""
        return not any(getattr(self, name) for name in (*LISTS, "max_parents"))

    def place(self, kind: str, key: int | str) -> str:
        """Return where a statement comes from, as the beginning of a message; empty where that is not known.

        Examples
        --------
        >>> from dag_gfn.knowledge import Knowledge
        >>> Knowledge(roots=("age",), places={"roots[0]": "line 2 of k.yaml"}).place("roots", 0)
        'line 2 of k.yaml: '
        """
        place = self.places.get(f"{kind}[{key}]", "")
        return f"{place}: " if place else ""

    def merged(self, other: "Knowledge") -> "Knowledge":
        """Return what both say together.

        Raises
        ------
        ConstraintError
            If both have tiers, or give a group or a largest number of parents differently.

        Examples
        --------
        >>> from dag_gfn.knowledge import Knowledge
        >>> Knowledge(roots=("age",)).merged(Knowledge(roots=("sex",))).roots
        ('age', 'sex')
        """
        if self.tiers and other.tiers:
            raise ConstraintError(
                "tiers are given twice, in the knowledge and by the option tiers (--tiers): leave one of them out"
            )
        joined: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in LISTS}
        for name in MAPPINGS:
            first, second = getattr(self, name), getattr(other, name)
            for key in first.keys() & second.keys():
                if first[key] != second[key]:
                    raise ConstraintError(
                        f"{name} of '{key}' is given twice, as {first[key]} and {second[key]}: leave one of them out"
                    )
            joined[name] = {**first, **second}
        joined["closed_tiers"] = self.closed_tiers + other.closed_tiers
        moved = {_moved(key, self): place for key, place in other.places.items()}
        return Knowledge(**joined, places={**self.places, **moved})

    def with_closed_tiers(self) -> "Knowledge":
        """Return this with edges forbidden within every tier."""
        return replace(self, closed_tiers=tuple(range(1, len(self.tiers) + 1)))

    def from_place(self, place: str) -> "Knowledge":
        """Return this with one place for all statements that have none."""
        everywhere = {
            f"{kind}[{key}]": place
            for kind in (*LISTS, *MAPPINGS)
            for key in (getattr(self, kind) if kind in MAPPINGS else range(len(getattr(self, kind))))
        }
        return replace(self, places={**everywhere, **self.places})

    def to_json(self) -> dict[str, Any]:
        """Return what is known as JSON holds it: what `read_knowledge` takes; what is empty is left out."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value and each.name not in ("places", "closed_tiers", "beliefs"):
                found[each.name] = _plain(value)
        if self.closed_tiers:
            found["forbid_within_tiers"] = list(self.closed_tiers)
        if self.beliefs:
            found["beliefs"] = [
                {"from": source, "to": target, "probability": p} for source, target, p in self.beliefs
            ]
        return found


def _moved(key: str, before: Knowledge) -> str:
    """Return the key of a place where the statements of another come first."""
    kind, _, rest = key.partition("[")
    if kind in MAPPINGS:
        return key
    return f"{kind}[{int(rest.rstrip(']')) + len(getattr(before, kind))}]"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
