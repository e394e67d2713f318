"""What a knowledge file holds, key by key: plain lists, mappings and texts become a `Knowledge`.

Every message names the key, its line where that is known, and what was expected.
"""

import csv
import io
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dag_gfn.errors import OptionError, shortened
from dag_gfn.knowledge.edge_lists import probability_of, read_beliefs, read_pairs
from dag_gfn.knowledge.knowledge import Belief, Knowledge, Pair

KEYS = (
    "required",
    "forbidden",
    "tiers",
    "forbid_within_tiers",
    "roots",
    "leaves",
    "max_parents",
    "groups",
    "beliefs",
    "required_paths",
    "forbidden_paths",
)
"""What a knowledge file may hold."""


@dataclass(frozen=True)
class Source:
    """Where content comes from, for messages and for the files that it names.

    Parameters
    ----------
    name : str
        Of the file; empty for content that is no file.
    lines : mapping of str to int
        The line of each key and entry, such as ``required`` and ``required[0]``.
    folder : Path
        Where files that the content names are looked for.

    Examples
    --------
    >>> from dag_gfn.knowledge.entries import Source
    >>> Source("known.yaml", {"roots": 4}).place("roots")
    'known.yaml, line 4'
    """

    name: str = ""
    lines: Mapping[str, int] | None = None
    folder: Path = Path()

    def place(self, path: str) -> str:
        """Return the place of an entry in words; empty for content that is no file."""
        lines = self.lines or {}
        line = lines.get(path, lines.get(path.partition("[")[0]))
        return self.name if line is None or not self.name else f"{self.name}, line {line}"

    def error(self, path: str, message: str) -> OptionError:
        """Return the error for an entry."""
        place = self.place(path)
        return OptionError(f"{place + ': ' if place else ''}{path}: {message}")


def knowledge_from(content: Any, source: Source | None = None) -> Knowledge:
    """Return the knowledge in the content of a file.

    Parameters
    ----------
    content : mapping
        See docs/knowledge.md. Numbers may be texts.
    source : Source, optional

    Raises
    ------
    OptionError
        If a key is unknown or a value cannot be read.

    Examples
    --------
    >>> from dag_gfn.knowledge.entries import knowledge_from
    >>> knowledge_from({"tiers": "age, sex < smoking", "beliefs": {"age -> smoking": 0.7}}).tiers
    (('age', 'sex'), ('smoking',))
    """
    source = Source() if source is None else source
    if not isinstance(content, Mapping):
        told = f"{source.name}: " if source.name else ""
        raise OptionError(
            f"{told}knowledge is a mapping of {', '.join(KEYS)} to what is known, not "
            f"{shortened(repr(content))}"
        )
    found: dict[str, Any] = {}
    places: dict[str, str] = {}
    for key, value in content.items():
        if key not in KEYS:
            near = get_close_matches(str(key).lower(), KEYS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(KEYS)}"
            raise source.error(str(key), f"unknown key; {hint}")
        if _is_absent(value):
            continue
        file = _file(value, source) if key in _LISTED else None
        if file is not None:
            rows = _LISTED[key](file)
            found[key] = tuple(entry for entry, _ in rows)
            places |= {f"{key}[{k}]": f"{file.name}, line {line}" for k, (_, line) in enumerate(rows)}
            continue
        read = _READ[key](value, key, source)
        found["closed_tiers" if key == "forbid_within_tiers" else key] = read
        entries = read if isinstance(read, Mapping) else range(len(read))
        for entry in entries:
            path = f"{key}[{entry}]"
            place = source.place(path)
            if place:
                places[path] = place
    tiers, closed = found.get("tiers", ()), found.get("closed_tiers", ())
    if closed and not tiers:
        raise source.error("forbid_within_tiers", "there are no tiers: give tiers, or leave it out")
    if closed == (0,):
        found["closed_tiers"] = tuple(range(1, len(tiers) + 1))
    for number in found.get("closed_tiers", ()):
        if not 1 <= number <= len(tiers):
            raise source.error("forbid_within_tiers", f"there is no tier {number}, only 1 to {len(tiers)}")
    return Knowledge(**found, places=places)


def split_tiers(text: str) -> list[list[str]]:
    """Return the tiers of a text such as ``age, sex < smoking < cancer``; names with signs can be quoted.

    Examples
    --------
    >>> from dag_gfn.knowledge.entries import split_tiers
    >>> split_tiers('age, "income, net" < smoking')
    [['age', 'income, net'], ['smoking']]
    """
    parts, quoted = [""], False
    for letter in text:
        quoted ^= letter == '"'
        if letter == "<" and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    rows = [next(csv.reader(io.StringIO(part), skipinitialspace=True), []) for part in parts]
    return [[name.strip() for name in row if name.strip()] for row in rows]


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in ("", "~", "null"))


def _name(value: Any, path: str, source: Source) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
        return str(value).strip()
    raise source.error(path, f"expected the name of a variable, not {shortened(repr(value))}")


def _names(value: Any, path: str, source: Source) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [name for row in csv.reader(io.StringIO(value), skipinitialspace=True) for name in row]
    return tuple(_name(each, f"{path}[{k}]", source) for k, each in enumerate(_list(value, path, source)))


