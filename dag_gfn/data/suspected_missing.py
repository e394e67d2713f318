"""Values of a Dataset that are probably codes for missing values, such as -999 or "unknown", and warnings of them."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float64, Int

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import listed, one_line
from dag_gfn.data.missing_codes import is_word
from dag_gfn.data.original_units import raw_column, rounding

_DIGITS = (7, 8, 9)
# 9, 99, 999, ..., and the codes just below that questionnaires use: 97, 98, 998, 9998.
_REPEATED = {int(str(digit) * length) for digit in _DIGITS for length in range(1, 10)}
_BESIDE = {10**length - step for length in range(2, 6) for step in (2, 3, 4)}
_OF_PROGRAMS = {
    -1, 32767, -32768, 65535, 2**31 - 1, -(2**31), 1e20, -1e20, 1e30, -1e30, 1e36, -1e36, 1e37, -1e37,
}  # fmt: skip
KNOWN_CODES = {*_REPEATED, *_BESIDE, *(-code for code in _REPEATED | _BESIDE), *_OF_PROGRAMS}
_KNOWN = np.array(sorted(KNOWN_CODES), dtype=np.float64)
# A value that is not a known code is a suspect only beside more than so many distinct values, in at most so many rows.
MIN_OTHERS, MAX_SHARE = 10, 0.3


def likely_codes(dataset: Dataset) -> dict[int, dict[float, int]]:
    """Return the values that are probably codes for missing values.

    Such a value lies outside the range of the others, at a distance of the order of that range. It is a known code
    (-999, 99), or it occurs several times, which an outlier does not.

    Returns
    -------
    dict
        For each column with such values, by its position, how often each value occurs.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.suspected_missing import likely_codes
    >>> age = [31.0, 25.0, -999.0, 47.0, -999.0, 52.0]
    >>> likely_codes(dag_gfn.from_array(np.column_stack([age, np.linspace(0, 1, 6) ** 2])))
    {0: {-999.0: 2}}
    """
    found: dict[int, dict[float, int]] = {}
    for j in range(dataset.d):
        if dataset.intervened is not None and dataset.intervened[:, j].any():
            continue  # the experimenter may have set any value
        if dataset.kinds[j] == "continuous":
            values, counts = _distinct(dataset, j)
        else:
            values, counts = _numeric_states(dataset, j)
        codes = _far_values(values, counts, dataset.n)
        if codes:
            found[j] = codes
    return found


def code_cells(dataset: Dataset, codes: Mapping[int, Mapping[float, int]]) -> Bool[np.ndarray, "n d"]:
    """Return which cells of a continuous table hold one of the codes of `likely_codes`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.suspected_missing import code_cells
    >>> data = dag_gfn.from_array(np.array([[1.0, 5.0], [-999.0, 6.0], [2.0, 8.0]]))
    >>> code_cells(data, {0: {-999.0: 1}}).tolist()
    [[False, False], [True, False], [False, False]]
    """
    cells = np.zeros(dataset.values.shape, dtype=bool)
    for j, found in codes.items():
        if dataset.kinds[j] == "continuous":
            raw = raw_column(dataset, j)
            for code in found:
                cells[:, j] |= np.abs(raw - code) <= rounding(dataset, j, raw)
    return cells


def codes_sentence(dataset: Dataset, codes: Mapping[int, Mapping[float, int]]) -> str:
    """Return the warning that names the codes, their columns and counts; empty if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.suspected_missing import codes_sentence
    >>> data = dag_gfn.from_array(np.array([[1.0, 5.0], [-999.0, 6.0], [2.0, 8.0]]), ["age", "pay"])
    >>> codes_sentence(data, {0: {-999.0: 1}}).partition(";")[0]
    "far from all other values, and so probably codes for missing values: -999 in 'age' (1 cell)"
    """
    by_code: dict[float, list[str]] = {}
    for j, found in codes.items():
        for code, count in found.items():
            cells = f"{count} cell{'s' if count > 1 else ''}"
            by_code.setdefault(code, []).append(f"'{one_line(dataset.names[j])}' ({cells})")
    if not by_code:
        return ""
    parts = [f"{code:.15g} in {listed(where)}" for code, where in by_code.items()]
    written = ",".join(f"{code:.15g}" for code in by_code)
    return (
        f"far from all other values, and so probably codes for missing values: {listed(parts)}; if so, say "
        f"--na-values {written} --missing drop (na_values, missing='drop')."
    )


def words_sentence(dataset: Dataset) -> str:
    """Return the warning that names states which are words for a missing value; empty if there are none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.suspected_missing import words_sentence
    >>> cells = np.array([["red", "no"], ["unknown", "yes"], ["blue", "no"], ["red", "yes"]] * 2, dtype=object)
    >>> words_sentence(dag_gfn.from_array(cells, ["colour", "sold"])).partition(";")[0]
    "taken for states, though they may stand for missing values: 'unknown' in 'colour' (2 cells)"
    """
    found: dict[str, list[str]] = {}
    for name, labels, codes in zip(dataset.names, dataset.states, dataset.values.T, strict=True):
        for code, label in enumerate(labels):
            if is_word(label) and (count := int(np.count_nonzero(codes == code))):
                cells = f"{count} cell{'s' if count > 1 else ''}"
                found.setdefault(label, []).append(f"'{one_line(name)}' ({cells})")
    if not found:
        return ""
    parts = [f"'{label}' in {listed(where)}" for label, where in found.items()]
    return (
        f"taken for states, though they may stand for missing values: {listed(parts)}; if they do, say "
        f"--na-values \"{','.join(found)}\" --missing drop (na_values, missing='drop')."
    )


def _distinct(dataset: Dataset, j: int) -> tuple[Float64[np.ndarray, " k"], Int[np.ndarray, " k"]]:
    """Return the sorted distinct values of a column and how often each occurs."""
    raw = raw_column(dataset, j)
    raw = raw[~np.isnan(raw)]
    values, counts = np.unique(raw, return_counts=True)
    # After standardizing and back, equal values may differ by rounding.
    new = np.concatenate([[True], np.diff(values) > rounding(dataset, j, raw)])
    starts = np.flatnonzero(new)
    return values[starts], np.add.reduceat(counts, starts)


def _numeric_states(dataset: Dataset, j: int) -> tuple[Float64[np.ndarray, " k"], Int[np.ndarray, " k"]]:
    """Return the states of a discrete column as sorted numbers with counts; empty unless all are numbers."""
    try:
        values = np.array([float(label) for label in dataset.states[j]])
    except ValueError:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    codes = dataset.values[:, j]
    counts = np.bincount(codes[~np.isnan(codes)].astype(np.int64), minlength=len(values))
    order = np.argsort(values)
    return values[order], counts[order]


def _far_values(values: Float64[np.ndarray, " k"], counts: Int[np.ndarray, " k"], n: int) -> dict[float, int]:
    """Return the values that lie far outside the range of the others, each with its count.

    Parameters
    ----------
    values, counts : ndarray, shape (k,)
        Sorted distinct values of a column, and how often each occurs.
    n : int
        Number of rows.
    """
    is_known = np.isin(values, _KNOWN)
    others = values[~is_known]
    found: dict[float, int] = {}
    if others.size >= 2:
        low, high = float(others[0]), float(others[-1])
        for i in np.flatnonzero(is_known):
            value, count = float(values[i]), int(counts[i])
            gap = max(low - value, value - high)
            if abs(value) < 10:
                is_code = count > 1 and others.size >= 3 and gap >= high - low
            else:
                is_code = gap >= (0.5 if count > 1 else 2) * (high - low)
            if is_code:
                found[value] = count
    rest = ~np.isin(values, list(found))
    inner, of_inner = values[rest], counts[rest]
    if inner.size > MIN_OTHERS:
        for end, beside in ((0, 1), (-1, -2)):
            gap, spread = abs(inner[end] - inner[beside]), np.ptp(np.delete(inner, end))
            if 3 <= of_inner[end] <= MAX_SHARE * n and gap >= 3 * spread:
                found[float(inner[end])] = int(of_inner[end])
    return found
