r"""A Markov chain over DAGs, parameters and the cells that were not seen, for Gaussian columns.

Its distribution is :math:`p(G) \, p(\theta \mid G) \prod_i p(x_i \mid \theta)` on the tables that agree with what was
seen. A sweep draws

1. G given the complete table, the parameters being integrated out;
2. the parameters given G and the table;
3. the cells given the parameters.

So the tables that it visits have the distribution :math:`\propto \sum_G R(G; D)`. With one node that owns all columns
there is no graph to draw. That is the saturated model, whose tables have the distribution :math:`\propto m` of all
columns.
"""

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.completion.block_scores import BlockScores
from dag_gfn.completion.gaussian_cells import GaussianCells
from dag_gfn.completion.gaussian_draws import GaussianDraws
from dag_gfn.completion.graph_draws import GraphDraws
from dag_gfn.completion.normal_wishart import (
    BlockLayout,
    GaussianParameters,
    NormalWishartPrior,
    TableMoments,
    draw_parameters,
)
from dag_gfn.completion.rank_moves import RankMoves
from dag_gfn.errors import OptionError


class GaussianChain:
    """A chain and its present state.

    Parameters
    ----------
    cells : GaussianCells
    prior : NormalWishartPrior
    graphs : GraphDraws or None
        How DAGs over the nodes are drawn; None for the saturated model.
    rng : numpy.random.Generator
        Not to be used by others while the chain runs.

    Attributes
    ----------
    values : array, shape (n, D), float64
        The complete table.
    parents : array, shape (d,), int64
        The DAG that was drawn last, as bitmasks; of the saturated model one node without parents.
    parameters : GaussianParameters or None
        Those that were drawn last.

    Raises
    ------
    OptionError
        If the saturated model is asked for where nodes were set in some rows: it has no such nodes.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.gaussian_cells import GaussianCells
    >>> from dag_gfn.completion.gaussian_chain import GaussianChain
    >>> from dag_gfn.completion.graph_draws import graph_draws
    >>> from dag_gfn.completion.normal_wishart import NormalWishartPrior
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=50)
    >>> table = np.column_stack([x, x + 0.1 * rng.normal(size=50)])
    >>> table[:5, 1] = np.nan
    >>> cells = GaussianCells(table, nodes=[[0], [1]])
    >>> chain = GaussianChain(cells, NormalWishartPrior.of(2), graph_draws(2), rng=rng)
    >>> for _ in range(10):
    ...     chain.sweep()
    >>> int(np.bitwise_count(chain.parents).sum())  # one edge, in either direction
    1
    >>> bool(np.abs(chain.values[:5, 1] - x[:5]).max() < 0.5)
    True
    """

    def __init__(
        self,
        cells: GaussianCells,
        prior: NormalWishartPrior,
        graphs: GraphDraws | None,
        *,
        rng: np.random.Generator,
    ):
        if graphs is None and cells.intervened is not None and cells.intervened.any():
            raise OptionError(
                "the saturated model does not honour interventions: draw graphs too (augmentation)"
            )
        if prior.num_columns != cells.num_columns:
            raise OptionError(f"expected a prior for {cells.num_columns} columns, not {prior.num_columns}")
        self.cells, self.prior, self.graphs = cells, prior, graphs
        self._rng = rng
        self._layout = (
            BlockLayout.saturated(cells.num_columns) if graphs is None else BlockLayout(cells.nodes)
        )
        self._draws = GaussianDraws(cells)
        self._targets = np.zeros((1, 1), dtype=bool) if graphs is None else self._draws.targets
        self._rank_moves = RankMoves(cells, self._layout)
        self.values = np.ascontiguousarray(cells.start(rng))
        self.parameters: GaussianParameters | None = None
        self._scores = BlockScores(self.moments(), self._layout)
        self.parents: Int64[np.ndarray, " d"] = (
            np.zeros(1, dtype=np.int64) if graphs is None else graphs.first(self._scores)
        )

    def moments(self) -> TableMoments:
        """Return the moments of the present table."""
        return self.prior.after(self.values, weights=self.cells.weights, intervened=self.cells.intervened)

    def sweep(self) -> None:
        """Draw the graph, the parameters and the cells, once each."""
        moments = self.moments()
        scores = self._scores.of_table(moments)
        if self.cells.ranks:
            moments, scores = self._rank_moves.move(self.values, moments, scores, self.parents, rng=self._rng)
        if self.graphs is not None:
            self.parents = self.graphs.draw(scores, self.parents, rng=self._rng)
        self.parameters = draw_parameters(
            moments, self._layout, self.parents, rng=self._rng, targets=self._targets
        )
        self._draws.sweep(self.values, self.parameters.linear, self.parameters.precision, rng=self._rng)

    def log_saturated(self) -> float:
        """Return the log score of the complete graph on the present table, log m(all columns)."""
        layout = BlockLayout.saturated(self.cells.num_columns)
        return BlockScores(self.moments(), layout).log_saturated()

    def table(self) -> Float64[np.ndarray, "n D"]:
        """Return a copy of the present table."""
        return self.values.copy()
