"""What the page says of the table that was read and of what was known: columns, missing cells, knowledge."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.known import MAX_CHANGES, ChangedEdge, changed_edges, known_sentences, known_statements
from dag_gfn.views.missing_cells import ROUTES, DependentEdge, dependent_edges, has_missing, missing_sentences

MAX_PATTERNS = 8
"""Sets of columns that are missing together, of those that are shown."""


class ColumnRow(NamedTuple):
    """One column of the table that was read.

    Attributes
    ----------
    name, role, why : str
    missing : int
        Number of missing cells.
    share : float or None
        Of all cells of the column, where the number of rows is known.
    surprise : int
        0 where nothing was decided that a person might want to undo.

    Examples
    --------
    >>> from dag_gfn.views.report.table_parts import ColumnRow
    >>> ColumnRow("id", "left out", "numbers the rows", 0, 0.0, 2).role
    'left out'
    """

    name: str
    role: str
    why: str
    missing: int
    share: float | None
    surprise: int


class KnownParts(NamedTuple):
    """What was known about the graph, and what it changed.

    Attributes
    ----------
    statements, sentences : list of str
    changes : list of ChangedEdge

    Examples
    --------
    >>> from dag_gfn.views.report.table_parts import KnownParts
    >>> KnownParts(["roots: age"], [], []).statements
    ['roots: age']
    """

    statements: list[str]
    sentences: list[str]
    changes: list[ChangedEdge]


def known_parts(posterior: GraphPosterior) -> KnownParts | None:
    """Return what was known about the graph of a posterior; None where nothing was said.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.report.table_parts import known_parts
    >>> info = {"knowledge": {"roots": ["rain"]}}
    >>> posterior = GraphPosterior.from_samples(("rain", "wet"), np.zeros((3, 2, 2), dtype=bool), info=info)
    >>> known_parts(posterior).statements
    ['roots (no parents): rain']
    """
    info, edge = posterior.info, posterior.marginal("edge").values
    statements = known_statements(info)
    if not statements:
        return None
    changes = changed_edges(info, posterior.names, edge) or []
    return KnownParts(statements, known_sentences(info, posterior.names, edge)[1:], changes[:MAX_CHANGES])


def column_rows(info: Mapping[str, Any]) -> list[ColumnRow]:
    """Return a row for every column of the source, the most surprising first; none where no roles are recorded.

    Examples
    --------
    >>> from dag_gfn.views.report.table_parts import column_rows
    >>> roles = [{"name": "age", "role": "continuous"}, {"name": "id", "role": "left out", "surprise": 2}]
    >>> [row.name for row in column_rows({"roles": roles, "n": 20})]
    ['id', 'age']
    """
    rows = info.get("n")
    found = []
    for role in info.get("roles") or []:
        levels, missing = role.get("levels") or 0, role.get("missing") or 0
        found.append(
            ColumnRow(
                role["name"],
                f"{role['role']}, {levels} levels" if levels else role["role"],
                role.get("reason") or "",
                missing,
                min(missing / rows, 1.0) if rows else None,
                role.get("surprise") or 0,
            )
        )
    return sorted(found, key=lambda row: -row.surprise)


class MissingCells(NamedTuple):
    """Where cells are missing, for the page.

    Attributes
    ----------
    sentences : list of str
    columns : list of (str, int, float)
        Name, missing cells, their share of the rows.
    patterns : list of (str, int)
        Columns that are missing together, and in how many rows; the most frequent ones.
    more_patterns : int
        How many others there are.
    edges : list of DependentEdge
    route : str
        How the tables were drawn, in words.

    Examples
    --------
    >>> from dag_gfn.views.report.table_parts import MissingCells
    >>> MissingCells(["3 cells are missing."], [("a", 3, 0.1)], [("a", 3)], 0, [], "").columns
    [('a', 3, 0.1)]
    """

    sentences: list[str]
    columns: list[tuple[str, int, float]]
    patterns: list[tuple[str, int]]
    more_patterns: int
    edges: list[DependentEdge]
    route: str


def missing_cells(posterior: GraphPosterior) -> MissingCells | None:
    """Return where cells are missing; None where none is.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.report.table_parts import missing_cells
    >>> missing_cells(GraphPosterior.from_samples(("a", "b"), np.zeros((3, 2, 2), dtype=bool))) is None
    True
    """
    info, edge = posterior.info, posterior.marginal("edge").values
    if not has_missing(info):
        return None
    missing = info["missing"]
    rows = missing.get("all_rows") or info.get("n") or missing["rows"]
    patterns = missing.get("patterns") or []
    shown = [(", ".join(pattern["columns"]), pattern["rows"]) for pattern in patterns[:MAX_PATTERNS]]
    return MissingCells(
        missing_sentences(info, posterior.names, edge)[:2],
        sorted(
            ((name, count, count / rows) for name, count in missing["columns"].items()),
            key=lambda row: -row[1],
        ),
        shown,
        max((missing.get("num_patterns") or len(patterns)) - len(shown), 0),
        dependent_edges(info, posterior.names, edge),
        ROUTES.get(missing.get("route") or "", ""),
    )
