"""Layerings where chains of many nodes begin: those of good DAGs, each the best of several quick searches of its own.

Chains that begin at good DAGs need no ladder of temperatures to find their way. Each has searches of its own from
random DAGs, so that they begin at different places.
"""

import numpy as np
from jaxtyping import Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags, layering_of
from dag_gfn.mcmc.partition import first_with_weight, init
from dag_gfn.scores import ScoreTable
from dag_gfn.search.order_search import best_by_orders

_SEARCHES = 3  # for each chain


def searched_starts(
    table: ScoreTable,
    weights: LayerWeights,
    count: int,
    rng: np.random.Generator,
    budget: TimeBudget | None = None,
) -> list[Int64[np.ndarray, " d"]]:
    """Return layerings of good DAGs for so many chains.

    Parameters
    ----------
    table : ScoreTable
    weights : LayerWeights
    count : int
    rng : numpy.random.Generator
    budget : TimeBudget, optional
        When it is over, random DAGs take the place of those that would be searched for.

    Raises
    ------
    ConstraintError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.fitting.searched_starts import searched_starts
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> a = np.random.default_rng(0).normal(size=200)
    >>> data = dag_gfn.from_array(np.column_stack([a, a + 0.1 * np.random.default_rng(1).normal(size=200)]))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> starts = searched_starts(table, LayerWeights.build(table), 2, np.random.default_rng(0))
    >>> [sorted(layer_of.tolist()) for layer_of in starts]  # one column is a parent of the other
    [[0, 1], [0, 1]]
    """
    unknown = np.full((weights.d, weights.d), 1.0 / weights.d)
    starts = []
    for _ in range(count):
        layerings = np.stack([init(weights, rng=rng).layer_of for _ in range(_SEARCHES)])
        drawn = draw_dags(weights, layerings.astype(np.int16), rng=rng)
        found = best_by_orders(table, table.possible.masks_of(drawn), unknown, budget=budget)
        of_dags = (np.asarray(layering_of(dag), dtype=np.int64) for dag in table.possible.adjacency_of(found))
        starts.append(first_with_weight(weights, of_dags, rng=rng))
    return starts
