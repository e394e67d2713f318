"""Lists of edges as CSV: bnlearn's white and black lists (from, to), and beliefs (from, to, probability)."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dag_gfn.errors import OptionError, shortened
from dag_gfn.knowledge.knowledge import Belief, Pair

_FROM, _TO = ("from", "source", "cause"), ("to", "target", "effect")
_PROBABILITY = ("probability", "p", "prob", "belief")


def read_pairs(path: Path) -> list[tuple[Pair, int]]:
    """Return the edges of a CSV file with the columns ``from`` and ``to``, and the line of each.

    A first line without these names is an edge itself. Other columns are ignored, so row names of R do no harm.

    Raises
    ------
    OptionError
        If the file cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.knowledge.edge_lists import read_pairs
    >>> _ = Path("black.csv").write_text('"from","to"\\n"cancer","age"\\n')
    >>> read_pairs(Path("black.csv"))
    [(('cancer', 'age'), 2)]
    """
    return [((source, target), line) for line, (source, target) in _rows(path, (_FROM, _TO))]


def read_beliefs(path: Path) -> list[tuple[Belief, int]]:
    """Return the beliefs of a CSV file with the columns ``from``, ``to`` and ``probability``, and the line of each.

    Raises
    ------
    OptionError
        If the file cannot be read, or a probability is none between 0 and 1.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.knowledge.edge_lists import read_beliefs
    >>> _ = Path("beliefs.csv").write_text("from,to,probability\\nsmoking,cancer,0.9\\n")
    >>> read_beliefs(Path("beliefs.csv"))
    [(Belief(source='smoking', target='cancer', probability=0.9), 2)]
    """
    found = []
    for line, (source, target, p) in _rows(path, (_FROM, _TO, _PROBABILITY)):
        try:
            found.append((Belief(source, target, probability_of(p, f"{source} -> {target}")), line))
        except OptionError as error:
            raise OptionError(f"{path.name}, line {line}: {error}") from None
    return found


def probability_of(value: Any, edge: str) -> float:
    """Return a probability that can be a belief.

    Raises
    ------
    OptionError
        If it is no number between 0 and 1, or 0 or 1.

    Examples
    --------
    >>> from dag_gfn.knowledge.edge_lists import probability_of
    >>> probability_of("0.25", "a -> b")
    0.25
    """
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if number in (0.0, 1.0):
        word = "required" if number else "forbidden"
        raise OptionError(
            f"the belief in {edge} is {number:g}, which is no belief but certain: list the edge under '{word}' instead"
        )
    if not 0.0 < number < 1.0:
        raise OptionError(
            f"the belief in {edge} is a probability between 0 and 1, such as 0.8, not {shortened(repr(value))}"
        )
    return number


def _rows(path: Path, columns: tuple[tuple[str, ...], ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of these columns, which are found by their names or else taken in order."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise OptionError(f"'{path}' cannot be read ({why}): expected a CSV file of edges") from error
    first = text.lstrip().split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, skipinitialspace=True)
    places: list[int] | None = None
    for row in reader:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if places is None:
            lower = [cell.lower() for cell in cells]
            named = [[k for k, cell in enumerate(lower) if cell in names] for names in columns]
            if all(named[:2]):
                if not all(named):
                    raise OptionError(f"'{path}' has no column '{columns[-1][0]}', only {', '.join(cells)}")
                places = [found[0] for found in named]
                continue
            places = list(range(len(columns)))
        if len(cells) <= max(places) or not all(cells[k] for k in places):
            raise OptionError(
                f"{path.name}, line {reader.line_num}: expected {', '.join(names[0] for names in columns)}, not "
                f"{shortened(repr(separator.join(row)))}"
            )
        yield reader.line_num, [cells[k] for k in places]
