"""Columns that look like something other than a variable: row numbers, counts, targets of interventions."""

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.columns import listed, shortened
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.selection import flag

MAX_CELLS_OF_COUNTS = 10_000  # a longer table has rows, not counts
MIN_ROWS = 10  # fewer rows are in some order by chance
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
    """Return a continuous column in its own units, whole where rounding alone makes it otherwise."""
    raw = dataset.values[:, j] * dataset.scales[j] + dataset.means[j]
    whole = np.round(raw)
    return np.where(np.abs(raw - whole) <= rounding(dataset, j, raw), whole, raw)


def rounding(dataset: Dataset, j: int, raw: Float64[np.ndarray, " n"]) -> float:
    """Return by how much standardizing and back may have moved the values of a column; 0 if it was not."""
    if dataset.scales[j] == 1 and dataset.means[j] == 0:
        return 0.0
    return 32 * np.finfo(float).eps * float(np.abs(raw).max())


def is_row_number(values: Float64[np.ndarray, " n"]) -> bool:
    """Return whether a column numbers the rows: one whole number each, without a gap or strictly in order.

    Equal steps in other units, as of a clock, count as well.
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
    """Return the columns of a continuous table that number the rows."""
    if dataset.kind != "continuous":
        return []
    return [j for j in range(dataset.d) if is_row_number(raw_column(dataset, j))]


def row_numbers_sentence(dataset: Dataset, found: Sequence[int]) -> str:
    """Return the warning that names the columns which number the rows."""
    if not found:
        return ""
    shown = []
    for j in found:
        first = ", ".join(f"{value:.15g}" for value in raw_column(dataset, j)[:3])
        shown.append(f"'{shortened(dataset.names[j])}' ({first}, ...)")
    names = flag([dataset.names[j] for j in found])
    return (
        f"counting the rows, one number each, as an id, a row number or a time does: {listed(shown)}; leave "
        f"{'it' if len(found) == 1 else 'them'} out with --drop {names}, unless it was measured."
    )


def counts_column(
    names: Sequence[str], values: Float64[np.ndarray, "n d"], is_discrete: Sequence[bool]
) -> int | None:
    """Return the column that says how often the states of the others occurred together, if there is one.

    In a table of counts no combination of states comes twice. The column is called so (Freq, count, n), or
    it is the only numeric one and the rows are nearly all the combinations there are.
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
        # Counts that a table halves between two cells are no whole numbers.
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
    """Return whether a column is called as one of counts: Freq, count, n."""
    return _COUNT_NAMES.fullmatch(name) is not None


def repeat_rows(count: str, indices: Sequence[str] = ()) -> str:
    """Return the sentence that says how to make rows of a table of counts."""
    dropped = ", ".join(repr(name) for name in [*indices, count])
    looks = "looks like" if is_count_name(count) else "may be"
    return (
        f"This {looks} a table of counts: '{shortened(count)}' {'says' if is_count_name(count) else 'would say'} how "
        "often each combination of the other columns occurred, and taken as it is each line is one case. If so, "
        "repeat the rows first, in Python: df = pandas.read_csv(...); df = "
        f"df.loc[df.index.repeat(df[{count!r}].round().astype(int))].drop(columns=[{dropped}]); "
        "df.to_csv('rows.csv', index=False)."
    )


def counts_sentence(dataset: Dataset) -> str:
    """Return the warning for a table that has one row per combination of states, with or without their counts."""
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
    """Return the column that says which variable the experimenter set in a row, if there is one."""
    if dataset.intervened is None and dataset.d > 2:
        for j in range(dataset.d):
            if _targets(dataset, j):
                return j
    return None


def target_sentence(dataset: Dataset, j: int | None) -> str:
    """Return the warning for a column that says which variable the experimenter set."""
    if j is None:
        return ""
    name, meaning = dataset.names[j], _targets(dataset, j)
    code, target = next(iter(meaning.items()))
    shown = ", ".join(f"{key} '{shortened(value, 30)}'" for key, value in list(meaning.items())[:4])
    return (
        f"'{shortened(name)}' looks like a column that says which variable the experimenter set in a row "
        f"({shown}): as a variable it misleads, and without it the interventions are taken for "
        "observations. In Python, give them as a mask: mask = pandas.DataFrame(False, df.index, "
        f"df.columns.drop({name!r})); mask[{target!r}] = df[{name!r}].astype(str) == {code!r}, likewise for each "
        f"target; dag_gfn.from_frame(df.drop(columns={name!r}), intervened=mask)."
    )


def _targets(dataset: Dataset, j: int) -> dict[str, str]:
    """Return which code of column j stands for which variable; empty if it is no column of targets."""
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
