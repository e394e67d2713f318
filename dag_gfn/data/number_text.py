"""Numbers in text: decimal commas, separators of thousands, currency and percent signs.

All cells of a column are read in the same notation.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

_BETWEEN = "\x1f"  # joins the texts of a column, so that they are searched and replaced all at once
_PLAIN = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?)", re.IGNORECASE | re.ASCII)
_TYPOGRAPHIC = {
    "\u2212": "-",  # minus sign
    "\u2013": "-",  # en dash
    "\u00a0": " ",  # no-break space
    "\u202f": " ",  # narrow no-break space
    "\u2009": " ",  # thin space
    "\u2019": "'",
}
_PLAIN_SIGNS = {ord(sign): plain for sign, plain in _TYPOGRAPHIC.items()}
_CURRENCY = (
    r"(?:US|A|C|R|NZ|HK)?\$|[€£¥₹₩₽₺₪฿¢]|"
    r"USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|kr\.?|zł|Fr\.|Rs\.?"
)  # fmt: skip
_DECIMAL = re.compile(r"[+-]?(?:\d*([.,])(\d+)|\d{1,3}(?:[.' ]\d{3})+(,)\d+|\d{1,3}(?:[,' ]\d{3})+(\.)\d+)")
_ACCOUNTS = re.compile(rf"\( ?(?:{_CURRENCY})? ?\d[\d.,' ]*(?:{_CURRENCY}|%)? ?\)")  # -1.5 in accounting
_AFFIXES = re.compile(
    rf"(?P<sign>[+-]?) ?(?P<before>{_CURRENCY})? ?(?P<body>[+-]?[\d.,][\d.,' eE+-]*?) ?(?P<after>{_CURRENCY}|%)?"
)
# (separator of thousands, decimal sign). The first is taken where several read the same numbers.
_NOTATIONS = (("", "."), (",", "."), ("", ","), (".", ","), (" ", "."), (" ", ","), ("'", "."), ("'", ","))
_WORDS = {".": "points", ",": "commas", " ": "blanks", "'": "apostrophes"}


class NumberReading(NamedTuple):
    """The numbers in the texts of a column, and the notation in which they were read.

    Attributes
    ----------
    values : ndarray, shape (texts,), float64
        NaN where a text is not a number.
    how : tuple of str
        What differs from plain notation, such as "decimal commas".
    doubt : str
        How an ambiguous notation was read, and what to do if that is wrong; empty where there is no doubt.

    Examples
    --------
    >>> from dag_gfn.data.number_text import read_numbers
    >>> reading = read_numbers(["1.234,5", "90,1", "x"], separator=";")
    >>> reading.values.tolist(), reading.found.tolist()
    ([1234.5, 90.1, nan], [True, True, False])
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
        Distinct, without leading or trailing blanks.
    separator : str
        Separator of the cells in the file. In a file of commas, the comma in "1,234" groups thousands; in
        other files it is a decimal comma.
    decimal : {".", ","}, optional
        The decimal sign of other columns where it is not ambiguous.

    Examples
    --------
    >>> from dag_gfn.data.number_text import read_numbers
    >>> read_numbers(["$1,234", "$90"]).values.tolist()
    [1234.0, 90.0]
    >>> read_numbers(["1,234", "90,5"], separator=";").values.tolist()
    [1.234, 90.5]
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
    """Return whether a text is a number in one of the notations.

    Examples
    --------
    >>> from dag_gfn.data.number_text import looks_like_number
    >>> [looks_like_number(text) for text in ("1.5", "1.234,5", "$ 3", "3+")]
    [True, True, True, False]
    """
    if _PLAIN.fullmatch(text):
        return True
    cleaned, _ = _without_signs([text])
    return any(_pattern(notation).fullmatch(cleaned[0]) for notation in _NOTATIONS)


def decimal_sign(texts: Sequence[str]) -> str | None:
    """Return the decimal sign of a column, or None if it shows none or could have either.

    Examples
    --------
    >>> from dag_gfn.data.number_text import decimal_sign
    >>> decimal_sign(["813,5", "90,1"])
    ','
    >>> decimal_sign(["1,234", "5,678"]) is None  # thousands, or three decimals
    True
    """
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
    """Return the numbers of texts in plain notation (digits, a point, an exponent), NaN for all others.

    Examples
    --------
    >>> from dag_gfn.data.number_text import plain_numbers
    >>> plain_numbers(["1.5", "2e3", "1,5", "1_000"]).tolist()
    [1.5, 2000.0, nan, nan]
    """
    try:
        values = np.array(list(map(float, texts)), dtype=np.float64)
    except ValueError:
        values = np.array([float(t) if _PLAIN.fullmatch(t) else np.nan for t in texts], dtype=np.float64)
    else:
        if any("_" in text for text in texts):  # float() accepts 1_000
            values[[not _PLAIN.fullmatch(text) for text in texts]] = np.nan
    return values


def points_may_group(texts: Sequence[str]) -> bool:
    """Return whether some text has a point, and all points could separate thousands.

    Examples
    --------
    >>> from dag_gfn.data.number_text import points_may_group
    >>> points_may_group(["1.234", "90"]), points_may_group(["1.234", "0.5"])
    (True, False)
    """
    pointed = [text for text in texts if "." in text]
    return bool(pointed) and all(re.fullmatch(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", text) for text in pointed)


def _without_signs(texts: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the texts without currency and percent signs, and what was removed.

    Nothing is removed if the column has two units: dollars and euros, or percent and plain numbers.
    """
    joined = _BETWEEN.join(texts)
    how: tuple[str, ...] = ()
    if "\u2212" in joined or re.search(r"(^|\x1f) ?\u2013", joined):
        how = ("typographic minus signs",)
    cleaned = joined.translate(_PLAIN_SIGNS).split(_BETWEEN)
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
    # A number with groups of thousands does not begin with 0: 0.802 is a decimal number.
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
    """Return the notation to read in: that of the other columns if known, else the likelier one in this file."""
    if len(candidates) == 1:
        return candidates[0]
    if decimal is None and any("," in text for text in texts):
        # In a column with thousands, numbers below 1,000 have no comma; with three decimals every number has one.
        bare = any(re.fullmatch(r"[+-]?\d{1,3}", text) for text in texts)
        decimal = "." if separator == "," or (separator in "\t " and bare) else ","
    # The first candidate with that decimal sign: with decimal commas, the point in 1.234 groups thousands.
    return min(candidates, key=lambda notation: notation[1] != (decimal or "."))


def _doubt(
    texts: list[str],
    fits: Bool[np.ndarray, " texts"],
    values: Float64[np.ndarray, " texts"],
    notation: tuple[str, str],
) -> str:
    """Return how a sign was read that could separate thousands as well as decimals."""
    sign = "," if any("," in text for text in texts) else "."
    example = next(int(i) for i in np.flatnonzero(fits) if sign in texts[i])
    meanings = ("separators of thousands", f"decimal {_WORDS[sign]}")
    meant, other = meanings if notation[0] == sign else meanings[::-1]
    return (
        f"the {_WORDS[sign]} as {meant} ({texts[example]} is {values[example]:.15g}); if they are {other}, "
        "write the numbers without separators of thousands and with decimal points"
    )
