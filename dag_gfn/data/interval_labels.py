"""Labels that are intervals of numbers: 25-34, 75+, <1, 10 or more, $10,000 to $20,000."""

import re

_NUMBER = r"(-?(?:\d+(?:\.\d+)?|\.\d+))\s?([km](?![a-z]))?"
_UNIT = r"(?:\s?[a-zµμ²³°/][\w./²³°]*(?:\s[a-z/]+)?)?"
_LESS = r"(?:or|and) (?:less|fewer|under|below|younger|lower)"
_MORE = r"(?:or|and) (?:more|over|above|older|up|upwards|greater|higher|beyond)"
_BETWEEN = re.compile(
    rf"{_NUMBER}{_UNIT}\s?(?:-|to|until|up to|;|,|\.\.+|<)\s?(?:<|<=|≤)?\s?{_NUMBER}{_UNIT}"
)
_BELOW = re.compile(
    rf"(?:<=?|≤|under|below|less than|up to|at most|fewer than|younger than|max)\s?{_NUMBER}{_UNIT}|"
    rf"{_NUMBER}{_UNIT}\s?{_LESS}{_UNIT}"
)
_ABOVE = re.compile(
    rf"(?:>=?|≥|over|above|more than|at least|older than|from|min)\s?{_NUMBER}{_UNIT}|"
    rf"{_NUMBER}{_UNIT}\s?(?:\+|-|{_MORE}){_UNIT}"
)
_EXACT = re.compile(rf"{_NUMBER}{_UNIT}")
_CLEAN = str.maketrans({"–": "-", "—": "-", "−": "-", "$": "", "€": "", "£": "", "¥": "", "%": "", "_": " "})
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6}


def interval(text: str) -> tuple[float, float] | None:
    """Return the bounds of an interval of numbers, infinite where it is open; None if the text is no interval.

    A single number, with or without a unit, is an interval from itself to itself.

    Examples
    --------
    >>> from dag_gfn.data.interval_labels import interval
    >>> interval("25-34"), interval("75+"), interval("<1"), interval("0-9g/day"), interval("x")
    ((25.0, 34.0), (75.0, inf), (-inf, 1.0), (0.0, 9.0), None)
    """
    cleaned = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text.translate(_CLEAN).casefold())
    cleaned = " ".join(cleaned.strip(" ([])").split())
    match = _BETWEEN.fullmatch(cleaned)
    if match is not None:
        low, high = _amount(match[1], match[2]), _amount(match[3], match[4])
        if match[4] and not match[2] and low * _FACTORS[match[4]] <= high:
            low *= _FACTORS[match[4]]  # 10-20k
        return (low, high) if low <= high else None
    match = _BELOW.fullmatch(cleaned)
    if match is not None:
        return (float("-inf"), _first_amount(match))
    match = _ABOVE.fullmatch(cleaned)
    if match is not None:
        return (_first_amount(match), float("inf"))
    match = _EXACT.fullmatch(cleaned)
    return None if match is None else (_first_amount(match),) * 2


def _amount(number: str, factor: str | None) -> float:
    return float(number) * _FACTORS[factor or ""]


def _first_amount(match: re.Match[str]) -> float:
    """Return the number of a match, whichever of the alternatives it belongs to."""
    k = next(k for k in range(1, len(match.groups()) + 1, 2) if match[k] is not None)
    return _amount(match[k], match[k + 1])