def _list(value: Any, path: str, source: Source) -> list[Any]:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return list(value)
    raise source.error(path, f"expected a list, not {shortened(repr(value))}")


def _file(value: Any, source: Source) -> Path | None:
    """Return the file that a value names in the place of a list."""
    if isinstance(value, os.PathLike) or (isinstance(value, str) and value.lower().endswith(LIST_SUFFIXES)):
        return source.folder / value
    return None


def _pairs(value: Any, path: str, source: Source) -> tuple[Pair, ...]:
    if isinstance(value, str):
        value = [value]
    entries = _list(value, path, source)
    return tuple(_pair(each, f"{path}[{k}]", source) for k, each in enumerate(entries))


def _pair(value: Any, path: str, source: Source) -> Pair:
    if isinstance(value, Mapping) and set(value) == {"from", "to"}:
        ends: Sequence[Any] = (value["from"], value["to"])
    elif isinstance(value, str):
        ends = value.replace("→", "->").split("->")
    elif isinstance(value, Iterable) and not isinstance(value, Mapping):
        ends = list(value)
    else:
        ends = ()
    if len(ends) != 2:
        raise source.error(
            path,
            "expected an edge as 'cause -> effect' or [cause, effect], or the name of a CSV file of edges, not "
            f"{shortened(repr(value))}",
        )
    return _name(ends[0], path, source), _name(ends[1], path, source)


def _beliefs(value: Any, path: str, source: Source) -> tuple[Belief, ...]:
    if isinstance(value, Mapping):
        return tuple(
            Belief(*_pair(edge, f"{path}[{k}]", source), _probability(p, f"{path}[{k}]", edge, source))
            for k, (edge, p) in enumerate(value.items())
        )
    return tuple(_belief(each, f"{path}[{k}]", source) for k, each in enumerate(_list(value, path, source)))


def _belief(value: Any, path: str, source: Source) -> Belief:
    if isinstance(value, Mapping) and set(value) == {"from", "to", "probability"}:
        edge: Any = {"from": value["from"], "to": value["to"]}
        p = value["probability"]
    elif isinstance(value, Mapping) and len(value) == 1:
        ((edge, p),) = value.items()
    elif isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 3:
        edge, p = value[:2], value[2]
    else:
        raise source.error(
            path,
            "expected a belief as {from: cause, to: effect, probability: 0.8}, [cause, effect, 0.8] or "
            f"'cause -> effect': 0.8, not {shortened(repr(value))}",
        )
    pair = _pair(edge, path, source)
    return Belief(*pair, _probability(p, path, " -> ".join(pair), source))


def _probability(value: Any, path: str, edge: Any, source: Source) -> float:
    try:
        return probability_of(value, str(edge))
    except OptionError as error:
        raise source.error(path, str(error)) from None


def _closed(value: Any, path: str, source: Source) -> tuple[int, ...]:
    """Return the numbers of closed tiers; (0,) stands for all."""
    if isinstance(value, bool) or (
        isinstance(value, str) and value.lower() in ("true", "yes", "false", "no")
    ):
        return (0,) if value is True or str(value).lower() in ("true", "yes") else ()
    return tuple(
        _whole(each, f"{path}[{k}]", source, "the number of a tier")
        for k, each in enumerate(_list(value, path, source))
    )


def _whole(value: Any, path: str, source: Source, what: str) -> int:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not number.is_integer() or number < 0:
        raise source.error(path, f"expected {what}, a whole number, not {shortened(repr(value))}")
    return int(number)


def _limits(value: Any, path: str, source: Source) -> dict[str, int]:
    if not isinstance(value, Mapping):
        return {"*": _whole(value, path, source, "the largest number of parents")}
    return {
        str(name): _whole(limit, f"{path}[{name}]", source, "the largest number of parents")
        for name, limit in value.items()
    }


def _groups(value: Any, path: str, source: Source) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise source.error(path, f"expected names of groups with their members, not {shortened(repr(value))}")
    return {str(name): _names(members, f"{path}[{name}]", source) for name, members in value.items()}


def _tiers(value: Any, path: str, source: Source) -> tuple[tuple[str, ...], ...]:
    tiers = split_tiers(value) if isinstance(value, str) else _list(value, path, source)
    read = tuple(_names(tier, f"{path}[{k}]", source) for k, tier in enumerate(tiers))
    for k, tier in enumerate(read):
        if not tier:
            raise source.error(f"{path}[{k}]", "a tier needs at least one name, as in 'age, sex < smoking'")
    return read


LIST_SUFFIXES = (".csv", ".tsv", ".txt")
"""A text that ends so, in the place of a list, is the name of a file."""
_LISTED: dict[str, Callable[[Path], list[tuple[Any, int]]]] = {
    **dict.fromkeys(("required", "forbidden", "required_paths", "forbidden_paths"), read_pairs),
    "beliefs": read_beliefs,
}
"""What can be listed in a CSV file of its own."""
_READ: dict[str, Callable[[Any, str, Source], Any]] = {
    **dict.fromkeys(("required", "forbidden", "required_paths", "forbidden_paths"), _pairs),
    **dict.fromkeys(("roots", "leaves"), _names),
    "tiers": _tiers,
    "forbid_within_tiers": _closed,
    "max_parents": _limits,
    "groups": _groups,
    "beliefs": _beliefs,
}
