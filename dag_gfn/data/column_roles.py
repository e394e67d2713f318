"""Columns that are probably not variables: row numbers, counts of rows, targets of interventions."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import listed, one_line, option_value

MAX_CELLS_OF_COUNTS = 10_000  # a longer table is not taken for a table of counts
MIN_ROWS = 10  # fewer rows may be in order by chance
_COUNT_NAMES = re.compile(
    r"freq(uenc(y|ies))?|counts?|n|nobs|num(ber)?|weights?|wt|wgt|cases|persons|people|anzahl|haeufigkeit|häufigkeit|"
    r"effectif|frecuencia",
    re.IGNORECASE,
)
_TARGET_NAMES = re.compile(
    r"int|intv|interv(ention|ened|entions)?([._ ]?(target|node|id|column))?s?|perturb(ation|ations|ed)?|regime|"
    r"manipulat(ed|ion)|experiment|do",
    re.IGNORECASE,
)
_NOTHING_SET = re.compile(
    r"|0|-1|none|no|obs(ervational|ervation|erved)?|control|wt|wild.?type|-", re.IGNORECASE
)


def raw_column(dataset: Dataset, j: int) -> Float64[np.ndarray, " n"]:
    """Return a continuous column in its original units; values that rounding alone keeps from being whole are whole.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_roles import raw_column
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0], [7.0, 4.0]])).standardize()
    >>> raw_column(data, 0).tolist()
    [1.0, 3.0, 7.0]
    """
    raw = dataset.values[:, j] * dataset.scales[j] + dataset.means[j]
    whole = np.round(raw)
    return np.where(np.abs(raw - whole) <= rounding(dataset, j, raw), whole, raw)


def rounding(dataset: Dataset, j: int, raw: Float64[np.ndarray, " n"]) -> float:
    """Return the largest change that standardizing and back can make to a column's values; 0 if it was not done.

    Parameters
    ----------
    dataset : Dataset
    j : int
        Position of the column.
    raw : ndarray, shape (n,), float64
        The column in its original units.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_roles import rounding
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]]))
    >>> rounding(data, 0, data.values[:, 0])
    0.0
    >>> 0 < rounding(data.standardize(), 0, data.values[:, 0]) < 1e-13
    True
    """
    if dataset.scales[j] == 1 and dataset.means[j] == 0:
        return 0.0
    return 32 * float(np.finfo(float).eps) * float(np.abs(raw).max())


def is_row_number(values: Float64[np.ndarray, " n"]) -> bool:
    """Return whether a column numbers the rows.

    It does if its values are whole, distinct, and either in order or without a gap; or if it rises or falls in equal
    steps, as a time does. A table of fewer than 10 rows has no such column.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.column_roles import is_row_number
    >>> is_row_number(np.arange(10) * 0.5), is_row_number(np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0]))
    (True, False)
    """
    if len(values) < MIN_ROWS:
        return False
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        if (values == np.round(values)).all():
            return True
        return bool(np.ptp(steps) <= 1e-9 * np.abs(steps).max())
    if (values != np.round(values)).any() or np.ptp(values) != len(values) - 1:
        return False
    return bool((np.diff(np.sort(values)) == 1).all())


def row_number_columns(dataset: Dataset) -> list[int]:
    """Return the positions of the columns of a continuous table that number the rows.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_roles import row_number_columns
    >>> values = np.random.default_rng(0).normal(size=12)
    >>> row_number_columns(dag_gfn.from_array(np.column_stack([np.arange(1, 13), values])))
    [0]
    """
    if dataset.kind != "continuous":
        return []
    return [j for j in range(dataset.d) if is_row_number(raw_column(dataset, j))]


def row_numbers_sentence(dataset: Dataset, found: Sequence[int]) -> str:
    """Return the warning that names the columns which number the rows; empty if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_roles import row_numbers_sentence
    >>> data = dag_gfn.from_array(np.array([[1, 0.5], [2, 0.1], [3, 0.7]]), ["id", "pay"])
    >>> row_numbers_sentence(data, [0]).partition("; ")[2]
    'leave it out with --drop id, unless it was measured.'
    """
    if not found:
        return ""
    shown = []
    for j in found:
        first = ", ".join(f"{value:.15g}" for value in raw_column(dataset, j)[:3])
        shown.append(f"'{one_line(dataset.names[j])}' ({first}, ...)")
    names = option_value([dataset.names[j] for j in found])
    return (
        f"counting the rows, one number each, as an id, a row number or a time does: {listed(shown)}; leave "
        f"{'it' if len(found) == 1 else 'them'} out with --drop {names}, unless it was measured."
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
    >>> from dag_gfn.data.column_roles import counts_column
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
    >>> from dag_gfn.data.column_roles import is_count_name
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
    >>> from dag_gfn.data.column_roles import repeat_rows
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
    >>> from dag_gfn.data.column_roles import counts_sentence
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
        f"each of the {combinations:.0f} combinations of states stands in at most one row, as in a table of counts "
        "whose counts were left out or in a design: such rows say nothing about links; if there is a column of "
        "counts, repeat each row as often (pandas: df.loc[df.index.repeat(df['count'])])."
    )


def target_column(dataset: Dataset) -> int | None:
    """Return the position of a column that says which variable the experimenter set in each row, or None.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_roles import target_column
    >>> cells = np.array([["hi", "lo", "none"], ["lo", "hi", "raf"], ["hi", "hi", "mek"]] * 4, dtype=object)
    >>> target_column(dag_gfn.from_array(cells, ["raf", "mek", "target"]))
    2
    """
    if dataset.intervened is None and dataset.d > 2:
        for j in range(dataset.d):
            if _targets(dataset, j):
                return j
    return None


def target_sentence(dataset: Dataset, j: int | None) -> str:
    """Return the warning for the column of `target_column`; empty if there is none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.column_roles import target_sentence
    >>> cells = np.array([["hi", "lo", "none"], ["lo", "hi", "raf"], ["hi", "hi", "mek"]] * 4, dtype=object)
    >>> data = dag_gfn.from_array(cells, ["raf", "mek", "target"])
    >>> target_sentence(data, 2).partition(" (")[0]
    "'target' looks like a column that says which variable the experimenter set in a row"
    """
    if j is None:
        return ""
    name, meaning = dataset.names[j], _targets(dataset, j)
    code, target = next(iter(meaning.items()))
    shown = ", ".join(f"{key} '{one_line(value, 30)}'" for key, value in list(meaning.items())[:4])
    return (
        f"'{one_line(name)}' looks like a column that says which variable the experimenter set in a row "
        f"({shown}): as a variable it misleads, and without it the interventions are taken for "
        "observations. In Python, give them as a mask: mask = pandas.DataFrame(False, df.index, "
        f"df.columns.drop({name!r})); mask[{target!r}] = df[{name!r}].astype(str) == {code!r}, likewise for each "
        f"target; dag_gfn.from_frame(df.drop(columns={name!r}), intervened=mask)."
    )


def _targets(dataset: Dataset, j: int) -> dict[str, str]:
    """Return the variable that each code of column j stands for; empty if it is not a column of targets."""
    others = [name for name in dataset.names if name != dataset.names[j]]
    is_named_so = _TARGET_NAMES.fullmatch(dataset.names[j]) is not None
    if dataset.kind == "discrete":
        labels = list(dataset.states[j])
        codes = dataset.values[:, j]
        named = {label: label for label in labels if label in others}
        if named and all(label in named or _NOTHING_SET.fullmatch(label) for label in labels):
            return named
        if not (is_named_so and all(label.isdecimal() and len(label) < 4 for label in labels)):
            return {}
        values = np.array([int(label) for label in labels], dtype=float)[codes.astype(np.int64)]
    elif is_named_so:
        values = raw_column(dataset, j)
    else:
        return {}
    if (values != np.round(values)).any() or values.min() < 0 or values.max() > len(others):
        return {}
    distinct = np.unique(values)
    if distinct.size < 2 or values.max() < 1:
        return {}
    return {f"{value:.0f}": others[int(value) - 1] for value in distinct if value > 0}
