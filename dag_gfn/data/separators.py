"""Which sign separates the cells of a text file, and which lines above the header are comments."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

from dag_gfn.data.messages import one_line
from dag_gfn.data.number_text import looks_like_number

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
BLANKS = " "  # any number of blanks and tabs
SAMPLE_BYTES, SAMPLE_ROWS = 1 << 16, 100  # the part of the file from which the separator is chosen
_CELL = re.compile(r'"(?:[^"]|"")*"(?!\S)|\S+')
_DECLARED = re.compile(r'"?sep=([,;|\t])"?\s*', re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class TextLines:
    """The bytes of a text file as lines and as records of cells; it can be read more than once.

    Parameters
    ----------
    content : bytes
    encoding : str
    separator : str
        A key of `SEPARATORS`, or `BLANKS`.
    skipped : int
        Lines at the top that are no part of the table. They are read as empty lines, so that errors count all lines.
    header : str, optional
        The column names, where a comment line holds them; it stands in place of the last skipped line.

    Examples
    --------
    >>> from dag_gfn.data.separators import TextLines
    >>> list(TextLines(b"a  b\\n1 2\\n", "utf-8", " ").records())
    [['a', 'b'], ['1', '2']]
    """

    content: bytes
    encoding: str
    separator: str
    skipped: int = 0
    header: str | None = None

    def __iter__(self) -> Iterator[str]:
        text = io.TextIOWrapper(io.BytesIO(self.content), encoding=self.encoding, newline="")
        above = ["\n" for _ in islice(text, self.skipped)]
        if self.header is not None:
            above[-1] = f"{self.header}\n"
        lines = chain(above, text)
        return map(_with_tabs, lines) if self.separator == BLANKS else lines

    def records(self, lines: Iterator[str] | None = None, *, strict: bool = False) -> "csv._reader":
        """Return a reader of the records, of all lines or of other ones."""
        return _reader(iter(self) if lines is None else lines, self.separator, strict=strict)


def text_lines(content: bytes, encoding: str) -> tuple[TextLines, tuple[str, ...]]:
    """Return the lines of a file with the separator of its cells, and notes on what was chosen.

    The separator is the comma, semicolon, tab or vertical bar that divides the lines most evenly. Blanks separate
    cells where they give every line as many cells as the header, or one more (row names as R writes them), and
    none of these signs does. Lines at the top that begin with "#" are comments; if the last of them has a name for each
    column, and the line below holds numbers, it is the header.

    Examples
    --------
    >>> from dag_gfn.data.separators import text_lines
    >>> lines, notes = text_lines(b"# age pay\\n31 2.1\\n25 1.7\\n", "utf-8")
    >>> list(lines.records())[0], notes
    (['age', 'pay'], ('read blanks as separators', "took the column names from the comment line '# age pay'"))
    """
    text = content[:SAMPLE_BYTES].decode(encoding, errors="ignore")
    if len(content) > SAMPLE_BYTES:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    lines = list(io.StringIO(text, newline=""))
    declared = _DECLARED.fullmatch(lines[0].lstrip("\ufeff")) if len(lines) > 1 else None
    if declared:  # as spreadsheet programs write it
        separator = declared[1]
        notes: tuple[str, ...] = () if separator == "," else (f"read {SEPARATORS[separator]} as separators",)
        return TextLines(content, encoding, separator, skipped=1), notes
    num_comments = 0
    while num_comments < len(lines) and lines[num_comments].lstrip("\ufeff").startswith("#"):
        num_comments += 1
    if num_comments == len(lines):
        num_comments = 0
    separator, notes = _separator("".join(lines[num_comments:]))
    if not num_comments:
        return TextLines(content, encoding, separator), notes
    skipped, header = _comments(lines[:num_comments], lines[num_comments:], separator)
    if header is not None:
        notes += (f"took the column names from the comment line '{one_line(lines[skipped - 1])}'",)
    rest = skipped - (header is not None)
    if rest:
        notes += (f"left out {rest} comment line{'s' if rest > 1 else ''} at the top",)
    return TextLines(content, encoding, separator, skipped, header), notes


def _comments(comments: list[str], below: list[str], separator: str) -> tuple[int, str | None]:
    """Return how many lines to skip, and the header if the last of the comment lines is one."""
    line = comments[-1].lstrip("\ufeff").rstrip("\r\n")
    bare = line.lstrip("#").lstrip(" \t" if separator == BLANKS else " ")
    first = next(_records(below, separator, 1), [])
    width, raw, named = (len(first), *(len(next(_records([t], separator, 1), [])) for t in (line, bare)))
    if len(comments) == 1 and raw == width > 1 and (named != width or line[1:2] != " "):
        return 0, None  # a column is called "#" or "#id"
    names = [cell for cells in _records([bare], separator, 1) for cell in cells]
    if named == width > 1 and not any(map(looks_like_number, names)) and any(map(looks_like_number, first)):
        return len(comments), bare
    return len(comments), None


def _separator(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the separator that divides the lines most evenly, and a note if it is not the comma or is ambiguous."""
    scores = {separator: _evenness(text, separator) for separator in SEPARATORS}
    best = max(scores.values())
    by_blanks = _evenness(text, BLANKS)
    if by_blanks[0] >= 2 and by_blanks[1] == 1 and by_blanks[0] > best[0]:
        return BLANKS, ("read blanks as separators",)
    if best[0] == 0:
        return ",", ()
    even = [separator for separator, score in scores.items() if score == best]
    chosen = even[0]
    rivals = [SEPARATORS[other] for other in SEPARATORS if other != chosen and scores[other][:2] == best[:2]]
    notes = () if chosen == "," else (f"read {SEPARATORS[chosen]} as separators",)
    if rivals:
        notes = (
            f"read {SEPARATORS[chosen]} as separators, though {' and '.join(rivals)} divide the lines as well",
        )
    return chosen, notes


