"""What goes wrong in a table: among its rows, and in the bytes of its file."""

import csv
import io
from collections.abc import Callable

import numpy as np

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


def plain_csv(rows: Rows, separator: str = ",", quoting: int = csv.QUOTE_MINIMAL, end: str = "\n") -> str:
    """Return the rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end).writerows(rows)
    return text.getvalue()


def written(rng: np.random.Generator, rows: Rows) -> str:
    """Return the rows with any separator, quotes and ends of lines; usually plain."""
    if rng.random() < 0.7:
        return plain_csv(rows)
    separator = str(rng.choice([",", ",", ",", ";", ";", ";", "\t", "\t", "|", " ", ":"]))
    if rng.random() < 0.15:  # by hand, with cells as they are
        return "\n".join(separator.join(row) for row in rows) + "\n"
    quoting = int(rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    return plain_csv(rows, separator, quoting, str(rng.choice(["\n", "\r\n", "\r"])))


def damaged(rng: np.random.Generator, text: str) -> bytes:
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
