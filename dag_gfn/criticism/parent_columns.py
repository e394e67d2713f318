"""The columns by which each node acts on its children, under a score: what residuals are taken from."""

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.contexts import without_contexts
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.normal_scores import with_scores_of_levels
from dag_gfn.scores.additive import curves_of
from dag_gfn.scores.block_design import BlockDesign

CURVES = 4
"""Curves of each parent, as the score `additive` has them by default."""


def as_scored(data: Dataset, score: str) -> Dataset:
    """Return the table whose columns a score takes for normal: for the copula its normal scores.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.criticism.parent_columns import as_scored
    >>> as_scored(dag_gfn.load_example("wine").standardize(), "bge").is_standardized
    True
    """
    plain = without_contexts(data) if data.contexts else data
    return with_scores_of_levels(plain).standardize() if score == "copula" else plain


def parent_columns(data: Dataset, score: str) -> list[Float64[np.ndarray, "n w"]]:
    """Return for each node the columns whose weighted sum is what it does to a child.

    A number acts by itself; under ``additive`` by curves too; a category and a group by the columns of their block.

    Parameters
    ----------
    data : Dataset
        From `as_scored`.
    score : str

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.criticism.parent_columns import parent_columns
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(50, 2))).standardize()
    >>> [each.shape[1] for each in parent_columns(data, "bge")]
    [1, 1]
    >>> [each.shape[1] for each in parent_columns(data, "additive")]
    [5, 5]
    """
    design = BlockDesign.of(data)
    columns = [design.columns[:, block] for block in design.blocks]
    if score != "additive":
        return columns
    return [
        np.column_stack([own, curves.at(own[:, 0])])
        for own, curves in zip(columns, curves_of(design, CURVES), strict=True)
    ]