def _evenness(text: str, separator: str) -> tuple[float, float, float]:
    """Return how well a separator divides a sample; the larger the better, compared in this order.

    The three figures are: whether the header has as many cells as most lines (3), one more or less (2) or another
    number (1); the share of lines with the most frequent number of cells; and the share of cells that are numbers.
    All are 0 where the separator divides nothing.
    """
    rows: list[list[str]] = []
    with suppress(csv.Error):  # the rows before it count
        for row in _records(io.StringIO(text, newline=""), separator, SAMPLE_ROWS):
            rows.append(row)
    if not rows:
        return (0.0, 0.0, 0.0)
    widths = [len(row) for row in rows[1:]] or [len(rows[0])]
    usual = max(set(widths), key=widths.count)
    if usual < 2:
        return (0.0, 0.0, 0.0)
    header = len(rows[0])
    fit = 3.0 if header == usual else 2.0 if abs(header - usual) == 1 and header > 1 else 1.0
    cells = [cell.strip() for row in rows[1:] for cell in row if cell.strip()]
    numbers = sum(map(looks_like_number, cells)) / max(len(cells), 1)
    return (fit, widths.count(usual) / len(widths), numbers)


def _records(lines: "list[str] | io.StringIO", separator: str, limit: int) -> Iterator[list[str]]:
    """Yield the cells of the first lines that have any."""
    given = map(_with_tabs, lines) if separator == BLANKS else iter(lines)
    for row in islice(_reader(given, separator), limit):
        if any(cell.strip() for cell in row):
            yield row


def _reader(lines: Iterator[str], separator: str, *, strict: bool = False) -> "csv._reader":
    delimiter = "\t" if separator == BLANKS else separator
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)


def _with_tabs(line: str) -> str:
    """Return a line with one tab between its cells, where any number of blanks and tabs separate them."""
    body = line.rstrip("\r\n")
    return "\t".join(_CELL.findall(body)) + line[len(body) :]
