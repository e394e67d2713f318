"""A parser of queries written as text: `edge(smoking, cancer) & !path("age at death", cancer)`.

query     = all { ("|" | "or") all }
all       = one { ("&" | "and") one }
one       = ("!" | "not") one | "(" query ")" | predicate
predicate = pair "(" column "," column ")"            pair: edge, linked, path, blanket, compelled, reversible
          | "parents" "(" column ")" ("==" | "!=" | ">=" | "<=") "{" [ column { "," column } ] "}"
          | "v_structure" "(" column "," column "," column ")"
          | "dsep" "(" column "," column [ "|" column { "," column } ] ")"
          | "effect" "(" column [ "=" level [ "over" level ] ] "," column [ "=" level ] ")" (">"|"<"|">="|"<=") number
level     = column
column    = word | "..." | '...'                      quotes inside quotes are doubled

The number of statements (MAX_TERMS), their depth (MAX_DEPTH) and the length of the text are limited. The columns of one
predicate must differ.
"""

import difflib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, final

from dag_gfn.errors import MAX_ECHO, QueryError, shortened
from dag_gfn.posterior.queries import (
    SET_COMPARISONS,
    SIZES,
    And,
    DSeparated,
    EffectComparison,
    Not,
    Or,
    PairFeature,
    Parents,
    Query,
    VStructure,
)

