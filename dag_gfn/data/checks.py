"""Cheap warnings about data that look unlike what the scores assume."""

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.columns import listed, quoted
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.discrete_checks import copies_and_functions
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.few_rows import ROWS_FOR_COPIES, few_rows
from dag_gfn.data.number_codes import code_cells, codes_sentence, likely_codes, words_sentence
from dag_gfn.data.roles import (
    counts_sentence,
    raw_column,
    row_number_columns,
    row_numbers_sentence,
    target_column,
    target_sentence,
)

MAX_CODED_VALUES = 5
MAX_SKEWNESS, MAX_EXCESS_KURTOSIS = 2.0, 7.0
TREND_LEVEL = 0.01  # of a false alarm in the whole table
MIN_TREND = 0.1  # a weaker one is harmless, however significant in a long table
MAX_TREND_ROWS = 100_000
MAX_CORRELATION = 0.99
MAX_DETERMINATION = 0.999
MIN_ROWS_PER_CELL = 5  # the usual least count of a contingency table's cell


def data_doubts(dataset: Dataset) -> list[Doubt]:
    """Return the reasons, known before the fit, for which exact probabilities may still not be findings."""
    return [*few_rows(dataset), *copies_and_functions(dataset)]


def data_warnings(dataset: Dataset) -> list[str]:
    """Return one sentence for each way in which the data look unlike what the scores assume."""
    codes = likely_codes(dataset)
    numbering, targets = row_number_columns(dataset), target_column(dataset)
    # What a code or a row number does to a moment or a correlation is no matter of the column's own.
    measured = ~code_cells(dataset, codes)
    measured[:, numbering if targets is None else [*numbering, targets]] = False
    found = [
        codes_sentence(dataset, codes),
        words_sentence(dataset),
        row_numbers_sentence(dataset, numbering),
        counts_sentence(dataset),
        target_sentence(dataset, targets),
    ]
    if dataset.kind == "continuous":
        found += [
            _coded_columns(dataset, measured),
            _non_normal_columns(dataset, measured),
            "" if targets is not None else _trends(dataset, measured),
            *(_collinear(dataset, measured) if dataset.n >= ROWS_FOR_COPIES else ()),
        ]
    else:
        found += [_rare_states(dataset), _sparse_families(dataset)]
        if targets is None:
            found.append(_trends(dataset, measured))
    return [sentence for sentence in found if sentence]


def _is_coded(dataset: Dataset, j: int) -> bool:
    """Whether a continuous column holds few distinct whole numbers in its original units."""
    # The head rules a measured column out without sorting it.
    for cells in (dataset.values[:1000, j], dataset.values[:, j]):
        if np.unique(cells).size > 4 * MAX_CODED_VALUES:  # standardizing may round equal values apart
            return False
    distinct = np.unique(raw_column(dataset, j))
    return distinct.size <= MAX_CODED_VALUES and bool((distinct == np.round(distinct)).all())


def _coded_columns(dataset: Dataset, measured: Bool[np.ndarray, "n d"]) -> str:
    coded = [name for j, name in enumerate(dataset.names) if measured[:, j].any() and _is_coded(dataset, j)]
    if not coded:
        return ""
    return (
        f"treated as continuous, with at most {MAX_CODED_VALUES} distinct whole numbers: {quoted(coded)}; "
        "if these are categories, leave them out with --drop, or make the whole table discrete with "
        "--discrete all."
    )


def _non_normal_columns(dataset: Dataset, measured: Bool[np.ndarray, "n d"]) -> str:
    found = []
    for j, name in enumerate(dataset.names):
        chosen = measured[:, j]
        if dataset.intervened is not None:
            chosen = chosen & ~dataset.intervened[:, j]  # how values were set is not the model's matter
        values = _scaled(dataset.values[chosen, j])
        if values.size < 8 or np.ptp(values) == 0 or _is_coded(dataset, j):
            continue
        z = (values - values.mean()) / values.std()
        square = z * z  # far quicker than powers
        skewness, excess_kurtosis = np.mean(square * z), np.mean(square * square) - 3
        if abs(skewness) > MAX_SKEWNESS or excess_kurtosis > MAX_EXCESS_KURTOSIS:
            found.append(f"'{name}' (skewness {skewness:.1f}, excess kurtosis {excess_kurtosis:.1f})")
    if not found:
        return ""
    return (
        f"far from normal, which the Gaussian scores assume: {listed(found)}; look for outliers, or take "
        "logarithms or ranks."
    )


