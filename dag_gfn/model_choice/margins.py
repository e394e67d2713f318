r"""What models of normal scores say of the numbers themselves: the Jacobian, with margins of any shape.

A model of the normal scores z says how columns depend on each other. With margins :math:`m_j` of the columns it is a
model of the numbers x,

.. math:: \log p(x) = \log p(z) - \sum_j \log p(z_j) + \sum_j \log m_j(x_j),

where :math:`p(z_j)` is the score of column j without parents: what is left of log p(z) is the dependence alone, the
density of a copula. The margin :math:`m_j` is a Pólya tree around the normal (:mod:`dag_gfn.model_choice.polya_tree`).
Without any edge the sum is that of the margins alone.

The ranks stand for the distribution function of each column, and are not known before the data. That uses the data
twice, for the dependence alone; ``experiments/model_choice.py`` measures on normal data what it gains.
"""

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.model_choice.polya_tree import log_bend, normal_log_marginal
from dag_gfn.scores import LocalScore

MIN_DISTINCT = 12
"""Distinct values from which on a column has a shape that a density can describe."""
MAX_TIED = 0.25
"""Largest share of the rows that may have one and the same value."""


def without_comparison(data: Dataset) -> str:
    """Return why models of normal scores cannot be compared with those of the numbers, or empty text.

    Parameters
    ----------
    data : Dataset
        As it was read.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.model_choice.margins import without_comparison
    >>> rolls = np.random.default_rng(0).integers(1, 7, size=(200, 2)).astype(float)
    >>> without_comparison(dag_gfn.from_array(rolls, ["a", "b"]))[:55]
    'no column of numbers has at least 12 distinct values an'
    """
    if data.moments_only:
        return "a covariance matrix has no ranks"
    if data.groups:
        return "a group of columns has no margin of one column"
    numeric = [name for name, kind in zip(data.names, data.kinds, strict=True) if kind == "continuous"]
    if not numeric:
        return "no column is of numbers"
    if set(numeric) == set(without_shape(data)):
        return (
            f"no column of numbers has at least {MIN_DISTINCT} distinct values and no value that stands in more than "
            f"{MAX_TIED:.0%} of the rows, so there is no shape to compare"
        )
    return ""


def without_shape(data: Dataset) -> list[str]:
    """Return the columns of numbers that have no density to speak of: few distinct values, or one very common value.

    Their ranks count for the dependence, and their own shape is not judged: the normal margin stands for it in all
    models.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.model_choice.margins import without_shape
    >>> rng = np.random.default_rng(0)
    >>> table = np.column_stack([rng.normal(size=200), rng.integers(1, 7, size=200)])
    >>> without_shape(dag_gfn.from_array(table, ["height", "roll"]))
    ['roll']
    """
    found = []
    for name, kind, column in zip(data.names, data.kinds, data.values.T, strict=True):
        if kind == "continuous":
            counts = np.unique(column[~np.isnan(column)], return_counts=True)[1]
            if len(counts) < MIN_DISTINCT or counts.max() > MAX_TIED * counts.sum():
                found.append(name)
    return found


def log_jacobian(numbers: Dataset, score: LocalScore) -> float:
    r"""Return what is added to the log evidence of normal scores, in nats: :math:`\sum_j \log m_j(x_j) - \log p(z_j)`.

    Parameters
    ----------
    numbers : Dataset
        The table before its numbers were replaced, standardized.
    score : LocalScore
        Of the normal scores.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.normal_scores import with_normal_margins
    >>> from dag_gfn.model_choice.margins import log_jacobian
    >>> from dag_gfn.scores import BGe
    >>> data = dag_gfn.from_array(np.exp(np.random.default_rng(0).normal(size=(200, 2)))).standardize()
    >>> scores = BGe(with_normal_margins(data).standardize())
    >>> log_jacobian(data, scores) > 100  # the columns are far from normal
    True
    """
    total, unjudged = 0.0, set(without_shape(numbers))
    for node, columns in enumerate(numbers.node_columns):
        if len(columns) > 1 or numbers.kinds[columns[0]] != "continuous":
            continue
        column = columns[0]
        used = np.ones(numbers.n, bool) if numbers.intervened is None else ~numbers.intervened[:, column]
        if not used.any():
            continue
        values = np.ascontiguousarray(numbers.values[used, column])
        weights = None if numbers.weights is None else numbers.weights[used]
        total += normal_log_marginal(values, weights)
        if numbers.names[column] not in unjudged:
            total += log_bend(values, weights)
        total -= float(score.local_scores(node, np.zeros(1, dtype=np.int64))[0])
    return total
