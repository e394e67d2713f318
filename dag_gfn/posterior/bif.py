"""Discrete networks as text in the Bayesian Interchange Format (BIF), whose names are single words."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

_SIGNS = {"<=": "le_", ">=": "ge_", "≤": "le_", "≥": "ge_", "<": "lt_", ">": "gt_"}
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
# pgmpy's reader takes "table" or "default" with a number behind it for a row of probabilities, within a name too
_ROW_OF_NUMBERS = re.compile(r"(table|default)(?=[0-9eE])")


class BifFile(NamedTuple):
    """A network in the Bayesian Interchange Format.

    Attributes
    ----------
    text : str
        The content of the file; `changes` are among its comments.
    changes : tuple of str
        One sentence for every name that had to be changed for the format.

    Examples
    --------
    A sign that the format does not know becomes a word, and the change is recorded:

    >>> import numpy as np
    >>> from dag_gfn.posterior.bif import bif_file
    >>> bif_file(["age"], [["<50", ">=50"]], [[]], [np.array([0.4, 0.6])]).changes[0]
    'state lt_50 of variable age is "<50"'
    """

    text: str
    changes: tuple[str, ...]


def bif_file(
    names: Sequence[str],
    states: Sequence[Sequence[str]],
    parents: Sequence[Sequence[int]],
    tables: Sequence[np.ndarray],
) -> BifFile:
    """Return a network of conditional probability tables in the Bayesian Interchange Format.

    Letters and digits of every alphabet stay. Comparison signs become words (``<50`` is ``lt_50``), other
    characters become underscores, and a number is appended where two names would be the same. Variables
    must differ in more than upper and lower case, because some readers ignore case.

    Parameters
    ----------
    names : sequence of str, length d
    states : sequence of sequence of str, length d
    parents : sequence of sequence of int, length d
    tables : sequence of ndarray, length d, float64
        `tables[j]` has an axis for each of `parents[j]` and a last one for j, along which it sums to one.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.bif import bif_file
    >>> tables = [np.array([0.25, 0.75]), np.array([[0.5, 0.5], [0.1, 0.9]])]
    >>> file = bif_file(["rain", "wet"], [["no", "yes"]] * 2, [[], [0]], tables)
    >>> print(file.text.split("}")[-2].strip())
    probability ( wet | rain ) {
        ( no ) 0.5, 0.5;
        ( yes ) 0.1, 0.9;
    """
    variables = _words(names, key=str.lower, repair=lambda word: _ROW_OF_NUMBERS.sub(r"\1_", word))
    labels = [_words(s) for s in states]
    changes = tuple(_changes(names, variables, states, labels))
    lines = [f"// {change}" for change in changes]
    lines += ["network unknown {", "}"]
    for variable, words in zip(variables, labels, strict=True):
        lines += [
            f"variable {variable} {{",
            f"    type discrete [ {len(words)} ] {{ {', '.join(words)} }};",
            "}",
        ]
    for j, table in enumerate(tables):
        rows = table.reshape(-1, table.shape[-1]).tolist()
        if parents[j]:
            given = ", ".join(variables[i] for i in parents[j])
            lines.append(f"probability ( {variables[j]} | {given} ) {{")
            for configuration, row in zip(product(*(labels[i] for i in parents[j])), rows, strict=True):
                lines.append(f"    ( {', '.join(configuration)} ) {', '.join(map(repr, row))};")
        else:
            lines += [f"probability ( {variables[j]} ) {{", f"    table {', '.join(map(repr, rows[0]))};"]
        lines.append("}")
    return BifFile("\n".join(lines) + "\n", changes)


def _changes(
    names: Sequence[str],
    variables: Sequence[str],
    states: Sequence[Sequence[str]],
    labels: Sequence[Sequence[str]],
) -> Iterator[str]:
    for name, variable in zip(names, variables, strict=True):
        if name != variable:
            yield f"variable {variable} is column {_literal(name)}"
    for variable, old, new in zip(variables, states, labels, strict=True):
        for label, word in zip(old, new, strict=True):
            if label != word:
                yield f"state {word} of variable {variable} is {_literal(label)}"


def _literal(text: str) -> str:
    """Return a text in quotes on one line."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == " " else f"\\u{ord(c):04x}" for c in quoted)


def _word(text: str) -> str:
    """Return a text with underscores in place of all characters but letters, marks and digits."""
    text = _SIGN.sub(lambda sign: _SIGNS[sign[0]], text)
    text = re.sub(r"^[-\u2212](?=[0-9])", "minus_", text)
    return "".join(c if c == "_" or unicodedata.category(c)[0] in "LMN" else "_" for c in text) or "_"


def _words(
    texts: Sequence[str],
    *,
    key: Callable[[str], str] = str,
    repair: Callable[[str], str] = str,
) -> list[str]:
    """Return a different word for each text. Texts that are words already keep their word where texts collide."""
    stems = [repair(_word(text)) for text in texts]
    words, taken = [""] * len(texts), set()
    for k in sorted(range(len(texts)), key=lambda k: stems[k] != texts[k]):
        word, copies = stems[k], 1
        while key(word) in taken:
            copies += 1
            word = f"{stems[k]}_{copies}"
        words[k] = word
        taken.add(key(word))
    return words