def _scaled(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Return values centred and of size about 1: their powers neither overflow nor vanish."""
    if values.size == 0:
        return values
    values = np.ldexp(values, -np.frexp(np.abs(values).max())[1])
    values = values - values.mean()
    return np.ldexp(values, -np.frexp(np.abs(values).max())[1])


def _trends(dataset: Dataset, measured: Bool[np.ndarray, "n d"]) -> str:
    """Rank-correlate each column with the row number; each test at the level divided by their number."""
    if dataset.intervened is not None or dataset.n < 10:
        return ""  # the rows of an experiment are ordered on purpose
    from scipy.stats import spearmanr  # slow to import

    found = []
    for j, name in enumerate(dataset.names):
        rows = np.flatnonzero(measured[:, j])
        rows = rows[:: -(-len(rows) // MAX_TREND_ROWS) or 1]  # enough to see a trend that matters
        values = dataset.values[rows, j]
        if values.size < 10 or np.ptp(values) == 0:
            continue
        rho, p_value = spearmanr(rows, values)
        if p_value < TREND_LEVEL / dataset.d and abs(rho) > MIN_TREND:
            found.append(f"'{name}' ({rho:+.2f})")
    if not found:
        return ""
    return (
        "drifting over the rows (rank correlation with the row number), which the scores take as "
        f"independent: {listed(found)}; remove the trend if the rows are in time order, ignore this if the "
        "table was sorted."
    )


def _collinear(dataset: Dataset, measured: Bool[np.ndarray, "n d"]) -> list[str]:
    used = measured.any(axis=0)
    rows = measured[:, used].all(axis=1)
    columns = np.flatnonzero(used)
    values = dataset.values[np.ix_(rows, columns)]
    if len(values) < 3 or len(columns) < 2:
        return []
    values = np.stack([_scaled(column) for column in values.T], axis=1)
    varying = np.ptp(values, axis=0) > 0
    names = [dataset.names[j] for j in columns[varying]]
    if len(names) < 2:
        return []
    correlation = np.corrcoef(values[:, varying], rowvar=False)
    pairs = np.argwhere(np.triu(np.abs(correlation) > MAX_CORRELATION, k=1))
    sentences = [
        f"nearly copies of each other (correlation {correlation[i, j]:.4f}), so that the data cannot "
        f"tell which one is linked to a third: {quoted([names[i], names[j]])}; drop one."
        for i, j in pairs
    ]
    in_pair = set(pairs.ravel().tolist())
    dependent = [j for j in _linear_combinations(correlation, len(values)) if j not in in_pair]
    if dependent:
        sentences.append(
            f"almost exactly a linear combination of the other columns (R² above {MAX_DETERMINATION}): "
            f"{quoted(names[j] for j in dependent)}; drop one if they are a sum and its parts."
        )
    return sentences


def _linear_combinations(correlation: Float64[np.ndarray, "d d"], n: int) -> list[int]:
    """Return the columns whose adjusted R² given all others exceeds the limit."""
    d = len(correlation)
    if n <= d:
        return []  # every column is a combination of the others then
    found = []
    for j in range(d):
        others = np.arange(d) != j
        covariances = correlation[others, j]
        determination = (
            covariances @ np.linalg.pinv(correlation[np.ix_(others, others)], hermitian=True) @ covariances
        )
        if 1 - (1 - determination) * (n - 1) / (n - d) > MAX_DETERMINATION:
            found.append(j)
    return found


def _rare_states(dataset: Dataset) -> str:
    found = []
    for name, codes, r in zip(dataset.names, dataset.values.T, dataset.cardinalities, strict=True):
        rare = np.count_nonzero(np.bincount(codes.astype(np.int64), minlength=r) < MIN_ROWS_PER_CELL)
        if rare:
            found.append(f"'{name}' ({rare} of {r})")
    if not found:
        return ""
    return (
        f"states with fewer than {MIN_ROWS_PER_CELL} rows, which say little about links, in "
        f"{listed(found)}; merge rare states."
    )


def _sparse_families(dataset: Dataset) -> str:
    """Name columns that leave too few rows per cell beside one typical parent."""
    typical = np.median(dataset.cardinalities)
    sparse = [
        name
        for name, r in zip(dataset.names, dataset.cardinalities, strict=True)
        if dataset.n < MIN_ROWS_PER_CELL * r * typical
    ]
    if not sparse:
        return ""
    return (
        f"so many states that a table with one parent has fewer than {MIN_ROWS_PER_CELL} of the {dataset.n} "
        f"rows per cell, and links will be missed: {quoted(sparse)}; merge states or collect more rows."
    )
