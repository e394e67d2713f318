"""Tables as people have them, with all that goes wrong in them, as the bytes of a CSV file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from random_trials import columns as columns_of
from random_trials.columns import CONTINUOUS, DISCRETE, NASTY, Cells, Maker
from random_trials.mishaps import ROW_CHANGES, damaged, plain_csv, written

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
    return Table(damaged(rng, written(rng, [header, *rows])), names, d, labelled=labelled)


def csv_text(names: Sequence[str], cells: Sequence[Cells]) -> str:
    """Return columns as plain CSV."""
    return plain_csv([list(names), *[list(row) for row in zip(*cells, strict=True)]])


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
