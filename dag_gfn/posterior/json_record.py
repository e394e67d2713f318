"""JSON forms: of plain values, and of frozen dataclasses, one key for each field."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

import numpy as np

_types: dict[
    type, dict[str, type]
] = {}  # reading the hints of a class takes longer than all that is read by them
Record = TypeVar("Record", bound="JsonRecord")


@dataclass(frozen=True, kw_only=True)
class JsonRecord:
    """Figures with a JSON form; subclasses are frozen dataclasses that declare them.

    The type of a field is ``T | None``, where None stands for what is not known or not finite, and T is float, int,
    bool, str, dict or another `JsonRecord`. The keys of such an inner record stand beside those of the outer one. A
    field with the default None is left out of the JSON form where it is None; others are written as null.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from dag_gfn.posterior.json_record import JsonRecord
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Chains(JsonRecord):
    ...     max_r_hat: float | None
    ...     thinning: int | None = None
    >>> Chains(max_r_hat=float("inf")).to_json()
    {'max_r_hat': None}
    >>> Chains.from_json({"thinning": 4, "method": "mcmc"})
    Chains(max_r_hat=None, thinning=4)
    """

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            plain = value.item() if isinstance(value, np.generic) else value
            if isinstance(plain, float) and not math.isfinite(plain):
                plain = None
            if plain is not value:
                object.__setattr__(self, each.name, plain)

    def to_json(self) -> dict[str, Any]:
        """Return the figures by key, as JSON holds them."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, JsonRecord):
                found |= value.to_json()
            elif value is not None or each.default is MISSING:
                found[each.name] = value
        return found

    @classmethod
    def from_json(cls: type[Record], found: Mapping[str, Any]) -> Record | None:
        """Return the figures of a record that may hold others too; None where it has none of these."""
        known: dict[str, Any] = {}
        for name, kind in types_of(cls).items():
            if issubclass(kind, JsonRecord):
                inner = kind.from_json(found)
                if inner is not None:
                    known[name] = inner
            elif name in found:
                value = found[name]
                known[name] = float(value) if kind is float and isinstance(value, int) else value
        if not known:
            return None
        return cls(**{each.name: None for each in fields(cls) if each.default is MISSING} | known)


def types_of(kind: type["JsonRecord"]) -> dict[str, type]:
    """Return the type of each field by its name, without None.

    Examples
    --------
    >>> from dag_gfn.posterior.diagnostic_parts import Coverage
    >>> from dag_gfn.posterior.json_record import types_of
    >>> types_of(Coverage)["least_covered"], len(types_of(Coverage))
    (<class 'str'>, 4)
    """
    known = _types.get(kind)
    if known is None:
        hints = get_type_hints(kind)
        known = _types[kind] = {each.name: _without_none(hints[each.name]) for each in fields(kind)}
    return known


def _without_none(hint: Any) -> type:
    if isinstance(hint, UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    return getattr(hint, "__origin__", hint)  # dict for dict[str, float]


def plain_json(value: Any) -> Any:
    """Return `value` as strict JSON holds it: lists, plain numbers, and None for nan and infinities.

    Raises
    ------
    TypeError
        If it holds anything else than JSON and NumPy values.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.json_record import plain_json
    >>> plain_json({"rows": np.int64(3), "errors": np.array([0.5, np.nan])})
    {'rows': 3, 'errors': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain_json(value.tolist())
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, np.generic):
        return plain_json(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    raise TypeError(f"info must hold JSON values only, not {value!r} of type {type(value).__name__}")
