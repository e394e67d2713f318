"""Cheap warnings about data that look unlike what the scores assume."""

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.columns import listed, quoted
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.discrete_checks import copies_and_functions
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.few_rows import ROWS_FOR_COPIES, few_rows

MAX_CODED_VALUES = 5
MAX_SKEWNESS, MAX_EXCESS_KURTOSIS = 2.0, 7.0
TREND_LEVEL = 0.01  # of a false alarm in the whole table
MIN_TREND = 0.1  # a weaker one is harmless, however significant in a long table
MAX_CORRELATION = 0.99
MAX_DETERMINATION = 0.999
MIN_ROWS_PER_CELL = 5  # the usual least count of a contingency table's cell


def data_doubts(dataset: Dataset) -> list[Doubt]:
    """Return the reasons, known before the fit, for which exact probabilities may still not be findings."""
    return [*few_rows(dataset), *copies_and_functions(dataset)]


def data_warnings(dataset: Dataset) -> list[str]:
    """Return one sentence for each way in which the data look unlike what the scores assume."""
    if dataset.kind == "continuous":
        found = [
            _coded_columns(dataset),
            _non_normal_columns(dataset),
            _trends(dataset),
            *(_collinear(dataset) if dataset.n >= ROWS_FOR_COPIES else ()),
        ]
    else:
        found = [_rare_states(dataset), _sparse_families(dataset), _trends(dataset)]
    return [sentence for sentence in found if sentence]


def _is_coded(dataset: Dataset, j: int) -> bool:
    """Whether a continuous column holds few distinct whole numbers in its original units."""
    values, scale, mean = dataset.values[:, j], dataset.scales[j], dataset.means[j]
    # The head rules a measured column out without sorting it; standardizing may round equal values apart.
    for cells in (values[:1000], values):
        distinct = np.unique(np.round(cells * scale + mean, 6))
        if distinct.size > MAX_CODED_VALUES or (distinct != np.round(distinct)).any():
            return False
    return True


def _coded_columns(dataset: Dataset) -> str:
    coded = [name for j, name in enumerate(dataset.names) if _is_coded(dataset, j)]
    if not coded:
        return ""
    return (
        f"treated as continuous, with at most {MAX_CODED_VALUES} distinct whole numbers: {quoted(coded)}; "
        "if these are categories, leave them out with --drop, or make the whole table discrete with "
        "--discrete all."
    )


def _non_normal_columns(dataset: Dataset) -> str:
    found = []
    for j, name in enumerate(dataset.names):
        values = dataset.values[:, j]
        if dataset.intervened is not None:
            values = values[
                ~dataset.intervened[:, j]
            ]  # how the experimenter chose values is not the model's matter
        if values.size < 8 or np.ptp(values) == 0 or _is_coded(dataset, j):
            continue
        z = (values - values.mean()) / values.std()
        skewness, excess_kurtosis = np.mean(z**3), np.mean(z**4) - 3
        if abs(skewness) > MAX_SKEWNESS or excess_kurtosis > MAX_EXCESS_KURTOSIS:
            found.append(f"'{name}' (skewness {skewness:.1f}, excess kurtosis {excess_kurtosis:.1f})")
    if not found:
        return ""
    return (
        f"far from normal, which the Gaussian scores assume: {listed(found)}; look for outliers, or take "
        "logarithms or ranks."
    )


def _trends(dataset: Dataset) -> str:
    """Rank-correlate each column with the row number; each test at the level divided by their number."""
    if dataset.intervened is not None or dataset.n < 10:
        return ""  # the rows of an experiment are ordered on purpose
    from scipy.stats import spearmanr  # slow to import

    found = []
    for j, name in enumerate(dataset.names):
        values = dataset.values[:, j]
        if np.ptp(values) == 0:
            continue
        rho, p_value = spearmanr(np.arange(dataset.n), values)
        if p_value < TREND_LEVEL / dataset.d and abs(rho) > MIN_TREND:
            found.append(f"'{name}' ({rho:+.2f})")
    if not found:
        return ""
    return (
        "drifting over the rows (rank correlation with the row number), which the scores take as "
        f"independent: {listed(found)}; remove the trend if the rows are in time order, ignore this if the "
        "table was sorted."
    )


def _collinear(dataset: Dataset) -> list[str]:
    correlation = np.corrcoef(dataset.values, rowvar=False)
    pairs = np.argwhere(np.triu(np.abs(correlation) > MAX_CORRELATION, k=1))
    sentences = [
        f"nearly copies of each other (correlation {correlation[i, j]:.4f}), so that the data cannot "
        f"tell which one is linked to a third: {quoted([dataset.names[i], dataset.names[j]])}; drop one."
        for i, j in pairs
    ]
    in_pair = set(pairs.ravel().tolist())
    dependent = [j for j in _linear_combinations(correlation, dataset.n) if j not in in_pair]
    if dependent:
        sentences.append(
            f"almost exactly a linear combination of the other columns (R² above {MAX_DETERMINATION}): "
            f"{quoted(dataset.names[j] for j in dependent)}; drop one if they are a sum and its parts."
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
