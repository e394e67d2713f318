"""Numbers as people write them: decimal commas, separators of thousands, currency and percent signs.

A column is read in one notation for all its cells, never cell by cell.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

_BETWEEN = "\x1f"
_PLAIN = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?)", re.IGNORECASE | re.ASCII)
_SIGNS = {
    "\u2212": "-",  # minus sign
    "\u2013": "-",  # en dash
    "\u00a0": " ",  # no-break space
    "\u202f": " ",  # narrow no-break space
    "\u2009": " ",  # thin space
    "\u2019": "'",
}
_CURRENCY = (
    r"(?:US|A|C|R|NZ|HK)?\$|[€£¥₹₩₽₺₪฿¢]|"
    r"USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|kr\.?|zł|Fr\.|Rs\.?"
)  # fmt: skip
_DECIMAL = re.compile(r"[+-]?(?:\d*([.,])(\d+)|\d{1,3}(?:[.' ]\d{3})+(,)\d+|\d{1,3}(?:[,' ]\d{3})+(\.)\d+)")
_ACCOUNTS = re.compile(rf"\( ?(?:{_CURRENCY})? ?\d[\d.,' ]*(?:{_CURRENCY}|%)? ?\)")  # as accounts write -1.5
_AFFIXES = re.compile(
    rf"(?P<sign>[+-]?) ?(?P<before>{_CURRENCY})? ?(?P<body>[+-]?[\d.,][\d.,' eE+-]*?) ?(?P<after>{_CURRENCY}|%)?"
)
# Sign of thousands, decimal sign. The order decides where several give the same numbers.
_NOTATIONS = (("", "."), (",", "."), ("", ","), (".", ","), (" ", "."), (" ", ","), ("'", "."), ("'", ","))
_WORDS = {".": "points", ",": "commas", " ": "blanks", "'": "apostrophes"}


class NumberReading(NamedTuple):
    """Numbers of some texts, NaN where a text is no number.

    `how` says in words what was read in other than the plain notation; `doubt` says how a notation was read
    that could mean something else.
    """

    values: Float64[np.ndarray, " texts"]
    how: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def found(self) -> Bool[np.ndarray, " texts"]:
        """Which texts are numbers."""
        return ~np.isnan(self.values)


def read_numbers(texts: Sequence[str], *, separator: str = ",", decimal: str | None = None) -> NumberReading:
    """Return the numbers that the texts of one column stand for.

    Parameters
    ----------
    texts : sequence of str
        Distinct, without blanks around them.
    separator : str
        Of the file: beside commas, the comma in "1,234" groups thousands; elsewhere it is a decimal comma.
    decimal : {".", ","}, optional
        The decimal sign that other columns show beyond doubt.
    """
    plain = plain_numbers(texts)
    if not np.isnan(plain).any() and not (decimal == "," and points_may_group(texts)):
        return NumberReading(plain)
    cleaned, how = _without_signs(texts)
    readings = {}
    for notation in _NOTATIONS:
        fits = _fits(cleaned, notation)
        readings[notation] = fits
    best = max(int(fits.sum()) for fits in readings.values())
    if best <= np.count_nonzero(~np.isnan(plain)) < len(texts):
        return NumberReading(plain)
    candidates = [notation for notation, fits in readings.items() if fits.sum() == best]
    values = {notation: _values(cleaned, readings[notation], notation) for notation in candidates}
    chosen = _choose(candidates, cleaned, separator, decimal)
    doubt = ""
    if best == len(texts) and any(not np.array_equal(values[chosen], other) for other in values.values()):
        doubt = _doubt(cleaned, readings[chosen], values[chosen], chosen)
    group, point = chosen
    used = [cleaned[i] for i in np.flatnonzero(readings[chosen])]
    if group and any(group in text for text in used):
        how = (*how, f"{_WORDS[group]} as separators of thousands")
    if point == "," and any("," in text for text in used):
        how = (*how, "decimal commas")
    return NumberReading(values[chosen], how, doubt)


def looks_like_number(text: str) -> bool:
    """Return whether a text is a number in one of the notations."""
    if _PLAIN.fullmatch(text):
        return True
    cleaned, _ = _without_signs([text])
    return any(_pattern(notation).fullmatch(cleaned[0]) for notation in _NOTATIONS)


def decimal_sign(texts: Sequence[str]) -> str | None:
    """Return the decimal sign of a column, or None where it has none or could have either."""
    cleaned, _ = _without_signs(texts)
    signs = set()
    for text in cleaned:
        match = _DECIMAL.fullmatch(text)
        if match is None:
            if not re.fullmatch(r"[+-]?\d{1,3}([.,' ]?\d{3})*", text):
                return None  # not a column of numbers
            continue
        sign, digits = match[1], match[2]
        if sign and len(digits) == 3 and re.match(r"[+-]?[1-9]\d{0,2}[.,]", text):
            continue  # 1,234 may be either
        signs.add(sign or match[3] or match[4])
    return signs.pop() if len(signs) == 1 else None


def plain_numbers(texts: Sequence[str]) -> Float64[np.ndarray, " texts"]:
    """Return the numbers of texts in plain notation, NaN for all others."""
    try:
        values = np.array(list(map(float, texts)), dtype=np.float64)
    except ValueError:
        values = np.array([float(t) if _PLAIN.fullmatch(t) else np.nan for t in texts], dtype=np.float64)
    else:
        if any("_" in text for text in texts):  # Python takes 1_000 for a number
            values[[not _PLAIN.fullmatch(text) for text in texts]] = np.nan
    return values


def points_may_group(texts: Sequence[str]) -> bool:
    """Whether every point could group thousands, and there is one."""
    pointed = [text for text in texts if "." in text]
    return bool(pointed) and all(re.fullmatch(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", text) for text in pointed)


def _without_signs(texts: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the texts without currency and percent signs, and which there were.

    Nothing is removed where a column has two units: dollars beside euros, or percent beside plain numbers.
    """
    joined = _BETWEEN.join(texts)
    how: tuple[str, ...] = ()
    if "\u2212" in joined or re.search(r"(^|\x1f) ?\u2013", joined):
        how = ("typographic minus signs",)
    cleaned = joined.translate(str.maketrans(_SIGNS)).split(_BETWEEN)
    in_brackets = [text.startswith("(") and text.endswith(")") and len(text) > 2 for text in cleaned]
    if any(in_brackets) and not all(in_brackets) and _ACCOUNTS.fullmatch(cleaned[in_brackets.index(True)]):
        cleaned = [
            f"-{text[1:-1].strip()}" if match else text
            for text, match in zip(cleaned, map(_ACCOUNTS.fullmatch, cleaned), strict=True)
        ]
        how = (*how, "numbers in brackets as negative")
    if not re.search(_CURRENCY + "|%", joined):
        return cleaned, how
    matches = [_AFFIXES.fullmatch(text) for text in cleaned]
    signs = {sign for match in matches if match for sign in (match["before"], match["after"]) if sign}
    bare = [m["body"] for m in matches if m and not m["before"] and not m["after"]]
    if len(signs) != 1 or (signs == {"%"} and any(body.strip("0.,") for body in bare)):
        return cleaned, how
    (sign,) = signs
    bodies = [m["sign"] + m["body"] if m else text for m, text in zip(matches, cleaned, strict=True)]
    return bodies, (*how, "percent signs" if sign == "%" else f"currency signs ({sign})")


