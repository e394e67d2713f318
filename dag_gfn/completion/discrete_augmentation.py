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
from dag_gfn.completion.structure_moves import first_graph, move_graph
from dag_gfn.data.dataset import Dataset
from dag_gfn.exact.dag_dp import log_evidence
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.graphs.subsets import pack
from dag_gfn.scores.bde import BDeu
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.graph_prior import GraphPrior
from dag_gfn.scores.score_table import ScoreTable

MAX_EXACT_NODES = 10
"""Up to so many nodes a sweep draws the graph exactly: the whole table of scores is computed for that."""
CELL_SWEEPS = 2
"""How often the missing cells are drawn for one graph: they cost less than it does."""


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


def augmented_draws(
    cells: DiscreteCells,
    model: DiscreteModel,
    *,
    draws: int,
    thinning: int,
    burn_in: int,
    rng: np.random.Generator,
    max_exact_nodes: int = MAX_EXACT_NODES,
) -> Int64[np.ndarray, "draws m"]:
    """Return draws of the missing cells from their posterior under all DAGs, by one chain of sweeps.

    Parameters
    ----------
    cells : DiscreteCells
    model : DiscreteModel
    draws : int
    thinning, burn_in : int
        Sweeps from one draw to the next, and before the first.
    rng : numpy.random.Generator
    max_exact_nodes : int
        Up to so many nodes the graph of a sweep is drawn exactly.

    Returns
    -------
    array, shape (draws, m), int64
        The states of the missing cells, row by row, as :meth:`DiscreteCells.completed` takes them.

    Raises
    ------
    ConstraintError
        If no DAG satisfies the constraints.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.completion.discrete_augmentation import DiscreteModel, augmented_draws
    >>> from dag_gfn.completion.discrete_cells import DiscreteCells
    >>> data = dag_gfn.from_array(np.repeat([[0, 0], [1, 1]], 20, axis=0), discrete="all")
    >>> values = data.values.copy()
    >>> values[[0, -1], 1] = np.nan
    >>> cells, rng = DiscreteCells.of(replace(data, values=values)), np.random.default_rng(0)
    >>> augmented_draws(cells, DiscreteModel(), draws=3, thinning=2, burn_in=5, rng=rng).tolist()
    [[0, 1], [0, 1], [0, 1]]
    """
    d = cells.data.d
    codes = cells.first_draw(rng)
    parents: Int64[np.ndarray, " d"] | None = None
    states = np.empty((draws, len(cells.columns)), dtype=np.int64)
    for sweep in range(1, burn_in + draws * thinning + 1):
        data = cells.completed(codes[cells.missing])
        if d <= max_exact_nodes:
            sampler = DagSampler(model.table(data, storage="complete"))
            parents = pack(sampler.sample(1, rng=rng).adjacency[0].T)
        else:
            scores = model.table(data, storage="lazy").local_scores
            if parents is None:
                required = (
                    np.zeros(d, dtype=np.int64) if model.constraints is None else model.constraints.required
                )
                parents = first_graph(required, scores)
            parents = move_graph(parents, scores, proposals=2 * d * d, exchanges=d, rng=rng)
        families = Families.of_graph(parents, cells.cardinalities, model.equivalent_sample_size)
        for _ in range(CELL_SWEEPS):
            codes = redraw_cells(codes, cells, families, rng)
        if sweep > burn_in and (sweep - burn_in) % thinning == 0:
            states[(sweep - burn_in) // thinning - 1] = codes[cells.missing]
    return states
