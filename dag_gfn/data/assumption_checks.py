"""Cheap checks of what the scores assume: normality, independent rows, no redundant columns, enough rows per state."""

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.data.column_groups import one_hot_doubts
from dag_gfn.data.contexts import without_contexts
from dag_gfn.data.count_columns import counts_sentence
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.few_rows import ROWS_FOR_COPIES, few_rows
from dag_gfn.data.messages import listed, option_value, quoted
from dag_gfn.data.original_units import raw_column
from dag_gfn.data.parts import complete_parts
from dag_gfn.data.redundant_columns import copies_and_functions
from dag_gfn.data.row_number_columns import row_number_columns, row_numbers_sentence
from dag_gfn.data.row_weights import are_counts, effective_rows, weights_sentence
from dag_gfn.data.suspected_missing import code_cells, codes_sentence, likely_codes, words_sentence
from dag_gfn.data.symmetric_tables import symmetric_sentence
from dag_gfn.data.target_columns import target_column, target_sentence

MAX_CODED_VALUES = 5  # whole numbers with at most so many distinct values may be codes of categories
MAX_SKEWNESS, MAX_EXCESS_KURTOSIS = 2.0, 7.0
TREND_LEVEL = 0.01  # probability of a false warning in the whole table
MIN_TREND = 0.1  # a weaker correlation is harmless, even if it is significant in a long table
MAX_TREND_ROWS = 100_000
MAX_CORRELATION = 0.99
MAX_DETERMINATION = 0.999
MIN_ROWS_PER_CELL = 5  # the usual lower limit for the cells of a contingency table


def data_doubts(dataset: Dataset) -> list[Doubt]:
    """Return the properties of the data that make a result unreliable even where its probabilities are exact.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import data_doubts, simulate
    >>> [doubt.code for doubt in data_doubts(simulate(10, 15, rng=np.random.default_rng(0)))]
    ['few_rows']
    """
    dataset = without_contexts(dataset) if dataset.contexts else dataset
    copies = [doubt for part in complete_parts(dataset) for doubt in copies_and_functions(part)]
    return [*few_rows(dataset), *one_hot_doubts(dataset), *copies]


def data_warnings(dataset: Dataset, *, ranks: bool = False) -> list[str]:
    """Return one sentence for each assumption of the scores that the data seem to violate.

    Parameters
    ----------
    dataset : Dataset
    ranks : bool
        Whether only the ranks of numbers are scored, so that a column need not be normal.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import data_warnings, from_array
    >>> x, y = np.random.default_rng(0).normal(size=(2, 100))
    >>> data_warnings(from_array(np.column_stack([x, y, np.exp(3 * y)]), ["x", "y", "z"]))[0].partition(":")[0]
    'far from normal, which the Gaussian scores assume'
    """
    if dataset.moments_only:  # its rows are no observations
        everything = np.ones(dataset.values.shape, dtype=bool)
        return _collinear(dataset, everything) if dataset.total_weight >= ROWS_FOR_COPIES else []
    has_contexts = bool(dataset.contexts)
    dataset = without_contexts(dataset) if has_contexts else dataset
    codes = likely_codes(dataset)
    numbering, targets = row_number_columns(dataset), target_column(dataset)
    # Codes for missing values and row numbers would distort moments and correlations: they are left out of the checks.
    measured = ~(code_cells(dataset, codes) | dataset.missing)
    measured[:, numbering if targets is None else [*numbering, targets]] = False
    found = [
        codes_sentence(dataset, codes),
        words_sentence(dataset),
        row_numbers_sentence(dataset, numbering),
        counts_sentence(dataset),
        target_sentence(dataset, targets),
        symmetric_sentence(dataset),
        weights_sentence(dataset),
    ]
    numeric = measured & (np.array(dataset.kinds) == "continuous")
    if dataset.kind != "discrete":
        found.append(_coded_columns(dataset, numeric))
    if dataset.kind != "discrete" and not ranks:
        found.append(_non_normal_columns(dataset, numeric))
    if dataset.kind != "continuous":
        found.append(_rare_states(dataset))
    if dataset.kind == "discrete":
        found.append(_sparse_families(dataset))
    if targets is None and dataset.weights is None and not has_contexts:  # rows are sorted by these
        found.append(_trends(dataset, measured))
    if dataset.kind != "discrete" and dataset.n >= ROWS_FOR_COPIES:
        found += _collinear(dataset, numeric)
    return [sentence for sentence in found if sentence]


def _is_coded(dataset: Dataset, j: int) -> bool:
    """Return whether a continuous column holds few distinct whole numbers in its original units."""
    # The first rows suffice to rule out a measured column without sorting it.
    for cells in (dataset.values[:1000, j], dataset.values[:, j]):
        # Four times the limit, because equal values may differ by rounding after standardizing.
        if np.unique(cells).size > 4 * MAX_CODED_VALUES:
            return False
    raw = raw_column(dataset, j)
    distinct = np.unique(raw[~np.isnan(raw)])
    return distinct.size <= MAX_CODED_VALUES and bool((distinct == np.round(distinct)).all())


def _is_two_valued(dataset: Dataset, name: str) -> bool:
    column = dataset.values[:, dataset.names.index(name)]
    return np.unique(column[~np.isnan(column)]).size <= 2


def _coded_columns(dataset: Dataset, measured: Bool[np.ndarray, "n d"]) -> str:
    # The roles name the others; a column of two values is the same as a category with two levels.
    told = {
        role.name
        for role in dataset.roles
        if "if they are codes" in role.reason
        or (role.name in dataset.names and _is_two_valued(dataset, role.name))
    }
    coded = [
        name
        for j, name in enumerate(dataset.names)
        if name not in told and measured[:, j].any() and _is_coded(dataset, j)
    ]
    if not coded:
        return ""
    return (
        f"treated as continuous, with at most {MAX_CODED_VALUES} distinct whole numbers: {quoted(coded)}; "
        f"if these are categories: --discrete {option_value(coded)} (discrete=[...])."
    )


