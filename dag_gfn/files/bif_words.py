"""Words of the Bayesian Interchange Format that stand for names of columns and states."""

import re
import unicodedata
from collections.abc import Sequence

_SIGNS = {"<": "lt", "<=": "le", "≤": "le", ">": "gt", ">=": "ge", "≥": "ge"}


def bif_words(names: Sequence[str], *, ignore_case: bool = False) -> tuple[str, ...]:
    """Return a word for each name, no two the same; a name that is a word already stands for itself.

    Letters, digits and accents of every alphabet stay, ``<`` and ``>=`` become ``lt`` and ``ge``, and every other
    character an underscore. A number is appended where that makes two names the same.

    Parameters
    ----------
    names : sequence of str
        All different.
    ignore_case : bool
        Whether words that differ in case alone count as the same: pgmpy's reader takes columns Age and age for one.
    """
    words = [_word(name) for name in names]
    found: dict[int, str] = {}
    taken: set[str] = set()
    for k in sorted(
        range(len(names)), key=lambda k: words[k] != names[k]
    ):  # words that are names choose first
        word, copies = words[k], 1
        while (key := word.lower() if ignore_case else word) in taken:
            copies += 1
            word = f"{words[k]}_{copies}"
        taken.add(key)
        found[k] = word
    return tuple(found[k] for k in range(len(names)))


def _word(name: str) -> str:
    spelled = re.sub(r"\s*([<>]=?|[≤≥])\s*", lambda sign: f"_{_SIGNS[sign[1]]}_", name)
    if spelled != name and spelled.startswith("_") and not name.startswith("_"):
        spelled = spelled[1:]
    word = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else "_" for c in spelled)
    # pgmpy's reader takes "table" and "default" for keywords within words too, when a number follows.
    return re.sub(r"(table|default)(?=[0-9eE])", r"\1_", word) or "_"
