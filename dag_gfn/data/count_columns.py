"""Tables of counts: columns that say how often the states of the others occurred together, and advice on them."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import one_line
from dag_gfn.data.original_units import raw_column
from dag_gfn.data.row_number_columns import is_row_number, row_number_columns

MAX_CELLS_OF_COUNTS = 10_000  # a longer table is not taken for a table of counts
_COUNT_NAMES = re.compile(
    r"freq(uenc(y|ies))?|counts?|n|nobs|num(ber)?|weights?|wt|wgt|cases|persons|people|anzahl|haeufigkeit|häufigkeit|"
    r"effectif|frecuencia",
    re.IGNORECASE,
)


def counts_column(
    names: Sequence[str], values: Float64[np.ndarray, "n d"], is_discrete: Sequence[bool]
) -> int | None:
    """Return the position of a column that counts how often the states of the others occurred together, or None.

    In a table of counts no combination of states occurs twice. A column of whole numbers is one of counts if its name
    says so (Freq, count, n), or if it is the only numeric column and the rows are at least half of all combinations.

    Parameters
    ----------
    names : sequence of str, length d
    values : ndarray, shape (n, d), float64
        Numbers, or codes of states.
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
    if not 4 <= n <= MAX_CELLS_OF_COUNTS:
        return None
    numeric = [j for j in range(d) if not is_discrete[j]]
    numeric = [j for j in numeric if is_count_name(names[j]) or not is_row_number(values[:, j])]
    candidates = [j for j in numeric if _COUNT_NAMES.fullmatch(names[j])] or (
        numeric if len(numeric) == 1 else []
    )
    for j in candidates:
        counts, is_named = values[:, j], is_count_name(names[j])
        # A column that is called Freq may hold fractions, if a count was split between cells.
        if (counts < 0).any() or (not is_named and (counts != np.round(counts)).any()) or counts.sum() <= n:
            continue
        others = [k for k in range(d) if k != j and not is_row_number(values[:, k])]
        sizes = [np.unique(values[:, k]).size for k in others]
        if not others or max(sizes) > (200 if is_named else 30):
            continue
        combinations = np.unique(values[:, others], axis=0)
        if len(combinations) == n and (
            _COUNT_NAMES.fullmatch(names[j]) or np.prod(np.array(sizes, float)) <= 2 * n
        ):
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
    return _COUNT_NAMES.fullmatch(name) is not None


def repeat_rows(count: str, indices: Sequence[str] = ()) -> str:
    """Return the advice on how to turn a table of counts into a table of rows.

    Parameters
    ----------
    count : str
        Name of the column of counts.
    indices : sequence of str
        Names of columns that number the rows, to be dropped as well.

    Examples
    --------
    >>> from dag_gfn.data.count_columns import repeat_rows
    >>> repeat_rows("Freq").partition(":")[0]
    'This looks like a table of counts'
    """
    dropped = ", ".join(repr(name) for name in [*indices, count])
    looks = "looks like" if is_count_name(count) else "may be"
    return (
        f"This {looks} a table of counts: '{one_line(count)}' {'says' if is_count_name(count) else 'would say'} how "
        "often each combination of the other columns occurred, and taken as it is each line is one case. If so, "
        "repeat the rows first, in Python: df = pandas.read_csv(...); df = "
        f"df.loc[df.index.repeat(df[{count!r}].round().astype(int))].drop(columns=[{dropped}]); "
        "df.to_csv('rows.csv', index=False)."
    )


def counts_sentence(dataset: Dataset) -> str:
    """Return the warning for a table with one row per combination of states, with or without counts; or empty text.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.count_columns import counts_sentence
    >>> table = np.array([[0, 0, 12], [0, 1, 3], [1, 0, 5], [1, 1, 20]])
    >>> counts_sentence(dag_gfn.from_array(table, ["smokes", "ill", "Freq"])).partition(":")[0]
    'this looks like a table of counts'
    """
    if dataset.kind == "continuous":
        if dataset.n > MAX_CELLS_OF_COUNTS:
            return ""
        raw = np.stack([raw_column(dataset, j) for j in range(dataset.d)], axis=1)
        j = counts_column(dataset.names, raw, [False] * dataset.d)
        if j is None or not _COUNT_NAMES.fullmatch(dataset.names[j]):
            return ""
        text = repeat_rows(dataset.names[j], [dataset.names[k] for k in row_number_columns(dataset)])
        return text[0].lower() + text[1:]
    combinations = np.prod(np.array(dataset.cardinalities, dtype=float))
    if (
        not (4 <= dataset.n <= combinations <= 1.25 * dataset.n)
        or len(dataset.distinct_rows.counts) < dataset.n
    ):
        return ""
    return (
        f"each of the {combinations:.0f} combinations of states occurs in at most one row, as in an experimental "
        "design, or in a table of counts without its counts: such rows carry no information about links; if there is a "
        "column of counts, repeat each row as often (pandas: df.loc[df.index.repeat(df['count'])])."
    )
