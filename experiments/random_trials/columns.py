"""Columns as people have them, as the text of their cells: numbers in all units, categories, codes, dates."""

import datetime
from collections.abc import Callable

import numpy as np

Cells = list[str]
Maker = Callable[[np.random.Generator, np.ndarray], Cells]
"""From a generator and standard values, shape (n,), which carry what columns have to do with one another."""

UNITS = (
    1e-300,
    1e-200,
    1e-150,
    1e-30,
    1e-9,
    1e-6,
    1e-3,
    1.0,
    1.0,
    1.0,
    1e3,
    1e6,
    1e9,
    1e15,
    1e30,
    1e150,
    1e300,
)
OFFSETS = (0.0, 0.0, 0.0, 1.0, -50.0, 1e4, 1e8, -1e8, 1e12)


def measured(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    """Numbers of any unit and offset, any tail, written in any way."""
    shaped = _shape(rng, latent)
    with np.errstate(over="ignore"):  # infinite values are in people's tables, too
        values = rng.choice(UNITS) * (shaped + rng.choice(OFFSETS))
    write = [repr, repr, repr, "{:.6g}".format, "{:.3e}".format, "{:.17g}".format, "{:g}".format]
    return [write[k](float(value)) for k in [rng.integers(len(write))] for value in values]


def decimals(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    """Ordinary measurements with a few decimals."""
    digits = int(rng.integers(0, 5))
    return [f"{50 + 10 * value:.{digits}f}" for value in latent]


def whole(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    return [str(round(float(value))) for value in latent * rng.choice([1.0, 3.0, 100.0, 1e6])]


def counts(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    return [str(int(rng.poisson(min(np.exp(value + 1), 1e6)))) for value in np.clip(latent, -20, 20)]


def binary(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    return ["1" if value > 0 else "0" for value in latent]


def constant(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    return [str(rng.choice(["0", "1", "3.5", "yes", "", "-999", "1e-320"]))] * len(latent)


def nearly_constant(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    base, spread = rng.choice([1.0, 1e5, 1e8, 1e15]), rng.choice([1e-16, 1e-12, 1e-9, 1e-4])
    values = np.full(len(latent), base)
    if rng.random() < 0.5 and len(latent):
        values[rng.integers(len(latent))] *= 1 + rng.choice([1e-13, 1e-6, 1.0, 1e6])
    else:
        values = base * (1 + spread * latent)
    return [repr(float(value)) for value in values]


def odd_numbers(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    """Numbers with a few that are none, or too large for a float."""
    odd = (
        "inf",
        "-inf",
        "Infinity",
        "nan",
        "1e400",
        "-1e999",
        "0x1F",
        "1_000",
        "1e-400",
        "9" * 30,
        "9" * 400,
        "٣٫٥",
    )
    cells = [f"{value:.4f}" for value in latent]
    for k in rng.integers(0, max(len(cells), 1), size=int(rng.integers(1, 4))):
        if k < len(cells):
            cells[k] = str(rng.choice(odd))
    return cells


def huge_integers(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    digits = int(rng.choice([16, 19, 20, 25, 40, 320]))
    return [str(int(rng.integers(1, 10**6))).ljust(digits, "7") for _ in latent]


def dressed_numbers(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    """Currency, percent, thousands, decimal commas, typographic minus, hexadecimal, blanks as in print."""
    forms: tuple[Callable[[float], str], ...] = (
        lambda v: f"${v * 100:,.2f}",
        lambda v: f"{v * 100:.2f} €",
        lambda v: f"{v * 10:.1f}%",
        lambda v: f"{v * 10000:,.0f}",
        lambda v: f"{v * 10000:,.2f}".replace(",", "_").replace(".", ",").replace("_", "."),
        lambda v: f"{v:.3f}".replace(".", ","),
        lambda v: f"{v:.3f}".replace("-", "\N{MINUS SIGN}"),
        lambda v: f"{v * 10000:,.0f}".replace(",", "\N{NO-BREAK SPACE}"),
        lambda v: hex(abs(int(v * 1000))),
        lambda v: f" {v:.2f} ",
        lambda v: f"({abs(v):.2f})" if v < 0 else f"{v:.2f}",
        lambda v: f"+{abs(v):.2f}",
        lambda v: f"{v:.2f} mg",
        lambda v: f"<{abs(v):.1f}",
    )
    form = forms[rng.integers(len(forms))]
    return [form(float(value)) for value in latent]


def categories(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    """A few to 70 levels, in order of the standard value."""
    levels = int(rng.choice([1, 2, 2, 3, 3, 4, 5, 8, 12, 30, 63, 64, 70]))
    return _levels(rng, latent, levels)


def few_levels(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    return _levels(rng, latent, int(rng.integers(2, 5)))


def booleans(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    pairs = (
        ("True", "False"),
        ("TRUE", "FALSE"),
        ("yes", "no"),
        ("Y", "N"),
        ("T", "F"),
        ("true", "False"),
        ("✓", ""),
    )
    yes, no = pairs[rng.integers(len(pairs))]
    return [yes if value > 0 else no for value in latent]


def codes(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    """Labels that look like numbers: versions, zip codes, leading zeros."""
    kinds = (
        ("1.1", "1.10", "1.2"),
        ("01", "1", "02"),
        ("08540", "8540", "10001"),
        ("1e3", "1000", "1E3"),
        ("250.1", "250.10"),
    )
    labels = kinds[rng.integers(len(kinds))]
    return [labels[int(abs(value) * 1.5) % len(labels)] for value in latent]


def dates(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    forms = ("%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%SZ", "%H:%M", "%b %Y", "%Y%m%d", "%d.%m.%y")
    form = forms[rng.integers(len(forms))]
    start = datetime.datetime(2019, 12, 30)
    return [(start + datetime.timedelta(hours=37 * k)).strftime(form) for k in range(len(latent))]


def text(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    words = (
        "ok",
        "n/a",
        "see note",
        "größer",
        "日本",
        "a b",
        "=1+1",
        "@x",
        "x" * 300,
        "[red]",
        "<b>",
        "🦔",
        "-",
        "\\N",
    )
    return [str(rng.choice(words)) for _ in latent]


def identifiers(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    start = int(rng.choice([0, 1, 1001]))
    prefix = str(rng.choice(["", "", "P-"]))
    return [f"{prefix}{start + k}" for k in range(len(latent))]


def mixed(rng: np.random.Generator, latent: np.ndarray) -> Cells:
    """Numbers and words in one column."""
    share = rng.choice([0.02, 0.3, 0.6])
    return [
        str(rng.choice(["low", "n.d.", "<0.1", "?", "high"])) if rng.random() < share else f"{value:.2f}"
        for value in latent
    ]


def copy_of(rng: np.random.Generator, cells: Cells) -> Cells:
    """The same, or under other labels."""
    if rng.random() < 0.5:
        return list(cells)
    label = {cell: f"L{k}" for k, cell in enumerate(dict.fromkeys(cells))}
    return [label[cell] for cell in cells]


def combination_of(rng: np.random.Generator, first: Cells, second: Cells) -> Cells:
    """The sum of two columns where both are numbers, their pair of labels elsewhere."""
    try:
        return [repr(float(a) + float(b)) for a, b in zip(first, second, strict=True)]
    except ValueError:
        return [f"{a}{b}" for a, b in zip(first, second, strict=True)]


CONTINUOUS: tuple[Maker, ...] = (
    measured,
    measured,
    measured,
    decimals,
    decimals,
    decimals,
    whole,
    counts,
    binary,
)
DISCRETE: tuple[Maker, ...] = (few_levels, few_levels, few_levels, categories, booleans, codes, binary)
NASTY: tuple[Maker, ...] = (
    constant,
    nearly_constant,
    odd_numbers,
    huge_integers,
    dressed_numbers,
    dressed_numbers,
    dates,
    text,
    identifiers,
    mixed,
    codes,
)


def _shape(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    """Return standard values with one of several tails."""
    kind = rng.integers(8)
    if kind == 0:
        return np.exp(np.clip(3 * latent, -50, 50))
    if kind == 1:
        return latent**3 * np.exp(np.abs(np.clip(latent, -20, 20)))
    if kind == 2:
        return np.sign(latent)  # two values only
    if kind == 3:
        return np.round(latent, 1)
    return latent


def _levels(rng: np.random.Generator, latent: np.ndarray, levels: int) -> Cells:
    order = np.argsort(np.argsort(latent))
    ranks = (order * levels // max(len(latent), 1)).astype(int)
    letters = "abcdefghijklmnopqrstuvwxyz"
    style = rng.integers(4)
    if style == 0:
        return [str(rank) for rank in ranks]
    if style == 1:
        return [f"level {rank}" for rank in ranks]
    return [letters[rank % 26] * (1 + rank // 26) for rank in ranks]
