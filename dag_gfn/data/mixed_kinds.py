"""The error for a table of both numeric and discrete columns, with options that leave one kind."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.column_encoding import too_many_states
from dag_gfn.data.count_columns import counts_column, is_count_name, repeat_rows
from dag_gfn.data.messages import option_value, quoted
from dag_gfn.data.row_number_columns import is_row_number
from dag_gfn.errors import DataError

MAX_CODES = 12  # a numeric column with more distinct values is unlikely to hold codes of categories


def mixed_kinds_error(
    names: Sequence[str],
    values: Float64[np.ndarray, "n d"],
    states: Sequence[tuple[str, ...] | None],
    *,
    drop: Sequence[str] = (),
    discrete: Sequence[str] = (),
) -> DataError:
    """Return the error that names the columns of each kind, and the options that leave one kind.

    Parameters
    ----------
    names : sequence of str, length d
    values : ndarray, shape (n, d), float64
        Numbers, or codes of states.
    states : sequence of tuples of str, length d
        The states of each discrete column; None for a numeric column.
    drop, discrete : sequences of str
        Columns that the user left out, or declared discrete. The proposed options repeat them.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.mixed_kinds import mixed_kinds_error
    >>> values = np.array([[1.5, 2.5, 0.0], [3.0, 1.0, 1.0], [2.0, 4.0, 0.0]])
    >>> str(mixed_kinds_error(["height", "weight", "sex"], values, [None, None, ("f", "m")])).partition(". ")[2]
    'Keep one kind: --drop sex (drop=[...]) keeps numbers.'
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
    """Return the options that leave a table of one kind with at least two columns; first those that keep numbers."""
    d, n = len(names), len(values)
    numeric = [j for j in range(d) if states[j] is None]
    varying = [j for j in numeric if np.ptp(values[:, j]) > 0 and not is_row_number(values[:, j])]
    sizes = {j: np.unique(values[:, j]).size for j in varying}
    few = [j for j in varying if sizes[j] <= MAX_CODES and not too_many_states(sizes[j], n)]
    labelled = [j for j, labels in enumerate(states) if labels is not None and len(labels) > 1]
    remedies = []
    if len(varying) > 1:
        left_out = [names[j] for j in range(d) if j not in varying]
        remedies.append(f"--drop {option_value([*drop, *left_out])} (drop=[...]) keeps numbers")
    if len(labelled) + len(few) > 1:
        text = []
        left_out = [names[j] for j in range(d) if j not in few and j not in labelled]
        if left_out:
            text.append(f"--drop {option_value([*drop, *left_out])}")
        if few:
            text.append(f"--discrete {option_value([*discrete, *(names[j] for j in few)])}")
        meaning = ", if the numbers are codes of categories" if few else ""
        remedies.append(f"{' '.join(text)} keeps categories{meaning}")
    return remedies
