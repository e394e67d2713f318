"""Checks of JSON values: types, ranges and what belongs together.

A check maps a place and a value to nothing, or raises `ValueError` with the place and what was expected there.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from dag_gfn.errors import shortened

Check = Callable[[str, Any], None]


def wrong(place: str, expected: str, found: Any) -> ValueError:
    """Return the error that says what was expected and what was found.

    Examples
    --------
    >>> from dag_gfn.posterior.json_checks import wrong
    >>> print(wrong("n", "a number", "ten"))
    n should be a number, not ten
    """
    return ValueError(f"{place} should be {expected}, not {shortened(found, 80)}")


def text(place: str, value: Any) -> None:
    """Expect a text.

    Examples
    --------
    >>> from dag_gfn.posterior.json_checks import text
    >>> text("method", "exact")
    >>> text("method", 3)
    Traceback (most recent call last):
    ValueError: method should be text, not 3
    """
    if not isinstance(value, str):
        raise wrong(place, "text", value)


def boolean(place: str, value: Any) -> None:
    """Expect true or false.

    Examples
    --------
    >>> from dag_gfn.posterior.json_checks import boolean
    >>> boolean("interrupted", "no")
    Traceback (most recent call last):
    ValueError: interrupted should be true or false, not no
    """
    if not isinstance(value, bool):
        raise wrong(place, "true or false", value)


def number(low: float | int = -math.inf, high: float | int = math.inf, *, whole: bool = False) -> Check:
    """Expect a number from `low` to `high`.

    Examples
    --------
    >>> from dag_gfn.posterior.json_checks import number
    >>> number(0, whole=True)("n", -1)
    Traceback (most recent call last):
    ValueError: n should be a whole number from 0, not -1
    """

    def check(place: str, value: Any) -> None:
        kind = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
            bounds = (f" from {low:g}" if low > -math.inf else "") + (
                f" to {high:g}" if high < math.inf else ""
            )
            raise wrong(place, f"a {'whole ' if whole else ''}number{bounds}", value)

    return check


def optional(inner: Check) -> Check:
    """Expect null, or what `inner` does: null stands for what is not known or not finite.

    Examples
    --------
    >>> from dag_gfn.posterior.json_checks import number, optional
    >>> optional(number(0))("error", None)
    """
    return lambda place, value: None if value is None else inner(place, value)


def either(*inner: Check) -> Check:
    """Expect what one of the checks does; the last one says what is wrong.

    Examples
    --------
    >>> from dag_gfn.posterior.json_checks import either, items, number
    >>> either(items(number()), number())("mean_obs", [0.0, 1.0])
    """

    def check(place: str, value: Any) -> None:
        for each in inner[:-1]:
            try:
                return each(place, value)
            except ValueError:
                pass
        return inner[-1](place, value)

    return check


def items(inner: Check, length: int | None = None) -> Check:
    """Expect a list, of this length if one is given.

    Examples
    --------
    >>> from dag_gfn.posterior.json_checks import items, text
    >>> items(text)("names", ["a", 3])
    Traceback (most recent call last):
    ValueError: names[1] should be text, not 3
    """

    def check(place: str, value: Any) -> None:
        if not isinstance(value, list) or length not in (None, len(value)):
            raise wrong(place, "a list" if length is None else f"a list of {length}", value)
        for index, item in enumerate(value):
            inner(f"{place}[{index}]", item)

    return check


def record(
    fields: Mapping[str, Check],
    *,
    required: tuple[str, ...] = (),
    together: Mapping[str, tuple[str, ...]] | None = None,
) -> Check:
    """Expect names with values.

    Parameters
    ----------
    fields : mapping
        Checks of the values by name; other names are let through.
    required : tuple of str
        Names that must be there.
    together : mapping
        Names that must be there where another one is, and is not false or null.

    Examples
    --------
    >>> from dag_gfn.posterior.json_checks import record, text
    >>> record({"method": text}, required=("names",))("", {"method": "exact"})
    Traceback (most recent call last):
    ValueError: names is missing
    """

    def check(place: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise wrong(place or "the file", "a record", value)
        needed = [
            *required,
            *(name for cause, names in (together or {}).items() if value.get(cause) for name in names),
        ]
        for name in needed:
            if name not in value:
                raise ValueError(f"{_join(place, name)} is missing")
        for name, inner in fields.items():
            if name in value:
                inner(_join(place, name), value[name])

    return check


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