PAIR_FEATURES = {
    "edge": "edge",
    "linked": "linked",
    "path": "path",
    "blanket": "markov_blanket",
    "compelled": "compelled",
    "reversible": "reversible",
}
"""Predicate of two columns → feature."""
PREDICATES = (*PAIR_FEATURES, "parents", "v_structure", "dsep", "effect")
MAX_DEPTH = 50
"""Largest number of nested parentheses and negations."""
MAX_TERMS = 1_000
"""Largest number of statements in one query."""
MAX_SEPARATIONS = 200
"""Largest number of d-separations in one query: each takes longer than all other statements together."""
MAX_TEXT = 200_000
"""Largest number of characters of a query."""
MAX_NAMES_SHOWN = 12
MAX_NAME_SHOWN = 60

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted> "(?:[^"]|"")*" | '(?:[^']|'')*' )
      | (?P<symbol> && | \|\| | [=!<>]= | [&|!(){},=<>] )
      | (?P<word> [^\s"'&|!(){},=<>] [^\s&|!(){},=<>]* )
    )""",
    re.VERBOSE,
)
_SYNONYMS = {"&&": "&", "||": "|", "=": "=="}
_WORD_OPERATORS = {"and": "&", "or": "|", "not": "!"}


def parse_query(text: str, names: Sequence[str]) -> Query:
    """Return the query that a text states.

    Parameters
    ----------
    text : str
        In the language that the head of this module describes.
    names : sequence of str, length d
        The columns.

    Raises
    ------
    QueryError
        If the text is no query, or names an unknown column. A note of the exception shows the place.

    Examples
    --------
    >>> from dag_gfn.posterior.query_language import parse_query
    >>> parse_query("!edge(a, b)", ["a", "b"])
    Not(part=PairFeature(feature='edge', source=0, target=1))
    """
    return _Parser(text, names).parse()


@final
@dataclass(frozen=True)
class _Token:
    kind: Literal["symbol", "word", "quoted", "end"]
    text: str
    start: int


def _tokens(text: str) -> list[_Token]:
    found = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            quote = text[start] in "\"'"
            _fail(text, start, "the quote is not closed" if quote else f"'{text[start]}' has no meaning here")
        quoted, symbol, word = match.group("quoted", "symbol", "word")
        position = match.end()
        if quoted is not None:
            content = quoted[1:-1].replace(quoted[0] * 2, quoted[0])
            found.append(_Token("quoted", content, match.start("quoted")))
        elif symbol is not None:
            found.append(_Token("symbol", _SYNONYMS.get(symbol, symbol), match.start("symbol")))
        else:
            found.append(_Token("word", word, match.start("word")))
    return [*found, _Token("end", "", end)]


def _fail(text: str, position: int, what: str) -> NoReturn:
    error = QueryError(f"in the query '{shortened(text)}', character {position + 1}: {what}")
    line = " ".join(text.splitlines()) if text.splitlines() else ""
    start = max(0, position - MAX_ECHO // 2) if len(line) > MAX_ECHO else 0  # of the part that is shown
    part = line[start : start + MAX_ECHO]
    error.add_note(f"    {part}\n    {' ' * (position - start)}^")
    raise error


@final
class _Parser:
    def __init__(self, text: str, names: Sequence[str]):
        if len(text) > MAX_TEXT:
            raise QueryError(
                f"a query has at most {MAX_TEXT:,} characters, and '{shortened(text)}' has {len(text):,}: split it up"
            )
        self.text = text
        self.names = list(names)
        self.number = {name: i for i, name in enumerate(self.names)}
        self.tokens = _tokens(text)
        self.index = 0
        self.depth = 0
        self.terms = 0
        self.separations = 0

    def parse(self) -> Query:
        if self.next.kind == "end":
            pair = ", ".join(shortened(_quoted(name), MAX_NAME_SHOWN) for name in self.names[:2])
            self.fail(f"it is empty; it could be edge({pair})")
        query = self.any_of()
        if self.next.kind != "end":
            self.fail(f"expected '&', '|' or the end, not {self.found}")
        return query

    # --- grammar ---

    def any_of(self) -> Query:
        return self.joined("|", Or, self.all_of)

    def all_of(self) -> Query:
        return self.joined("&", And, self.one)

    def joined(
        self, operator: str, node: Callable[[tuple[Query, ...]], Query], part: Callable[[], Query]
    ) -> Query:
        parts = [part()]
        while self.operator == operator:
            self.index += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else node(tuple(parts))

    def one(self) -> Query:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"more than {MAX_DEPTH} parentheses and negations within one another")
        if self.operator == "!":
            self.index += 1
            query: Query = Not(self.one())
        elif self.operator == "(":
            self.index += 1
            query = self.any_of()
            self.expect(")")
        else:
            query = self.predicate()
        self.depth -= 1
        return query

    def predicate(self) -> Query:
        token = self.next
        if token.kind != "word":
            self.fail(f"expected one of {', '.join(PREDICATES)}, not {self.found}")
        if token.text not in PREDICATES:
            close = difflib.get_close_matches(token.text[:MAX_ECHO], PREDICATES, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            self.fail(f"there is no '{shortened(token.text)}'{hint} There are {', '.join(PREDICATES)}", token)
        self.index += 1
        self.terms += 1
        if self.terms > MAX_TERMS:
            self.fail(f"it has more than {MAX_TERMS:,} statements: split it up", token)
        if token.text in PAIR_FEATURES:
            return PairFeature(PAIR_FEATURES[token.text], *self.columns(2))
        if token.text == "v_structure":
            return VStructure(*self.columns(3))
        if token.text == "effect":
            return self.effect()
        return self.parents() if token.text == "parents" else self.d_separated()

    def columns(self, count: int) -> list[int]:
        """Read `count` different columns in parentheses."""
        self.expect("(")
        found = [self.column()]
        while len(found) < count:
            self.expect(",")
            found.append(self.column(others=found))
        self.expect(")")
        return found

    def parents(self) -> Query:
        (node,) = self.columns(1)
        comparison = self.next.text
        if self.next.kind != "symbol" or comparison not in SET_COMPARISONS:
            self.fail(
                f"expected one of {' '.join(SET_COMPARISONS)} and a set such as {{a, b}}, not {self.found}"
            )
        self.index += 1
        self.expect("{")
        members: list[int] = []
        while self.next.text != "}" or self.next.kind != "symbol":
            if members:
                self.expect(",", "'}'")
            members.append(self.column(others=[node]))
        self.index += 1
        return Parents(node, comparison, sum(1 << member for member in set(members)))

    def d_separated(self) -> Query:
        self.separations += 1
        if self.separations > MAX_SEPARATIONS:
            self.fail(f"it has more than {MAX_SEPARATIONS} dsep statements: split it up")
        self.expect("(")
        a = self.column()
        self.expect(",")
        b = self.column(others=[a])
        given: list[int] = []
        if (self.next.kind, self.next.text) == ("symbol", "|"):
            self.index += 1
            given.append(self.column(others=[a, b]))
            while (self.next.kind, self.next.text) == ("symbol", ","):
                self.index += 1
                given.append(self.column(others=[a, b, *given]))
        self.expect(")")
        return DSeparated(a, b, tuple(sorted(given)))

    def effect(self) -> Query:
        self.expect("(")
        source = self.column()
        to = from_ = state = None
        if self.equals():
            to = self.level()
            if (self.next.kind, self.next.text) == ("word", "over"):
                self.index += 1
                from_ = self.level()
        self.expect(",", "'='" if to is None else "'over'")
        target = self.column(others=[source])
        if self.equals():
            state = self.level()
        self.expect(")")
        comparison = self.next.text
        if self.next.kind != "symbol" or comparison not in SIZES:
            self.fail(f"expected one of {' '.join(SIZES)} and a number, not {self.found}")
        self.index += 1
        return EffectComparison(source, target, comparison, self.value(), to, from_, state)

    def equals(self) -> bool:
        """Read an equals sign, if one comes next."""
        found = (self.next.kind, self.next.text) == ("symbol", "==")
        self.index += found
        return found

    def level(self) -> str:
        token = self.next
        if token.kind not in ("word", "quoted"):
            self.fail(f"expected a level, not {self.found}")
        self.index += 1
        return token.text

    def value(self) -> float:
        token = self.next
        try:
            value = float(token.text) if token.kind == "word" else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.fail(f"expected a number, not {self.found}")
        self.index += 1
        return value

    def column(self, others: Sequence[int] = ()) -> int:
        """Read a column that is not among the others."""
        token = self.next
        if token.kind not in ("word", "quoted"):
            self.fail(f"expected a column, not {self.found}")
        index = self.number.get(token.text)
        if index is None:
            self.fail(self.unknown_column(token.text))
        if index in others:
            self.fail(f"'{shortened(token.text)}' stands here twice, but the columns must differ")
        self.index += 1
        return index

    # --- tokens ---

    @property
    def next(self) -> _Token:
        return self.tokens[self.index]

    @property
    def operator(self) -> str:
        """The next symbol, where `and`, `or` and `not` count as symbols; empty if a word or the end comes next."""
        token = self.next
        if token.kind == "word":
            return _WORD_OPERATORS.get(token.text, "")
        return token.text if token.kind == "symbol" else ""

    @property
    def found(self) -> str:
        return "the end" if self.next.kind == "end" else f"'{shortened(self.next.text)}'"

    def expect(self, symbol: str, alternative: str = "") -> None:
        if (self.next.kind, self.next.text) != ("symbol", symbol):
            either = f"{alternative} or " if alternative else ""
            quote = "" if self.next.kind != "word" else " (a name with spaces goes in quotes)"
            self.fail(f"expected {either}'{symbol}', not {self.found}{quote}")
        self.index += 1

    def fail(self, what: str, token: _Token | None = None) -> NoReturn:
        _fail(self.text, (self.next if token is None else token).start, what)

    def unknown_column(self, name: str) -> str:
        by_lower = {known.lower(): known for known in self.names}
        near = difflib.get_close_matches(name.lower()[:MAX_ECHO], by_lower, n=1)
        hint = f"; did you mean {shortened(_quoted(by_lower[near[0]]))}?" if near else "."
        shown = ", ".join(shortened(_quoted(known), MAX_NAME_SHOWN) for known in self.names[:MAX_NAMES_SHOWN])
        more = len(self.names) - MAX_NAMES_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        return f"there is no column '{shortened(name)}'{hint} The columns are {shown}{rest}"


def _quoted(name: str) -> str:
    """Return a column's name as it is written in a query, in quotes where it needs them."""
    match = _TOKEN.fullmatch(name)
    if match is not None and match.lastgroup == "word" and not name[0].isspace():
        return name
    return '"' + name.replace('"', '""') + '"'
