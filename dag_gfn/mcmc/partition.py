r"""A Markov chain over root layerings: partition MCMC.

A state is a layering R_1, ..., R_m of the nodes, and its probability is in proportion to the weight of all DAGs
that have it, :math:`\prod_v g_v(U, Q)` (:mod:`dag_gfn.layerings.layer_weights`). Unlike orders, layerings overlap in no
DAG, so the prior over DAGs is kept as it is. What is proposed: :mod:`dag_gfn.mcmc.moves`.

References
----------
Kuipers and Moffa, Partition MCMC for inference on acyclic digraphs, JASA 112, 2017.
"""

from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Float64, Int8, Int64
from numba import njit

from dag_gfn.errors import ConstraintError
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_edges import fill_edge_probabilities
from dag_gfn.layerings.layered_parents import draw_parents
from dag_gfn.layerings.node_weights import index_of, layer_masks, log_node_weight
from dag_gfn.mcmc.moves import MOVE_PROBABILITIES, MOVES, propose


@dataclass(frozen=True, eq=False)
class LayeringState:
    """Where a chain is.

    Attributes
    ----------
    layer_of : ndarray, shape (d,), int64
        Number of each node's layer, 0 for the roots; no number up to the largest is left out.
    log_weight : float
        log of the sum of R(G) over the DAGs of this layering, in nats.
    """

    layer_of: Int64[np.ndarray, " d"]
    log_weight: float


@dataclass(frozen=True, eq=False)
class MoveInfo:
    """What became of proposals, by the kinds of `MOVES`.

    Attributes
    ----------
    tried, accepted : ndarray, shape (5,), int64
    """

    tried: Int64[np.ndarray, " moves"]
    accepted: Int64[np.ndarray, " moves"]


