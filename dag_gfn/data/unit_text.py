"""Numbers with a unit behind them: 12 kg, 7 hours."""

import re
from collections.abc import Sequence

# Without a blank between, a single letter is a unit only if it is usual: 12A is a label.
_WITH_UNIT = re.compile(
    r"([+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"(?:\s+([A-Za-zµμ°²³/]{1,12})|((?!st|nd|rd|th)[a-zµμ°²³/]{2,8}|[gmlshkMGKW]))"
)
_BARE = re.compile(r"[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def without_unit(texts: Sequence[str]) -> tuple[list[str], str] | None:
    """Return texts without the one unit that they share, and the unit; None if they share none.

    At least half of the numbers have the unit, and no text has another one. A plural (hour, hours) is the same unit.

    Examples
    --------
    >>> from dag_gfn.data.unit_text import without_unit
    >>> without_unit(["12 kg", "13.5kg", "14"])
    (['12', '13.5', '14'], 'kg')
    >>> without_unit(["12 kg", "13 lb"]) is None
    True
    """
    matches = [_WITH_UNIT.fullmatch(text) for text in texts]
    units = {match[2] or match[3] for match in matches if match}
    if not units or len({unit.casefold().removesuffix("s") for unit in units}) > 1:
        return None
    bare = [text for text, match in zip(texts, matches, strict=True) if match is None]
    if 2 * len(bare) > len(texts) or not all(_BARE.fullmatch(text) for text in bare):
        return None
    numbers = [match[1] if match else text for text, match in zip(texts, matches, strict=True)]
    return numbers, max(units, key=len)
