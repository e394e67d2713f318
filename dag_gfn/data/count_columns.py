"""Tables of counts: columns that say how often the states of the others occurred together, and advice on them."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import one_line, option_value
from dag_gfn.data.original_units import raw_column

MAX_CELLS_OF_COUNTS = 10_000  # a longer table is not taken for a table of counts
_FREQUENCY = re.compile(
    r"freq(uenc(y|ies))?|fr[eé]quences?|h(ae|ä)ufigkeit(en)?|frecuencias?|wtfreq|cellfreq", re.IGNORECASE
)
_COUNT = re.compile(
    r"counts?|n|nobs|obs|num(ber)?|cases|persons|people|anzahl|effectifs?|total|nombre", re.IGNORECASE
)


def counts_column(
    names: Sequence[str], values: Float64[np.ndarray, "n d"], is_discrete: Sequence[bool]
) -> int | None:
    """Return the position of a column that counts how often the states of the others occurred together, or None.

    Its name says so (Freq, count, n), its numbers are not negative, and no combination of the other columns occurs
    twice. If it is called a count, it is whole, and the others are categories or have few values; if it is called a
    frequency, each of the others repeats its values.

    Parameters
    ----------
    names : sequence of str, length d
    values : ndarray, shape (n, d), float64
        Numbers, or codes of states; NaN where a cell is missing.
    is_discrete : sequence of bool, length d

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.count_columns import counts_column
    >>> table = np.array([[0, 0, 12], [0, 1, 3], [1, 0, 5], [1, 1, 20.0]])
    >>> counts_column(["smokes", "ill", "Freq"], table, [True, True, False])
    2
    """
    n, d = values.shape
    if not 4 <= n <= MAX_CELLS_OF_COUNTS or d < 3:
        return None
    for j in range(d):
        counts, is_frequency = values[:, j], _FREQUENCY.fullmatch(names[j]) is not None
        if is_discrete[j] or not is_count_name(names[j]):
            continue
        if np.isnan(values).any() or (counts < 0).any() or counts.sum() <= n:
            continue
        if not is_frequency and (counts != np.round(counts)).any():
            continue
        largest = n / 2 if is_frequency else min(20, n / 4)
        others = [k for k in range(d) if k != j]
        if any(np.unique(values[:, k]).size > largest for k in others if not is_discrete[k]):
            continue
        if len(np.unique(values[:, others], axis=0)) == n:
            return j
    return None


def is_count_name(name: str) -> bool:
    """Return whether a name is usual for a column of counts: Freq, count, n.

    Examples
    --------
    >>> from dag_gfn.data.count_columns import is_count_name
    >>> is_count_name("Freq"), is_count_name("age")
    (True, False)
    """
    return _FREQUENCY.fullmatch(name) is not None or _COUNT.fullmatch(name) is not None


def counts_sentence(dataset: Dataset) -> str:
    """Return the warning for a table with one row per combination of states, with or without counts; or empty text.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.count_columns import counts_sentence
    >>> table = np.array([[0, 0, 12], [0, 1, 3], [1, 0, 5], [1, 1, 20]])
    >>> data = dag_gfn.from_array(table, ["smokes", "ill", "Freq"], strict=True)
    >>> counts_sentence(data).partition(":")[0]
    'this looks like a table of counts'
    """
    if dataset.weights is not None or dataset.has_missing:
        return ""
    if dataset.kind != "discrete":
        if dataset.n > MAX_CELLS_OF_COUNTS:
            return ""
        raw = np.stack([raw_column(dataset, j) for j in range(dataset.d)], axis=1)
        j = counts_column(dataset.names, raw, [kind != "continuous" for kind in dataset.kinds])
        if j is None:
            return ""
        return (
            f"this looks like a table of counts: '{one_line(dataset.names[j])}' says how often each combination of the "
            "other columns occurred, and taken as it is each line is one case; if so, say --weights "
            f"{option_value([dataset.names[j]])} (weights=...)."
        )
    combinations = np.prod(np.array(dataset.cardinalities, dtype=float))
    if (
        not (4 <= dataset.n <= combinations <= 1.25 * dataset.n)
        or len(dataset.distinct_rows.counts) < dataset.n
    ):
        return ""
    return (
        f"each of the {combinations:.0f} combinations of states occurs in at most one row, as in an experimental "
        "design, or in a table of counts without its counts: such rows carry no information about links; if there is a "
        "column of counts, say --weights with its name."
    )
