"""The local scores of a table for other programs, as a list of families or a file."""

import os
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.errors import OptionError, StorageError
from dag_gfn.files import write_text
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.prepare import as_dataset, prepare
from dag_gfn.graphs.subsets import MAX_NODES, popcount
from dag_gfn.scores import FamilyList, ScoreTable
from dag_gfn.scores.score_file import score_text

MAX_FAMILIES = 10_000_000
"""More are refused: as text they take about a gigabyte."""


def export_scores(
    data: Any,
    path: str | os.PathLike | None = None,
    *,
    prune: bool = False,
    with_prior: bool = False,
    overwrite: bool = False,
    **options: Any,
) -> FamilyList:
    """Return the local scores of a table, and write them to a file if its path is given.

    Only families that the constraints allow are listed. `fit` of the list or the file has the posterior of `fit` of the
    table, unless the list is pruned.

    Parameters
    ----------
    data : Dataset, DataFrame, ndarray or path
        As for `dag_gfn.fit`, without missing cells.
    path : str or path, optional
        The file to write: see :mod:`dag_gfn.scores.score_file`.
    prune : bool
        Leave out each parent set of which a subset scores at least as well. The best graph is kept, but no posterior.
    with_prior : bool
        Add the log prior of each family, so that other programs honour the prior over graphs.
    overwrite : bool
        Replace the file.
    **options
        Those of `dag_gfn.fit` about score, prior, constraints and scale.

    Raises
    ------
    OptionError
        If a cell is missing, or there are too many families.
    StorageError
        If the file exists or cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(1))
    >>> families = dag_gfn.export_scores(data, score="bge", max_parents=1)
    >>> families.num_listed  # of 3 variables: no parent, or one of the others
    9
    """
    if path is not None:
        require_free(Path(path), overwrite)
    families = _families(data, FitOptions.from_keywords(options, caller="export_scores"), with_prior)
    if prune:
        families = pruned(families)
    if path is not None:
        write_scores(families, path, overwrite=overwrite)
    return families


def write_scores(
    families: FamilyList, path: str | os.PathLike, *, overwrite: bool = False
) -> tuple[str, ...]:
    """Write a list of families to a file, and return which names were changed.

    Raises
    ------
    StorageError
        If the file exists or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.fitting.score_export import write_scores
    >>> from dag_gfn.scores import FamilyList
    >>> families = FamilyList.of(("my a", "b"), [{0b00: -2.0}, {0b00: -3.0, 0b01: -1.5}])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_scores(families, Path(folder) / "two.jkl")
    ("'my a' is written my_a",)
    """
    path = Path(path)
    require_free(path, overwrite)
    text, changed = score_text(families)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        raise StorageError(f"cannot write '{path}': {error.strerror or error}") from error
    return changed


def pruned(families: FamilyList) -> FamilyList:
    """Return a list without parent sets of which a listed subset scores at least as well.

    Examples
    --------
    >>> from dag_gfn.fitting.score_export import pruned
    >>> from dag_gfn.scores import FamilyList
    >>> pruned(FamilyList.of(("a", "b"), [{0b00: -2.0, 0b10: -2.5}, {0b00: -3.0, 0b01: -1.5}])).num_listed
    3
    """
    kept = [_undominated(*each, families.d) for each in zip(families.sets, families.scores, strict=True)]
    return FamilyList(
        families.names,
        tuple(masks[keep] for masks, keep in zip(families.sets, kept, strict=True)),
        tuple(scores[keep] for scores, keep in zip(families.scores, kept, strict=True)),
        families.source,
    )


def _undominated(
    masks: Int64[np.ndarray, " m"], scores: Float64[np.ndarray, " m"], d: int
) -> Bool[np.ndarray, " m"]:
    """Return which sets score above all listed subsets of them; ``masks`` ascend."""
    best_below = np.full(len(masks), -np.inf)  # of the proper subsets
    sizes = popcount(masks)
    for size in range(1, int(sizes.max(initial=0)) + 1):
        here = np.flatnonzero(sizes == size)
        for bit in range(d):
            of = here[masks[here] >> bit & 1 == 1]
            smaller = masks[of] ^ np.int64(1) << bit
            where = np.minimum(np.searchsorted(masks, smaller), len(masks) - 1)
            of, where = (each[masks[where] == smaller] for each in (of, where))
            best_below[of] = np.maximum(best_below[of], np.maximum(scores[where], best_below[where]))
    return scores > best_below


def _families(data: Any, chosen: FitOptions, with_prior: bool) -> FamilyList:
    """Return the families of a table that its constraints allow."""
    prepared = prepare(as_dataset(data), chosen)
    table = prepared.table
    if prepared.score.needs_completion(prepared.dataset):
        raise OptionError(
            f"under the score {table.score!r} cells of these data would be drawn, and each draw has scores of its own: "
            "leave incomplete rows out with missing='drop' (--missing drop), or choose another score"
        )
    if table.d > MAX_NODES:
        raise OptionError(
            f"local scores of at most {MAX_NODES} columns are listed, not of {table.d}: choose some with --columns "
            "(columns)"
        )
    if prepared.known.condition is not None:
        raise OptionError(
            "statements about paths are no part of local scores: leave required_paths and forbidden_paths out"
        )
    sets, scores, count = [], [], 0
    for node in range(table.d):
        masks = _allowed(table, node, MAX_FAMILIES - count)
        values = prepared.score.local_scores(node, masks)
        if with_prior:
            values = values + table.graph_prior.log_prior(node, masks)
        count += len(masks)
        sets.append(masks)
        scores.append(values)
    return FamilyList(table.names, tuple(sets), tuple(scores), f"the score {table.score!r} of the table")


def _allowed(table: ScoreTable, node: int, most: int) -> Int64[np.ndarray, " m"]:
    """Return the parent sets of a node that are allowed, ascending."""
    constraints = table.constraints
    forbidden = int(constraints.forbidden[node]) | 1 << node
    bits = [1 << i for i in range(table.d) if not forbidden >> i & 1]
    sizes = range(min(int(constraints.limit(node)), len(bits)) + 1)
    if sum(comb(len(bits), size) for size in sizes) > most:
        raise OptionError(
            f"there are more than {MAX_FAMILIES:,} families: limit the parents with max_parents=3 (--max-parents 3)"
        )
    sets = np.sort(
        np.array([sum(chosen) for size in sizes for chosen in combinations(bits, size)], dtype=np.int64)
    )
    return sets[constraints.allow(node, sets)]


def require_free(path: Path, overwrite: bool) -> None:
    """Raise StorageError where something is in the way of a file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.fitting.score_export import require_free
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     require_free(Path(folder) / "new.jkl", overwrite=False)
    """
    if path.is_dir():
        raise StorageError(f"'{path}' is a folder: give the name of a file to write")
    if path.exists() and not overwrite:
        raise StorageError(
            f"'{path}' exists already: choose another name, or replace it with overwrite (--overwrite)"
        )