def _non_normal_columns(dataset: Dataset, measured: Bool[np.ndarray, "n d"]) -> str:
    found = []
    for j, name in enumerate(dataset.names):
        chosen = measured[:, j]
        if dataset.intervened is not None:
            chosen = (
                chosen & ~dataset.intervened[:, j]
            )  # the model says nothing about the values that were set
        values = _scaled(dataset.values[chosen, j])
        if values.size < 8 or np.ptp(values) == 0 or _is_coded(dataset, j):
            continue
        weights = None if dataset.weights is None else dataset.weights[chosen]
        centred = values - np.average(values, weights=weights)
        z = centred / np.sqrt(np.average(centred**2, weights=weights))
        square = z * z  # much faster than z**4
        skewness = np.average(square * z, weights=weights)
        excess_kurtosis = np.average(square * square, weights=weights) - 3
        if abs(skewness) > MAX_SKEWNESS or excess_kurtosis > MAX_EXCESS_KURTOSIS:
            found.append(f"'{name}' (skewness {skewness:.1f}, excess kurtosis {excess_kurtosis:.1f})")
    if not found:
        return ""
    return (
        f"far from normal, which the Gaussian scores assume: {listed(found)}; look for outliers, take "
        "logarithms, or score ranks with --margins normal_scores (margins='normal_scores')."
    )


def _scaled(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Return values centred and scaled by a power of 2 to a size of about 1, so that powers do not overflow."""
    if values.size == 0:
        return values
    values = np.ldexp(values, -np.frexp(np.abs(values).max())[1])
    values = values - values.mean()
    return np.ldexp(values, -np.frexp(np.abs(values).max())[1])


def _trends(dataset: Dataset, measured: Bool[np.ndarray, "n d"]) -> str:
    """Return the warning for columns whose rank correlation with the row number is significant.

    Each test has the level `TREND_LEVEL` divided by the number of columns (Bonferroni).
    """
    if dataset.intervened is not None or dataset.n < 10:
        return ""  # the rows of an experiment are ordered on purpose
    from scipy.stats import spearmanr  # slow to import

    found = []
    present = dataset.d // (dataset.lags + 1)
    for j, name in enumerate(dataset.names[:present]):  # the past drifts as the present does
        rows = np.flatnonzero(measured[:, j])
        rows = rows[
            :: -(-len(rows) // MAX_TREND_ROWS) or 1
        ]  # every k-th row: enough to find a relevant trend
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
        f"independent{' given their past' if dataset.lags else ''}: {listed(found)}; if the rows are in time order, "
        f"remove the trend{'' if dataset.lags else ', or take the past in with --lags 1 (lags=1)'}; ignore this if the "
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
    weights = None if dataset.weights is None else dataset.weights[rows]
    covariance = np.cov(values[:, varying], rowvar=False, aweights=weights)
    deviation = np.sqrt(np.diagonal(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    pairs = np.argwhere(np.triu(np.abs(correlation) > MAX_CORRELATION, k=1))
    sentences = [
        f"nearly copies of each other (correlation {correlation[i, j]:.4f}), so that the data cannot "
        f"tell which one is linked to a third: {quoted([names[i], names[j]])}; drop one."
        for i, j in pairs
    ]
    in_pair = set(pairs.ravel().tolist())
    n = dataset.total_weight if dataset.moments_only else len(values)
    dependent = [j for j in _linear_combinations(correlation, n) if j not in in_pair]
    if dependent:
        sentences.append(
            f"almost exactly a linear combination of the other columns (R² above {MAX_DETERMINATION}): "
            f"{quoted(names[j] for j in dependent)}; drop one if they are a sum and its parts."
        )
    return sentences


def _linear_combinations(correlation: Float64[np.ndarray, "d d"], n: float | int) -> list[int]:
    """Return the columns whose adjusted R² given all others exceeds the limit."""
    d = len(correlation)
    if n <= d:
        return []  # every column is a combination of the others
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
    # Weights of a survey give a rare state no further rows.
    counted = dataset.weights is not None and are_counts(dataset.weights)
    weights = dataset.weights if counted and dataset.weights is not None else np.ones(dataset.n)
    for name, codes, r in zip(dataset.names, dataset.values.T, dataset.cardinalities, strict=True):
        if r == 0:
            continue
        seen = ~np.isnan(codes)
        rows = np.bincount(codes[seen].astype(np.int64), weights[seen], minlength=r)
        rare = np.count_nonzero(rows < MIN_ROWS_PER_CELL)
        if rare:
            found.append(f"'{name}' ({rare} of {r})")
    if not found:
        return ""
    return (
        f"states with fewer than {MIN_ROWS_PER_CELL} rows, which say little about links, in "
        f"{listed(found)}; merge rare states."
    )


def _sparse_families(dataset: Dataset) -> str:
    """Return the warning for columns whose table with one parent of median cardinality has too few rows per cell."""
    typical, rows = np.median(dataset.cardinalities), effective_rows(dataset)
    sparse = [
        name
        for name, r in zip(dataset.names, dataset.cardinalities, strict=True)
        if rows < MIN_ROWS_PER_CELL * r * typical
    ]
    if not sparse:
        return ""
    return (
        f"so many states that a table with one parent has fewer than {MIN_ROWS_PER_CELL} of the "
        f"{rows:,.0f} rows per cell, and links will be missed: {quoted(sparse)}; "
        "merge states or collect more rows."
    )
