"""Knowledge files of Tetrad.

    /knowledge
    addtemporal
    1 age sex
    2* smoking diet

    forbiddirect
    cancer age

    requiredirect
    smoking cancer

A star after the number of a tier forbids edges within it. Lines of ``forbiddengroup`` and ``requiredgroup`` come in
pairs: the causes, then the effects.
"""

import shlex

from dag_gfn.errors import OptionError
from dag_gfn.knowledge.knowledge import Knowledge, Pair

_SECTIONS = ("addtemporal", "forbiddirect", "requiredirect", "forbiddengroup", "requiredgroup")


def is_tetrad(text: str) -> bool:
    """Return whether a text begins as knowledge of Tetrad does.

    Examples
    --------
    >>> from dag_gfn.knowledge.tetrad import is_tetrad
    >>> is_tetrad("/knowledge\\naddtemporal\\n1 x\\n"), is_tetrad("tiers: a < b")
    (True, False)
    """
    first = next((line.strip().lower() for line in text.splitlines() if line.strip()), "")
    return first.startswith("/knowledge") or first in _SECTIONS


def parse_tetrad(text: str, name: str) -> Knowledge:
    """Return the knowledge in the text of a file of Tetrad.

    Parameters
    ----------
    text : str
    name : str
        Of the file, for messages.

    Raises
    ------
    OptionError
        If a line cannot be read.

    Notes
    -----
    The format is that of ``edu.cmu.tetrad.data.SimpleDataLoader``.

    Examples
    --------
    >>> from dag_gfn.knowledge.tetrad import parse_tetrad
    >>> known = parse_tetrad("/knowledge\\naddtemporal\\n1 age\\n2* x y\\nforbiddirect\\nage y\\n", "k.txt")
    >>> known.tiers, known.closed_tiers, known.forbidden
    ((('age',), ('x', 'y')), (2,), (('age', 'y'),))
    """
    tiers: dict[int, list[str]] = {}
    closed: set[int] = set()
    pairs: dict[str, list[Pair]] = {"forbidden": [], "required": []}
    places: dict[str, str] = {}
    section, causes = "", None

    def add(kind: str, source: str, target: str, line: int) -> None:
        places[f"{kind}[{len(pairs[kind])}]"] = f"{name}, line {line}"
        pairs[kind].append((source, target))

    for line, raw in enumerate(text.splitlines(), start=1):
        words = _words(raw.partition("//")[0], name, line)
        if not words or words[0].lower() == "/knowledge":
            continue
        if len(words) == 1 and words[0].lower() in _SECTIONS:
            section, causes = words[0].lower(), None
        elif section == "addtemporal":
            number = words[0].rstrip("*-")
            if not number.isdigit():
                raise OptionError(f"{name}, line {line}: expected the number of a tier, not '{words[0]}'")
            if "-" in words[0]:
                raise OptionError(
                    f"{name}, line {line}: tiers that may cause the next tier alone ('{words[0]}') are not known: "
                    "forbid these edges under forbiddengroup"
                )
            tiers.setdefault(int(number), []).extend(words[1:])
            if words[0].endswith("*"):
                closed.add(int(number))
        elif section in ("forbiddirect", "requiredirect"):
            if len(words) != 2:
                raise OptionError(f"{name}, line {line}: expected cause and effect, not '{raw.strip()}'")
            add("forbidden" if section == "forbiddirect" else "required", words[0], words[1], line)
        elif section:
            if causes is None:
                causes = words
                continue
            kind = "forbidden" if section == "forbiddengroup" else "required"
            for source in causes:
                for target in words:
                    if source != target:
                        add(kind, source, target, line)
            causes = None
        else:
            raise OptionError(
                f"{name}, line {line}: expected one of {', '.join(_SECTIONS)}, not '{words[0]}'"
            )
    used = [number for number in sorted(tiers) if tiers[number]]
    return Knowledge(
        required=tuple(pairs["required"]),
        forbidden=tuple(pairs["forbidden"]),
        tiers=tuple(tuple(tiers[number]) for number in used),
        closed_tiers=tuple(k for k, number in enumerate(used, start=1) if number in closed),
        places={**places, **{f"tiers[{k}]": name for k in range(len(used))}},
    )


def _words(text: str, name: str, line: int) -> list[str]:
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.quotes, lexer.escape = True, "", '"', ""
    try:
        return list(lexer)
    except ValueError as error:
        raise OptionError(f"{name}, line {line}: a quote is not closed") from error
