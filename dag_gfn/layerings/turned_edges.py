r"""What a node needs as parents in graphs in which one of its edges is turned.

Where v → c becomes c → v, the two look alike to the data only if each takes over parents of the other: v needs those of
c beside c itself, since a common child links them, and c needs those of v. In the layerings that chains have visited
these are no parents and seem to be of no use. Left out of the candidates, they make the graphs with the edge turned
seem improbable by many nats, and no chain goes there, however probable these graphs are. So drawn DAGs are looked at
with each of their edges turned. The gain

.. math:: \rho = \frac{w_v(S)}{w_v(S \setminus \{u\})}

of each parent u in the new set S of v (and of c alike) gives the probability :math:`\rho / (1 + \rho)` that it is
needed there. With many rows most edges are settled; what it would take to turn these counts little, or it would take
the places of real parents: a turned edge counts by

.. math:: \frac{1}{1 + e^{-(\Delta + a)}}, \qquad
    \Delta = \log \frac{w_v(S_v)\, w_c(S_c)}{w_v(P_v)\, w_c(P_c)}, \qquad a = 20

with S the parents after and P those before. Some nats are allowed, since more than one edge may have to turn.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64

from dag_gfn.chunked import run_chunks
from dag_gfn.graphs.subsets import pack, popcount, unpack
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.outside_parents import draw_sets
from dag_gfn.scores import ScoreTable

_LOOKED_AT = 128  # edges for each node, in all
_ALLOWED = 20.0  # nats by which a DAG may be less probable where an edge is turned
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
        ``[v, u]``: sum of the probabilities that bit u is needed as a parent of v, over the edges of v, each by what
        it counts; the mean over the DAGs, and 1 at most.

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
    edges = choice.permutation(np.argwhere(dags))
    looked_at = edges[: _LOOKED_AT * weights.d]
    if not len(looked_at):
        return np.zeros((weights.d, table.possible.size))
    turned = run_chunks(lambda v: _NewParents.of(table, v, dags, looked_at), range(weights.d))
    gain = np.zeros(len(looked_at))
    for of_node in turned:
        np.add.at(gain, of_node.edge, of_node.gain)
    counts = 1.0 / (1.0 + np.exp(-(gain + _ALLOWED).clip(-_LARGEST, _LARGEST)))
    needed = np.stack(run_chunks(lambda v: _needed(table, v, turned[v], counts), range(weights.d)))
    return np.minimum(needed * len(edges) / len(looked_at) / len(dags), 1.0)


@dataclass(frozen=True)
class _NewParents:
    """The parents of one node after each turn of one of its edges.

    Attributes
    ----------
    edge : ndarray, shape (m,)
        Index of the edge.
    sets : ndarray, shape (m,), int64
    gain : ndarray, shape (m,), float64
        Log-score of these parents less that of those before; -inf where they are not possible.
    """

    edge: Int64[np.ndarray, " m"]
    sets: Int64[np.ndarray, " m"]
    gain: Float64[np.ndarray, " m"]

    @classmethod
    def of(
        cls, table: ScoreTable, node: int, dags: Bool[np.ndarray, "k d d"], edges: Int64[np.ndarray, "e 3"]
    ) -> "_NewParents":
        """Return them, given edges as rows of DAG, source and target."""
        edge = np.flatnonzero((edges[:, 1:] == node).any(axis=1))
        draw, source, target = edges[edge].T
        before = dags[draw, :, node]
        after = dags[draw, :, source] | dags[draw, :, target]
        after[np.arange(len(edge)), source] = False
        after[np.arange(len(edge)), target] = True
        after[:, node] = False
        nodes = table.possible.nodes[node]
        sets, old = pack(after[:, nodes]), pack(before[:, nodes])
        new, before_it = table.scores_of_repeated(node, np.stack([sets, old]))
        new[popcount(sets) < after.sum(axis=1)] = -np.inf
        # draws by the weights need not be possible either: -inf less -inf
        with np.errstate(invalid="ignore"):
            gain = np.nan_to_num(new - before_it, nan=-np.inf, posinf=_LARGEST, neginf=-np.inf)
        return cls(edge, sets, gain)


def _needed(
    table: ScoreTable, node: int, turned: _NewParents, counts: Float64[np.ndarray, " e"]
) -> Float64[np.ndarray, " p"]:
    """Return how often one node needs each possible parent, the sum over edges by what these count."""
    needed = np.zeros(table.possible.size)
    possible = turned.gain > -np.inf
    sets, which = np.unique(turned.sets[possible], return_inverse=True)
    times = np.bincount(which.reshape(-1), counts[turned.edge[possible]], minlength=len(sets))
    of_set, member = np.nonzero(unpack(sets, table.possible.size))
    without = table.scores_of(node, sets[of_set] ^ (np.int64(1) << member))
    gain = (table.scores_of(node, sets)[of_set] - without).clip(-_LARGEST, _LARGEST)
    np.add.at(needed, member, times[of_set] / (1.0 + np.exp(-gain)))
    return needed
