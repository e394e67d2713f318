"""Levels of a category: how many a table can bear, and rare ones merged into "other"."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.column_encoding import MAX_STATES

FEW_LEVELS = 15
"""So many levels are kept if they have four rows each."""
MAX_OTHER = 0.5
"""Largest share of the rows that "other" may hold; beyond, the column is left out."""
OTHER = "other"


class MergedLevels(NamedTuple):
    """The levels that are left of a category.

    Attributes
    ----------
    position : ndarray, shape (levels,), float64
        The new code of each old one.
    states : tuple of str
        The labels that are left, "other" last where it is new.
    merged : tuple of str
        The labels that "other" stands for; empty if all levels are kept.
    share : float
        The share of the rows that they hold.

    Examples
    --------
    See `merge_levels`.
    """

    position: Float64[np.ndarray, " levels"]
    states: tuple[str, ...]
    merged: tuple[str, ...]
    share: float


def max_levels(n: float | int) -> int:
    """Return how many levels a category may have in n rows.

    That is one and a half times the root of n, at most 63; in short tables a quarter of the rows, up to 15.

    Examples
    --------
    >>> from dag_gfn.data.rare_levels import max_levels
    >>> max_levels(20), max_levels(60), max_levels(400), max_levels(10_000)
    (6, 15, 30, 63)
    """
    return int(min(max(min(FEW_LEVELS, n / 4), 1.5 * n**0.5), MAX_STATES))


def rows_of_a_level(n: float | int) -> float:
    """Return how many rows a level needs in n rows.

    That is 5, in long tables one row in a hundred up to 30, and in tables of fewer than 100 rows one in twenty.

    Examples
    --------
    >>> from dag_gfn.data.rare_levels import rows_of_a_level
    >>> rows_of_a_level(20), rows_of_a_level(200), rows_of_a_level(9000)
    (1.0, 5.0, 30.0)
    """
    return max(min(5.0, n / 20), min(30.0, n / 100))


def merge_levels(
    states: Sequence[str],
    counts: Float64[np.ndarray, " levels"],
    *,
    limit: int,
    least: float | int = 0,
    max_other: float = MAX_OTHER,
) -> MergedLevels | None:
    """Return the levels that are left when rare ones are merged; None if "other" would hold too many rows.

    Levels with fewer rows than `least` are merged, and then those with the fewest until at most `limit` are left.
    Levels of equal counts stay or go together. A single rare level is kept as it is.

    Parameters
    ----------
    states : sequence of str
    counts : ndarray, shape (levels,)
        Rows of each level, or the sum of their weights.
    limit : int
        Largest number of levels, at least 2.
    least : float
        Rows that a level needs.
    max_other : float
        Largest share of the rows that "other" may hold.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.rare_levels import merge_levels
    >>> merged = merge_levels(["bus", "car", "ship", "tram"], np.array([40.0, 55.0, 1.0, 4.0]), limit=12, least=5)
    >>> merged.states, merged.merged, merged.position.tolist()
    (('bus', 'car', 'other'), ('ship', 'tram'), [0.0, 1.0, 2.0, 2.0])
    """
    counts = np.asarray(counts, dtype=np.float64)
    kept = counts >= least
    if np.count_nonzero(kept) + (0 if kept.all() else 1) > limit:
        cut = np.sort(counts)[::-1][limit - 1]  # one place of the limit is for "other"
        kept &= counts > cut
    old_other = [k for k, state in enumerate(states) if state.casefold() == OTHER]
    if np.count_nonzero(~kept) == 1 and len(states) <= limit and not old_other:
        kept[:] = True
    total = counts.sum()
    share = float(counts[~kept].sum() / total) if total else 0.0
    if share > max_other or not kept.any():
        return None
    if kept.all():
        return MergedLevels(np.arange(len(states), dtype=np.float64), tuple(states), (), 0.0)
    merged = tuple(state for state, keep in zip(states, kept, strict=True) if not keep)
    name = states[old_other[0]] if old_other else OTHER
    left = [state for state, keep in zip(states, kept, strict=True) if keep and state != name]
    place = {state: float(k) for k, state in enumerate([*left, name])}
    position = np.array([place.get(state, float(len(left))) for state in states])
    return MergedLevels(position, (*left, name), tuple(s for s in merged if s != name), share)
