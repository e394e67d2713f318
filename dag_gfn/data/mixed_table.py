"""What to do with a table of numeric and discrete columns, which no score here takes as it is."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.columns import quoted, too_many_states
from dag_gfn.data.roles import counts_column, is_count_name, is_row_number, repeat_rows
from dag_gfn.data.selection import flag
from dag_gfn.errors import DataError

MAX_CODES = 12  # numbers with more distinct values are seldom codes of categories


def mixed_kinds_error(
    names: Sequence[str],
    values: Float64[np.ndarray, "n d"],
    states: Sequence[tuple[str, ...] | None],
    *,
    drop: Sequence[str] = (),
    discrete: Sequence[str] = (),
) -> DataError:
    """Return the error that says which options make the table one of a single kind.

    Parameters
    ----------
    names : sequence of str
    values : ndarray, shape (n, d)
        Numbers, or codes of states.
    states : sequence of tuples, or None for a numeric column
    drop, discrete : sequences of str
        What the user left out, or declared discrete, already.
    """
    numeric = [j for j, labels in enumerate(states) if labels is None]
    labelled = [j for j, labels in enumerate(states) if labels is not None]
    found = (
        f"numeric and discrete columns cannot be mixed: {quoted(names[j] for j in numeric)} numeric, "
        f"{quoted(names[j] for j in labelled)} discrete."
    )
    counts = counts_column(names, values, [labels is not None for labels in states])
    if counts is not None:
        indices = [names[j] for j in numeric if is_row_number(values[:, j])]
        found += f" {repeat_rows(names[counts], indices)}"
        if is_count_name(names[counts]):
            return DataError(found)
        found += " Else:"
    remedies = _remedies(names, values, states, drop, discrete)
    if not remedies:
        return DataError(f"{found} Neither kind has two columns that vary: add or merge columns.")
    return DataError(f"{found} Keep one kind: {'; or '.join(remedies)}.")


def _remedies(
    names: Sequence[str],
    values: Float64[np.ndarray, "n d"],
    states: Sequence[tuple[str, ...] | None],
    drop: Sequence[str],
    discrete: Sequence[str],
) -> list[str]:
    """Return the options that work when they are followed, first those that keep the numbers."""
    d, n = len(names), len(values)
    numeric = [j for j in range(d) if states[j] is None]
    varying = [j for j in numeric if np.ptp(values[:, j]) > 0 and not is_row_number(values[:, j])]
    sizes = {j: np.unique(values[:, j]).size for j in varying}
    few = [j for j in varying if sizes[j] <= MAX_CODES and not too_many_states(sizes[j], n)]
    labelled = [j for j in range(d) if states[j] is not None and len(states[j]) > 1]
    remedies = []
    if len(varying) > 1:
        left_out = [names[j] for j in range(d) if j not in varying]
        remedies.append(f"--drop {flag([*drop, *left_out])} (drop=[...]) keeps numbers")
    if len(labelled) + len(few) > 1:
        text = []
        left_out = [names[j] for j in range(d) if j not in few and j not in labelled]
        if left_out:
            text.append(f"--drop {flag([*drop, *left_out])}")
        if few:
            text.append(f"--discrete {flag([*discrete, *(names[j] for j in few)])}")
        meaning = ", if the numbers are codes of categories" if few else ""
        remedies.append(f"{' '.join(text)} keeps categories{meaning}")
    return remedies
