r"""Moves of whole columns of ranks: z becomes a z, or z + b.

Ranks say nothing about the unit and the zero of a column, so nothing but the prior determines them. Cell by cell they
would change by a factor of about :math:`1 + 1/\sqrt n` in a sweep. These moves change all cells at once, with the
parameters integrated out: a Metropolis-Hastings step accepts z' = a z with probability

.. math:: \min\{1, \; a^n \, m_G(D') / m_G(D)\}

where :math:`a^n` is the Jacobian of n cells and :math:`\log a` is proposed symmetrically around 0. A shift has
Jacobian 1. The order of the cells stays as it is.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.completion.block_scores import BlockScores
from dag_gfn.completion.gaussian_cells import GaussianCells
from dag_gfn.completion.normal_wishart import BlockLayout, TableMoments

_STEPS = (0.1, 0.5)  # standard deviations of log a, and of b in units of the column's spread


class RankMoves:
    """Proposes a new unit and a new zero for each column of ranks.

    Parameters
    ----------
    cells : GaussianCells
    layout : BlockLayout
        Of the model whose score decides: the nodes' columns, or one node with all.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.block_scores import BlockScores
    >>> from dag_gfn.completion.gaussian_cells import GaussianCells, RankColumn
    >>> from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior
    >>> from dag_gfn.completion.rank_moves import RankMoves
    >>> cells = GaussianCells(np.zeros((50, 1)), nodes=[[0]], ranks=[RankColumn(0, np.repeat([0, 1], 25))])
    >>> layout, rng = BlockLayout([[0]]), np.random.default_rng(0)
    >>> values = cells.start(rng)
    >>> before = values.copy()
    >>> moments = NormalWishartPrior.of(1).after(values)
    >>> scores = BlockScores(moments, layout)
    >>> moments, scores = RankMoves(cells, layout).move(values, moments, scores, np.array([0]), rng=rng)
    >>> bool((np.argsort(values[:, 0]) == np.argsort(before[:, 0])).all())
    True
    """

    def __init__(self, cells: GaussianCells, layout: BlockLayout):
        self._columns = [rank.column for rank in cells.ranks]
        owner = {}
        for node in range(layout.d):
            for column in layout.columns[node, : layout.widths[node]].tolist():
                owner[column] = node
        self._owners = [owner[column] for column in self._columns]

    def move(
        self,
        values: Float64[np.ndarray, "n D"],
        moments: TableMoments,
        scores: BlockScores,
        parents: Int64[np.ndarray, " d"],
        *,
        rng: np.random.Generator,
    ) -> tuple[TableMoments, BlockScores]:
        """Propose one factor and one shift for each column; return the moments and scores of the table then.

        Parameters
        ----------
        values : array, shape (n, D), float64
            A complete table, changed in place.
        moments : TableMoments
            Of `values`.
        scores : BlockScores
            Of `values`.
        parents : array, shape (d,), int64
            The DAG, as bitmasks.
        rng : numpy.random.Generator
        """
        for column, owner in zip(self._columns, self._owners, strict=True):
            nodes = np.flatnonzero(parents >> owner & 1)
            nodes = np.append(nodes, owner).astype(np.int64)  # whose local scores the column enters
            current = scores.local_scores(nodes, parents[nodes]).sum()
            spread = values[:, column].std()
            for scaled in (True, False):
                step = float(rng.choice(_STEPS) * rng.standard_normal())
                if scaled:
                    factor, shift, log_jacobian = float(np.exp(step)), 0.0, len(values) * step
                else:
                    factor, shift, log_jacobian = 1.0, step * spread, 0.0
                proposed = _transformed(moments, column, factor, shift)
                proposed_scores = scores.of_table(proposed)
                score = proposed_scores.local_scores(nodes, parents[nodes]).sum()
                if np.log(rng.random()) < score - current + log_jacobian:
                    values[:, column] = factor * values[:, column] + shift
                    moments, scores, current = proposed, proposed_scores, score
                    spread *= factor
        return moments, scores


def _transformed(moments: TableMoments, column: int, factor: float, shift: float) -> TableMoments:
    """Return the moments of the table after one of its columns is multiplied by a factor and shifted."""
    means, scatters = moments.means.copy(), moments.scatters.copy()
    means[:, column] = factor * means[:, column] + shift
    scatters[:, column, :] *= factor
    scatters[:, :, column] *= factor
    return replace(moments, means=means, scatters=scatters)
