r"""Missing cells of a discrete table by augmentation: graphs and cells in turn.

One sweep draws a graph G given the completed table, with probability in proportion to R(G) - the fit's own score, graph
prior and constraints - and then the missing cells given G and the cells that were seen, with the probability tables
integrated out (:mod:`dag_gfn.completion.cell_draws`). The tables it visits come from the posterior of the missing
cells under the mixture of all DAGs, so they need no weights (Tanner and Wong, JASA 82, 1987).

Up to `MAX_EXACT_NODES` nodes G is an exact draw. Beyond, it is moved by single edges from where it was
(:mod:`dag_gfn.completion.structure_moves`).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from dag_gfn.completion.cell_draws import Families, redraw_cells
from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.completion.structure_moves import LocalScores, first_graph, move_graph
from dag_gfn.data.dataset import Dataset
from dag_gfn.exact.dag_dp import log_evidence
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.graphs.graph import parent_masks
from dag_gfn.scores.bde import BDeu
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.graph_prior import GraphPrior
from dag_gfn.scores.score_table import ScoreTable

MAX_EXACT_NODES = 10
"""Up to so many nodes a sweep draws the graph exactly: the whole table of scores is computed for that."""
CELL_SWEEPS = 2
"""How often the missing cells are drawn for one graph: they cost less than it does."""
_NONE = np.int64(-1)  # no graph has been drawn yet


@dataclass(frozen=True, eq=False)
class DiscreteModel:
    """BDeu with a graph prior and constraints: what a fit scores every completed table with.

    Parameters
    ----------
    equivalent_sample_size : float
    prior : GraphPrior or None
        Uniform if None.
    constraints : Constraints or None
        The limit on sparse families among them.
    score : type of score
        :class:`BDeu`, or the same under the name ``bde``.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.completion.discrete_augmentation import DiscreteModel
    >>> data = dag_gfn.from_array(np.array([[0, 0], [0, 1], [1, 1]]), discrete="all")
    >>> DiscreteModel(1.0).table(data).complete.shape
    (2, 2)
    """

    equivalent_sample_size: float = 1.0
    prior: GraphPrior | None = None
    constraints: Constraints | None = None
    score: type[BDeu] = BDeu

    def score_of(self, data: Dataset) -> BDeu:
        """Return the score of a complete table."""
        return self.score(data, equivalent_sample_size=self.equivalent_sample_size)

    def table(self, data: Dataset, *, storage: str = "auto") -> ScoreTable:
        """Return log R of all families of a complete table."""
        return ScoreTable.build(self.score_of(data), self.prior, self.constraints, storage=storage)

    def log_evidence(self, data: Dataset) -> float:
        """Return log Z, the log of the sum of R(G) over all DAGs."""
        return log_evidence(self.table(data, storage="complete"))


class AugmentedChain:
    """A chain over graphs and missing cells; the completed tables that it visits come from their posterior.

    Parameters
    ----------
    cells : DiscreteCells
    model : DiscreteModel
    rng : numpy.random.Generator
        Not to be used by others while the chain runs.
    max_exact_nodes : int
        Up to so many nodes the graph of a sweep is drawn exactly.

    Attributes
    ----------
    codes : array, shape (n, d), int64
        The complete table at present.
    parents : array, shape (d,), int64
        The DAG that was drawn last, as bitmasks; -1 for each node before the first sweep.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.completion.discrete_augmentation import AugmentedChain, DiscreteModel
    >>> from dag_gfn.completion.discrete_cells import DiscreteCells
    >>> data = dag_gfn.from_array(np.repeat([[0, 0], [1, 1]], 20, axis=0), discrete="all")
    >>> values = data.values.copy()
    >>> values[[0, -1], 1] = np.nan
    >>> cells = DiscreteCells.of(replace(data, values=values))
    >>> chain = AugmentedChain(cells, DiscreteModel(), rng=np.random.default_rng(0))
    >>> for _ in range(5):
    ...     chain.sweep()
    >>> chain.codes[cells.missing].tolist(), int(np.bitwise_count(chain.parents).sum())  # one edge
    ([0, 1], 1)
    """

    def __init__(
        self,
        cells: DiscreteCells,
        model: DiscreteModel,
        *,
        rng: np.random.Generator,
        max_exact_nodes: int = MAX_EXACT_NODES,
    ):
        self._cells, self._model, self._rng = cells, model, rng
        self._is_exact = cells.data.d <= max_exact_nodes
        self.codes: Int64[np.ndarray, "n d"] = cells.first_draw(rng)
        self.parents: Int64[np.ndarray, " d"] = np.full(cells.data.d, _NONE)

    def sweep(self) -> None:
        """Draw the graph, and then the missing cells of each row.

        Raises
        ------
        ConstraintError
            If no DAG satisfies the constraints.
        """
        cells, model = self._cells, self._model
        data = cells.completed(self.codes[cells.missing])
        if self._is_exact:
            sampler = DagSampler(model.table(data, storage="complete"))
            self.parents = parent_masks(sampler.sample(1, rng=self._rng).adjacency[0])
        else:
            self.parents = self._moved_graph(model.table(data, storage="lazy").local_scores)
        families = Families.of_graph(self.parents, cells.cardinalities, model.equivalent_sample_size)
        for _ in range(CELL_SWEEPS):
            self.codes = redraw_cells(self.codes, cells, families, self._rng)

    def _moved_graph(self, scores: LocalScores) -> Int64[np.ndarray, " d"]:
        """Return a graph some moves away from the last one; the first time from the required edges and for longer."""
        d, rounds, parents = self._cells.data.d, 1, self.parents
        if (parents == _NONE).any():
            constraints = self._model.constraints
            required = np.zeros(d, dtype=np.int64) if constraints is None else constraints.required
            parents, rounds = first_graph(required, scores), 5
        return move_graph(parents, scores, proposals=rounds * 2 * d * d, exchanges=rounds, rng=self._rng)
