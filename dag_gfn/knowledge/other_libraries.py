"""Knowledge in objects of other libraries, by what they hold: neither library need be installed."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.knowledge.knowledge import Knowledge, Pair


def is_known_object(value: Any) -> bool:
    """Return whether a value looks like ``ExpertKnowledge`` of pgmpy or ``BackgroundKnowledge`` of causal-learn.

    Examples
    --------
    >>> from dag_gfn.knowledge.other_libraries import is_known_object
    >>> is_known_object({"required": []})
    False
    """
    return _is_pgmpy(value) or _is_causal_learn(value)


def from_object(value: Any, names: Sequence[str]) -> Knowledge:
    """Return what an object of pgmpy or causal-learn says about these variables.

    Parameters
    ----------
    value : ExpertKnowledge or BackgroundKnowledge
        Of pgmpy: required and forbidden edges, the temporal order, and the search space, outside of which all edges
        are forbidden. Of causal-learn: required and forbidden edges, also by regular expressions, and tiers.
    names : sequence of str
        The variables: regular expressions and the search space are about all of them.

    Raises
    ------
    OptionError
        If it is of neither library.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from dag_gfn.knowledge.other_libraries import from_object
    >>> expert = SimpleNamespace(
    ...     required_edges={("a", "b")}, forbidden_edges=set(), temporal_order=[["a"], ["b"]], search_space=set()
    ... )
    >>> from_object(expert, ("a", "b")).tiers
    (('a',), ('b',))
    """
    if _is_pgmpy(value):
        return _from_pgmpy(value, names)
    if _is_causal_learn(value):
        return _from_causal_learn(value, names)
    raise OptionError(
        "knowledge is the path of a file, a mapping, a Knowledge, an ExpertKnowledge of pgmpy or a "
        f"BackgroundKnowledge of causal-learn, not {type(value).__name__}"
    )


def _is_pgmpy(value: Any) -> bool:
    return hasattr(value, "required_edges") and hasattr(value, "forbidden_edges")


def _is_causal_learn(value: Any) -> bool:
    return hasattr(value, "forbidden_rules_specs") and hasattr(value, "required_rules_specs")


def _from_pgmpy(value: Any, names: Sequence[str]) -> Knowledge:
    forbidden = _sorted(value.forbidden_edges)
    space = {(str(a), str(b)) for a, b in getattr(value, "search_space", None) or ()}
    if space:
        others = [(a, b) for a in names for b in names if a != b and (a, b) not in space]
        forbidden += [pair for pair in others if pair not in set(forbidden)]
    tiers = [tuple(map(str, tier)) for tier in getattr(value, "temporal_order", None) or ()]
    known = Knowledge(
        required=tuple(_sorted(value.required_edges)),
        forbidden=tuple(forbidden),
        tiers=tuple(tier for tier in tiers if tier),
    )
    return known.from_place("ExpertKnowledge")


def _from_causal_learn(value: Any, names: Sequence[str]) -> Knowledge:
    tier_of = {_name(node): tier for node, tier in getattr(value, "tier_value_map", {}).items()}
    numbers = sorted(set(tier_of.values()))
    closed = getattr(value, "forbidden_within_tiers", ())
    known = Knowledge(
        required=_edges(
            value.required_rules_specs, getattr(value, "required_pattern_rules_specs", ()), names
        ),
        forbidden=_edges(
            value.forbidden_rules_specs, getattr(value, "forbidden_pattern_rules_specs", ()), names
        ),
        tiers=tuple(tuple(sorted(name for name in tier_of if tier_of[name] == k)) for k in numbers),
        closed_tiers=tuple(place for place, k in enumerate(numbers, start=1) if k in closed),
    )
    return known.from_place("BackgroundKnowledge")


def _edges(specs: Iterable[Any], patterns: Iterable[Pair], names: Sequence[str]) -> tuple[Pair, ...]:
    """Return single edges, and those between names that two regular expressions match from their beginning."""
    pairs = _sorted((_name(a), _name(b)) for a, b in specs)
    for cause, effect in sorted(patterns):
        causes, effects = (_matching(pattern, names) for pattern in (cause, effect))
        pairs += [(a, b) for a in causes for b in effects if a != b and (a, b) not in pairs]
    return tuple(pairs)


def _matching(pattern: str, names: Sequence[str]) -> list[str]:
    matches: Callable[[str], Any] = re.compile(pattern).match
    return [name for name in names if matches(name)]


def _name(node: Any) -> str:
    return str(node.get_name() if hasattr(node, "get_name") else node)


def _sorted(pairs: Iterable[Any]) -> list[Pair]:
    return sorted((str(a), str(b)) for a, b in pairs)
