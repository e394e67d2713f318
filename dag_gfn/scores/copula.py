"""The copula score: BGe of the normal scores of numbers and of ordered categories."""

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.normal_scores import with_scores_of_levels
from dag_gfn.data.row_weights import can_repeat_rows
from dag_gfn.scores.block import BlockBGe

MAX_LEVELS = 20
"""A column of numbers with at most so many distinct values is taken for levels of an order."""


class Copula(BlockBGe):
    r"""BGe of a Gaussian copula: numbers and ordered categories are bent or coarse readings of normal variables.

    The score reads the order of a column alone. So it does not depend on units, logarithms or the distances between the
    levels of a rating. A continuous column is replaced by its normal scores :math:`\Phi^{-1}(\text{rank}/(n+1))`.

    An ordinal column says only between which neighbours its normal variable lies. `dag_gfn.fit` draws these variables
    with the missing cells (:mod:`dag_gfn.completion`) and mixes the posteriors of many completed tables. The class by
    itself puts the expected normal score of each level in their place. That makes links weaker than they are, and
    lets a common cause seem to leave a link between its effects, the more so the fewer levels there are.

    Categories without order have no place in a normal distribution: they stay blocks, as in :class:`BlockBGe`. Where
    all columns are such, the score is that of the block.

    Parameters
    ----------
    data : Dataset
        Of any kind, without missing cells.
    alpha_mu, alpha_w : float
        As for :class:`BlockBGe`.

    References
    ----------
    Hoff, "Extending the rank likelihood for semiparametric copula estimation", Annals of Applied Statistics 1 (2007).
    Castelletti, "Learning Bayesian networks: a copula approach for mixed-type data", Psychometrika 89 (2024).

    Examples
    --------
    Taking logarithms changes nothing:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Copula
    >>> x = np.random.default_rng(0).normal(size=(60, 2)) @ np.array([[1.0, 1.0], [0.0, 1.0]])
    >>> gains = [np.diff(Copula(from_array(each)).complete_table()[0]) for each in (x, np.exp(x))]
    >>> bool(np.isclose(*gains)[0])
    True
    """

    name = "copula"

    def __init__(self, data: Dataset, *, alpha_mu: float | int = 1.0, alpha_w: float | int | None = None):
        self._has_plug_in = data.has_ordinal and not can_repeat_rows(data)
        scored = with_scores_of_levels(data) if not data.has_missing else data  # refused by the base class
        super().__init__(
            scored.standardize() if scored.kind != "discrete" else scored, alpha_mu=alpha_mu, alpha_w=alpha_w
        )

    @classmethod
    def needs_completion(cls, data: Dataset) -> bool:
        """Return whether cells must be drawn first: missing ones, and the normal variables behind ranked columns.

        Ordinal columns of a table whose weights are no counts have no such draws: the plug-in is used.
        """
        return data.has_missing or (bool(cls.ranked_columns(data)) and can_repeat_rows(data))

    @staticmethod
    def ranked_columns(data: Dataset) -> list[int]:
        """Return the columns of which only the order is known: ordinal ones, and numbers with many ties.

        Normal scores stand for numbers of more than `MAX_LEVELS` distinct values.
        """
        return [
            j
            for j, (kind, column) in enumerate(zip(data.kinds, data.values.T, strict=True))
            if kind == "ordinal"
            or (
                kind == "continuous"
                and np.unique(column[~np.isnan(column)]).size <= min(MAX_LEVELS, data.n // 2)
            )
        ]

    def doubts(self) -> list[Doubt]:
        """Return those of :class:`BlockBGe`, and that ordinal columns are known by the plug-in alone."""
        if not getattr(self, "_has_plug_in", False):
            return super().doubts()
        return [
            *super().doubts(),
            Doubt(
                "ordinal_plug_in",
                "mild",
                "ordered categories are scored by the mean of each level",
                "ordered categories are scored by the expected normal score of each level, since the weights of the "
                "rows are no counts: links through them seem weaker than they are, and a link may appear between "
                "columns that have them as a common cause.",
            ),
        ]