def _pattern(notation: tuple[str, str]) -> re.Pattern[str]:
    group, point = notation
    # no number in groups begins with 0, so that 0.802 is a decimal one
    whole = r"\d+" if not group else rf"(?:[1-9]\d{{0,2}}(?:{re.escape(group)}\d{{3}})+|\d+)"
    d = re.escape(point)
    return re.compile(rf"[+-]?(?:{whole}(?:{d}\d*)?|{d}\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def _fits(texts: list[str], notation: tuple[str, str]) -> Bool[np.ndarray, " texts"]:
    match = _pattern(notation).fullmatch
    return np.array([match(text) is not None for text in texts], dtype=bool)


def _values(
    texts: list[str], fits: Bool[np.ndarray, " texts"], notation: tuple[str, str]
) -> Float64[np.ndarray, " texts"]:
    group, point = notation
    values = np.full(len(texts), np.nan)
    where = np.flatnonzero(fits)
    if where.size:
        joined = _BETWEEN.join([texts[i] for i in where])
        if group:
            joined = joined.replace(group, "")
        values[where] = list(map(float, joined.replace(point, ".").split(_BETWEEN)))
    return values


def _choose(
    candidates: list[tuple[str, str]], texts: list[str], separator: str, decimal: str | None
) -> tuple[str, str]:
    """Return the notation to read in: by the other columns, then by what the column looks like."""
    if len(candidates) == 1:
        return candidates[0]
    if decimal is None and any("," in text for text in texts):
        # Whole numbers below 1,000 beside 1,234 show no comma; decimals of fixed length always do.
        bare = any(re.fullmatch(r"[+-]?\d{1,3}", text) for text in texts)
        decimal = "." if separator == "," or (separator == "\t" and bare) else ","
    # The first with that decimal sign: 1.234 beside decimal commas groups thousands, 1,234 does not.
    return min(candidates, key=lambda notation: notation[1] != (decimal or "."))


def _doubt(
    texts: list[str],
    fits: Bool[np.ndarray, " texts"],
    values: Float64[np.ndarray, " texts"],
    notation: tuple[str, str],
) -> str:
    """Return how a sign was read that could group thousands as well as mark decimals."""
    sign = "," if any("," in text for text in texts) else "."
    example = next(int(i) for i in np.flatnonzero(fits) if sign in texts[i])
    meanings = ("separators of thousands", f"decimal {_WORDS[sign]}")
    meant, other = meanings if notation[0] == sign else meanings[::-1]
    return (
        f"the {_WORDS[sign]} as {meant} ({texts[example]} is {values[example]:.15g}); if they are {other}, "
        "write the numbers without separators of thousands and with decimal points"
    )
