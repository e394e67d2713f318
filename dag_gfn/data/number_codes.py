"""Values that look like codes for a missing value in columns that have been read: -999, 99, "unknown"."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float64, Int

from dag_gfn.data.columns import listed, shortened
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.missing_codes import is_word
from dag_gfn.data.roles import raw_column, rounding

_DIGITS = (7, 8, 9)
# 9, 99, 999, ..., and the codes beside them that questionnaires use: 97, 98, 998, 9998.
_REPEATED = {int(str(digit) * length) for digit in _DIGITS for length in range(1, 10)}
_BESIDE = {10**length - step for length in range(2, 6) for step in (2, 3, 4)}
_OF_PROGRAMS = {
    -1,
    32767,
    -32768,
    65535,
    2**31 - 1,
    -(2**31),
    1e20,
    -1e20,
    1e30,
    -1e30,
    1e36,
    -1e36,
    1e37,
    -1e37,
}
KNOWN_CODES = {*_REPEATED, *_BESIDE, *(-code for code in _REPEATED | _BESIDE), *_OF_PROGRAMS}
_KNOWN = np.array(sorted(KNOWN_CODES), dtype=np.float64)
MIN_OTHERS, MAX_SHARE = 10, 0.3  # distinct other values, and what another value than a known code may fill


def likely_codes(dataset: Dataset) -> dict[int, dict[float, int]]:
    """Return per column the values that are probably codes for missing values, with how often they occur.

    Such a value lies beyond all others, by at least their whole range; it is a known code (-999, 99), or
    comes many times, as no outlier does.
    """
    found: dict[int, dict[float, int]] = {}
    for j in range(dataset.d):
        if dataset.intervened is not None and dataset.intervened[:, j].any():
            continue  # values that were set may be as far away as the experimenter liked
        if dataset.kind == "continuous":
            values, counts = _distinct(dataset, j)
        else:
            values, counts = _numeric_states(dataset, j)
        codes = _far_values(values, counts, dataset.n)
        if codes:
            found[j] = codes
    return found


def code_cells(dataset: Dataset, codes: Mapping[int, Mapping[float, int]]) -> Bool[np.ndarray, "n d"]:
    """Return which cells of a continuous table hold one of the codes."""
    cells = np.zeros(dataset.values.shape, dtype=bool)
    if dataset.kind == "continuous":
        for j, found in codes.items():
            raw = raw_column(dataset, j)
            for code in found:
                cells[:, j] |= np.abs(raw - code) <= rounding(dataset, j, raw)
    return cells


def codes_sentence(dataset: Dataset, codes: Mapping[int, Mapping[float, int]]) -> str:
    """Return the warning that names the codes, their columns and counts."""
    by_code: dict[float, list[str]] = {}
    for j, found in codes.items():
        for code, count in found.items():
            cells = f"{count} cell{'s' if count > 1 else ''}"
            by_code.setdefault(code, []).append(f"'{shortened(dataset.names[j])}' ({cells})")
    if not by_code:
        return ""
    parts = [f"{code:.15g} in {listed(where)}" for code, where in by_code.items()]
    written = ",".join(f"{code:.15g}" for code in by_code)
    return (
        f"far from all other values, and so probably codes for missing values: {listed(parts)}; if so, say "
        f"--na-values {written} --missing drop (na_values, missing='drop')."
    )


def words_sentence(dataset: Dataset) -> str:
    """Return the warning that names states which read like a word for a missing value."""
    if dataset.kind != "discrete":
        return ""
    found: dict[str, list[str]] = {}
    for name, labels, codes in zip(dataset.names, dataset.states, dataset.values.T, strict=True):
        for code, label in enumerate(labels):
            if is_word(label) and (count := int(np.count_nonzero(codes == code))):
                cells = f"{count} cell{'s' if count > 1 else ''}"
                found.setdefault(label, []).append(f"'{shortened(name)}' ({cells})")
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
    values, counts = np.unique(raw, return_counts=True)
    # Standardizing may have rounded equal values apart.
    new = np.concatenate([[True], np.diff(values) > rounding(dataset, j, raw)])
    starts = np.flatnonzero(new)
    return values[starts], np.add.reduceat(counts, starts)


def _numeric_states(dataset: Dataset, j: int) -> tuple[Float64[np.ndarray, " k"], Int[np.ndarray, " k"]]:
    """Return the states of a discrete column as sorted numbers with their counts; none if one is no number."""
    try:
        values = np.array([float(label) for label in dataset.states[j]])
    except ValueError:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    counts = np.bincount(dataset.values[:, j].astype(np.int64), minlength=len(values))
    order = np.argsort(values)
    return values[order], counts[order]


def _far_values(values: Float64[np.ndarray, " k"], counts: Int[np.ndarray, " k"], n: int) -> dict[float, int]:
    """Return the sorted distinct values that lie far beyond the rest, each with its count."""
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
