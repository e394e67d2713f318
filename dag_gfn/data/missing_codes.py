"""Which cells of text stand for a missing value, and which words may."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int

from dag_gfn.data.number_text import looks_like_number, plain_numbers

# Missing without a note, as pandas has it; but "None", which is a state of many a discrete variable.
BLANK_CELLS = frozenset({"", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "NULL", "null"})
# Missing with a note. A sign is a state where all other cells are signs too, as in + and -.
SIGNS = frozenset(
    {"?", "??", "???", "*", ".", "..", "...", "…", "-", "--", "---", "\u2013", "\u2014", "\u2212"}
)
ALWAYS_MISSING_SIGNS = frozenset({"?", "??", "???", ".", "..", "...", "…"})
# Compared without regard to case.
ABBREVIATIONS = frozenset(
    {
        *(
            "na",
            "n.a.",
            "n.a",
            "n/a",
            "n.d.",
            "n.d",
            "n/d",
            "n.v.",
            "k.a.",
            "k. a.",
            "nan",
            "-nan",
            "nat",
            "null",
        ),
        *("<na>", "<null>", "(null)", "#n/a", "#n/a n/a", "#num!", "#div/0!", "#ref!", "#value!", "#name?"),
        *("#null!", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"),
    }
)
# These may be states, so that a column of text keeps them; among numbers they can only mean a missing value.
WORDS = frozenset(
    {
        *(
            "none",
            "unknown",
            "missing",
            "not available",
            "not known",
            "not stated",
            "not reported",
            "no answer",
        ),
        *("no data", "no response", "don't know", "dont know", "do not know", "refused", "unspecified"),
        *("undefined", "undetermined", "blank", "empty", "unbekannt", "fehlt", "keine angabe"),
        *("inconnu", "manquant", "desconocido", "not applicable", "not measured", "not done", "not recorded"),
    }
)
_BRACKETS = frozenset({"()", "[]", "<>", "{}", "--", "**"})


def missing_texts(
    texts: Sequence[str],
    counts: Int[np.ndarray, " texts"],
    *,
    is_discrete: bool,
    na_values: Sequence[str] = (),
) -> Bool[np.ndarray, " texts"]:
    """Return which of a column's distinct texts stand for a missing value.

    Parameters
    ----------
    texts : sequence of str
        Without blanks around them.
    counts : ndarray, shape (len(texts),), int
        How often each occurs.
    is_discrete : bool
        The column is known to be discrete, so that numbers in it do not make it numeric.
    na_values : sequence of str
        Further codes that the user named; a number stands for every spelling of it.
    """
    numbers = plain_numbers(texts)
    missing = np.zeros(len(texts), dtype=bool)
    for code in na_values:
        number = as_number(code)
        if number is not None:
            missing |= numbers == number
    odd = np.flatnonzero(np.isnan(numbers))  # codes are no numbers, but for those that the user named
    if odd.size == 0:
        return missing
    for i in odd:
        text = texts[i]
        missing[i] = text in BLANK_CELLS or text.casefold() in ABBREVIATIONS or is_named(text, na_values)
    signs = np.zeros(len(texts), dtype=bool)
    signs[[i for i in odd if texts[i] in SIGNS and not missing[i]]] = True
    if signs.any():
        others = [text for text, left_out in zip(texts, missing | signs, strict=True) if not left_out]
        if not any(character.isalnum() for text in others for character in text):
            always = np.array([text in ALWAYS_MISSING_SIGNS for text in texts], dtype=bool)
            # A column of which only one state would be left has that sign for a state.
            signs = signs & always if len(others) + np.count_nonzero(signs & ~always) > 1 else signs & False
        missing |= signs
    if not is_discrete:
        words = np.zeros(len(texts), dtype=bool)
        words[[i for i in odd if is_word(texts[i]) and not missing[i]]] = True
        if words.any():
            rest = ~(missing | words)
            numeric = sum(int(counts[i]) for i in np.flatnonzero(rest) if looks_like_number(texts[i]))
            if numeric and 2 * numeric >= counts[rest].sum():
                missing |= words
    return missing


def is_word(text: str) -> bool:
    """Return whether a state reads like a word for a missing value, as unknown, (missing) and NO_DATA do."""
    word = " ".join(text.casefold().replace("_", " ").split())
    return word in WORDS or (word[:1] + word[-1:] in _BRACKETS and word[1:-1].strip() in WORDS)


def is_named(text: str, na_values: Sequence[str]) -> bool:
    """Return whether a text is one of the codes, or the same number."""
    if text in na_values:
        return True
    number = as_number(text)
    return number is not None and any(as_number(code) == number for code in na_values)


def as_number(text: str) -> float | None:
    """Return the number that a text is in plain notation, with a minus sign of any kind."""
    try:
        return float(text.replace("\u2212", "-").replace(",", "."))
    except ValueError:
        return None
