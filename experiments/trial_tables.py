"""Tables as people have them, with all that goes wrong in them, as the bytes of a CSV file."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import trial_columns as columns_of
from trial_columns import CONTINUOUS, DISCRETE, NASTY, Cells, Maker

NAMES = (*"abcdefgh", "dose", "marker", "response", "age", "income", "x1", "y")
ODD_NAMES = (
    "",
    " ",
    "a",
    "1",
    "1960",
    "0.5",
    "=1+1",
    '=HYPERLINK("x")',
    "@sum",
    "+a",
    "-b",
    "🦔",
    "größe→日本",
    "年龄",
    "na,me",
    "na:me",
    'qu"ote',
    "it's",
    "[red]x[/red]",
    "<script>alert(1)</script>",
    ":heart:",
    "two\nlines",
    "tab\there",
    "Unnamed: 0",
    "nan",
    "edge(a,b)",
    "x" * 100,
    "y" * 1000,
    "../../etc",
    "a->b",
    "a & b",
    "None",
    "source",
    "Freq",
    "INT",
    "id",
    "\u202eabc",
    "\x1b[31mred",
)
MISSING = (
    "",
    "NA",
    "N/A",
    "nan",
    "NULL",
    "?",
    ".",
    "-",
    "*",
    "None",
    "unknown",
    "n.d.",
    "-999",
    "9999",
    "999",
    "#N/A",
    "#DIV/0!",
)


@dataclass
class Table:
    """A table as the bytes of a file, and what the trial knows of it.

    Attributes
    ----------
    content : bytes
    names : list of str
        The header's cells before anything was damaged.
    width : int
        Columns before anything was damaged.
    kind : {"continuous", "discrete"} or None
        What the table is read as where there is nothing odd about it, so that other code can score it; else None.
    cells : list of list of str, or None
        Its columns in that case.
    labelled : bool
        Whether its columns are meant as categories.
    """

    content: bytes
    names: list[str]
    width: int
    kind: str | None = None
    cells: list[Cells] | None = None
    labelled: bool = False


def make_table(rng: np.random.Generator) -> Table:
    """Return a table of any kind: two in five are clean, the others have anything."""
    return clean_table(rng) if rng.random() < 0.4 else any_table(rng)


def clean_table(rng: np.random.Generator) -> Table:
    """Return a small table with nothing odd about it."""
    d, n = int(rng.integers(2, 6)), int(rng.choice([8, 20, 60, 200]))
    latent = _latent(rng, n, d)
    kind = str(rng.choice(["continuous", "discrete"]))
    if kind == "continuous":
        units = rng.choice([1e-9, 1e-3, 1.0, 1e3, 1e9], size=d)
        values = units * (latent + rng.choice([0.0, 1.0, 50.0], size=d))
        cells = [[repr(float(value)) for value in column] for column in values.T]
    else:
        cells = [_letters(rng, column) for column in latent.T]
    names = [str(name) for name in rng.choice(NAMES, size=d, replace=False)]
    return Table(csv_text(names, cells).encode(), names, d, kind, cells)


def any_table(rng: np.random.Generator) -> Table:
    """Return a table that may be of any kinds, and damaged."""
    d = int(rng.choice([2, 2, 3, 3, 4, 4, 5, 6, 7, 8])) if rng.random() < 0.98 else 1
    if rng.random() < 0.02:
        d = int(rng.choice([12, 20, 40, 63, 64, 65, 200]))
    n = int(rng.choice([2, 3, 5, 8, 12, 20, 20, 20, 40, 40, 40, 80, 80, 80, 150, 300]))
    if rng.random() < 0.05:
        n = int(rng.choice([0, 1, 2] if d > 8 else [0, 0, 1, 1, 10_000]))
    makers, labelled = _makers(rng, d)
    cells: list[Cells] = []
    for maker, column in zip(makers, _latent(rng, n, d).T, strict=True):
        luck = rng.random()
        if cells and luck < 0.06:
            cells.append(columns_of.copy_of(rng, cells[rng.integers(len(cells))]))
        elif len(cells) > 1 and luck < 0.1:
            first, second = rng.choice(len(cells), size=2, replace=False)
            cells.append(columns_of.combination_of(rng, cells[first], cells[second]))
        else:
            cells.append(maker(rng, column))
    names = [NAMES[k] if k < len(NAMES) else f"v{k}" for k in range(d)]
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 4))):
            names[rng.integers(d)] = str(rng.choice(np.array(ODD_NAMES, dtype=object)))
    rows = [list(row) for row in zip(*cells, strict=True)]
    header = list(names)
    for _ in range(int(rng.choice([0, 0, 0, 0, 1, 1, 2]))):
        change = ROW_CHANGES[rng.integers(len(ROW_CHANGES))]
        header, rows = change(rng, header, rows)
    return Table(_damaged(rng, _written(rng, [header, *rows])), names, d, labelled=labelled)


def csv_text(names: Sequence[str], cells: Sequence[Cells]) -> str:
    """Return columns as plain CSV."""
    return _plain([list(names), *[list(row) for row in zip(*cells, strict=True)]])


# --- values ---


def _latent(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Return standard values, shape (n, d), that depend on one another as in a sparse random DAG."""
    values = rng.normal(size=(n, d))
    for j in range(1, d):
        weights = rng.normal(size=j) * (rng.random(j) < 0.4) * rng.choice([0.3, 1.0, 5.0])
        values[:, j] = (values[:, j] + values[:, :j] @ weights) / np.sqrt(1 + weights @ weights)
    return values[:, rng.permutation(d)]


