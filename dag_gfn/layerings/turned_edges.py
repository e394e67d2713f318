r"""What a node needs as parents in graphs in which one of its edges is turned.

Where v → c becomes c → v, the two look alike to the data only if each takes over parents of the other: v needs those of
c beside c itself, since a common child links them, and c needs those of v. In the layerings that chains have visited
these are no parents and seem to be of no use. Left out of the candidates, they make the graphs with the edge turned
seem improbable by many nats, and no chain goes there, however probable these graphs are. So drawn DAGs are looked at
with each of their edges turned, and the gain

.. math:: \rho = \frac{w_v(S)}{w_v(S \setminus \{u\})}

of each parent u in the new set S of v (and of c alike) gives the probability :math:`\rho / (1 + \rho)` that it is
needed there.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64

from dag_gfn.chunked import run_chunks
from dag_gfn.graphs.subsets import pack, unpack
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.outside_parents import draw_sets
from dag_gfn.scores import ScoreTable

_LOOKED_AT = 256  # sets of each node
_LARGEST = 50.0  # nats of a gain: beyond, it is certain


def needed_where_turned(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    *,
    rng: np.random.Generator,
) -> Float64[np.ndarray, "d p"]:
    """Return how often a node needs each possible parent where one edge of a drawn DAG is turned, in threads.

    Parameters
    ----------
    weights : LayerWeights
        A DAG is drawn by them for each layering.
    table : ScoreTable
        The table that the weights were built from.
    layer_of : ndarray, shape (k, d)
        Layerings from all over the posterior.
    rng : numpy.random.Generator
        The result does not depend on the number of threads.

    Returns
    -------
    ndarray, shape (d, p), float64
        ``[v, u]``: sum of the probabilities that bit u is needed as a parent of v, over the edges of v that can be
        turned; the mean over the DAGs, and 1 at most.

    Examples
    --------
    Column 0 is the sum of the others, and these do not depend on one another. Where 1 → 0 is turned, column 1 needs
    column 2 as a parent:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.turned_edges import needed_where_turned
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> x = np.random.default_rng(0).normal(size=(60, 3))
    >>> x[:, 0] = x[:, 1] + x[:, 2] + 0.1 * x[:, 0]
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(x)))
    >>> weights = LayerWeights.build(table)
    >>> needed = needed_where_turned(weights, table, np.array([[1, 0, 0]]), rng=np.random.default_rng(0))
    >>> needed[1].round(2).tolist()
    [1.0, 0.0, 1.0]
    """
    *streams, choice = rng.spawn(weights.d + 1)
    layer_of = layer_of.astype(np.int16)
    drawn = run_chunks(lambda v: draw_sets(weights, v, layer_of, 1, rng=streams[v])[:, 0], range(weights.d))
    dags = table.possible.adjacency_of(np.stack(drawn, axis=1))
    draw, source, target = np.nonzero(dags)
    order = choice.permutation(len(draw))
    edges = np.column_stack([draw, source, target])[order]
    return np.stack(
        run_chunks(
            lambda v: _needed(table, v, dags, edges[(edges[:, 1:] == v).any(axis=1)]), range(weights.d)
        )
    )


def _needed(
    table: ScoreTable,
    node: int,
    dags: Bool[np.ndarray, "k d d"],
    edges: Int64[np.ndarray, "e 3"],
) -> Float64[np.ndarray, " p"]:
    """Return the mean over DAGs of what one node needs where one of its edges (DAG, source, target) is turned."""
    possible = table.possible
    needed = np.zeros(possible.size)
    looked_at = edges[:_LOOKED_AT]
    if not len(looked_at):
        return needed
    draw, source, target = looked_at.T
    parents = dags[draw, :, source] | dags[draw, :, target]
    parents[np.arange(len(draw)), target] = True
    parents[:, node] = False
    parents[np.arange(len(draw)), source] = False
    sets, times = np.unique(pack(parents[:, possible.nodes[node]]), return_counts=True)
    scores = table.scores_of(node, sets)
    sets, times, scores = (each[scores > -np.inf] for each in (sets, times, scores))
    of_set, member = np.nonzero(unpack(sets, possible.size))
    without = table.scores_of(node, sets[of_set] ^ (np.int64(1) << member))
    gain = (scores[of_set] - without).clip(-_LARGEST, _LARGEST)
    np.add.at(needed, member, times[of_set] / (1.0 + np.exp(-gain)))
    return np.minimum(needed * len(edges) / len(looked_at) / len(dags), 1.0)
