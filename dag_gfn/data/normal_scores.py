"""Normal scores: a column's ranks as quantiles of the normal distribution."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.quantile_table import QuantileTable
from dag_gfn.errors import OptionError


def normal_scores(
    values: Float64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"] | None = None
) -> Float64[np.ndarray, " n"]:
    r"""Return :math:`\Phi^{-1}(\text{rank} / (W + 1))` of the cells that were seen, W their number or total weight.

    Equal values share the mean of their ranks. A row of weight w counts as w equal rows.

    Parameters
    ----------
    values : ndarray, shape (n,), float64
        NaN is missing, and stays so.
    weights : ndarray, shape (n,), float64, optional

    References
    ----------
    van der Waerden, "Order tests for the two-sample problem and their power", Indagationes Mathematicae 14 (1952).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.normal_scores import normal_scores
    >>> normal_scores(np.array([1.0, 1000.0, 10.0, np.nan])).round(2).tolist()
    [-0.67, 0.67, 0.0, nan]
    """
    scores = np.full(len(values), np.nan)
    seen = ~np.isnan(values)
    _, level = np.unique(values[seen], return_inverse=True)
    total = np.bincount(level, None if weights is None else weights[seen]).astype(np.float64)
    rank = np.cumsum(total) - 0.5 * (total - 1.0)
    scores[seen] = ndtri(rank / (total.sum() + 1.0))[level]
    return scores


def level_scores(totals: Float64[np.ndarray, " r"]) -> Float64[np.ndarray, " r"]:
    r"""Return the expected normal score of each level of an ordered category.

    The levels cut the normal distribution at their cumulated shares. A level between the cuts a and b with the share
    p has the mean :math:`(\phi(a) - \phi(b)) / p` of the part between them, and a level of share 0 the cut itself.

    Parameters
    ----------
    totals : ndarray, shape (r,), float64
        Number of rows, or total weight, of each level, from the lowest to the highest.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.normal_scores import level_scores
    >>> level_scores(np.array([50.0, 50.0])).round(3).tolist()  # -+ sqrt(2 / pi)
    [-0.798, 0.798]
    """
    share = totals / totals.sum()
    cuts = ndtri(np.concatenate([[0.0], np.minimum(np.cumsum(share)[:-1], 1.0), [1.0]]))
    density = np.exp(-0.5 * cuts**2) / np.sqrt(2 * np.pi)
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = (density[:-1] - density[1:]) / share
    empty = share == 0.0
    scores[empty] = cuts[1:][empty]  # the cut may be infinite; no row has this level
    return scores


def with_normal_margins(data: Dataset) -> Dataset:
    """Return the table with normal scores in the place of its numbers; categories, ordered or not, stay.

    The original values cannot be had back from `means` and `scales`: what is computed from the table is in normal
    scores, one of which is about a standard deviation of a normal column. The smooth quantiles in `margins` lead back.
    Cells that an experimenter set count for the ranks as all others do.

    Raises
    ------
    OptionError
        If no column is continuous, or the rows are no observations, so that they have no ranks.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.normal_scores import with_normal_margins
    >>> data = dag_gfn.from_array(np.array([[1.0, 3.0], [10.0, 2.0], [1000.0, 1.0]]))
    >>> with_normal_margins(data).values[:, 0].round(2).tolist()
    [-0.67, 0.0, 0.67]
    """
    if data.kind == "discrete":
        raise OptionError(
            "margins='normal_scores' (--margins normal_scores) takes ranks of numbers, and no column of this table is "
            "continuous: leave it out"
        )
    if data.moments_only:
        raise OptionError(
            "margins='normal_scores' (--margins normal_scores) needs the rows of a table, and a covariance matrix has "
            "none: leave it out"
        )
    values, means, scales = data.values.copy(), data.means.copy(), data.scales.copy()
    margins: list[QuantileTable | None] = [None] * data.d
    own_values = data.values * data.scales + data.means
    for j, kind in enumerate(data.kinds):
        if kind == "continuous":
            values[:, j], means[j], scales[j] = normal_scores(values[:, j], data.weights), 0.0, 1.0
            margins[j] = QuantileTable.smooth(own_values[:, j], values[:, j], data.weights)
    return replace(
        data, values=values, means=means, scales=scales, margins=tuple(margins), own_values=own_values
    )


def with_scores_of_levels(data: Dataset) -> Dataset:
    """Return the table with normal scores for numbers, and for ordinal columns the expected one of each level.

    Ordinal columns become continuous. Categories without order stay.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import replace
    >>> import dag_gfn
    >>> from dag_gfn.data.normal_scores import with_scores_of_levels
    >>> table = dag_gfn.from_array(np.array([[0, 1], [1, 1], [0, 0], [1, 0]]), ["mood", "sex"], discrete="all")
    >>> scored = with_scores_of_levels(replace(table, kinds=("ordinal", "discrete")))
    >>> scored.kinds, scored.values[:, 0].round(2).tolist()
    (('continuous', 'discrete'), [-0.8, 0.8, -0.8, 0.8])
    """
    if data.kind != "discrete":
        data = with_normal_margins(data)
    ordinal = [kind == "ordinal" for kind in data.kinds]
    values = data.values.copy()
    for j in np.flatnonzero(ordinal):
        seen = ~np.isnan(values[:, j])
        codes = values[seen, j].astype(np.int64)
        weights = None if data.weights is None else data.weights[seen]
        totals = np.bincount(codes, weights, minlength=data.cardinalities[j]).astype(np.float64)
        values[seen, j] = level_scores(totals)[codes]
    return replace(
        data,
        values=values,
        kinds=tuple(
            "continuous" if is_ordinal else kind for is_ordinal, kind in zip(ordinal, data.kinds, strict=True)
        ),
        cardinalities=tuple(
            0 if is_ordinal else r for is_ordinal, r in zip(ordinal, data.cardinalities, strict=True)
        ),
        states=tuple(
            () if is_ordinal else labels for is_ordinal, labels in zip(ordinal, data.states, strict=True)
        ),
    )