def _letters(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    """Return two to four states, of which two at least occur."""
    levels = int(rng.integers(2, 5))
    order = np.argsort(np.argsort(latent))
    return ["abcd"[k] for k in order * levels // len(latent)]


def _makers(rng: np.random.Generator, d: int) -> tuple[list[Maker], bool]:
    """Return what makes each column, and whether they are meant as categories."""
    luck = rng.random()
    if luck < 0.4:
        pool: tuple[Maker, ...] = CONTINUOUS
    elif luck < 0.65:
        pool = DISCRETE
    elif luck < 0.72:
        pool = DISCRETE + CONTINUOUS
    else:
        pool = NASTY + (CONTINUOUS if rng.random() < 0.5 else DISCRETE)
    makers = [pool[rng.integers(len(pool))] for _ in range(d)]
    if luck < 0.65 and rng.random() < 0.2:
        makers[rng.integers(d)] = NASTY[rng.integers(len(NASTY))]
    return makers, DISCRETE[0] in pool and rng.random() < 0.7


# --- what goes wrong among the rows ---

Rows = list[list[str]]
RowChange = Callable[[np.random.Generator, list[str], Rows], tuple[list[str], Rows]]


def _missing_cells(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    code, share = str(rng.choice(MISSING)), rng.choice([0.01, 0.05, 0.3, 1.0])
    column = int(rng.integers(len(header))) if rng.random() < 0.6 else None
    for row in rows:
        for k in range(len(row)):
            if column in (None, k) and rng.random() < share:
                row[k] = code
    return header, rows


def _trailing_separators(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return [*header, ""], [[*row, ""] for row in rows]


def _named_empty_column(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return [*header, "empty"], [[*row, ""] for row in rows]


def _unnamed_index(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return ["", *header], [[str(k), *row] for k, row in enumerate(rows)]


def _second_header(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    labels = [str(rng.choice(["mg/l", "Question text", "", "%", '{"ImportId":"Q1"}', "cm"])) for _ in header]
    return header, [labels, *rows]


def _totals_line(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    word = str(rng.choice(["Total", "Mean", "Summe", "n=", "---", "Source: own data"]))
    return header, [*rows, [word, *[str(rng.choice(["", "12.5"])) for _ in header[1:]]]]


def _ragged(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    if rows:
        row = rows[rng.integers(len(rows))]
        if rng.random() < 0.5:
            row.append("7")
        elif row:
            row.pop()
    return header, rows


def _odd_cell(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    odd = (
        "n.d.",
        "inf",
        "1e400",
        "9" * 400,
        "x" * 5000,
        "=cmd()",
        "\x00",
        '"',
        "1,5",
        "é",
        "two\nlines",
        "\x1b[2J",
        "0x10",
        "NaT",
    )
    if rows and header:
        row = rows[rng.integers(len(rows))]
        if row:
            row[rng.integers(len(row))] = str(rng.choice(np.array(odd, dtype=object)))
    return header, rows


def _repeated_name(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return [header[0], *header[:-1]], rows


def _numeric_header(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    start = int(rng.choice([0, 1, 1960]))
    return [str(start + k) for k in range(len(header))], rows


def _no_header(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return (rows[0], rows[1:]) if rows else (header, rows)


def _header_again(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    at = int(rng.integers(len(rows) + 1))
    return header, [*rows[:at], list(header), *rows[at:]]


def _blank_lines(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    at = int(rng.integers(len(rows) + 1))
    return header, [*rows[:at], [], *rows[at:], [" "]]


def _repeated_rows(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return header, [list(row) for row in rows[: max(1, len(rows) // 10)] * 10]


def _long_name(rng: np.random.Generator, header: list[str], rows: Rows) -> tuple[list[str], Rows]:
    return ["z" * int(rng.choice([300, 5000, 200_000])), *header[1:]], rows


ROW_CHANGES: tuple[RowChange, ...] = (
    _missing_cells,
    _missing_cells,
    _missing_cells,
    _trailing_separators,
    _named_empty_column,
    _unnamed_index,
    _second_header,
    _totals_line,
    _ragged,
    _odd_cell,
    _odd_cell,
    _repeated_name,
    _numeric_header,
    _no_header,
    _header_again,
    _blank_lines,
    _repeated_rows,
    _long_name,
)


# --- what goes wrong in the file ---


def _plain(rows: Rows, separator: str = ",", quoting: int = csv.QUOTE_MINIMAL, end: str = "\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end).writerows(rows)
    return text.getvalue()


def _written(rng: np.random.Generator, rows: Rows) -> str:
    """Return the rows with any separator, quotes and ends of lines; usually plain."""
    if rng.random() < 0.7:
        return _plain(rows)
    separator = str(rng.choice([",", ",", ",", ";", ";", ";", "\t", "\t", "|", " ", ":"]))
    if rng.random() < 0.15:  # by hand, with cells as they are
        return "\n".join(separator.join(row) for row in rows) + "\n"
    quoting = int(rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    return _plain(rows, separator, quoting, str(rng.choice(["\n", "\r\n", "\r"])))


def _damaged(rng: np.random.Generator, text: str) -> bytes:
    """Return the bytes of a text, in one of seven tables not as they should be."""
    content = text.encode("utf-8", errors="surrogatepass")
    if rng.random() < 0.85:
        return content
    at = int(rng.integers(len(content) + 1))
    lines = text.splitlines(keepends=True)
    changes: tuple[Callable[[], bytes], ...] = (
        lambda: b"\xef\xbb\xbf" + content,
        lambda: b"\xef\xbb\xbf\xef\xbb\xbf" + content,
        lambda: text.encode("utf-16"),
        lambda: text.encode("latin-1", errors="replace") + b"\xe9",
        lambda: content[:at] + b'"' + content[at:],
        lambda: content[:at] + b"\x00" + content[at:],
        lambda: content[:at],
        lambda: content[:at] + bytes([int(rng.integers(256))]) + content[at + 1 :],
        lambda: content[:at] + b"\r" + content[at:],
        lambda: content.rstrip(b"\n"),
        lambda: b"\n\n" + content,
        lambda: b"# made by an instrument\n# 2020-01-01\n" + content,
        lambda: b"sep=;\n" + content,
        lambda: content + b"\x1a",
        lambda: b"PK\x03\x04" + content,
        lambda: b"",
        lambda: b"\n",
        lambda: b'"',
        lambda: "".join(lines[:1]).encode("utf-8", errors="surrogatepass"),
        lambda: "".join(lines[1:]).encode("utf-8", errors="surrogatepass"),
        lambda: content + content,
        lambda: content.replace(b".", b","),
        lambda: content[:at] + rng.bytes(20) + content[at:],
    )
    return changes[rng.integers(len(changes))]()
