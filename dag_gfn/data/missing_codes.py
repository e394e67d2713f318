"""Texts that stand for a missing value: empty cells, NA, "?", words such as unknown, and codes of the user."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int

from dag_gfn.data.number_text import looks_like_number, plain_numbers

# Always missing, without a note. The list is that of pandas without "None", which is a common label of a state.
BLANK_CELLS = frozenset({"", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "NULL", "null"})
# Missing, with a note. In a column of signs alone, such as + and -, a sign is a state.
SIGNS = frozenset(
    {"?", "??", "???", "*", ".", "..", "...", "…", "-", "--", "---", "\u2013", "\u2014", "\u2212"}
)
ALWAYS_MISSING_SIGNS = frozenset({"?", "??", "???", ".", "..", "...", "…"})
# Missing, with a note; upper and lower case are the same.
ABBREVIATIONS = frozenset({
    "na", "n.a.", "n.a", "n/a", "n.d.", "n.d", "n/d", "n.v.", "k.a.", "k. a.", "nan", "-nan", "nat", "null",
    "<na>", "<null>", "(null)", "#n/a", "#n/a n/a", "#num!", "#div/0!", "#ref!", "#value!", "#name?",
    "#null!", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan",
})  # fmt: skip
# Missing, with a note, in a column of numbers; in a column of text they may be states and are kept.
WORDS = frozenset({
    "none", "unknown", "missing", "not available", "not known", "not stated", "not reported", "no answer",
    "no data", "no response", "don't know", "dont know", "do not know", "refused", "unspecified",
    "undefined", "undetermined", "blank", "empty", "unbekannt", "fehlt", "keine angabe", "inconnu",
    "manquant", "desconocido", "not applicable", "not measured", "not done", "not recorded",
})  # fmt: skip
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
        Distinct, without leading or trailing blanks.
    counts : ndarray, shape (len(texts),), int
        How often each text occurs.
    is_discrete : bool
        The user declared the column discrete: words such as unknown are states even among numbers.
    na_values : sequence of str
        Further codes that the user named. A number stands for each of its spellings: -999 also for -999.0.

    Returns
    -------
    ndarray, shape (len(texts),), bool

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.missing_codes import missing_texts
    >>> missing_texts(["12", "unknown", "15", "?"], np.array([1, 1, 1, 1]), is_discrete=False).tolist()
    [False, True, False, True]
    >>> missing_texts(["red", "unknown", "blue", "?"], np.array([1, 1, 1, 1]), is_discrete=False).tolist()
    [False, False, False, True]
    """
    numbers = plain_numbers(texts)
    missing = np.zeros(len(texts), dtype=bool)
    for code in na_values:
        number = as_number(code)
        if number is not None:
            missing |= numbers == number
    # Only the user can declare a number a code; all other codes are among the texts that are not numbers.
    not_numbers = [int(i) for i in np.flatnonzero(np.isnan(numbers))]
    if not not_numbers:
        return missing
    for i in not_numbers:
        text = texts[i]
        missing[i] = text in BLANK_CELLS or text.casefold() in ABBREVIATIONS or is_named(text, na_values)
    signs = np.zeros(len(texts), dtype=bool)
    signs[[i for i in not_numbers if texts[i] in SIGNS and not missing[i]]] = True
    if signs.any():
        others = [text for text, left_out in zip(texts, missing | signs, strict=True) if not left_out]
        if not any(character.isalnum() for text in others for character in text):
            always = np.array([text in ALWAYS_MISSING_SIGNS for text in texts], dtype=bool)
            # A sign such as "-" is a state here, provided that the column then has at least two states.
            signs = signs & always if len(others) + np.count_nonzero(signs & ~always) > 1 else signs & False
        missing |= signs
    if not is_discrete:
        words = np.zeros(len(texts), dtype=bool)
        words[[i for i in not_numbers if is_word(texts[i]) and not missing[i]]] = True
        if words.any():
            rest = ~(missing | words)
            numeric = sum(
                int(counts[i]) for i, text in enumerate(texts) if rest[i] and looks_like_number(text)
            )
            if numeric and 2 * numeric >= counts[rest].sum():
                missing |= words
    return missing


def is_word(text: str) -> bool:
    """Return whether a text is a word for a missing value, in any case and in brackets: unknown, (missing), NO_DATA.

    Examples
    --------
    >>> from dag_gfn.data.missing_codes import is_word
    >>> is_word("NO_DATA"), is_word("(missing)"), is_word("blue")
    (True, True, False)
    """
    word = " ".join(text.casefold().replace("_", " ").split())
    return word in WORDS or (word[:1] + word[-1:] in _BRACKETS and word[1:-1].strip() in WORDS)


def is_named(text: str, na_values: Sequence[str]) -> bool:
    """Return whether a text is one of the codes, or is the same number as one of them.

    Examples
    --------
    >>> from dag_gfn.data.missing_codes import is_named
    >>> is_named("-999.0", ["-999"]), is_named("99", ["-999"])
    (True, False)
    """
    if text in na_values:
        return True
    number = as_number(text)
    return number is not None and any(as_number(code) == number for code in na_values)


def as_number(text: str) -> float | None:
    """Return a text as a number, with a point or a comma and any minus sign; None if it is not a number.

    Examples
    --------
    >>> from dag_gfn.data.missing_codes import as_number
    >>> as_number("\u22121,5"), as_number("x") is None
    (-1.5, True)
    """
    try:
        return float(text.replace("\u2212", "-").replace(",", "."))
    except ValueError:
        return None