@dataclass(frozen=True, eq=False)
class LayeringDraws:
    """A chain in blocks of so many steps.

    Attributes
    ----------
    layer_of : ndarray, shape (k, d), int8
        As in `LayeringState`, at the end of each block.
    log_weights : ndarray, shape (k,), float64
        At the same steps.
    edge : ndarray, shape (k, d, d), float32
        Mean over each block, at every d-th step, of the probability of each edge given the layering: entry
        (s, i, j) is about i -> j (row -> column).
    """

    layer_of: Int8[np.ndarray, "k d"]
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
    """
    d = weights.d
    layer_of = np.zeros(d, dtype=np.int64)
    if not _random_layering(weights.tables, rng.random((2, d)), layer_of):
        raise ConstraintError(f"no DAG on the {d} nodes satisfies the constraints: drop some of them")
    return init_at(weights, layer_of)


def init_at(weights: LayerWeights, layer_of: Int64[np.ndarray, " d"]) -> LayeringState:
    """Return the state of a given layering, for example that of a DAG (`layering_of`).

    Raises
    ------
    ValueError
        If a layer is empty, or no DAG of positive weight has this layering.
    """
    count = int(layer_of.max()) + 1
    if len(layer_of) != weights.d or set(layer_of.tolist()) != set(range(count)):
        raise ValueError(f"expected a layer for each of {weights.d} nodes and none empty, not {layer_of}")
    log_weight = _log_weight(weights.tables, layer_of)
    if log_weight == -np.inf:
        raise ValueError(f"no DAG of positive weight has the layering {layer_of}")
    return LayeringState(layer_of.copy(), log_weight + weights.log_scale)


def step(
    weights: LayerWeights, state: LayeringState, *, rng: np.random.Generator
) -> tuple[LayeringState, MoveInfo]:
    """Return the next state of the chain, and which move led there."""
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
    """Go on for some blocks of `thinning` steps; return them, the last state, and how moves fared.

    Without the GIL, so that chains can run in threads. The same generator gives the same states, however the
    steps are divided into calls. At another temperature T the distribution is the posterior to the power 1/T.
    """
    layer_of = state.layer_of.copy()
    drawn = LayeringDraws(
        np.empty((blocks, weights.d), dtype=np.int8),
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
def _random_layering(tables, uniform, layer_of):
    """Fill the layering of a random DAG; False if nothing can be placed.

    A node that can be placed stays so when others have been, so the order never ends early if any DAG exists.
    """
    d = len(layer_of)
    placed = np.int64(0)
    candidates = np.empty(d, dtype=np.int64)
    for position in range(d):
        count = 0
        for v in range(d):
            if not placed >> v & 1 and tables.log_sums[v, index_of(tables, v, placed)] > -np.inf:
                candidates[count] = v
                count += 1
        if count == 0:
            return False
        v = candidates[int(uniform[0, position] * count)]
        parents = draw_parents(tables, v, placed, np.int64(0), uniform[1, position])
        layer_of[v] = 0
        for i in range(d):
            if parents >> i & 1:
                layer_of[v] = max(layer_of[v], layer_of[i] + 1)
        placed |= np.int64(1) << v
    return True


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _log_weight(tables, layer_of):
    d = len(layer_of)
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)
    layer_masks(layer_of, layers, earlier)
    total = 0.0
    for v in range(d):
        k = layer_of[v]
        last = layers[k - 1] if k > 0 else np.int64(0)
        total += log_node_weight(tables, v, earlier[k], last, True)[0]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _run(
    tables, cumulative, temperature, layer_of, rng, thinning, drawn, log_drawn, edge, tried, accepted
):  # fmt: skip
    d = len(layer_of)
    proposed = np.empty(d, dtype=np.int64)
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)
    # U, Q and log g of each node: only those with another U or Q are looked up anew
    inside, last, weight = np.full(d, -1, dtype=np.int64), np.zeros(d, dtype=np.int64), np.zeros(d)
    new_inside, new_last, new_weight = np.empty_like(inside), np.empty_like(last), np.empty_like(weight)

    log_weight, _ = _evaluate(
        tables, layer_of, layers, earlier, inside, last, weight,
        new_inside, new_last, new_weight, True,
    )  # fmt: skip
    inside[:], last[:], weight[:] = new_inside, new_last, new_weight
    # edge probabilities given the layering, by target; of the same U and Q they are the same
    given, sums = np.zeros((d, d)), np.zeros((d, d))
    given_inside, given_last = np.full(d, -1, dtype=np.int64), np.zeros(d, dtype=np.int64)
    for block in range(len(drawn)):
        sums[:] = 0.0
        summed = 0
        for t in range(thinning):
            if t > 0 and (thinning - t) % d == 0:
                _add_edges(tables, inside, last, given_inside, given_last, given, sums)
                summed += 1
            uniform = rng.random() * cumulative[-1]
            move = 0
            while uniform >= cumulative[move] and move < len(cumulative) - 1:
                move += 1
            tried[move] += 1
            possible, log_ratio = propose(move, layer_of, proposed, rng)
            if not possible:
                continue
            least = log_weight + temperature * (np.log(rng.random()) - log_ratio)
            new, bounded = _evaluate(
                tables, proposed, layers, earlier, inside, last, weight,
                new_inside, new_last, new_weight, False,
            )  # fmt: skip
            if not new > least:
                continue
            if bounded:
                new, bounded = _evaluate(
                    tables, proposed, layers, earlier, inside, last, weight,
                    new_inside, new_last, new_weight, True,
                )  # fmt: skip
                if not new > least:
                    continue
            accepted[move] += 1
            log_weight = new
            layer_of[:] = proposed
            inside[:], last[:], weight[:] = new_inside, new_last, new_weight
        _add_edges(tables, inside, last, given_inside, given_last, given, sums)
        summed += 1
        drawn[block] = layer_of
        log_drawn[block] = log_weight
        edge[block] = sums.T / summed
    return log_weight


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _add_edges(tables, inside, last, given_inside, given_last, given, sums):
    """Add the edge probabilities given the layering, row v about the edges into v; `given` is where they are kept."""
    for v in range(len(inside)):
        if inside[v] != given_inside[v] or last[v] != given_last[v]:
            fill_edge_probabilities(tables, v, inside[v], last[v], given[v])
            given_inside[v], given_last[v] = inside[v], last[v]
        for i in range(len(inside)):
            sums[v, i] += given[v, i]


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _evaluate(
    tables, layer_of, layers, earlier, inside, last, weight,
    new_inside, new_last, new_weight, exact,
):  # fmt: skip
    """Fill U, Q and log g of each node; return the sum of log g and whether it is only an upper bound.

    Of U and Q only possible parents: others make no difference, and without any in Q there is no weight.
    """
    layer_masks(layer_of, layers, earlier)
    total, bounded = 0.0, False
    for v in range(len(layer_of)):
        k, possible = layer_of[v], tables.candidates[v] | tables.outside[v]
        new_inside[v] = earlier[k] & possible
        new_last[v] = layers[k - 1] & possible if k > 0 else np.int64(0)
        if k > 0 and new_last[v] == 0:
            return -np.inf, False
        if new_inside[v] == inside[v] and new_last[v] == last[v]:
            new_weight[v] = weight[v]
        else:
            new_weight[v], bound = log_node_weight(tables, v, new_inside[v], new_last[v], exact)
            if new_weight[v] == -np.inf:
                return -np.inf, False
            bounded |= bound
        total += new_weight[v]
    return total, bounded
