r"""A Markov chain over root layerings: partition MCMC.

A state is a layering R_1, ..., R_m of the nodes, and its probability is in proportion to the weight of all DAGs
that have it, :math:`\prod_v g_v(U, Q)` (:mod:`dag_gfn.layerings.layer_weights`). Unlike orders, layerings overlap in no
DAG, so the prior over DAGs is kept as it is. What is proposed: :mod:`dag_gfn.mcmc.moves`.

References
----------
Kuipers and Moffa, Partition MCMC for inference on acyclic digraphs, JASA 112, 2017.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Float64, Int16, Int64
from numba import njit

from dag_gfn.errors import ConstraintError
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_parents import draw_within
from dag_gfn.layerings.node_weights import (
    index_of,
    layer_masks,
    log_node_weight,
    mask_of,
    node_at,
    sets_before,
)
from dag_gfn.mcmc.chain_steps import EDGES_EVERY, add_edges, begin, make_room, one_step
from dag_gfn.mcmc.moves import MOVE_PROBABILITIES, MOVES


@dataclass(frozen=True, eq=False)
class LayeringState:
    """Where a chain is.

    Attributes
    ----------
    layer_of : ndarray, shape (d,), int64
        Number of each node's layer, 0 for the roots; no number up to the largest is left out.
    log_weight : float
        log of the sum of R(G) over the DAGs of this layering, in nats.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.partition import init_at
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> state = init_at(weights, np.array([0, 1, 2]))
    >>> round(float(np.exp(state.log_weight)), 9)  # 0 -> 1 -> 2, with 0 -> 2 or without
    2.0
    """

    layer_of: Int64[np.ndarray, " d"]
    log_weight: float


@dataclass(frozen=True, eq=False)
class MoveInfo:
    """How many proposals were made and accepted, by the kinds of `MOVES`.

    Attributes
    ----------
    tried, accepted : ndarray, shape (5,), int64

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.partition import MoveInfo
    >>> info = MoveInfo(tried=np.array([30, 40, 15, 14, 1]), accepted=np.array([15, 10, 3, 7, 0]))
    >>> (info.accepted / info.tried).tolist()
    [0.5, 0.25, 0.2, 0.5, 0.0]
    """

    tried: Int64[np.ndarray, " moves"]
    accepted: Int64[np.ndarray, " moves"]


@dataclass(frozen=True, eq=False)
class LayeringDraws:
    """A chain in blocks of so many steps.

    Attributes
    ----------
    layer_of : ndarray, shape (k, d), int16
        As in `LayeringState`, at the end of each block.
    log_weights : ndarray, shape (k,), float64
        At the same steps.
    edge : ndarray, shape (k, d, d), float32
        Mean over each block, at every 2 d-th step, of the probability of each edge given the layering: entry
        (s, i, j) is about i -> j (row -> column).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.partition import init, run
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> rng = np.random.default_rng(0)
    >>> drawn, _, _ = run(weights, init(weights, rng=rng), rng=rng, blocks=400, thinning=50)
    >>> [f"{edge:.1f}" for edge in drawn.edge.mean(axis=0)[0]]  # each edge is in 8 of 25 DAGs
    ['0.0', '0.3', '0.3']
    """

    layer_of: Int16[np.ndarray, "k d"]
    log_weights: Float64[np.ndarray, " k"]
    edge: Float32[np.ndarray, "k d d"]

    def __getitem__(self, blocks: slice) -> "LayeringDraws":
        return LayeringDraws(self.layer_of[blocks], self.log_weights[blocks], self.edge[blocks])


def init(weights: LayerWeights, *, rng: np.random.Generator) -> LayeringState:
    """Return the layering of a random DAG: a random order that constraints allow, then parents by their weights.

    Raises
    ------
    ConstraintError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.partition import init
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> init(weights, rng=np.random.default_rng(0)).layer_of.tolist()
    [1, 0, 0]
    """
    d = weights.d
    layer_of = np.zeros(d, dtype=np.int64)
    if not _random_layering(weights.tables, rng, layer_of):
        raise ConstraintError(f"no DAG on the {d} nodes satisfies the constraints: drop some of them")
    return init_at(weights, layer_of)


def init_at(weights: LayerWeights, layer_of: Int64[np.ndarray, " d"]) -> LayeringState:
    """Return the state of a given layering, for example that of a DAG (`layering_of`).

    Raises
    ------
    ValueError
        If a layer is empty, or no DAG of positive weight has this layering.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.partition import init_at
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> round(float(np.exp(init_at(weights, np.array([0, 0, 1])).log_weight)), 9)  # 0, 1 or both are parents of 2
    3.0
    """
    count = int(layer_of.max()) + 1
    if len(layer_of) != weights.d or set(layer_of.tolist()) != set(range(count)):
        raise ValueError(f"expected a layer for each of {weights.d} nodes and none empty, not {layer_of}")
    log_weight = _log_weight(weights.tables, layer_of)
    if log_weight == -np.inf:
        raise ValueError(f"no DAG of positive weight has the layering {layer_of}")
    return LayeringState(layer_of.copy(), log_weight + weights.log_scale)


def log_weight_of(weights: LayerWeights, layer_of: Int64[np.ndarray, " d"]) -> float:
    """Return the log-weight of a layering; -inf where no DAG of positive weight has it.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.partition import log_weight_of
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> round(float(np.exp(log_weight_of(weights, np.array([0, 0, 1])))), 9)
    3.0
    """
    return float(_log_weight(weights.tables, layer_of) + weights.log_scale)


def first_with_weight(
    weights: LayerWeights, layerings: Iterable[Int64[np.ndarray, " d"]], *, rng: np.random.Generator
) -> Int64[np.ndarray, " d"]:
    """Return the first layering of positive weight, a random one if there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.partition import first_with_weight
    >>> weights = LayerWeights.of(np.array([[0.0, -np.inf], [-np.inf, 0.0]]))  # 0 -> 1 alone is possible
    >>> first_with_weight(weights, [np.array([1, 0]), np.array([0, 1])], rng=np.random.default_rng(0)).tolist()
    [0, 1]
    """
    for layer_of in layerings:
        if log_weight_of(weights, layer_of) > -np.inf:
            return layer_of
    return init(weights, rng=rng).layer_of


def step(
    weights: LayerWeights, state: LayeringState, *, rng: np.random.Generator
) -> tuple[LayeringState, MoveInfo]:
    """Return the next state of the chain, and which move led there.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.partition import init_at, step
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> state, info = step(weights, init_at(weights, np.array([0, 1, 2])), rng=np.random.default_rng(0))
    >>> state.layer_of.tolist(), info.tried.tolist()
    ([0, 1, 2], [0, 1, 0, 0, 0])
    """
    _, state, info = run(weights, state, rng=rng, blocks=1, thinning=1)
    return state, info


def run(
    weights: LayerWeights,
    state: LayeringState,
    *,
    rng: np.random.Generator,
    blocks: int,
    thinning: int,
    temperature: float | int = 1.0,
) -> tuple[LayeringDraws, LayeringState, MoveInfo]:
    """Run the chain for some blocks of `thinning` steps; return the blocks, the last state, and the counts of moves.

    Without the GIL, so that chains can run in threads. The same generator gives the same states, however the
    steps are divided into calls. At another temperature T the distribution is the posterior to the power 1/T.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.partition import init, run
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> rng = np.random.default_rng(0)
    >>> drawn, state, info = run(weights, init(weights, rng=rng), rng=rng, blocks=10, thinning=20)
    >>> drawn.layer_of.shape, int(info.tried.sum())
    ((10, 3), 200)
    """
    layer_of = state.layer_of.copy()
    drawn = LayeringDraws(
        np.empty((blocks, weights.d), dtype=np.int16),
        np.empty(blocks),
        np.empty((blocks, weights.d, weights.d), dtype=np.float32),
    )
    tried, accepted = np.zeros((2, len(MOVES)), dtype=np.int64)
    log_weight = _run(
        weights.tables,
        MOVE_PROBABILITIES.cumsum(),
        float(temperature),
        layer_of,
        rng,
        thinning,
        drawn.layer_of,
        drawn.log_weights,
        drawn.edge,
        tried,
        accepted,
    )
    return (
        replace(drawn, log_weights=drawn.log_weights + weights.log_scale),
        LayeringState(layer_of, log_weight + weights.log_scale),
        MoveInfo(tried, accepted),
    )


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _random_layering(tables, rng, layer_of):
    """Fill the layering of a random DAG; False if nothing can be placed.

    A node that can be placed stays so when others have been, so the order never ends early if any DAG exists.
    """
    d = len(layer_of)
    placed, candidates = np.zeros(d, dtype=np.bool_), np.empty(d, dtype=np.int64)
    for _ in range(d):
        count = 0
        for v in range(d):
            if placed[v]:
                continue
            if tables.log_sums[v, index_of(tables, v, mask_of(tables.nodes, v, placed))] > -np.inf:
                candidates[count] = v
                count += 1
        if count == 0:
            return False
        v = candidates[int(rng.random() * count)]
        # parents among all that are placed, by their weights; the layer is one beyond the last parent's
        parents = draw_within(tables, v, mask_of(tables.nodes, v, placed), rng)
        layer_of[v] = 0
        for bit in range(tables.nodes.shape[-1]):
            if parents >> bit & 1:
                layer_of[v] = max(layer_of[v], layer_of[node_at(tables.nodes, v, bit)] + 1)
        placed[v] = True
    return True


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _log_weight(tables, layer_of):
    """Return the log-weight of a layering, the sum of log g over the nodes, without the scale; -inf if none."""
    d = len(layer_of)
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)
    layer_masks(layer_of, layers, earlier)
    total = 0.0
    for v in range(d):
        inside, last = sets_before(tables.nodes, v, layer_of, layers, earlier)
        total += log_node_weight(tables, v, inside, last, True)[0]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _run(
    tables, cumulative, temperature, layer_of, rng, thinning, drawn, log_drawn, edge, tried, accepted
):  # fmt: skip
    """Fill blocks of the chain, count its moves, leave `layer_of` where it ends, and return the log-weight there.

    ``cumulative`` holds the cumulative probabilities of the moves. The other arrays are those of `LayeringDraws` and
    `MoveInfo`.
    """
    d = len(layer_of)
    room, known = make_room(d), np.full((4, d), -1, dtype=np.int64)
    weight = np.zeros(d)
    log_weight = begin(tables, layer_of, known, weight, room)
    # edge probabilities given the layering, by target; of the same U and Q they are the same
    given, sums = np.zeros((d, d)), np.zeros((d, d))
    given_for = np.full((2, d), -1, dtype=np.int64)
    for block in range(len(drawn)):
        sums[:] = 0.0
        summed = 0
        for t in range(thinning):
            # now and then, counted back from the end of the block
            if t > 0 and (thinning - t) % (EDGES_EVERY * d) == 0:
                add_edges(tables, known, given_for, given, sums)
                summed += 1
            log_weight = one_step(
                tables, cumulative, temperature, layer_of, log_weight, known, weight, room, rng,
                tried, accepted,
            )  # fmt: skip
        add_edges(tables, known, given_for, given, sums)
        summed += 1
        drawn[block] = layer_of
        log_drawn[block] = log_weight
        edge[block] = sums.T / summed  # (target, parent) -> [i, j] for i -> j
    return log_weight
