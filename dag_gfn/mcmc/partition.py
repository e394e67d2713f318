r"""A Markov chain over root layerings: partition MCMC.

A state is a layering R_1, ..., R_m of the nodes, and its probability is in proportion to the weight of all DAGs
that have it, :math:`\prod_v g_v(U, Q)` (:mod:`dag_gfn.layerings.layer_weights`). Unlike orders, layerings overlap in no
DAG, so the prior over DAGs is kept as it is.

Moves, each a Metropolis-Hastings proposal of its own; where there is nothing to propose, the chain stays:

``split_join``  with probability ½ one of the S layers of two or more nodes, at random, is split: the size c of its
    first part is uniform in 1 .. k-1, and so is the part among those of that size. Otherwise one of the m - 1 pairs
    of neighbouring layers is joined. A split and the joining that undoes it have the probabilities
    1 / (2 S (k-1) C(k, c)) and 1 / (2 m).
``move``  a node is taken out, and put at random into one of the m' layers that remain or between them, 2 m' + 1
    places with its old one: symmetric.
``swap_adjacent``  one node of each of two neighbouring layers change places: symmetric.
``swap``  two nodes at random do, if their layers differ: symmetric.
``stay``  so that the chain has no period.

References
----------
Kuipers and Moffa, Partition MCMC for inference on acyclic digraphs, JASA 112, 2017.
"""

from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int8, Int64
from numba import njit

from dag_gfn.errors import ConstraintError
from dag_gfn.layerings.layer_weights import LayerWeights, layer_masks, log_node_weight, squeezed
from dag_gfn.layerings.layered_dags import draw_parents, fill_edge_probabilities

MOVES = ("split_join", "move", "swap_adjacent", "swap", "stay")
MOVE_PROBABILITIES = np.array([0.3, 0.4, 0.15, 0.14, 0.01])


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


def layering_of(adjacency: Bool[np.ndarray, "d d"]) -> Int64[np.ndarray, " d"]:
    """Return each node's layer in a DAG: the number of edges of the longest path that leads to it.

    ``adjacency[i, j]`` is True for i -> j (row -> column).
    """
    layer_of = np.zeros(len(adjacency), dtype=np.int64)
    for _ in range(len(adjacency)):
        layer_of = np.where(adjacency, layer_of[:, None] + 1, 0).max(axis=0, initial=0)
    return layer_of


def init(weights: LayerWeights, *, rng: np.random.Generator) -> LayeringState:
    """Return the layering of a random DAG: a random order that constraints allow, then parents by their weights.

    Raises
    ------
    ConstraintError
        If no DAG has support.
    """
    d = weights.d
    layer_of = np.zeros(d, dtype=np.int64)
    if not _random_layering(weights.log_weights, weights.log_sums, rng.random((2, d)), layer_of):
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
    log_weight = _log_weight(weights.log_weights, weights.log_sums, layer_of)
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
    weights: LayerWeights, state: LayeringState, *, rng: np.random.Generator, blocks: int, thinning: int
) -> tuple[LayeringDraws, LayeringState, MoveInfo]:
    """Go on for some blocks of `thinning` steps; return them, the last state, and how moves fared.

    Without the GIL, so that chains can run in threads. The same generator gives the same states, however the
    steps are divided into calls.
    """
    layer_of = state.layer_of.copy()
    drawn = LayeringDraws(
        np.empty((blocks, weights.d), dtype=np.int8),
        np.empty(blocks),
        np.empty((blocks, weights.d, weights.d), dtype=np.float32),
    )
    tried, accepted = np.zeros((2, len(MOVES)), dtype=np.int64)
    log_weight = _run(
        weights.log_weights,
        weights.log_sums,
        MOVE_PROBABILITIES.cumsum(),
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
def _random_layering(log_weights, log_sums, uniform, layer_of):
    """Fill the layering of a random DAG; False if nothing can be placed.

    A node that can be placed stays so when others have been, so the order never ends early if any DAG exists.
    """
    d = len(layer_of)
    placed = np.int64(0)
    candidates = np.empty(d, dtype=np.int64)
    for position in range(d):
        count = 0
        for v in range(d):
            if not placed >> v & 1 and log_sums[v, squeezed(placed, v)] > -np.inf:
                candidates[count] = v
                count += 1
        if count == 0:
            return False
        v = candidates[int(uniform[0, position] * count)]
        parents = draw_parents(log_weights, v, placed, np.int64(0), uniform[1, position])
        layer_of[v] = 0
        for i in range(d):
            if parents >> i & 1:
                layer_of[v] = max(layer_of[v], layer_of[i] + 1)
        placed |= np.int64(1) << v
    return True


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _log_weight(log_weights, log_sums, layer_of):
    d = len(layer_of)
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)
    layer_masks(layer_of, layers, earlier)
    total = 0.0
    for v in range(d):
        k = layer_of[v]
        last = layers[k - 1] if k > 0 else np.int64(0)
        total += log_node_weight(log_weights, log_sums, v, earlier[k], last, True)[0]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _run(
    log_weights, log_sums, cumulative, layer_of, rng, thinning, drawn, log_drawn, edge, tried, accepted
):  # fmt: skip
    d = len(layer_of)
    proposed = np.empty(d, dtype=np.int64)
    layers, earlier = np.empty(d, dtype=np.int64), np.empty(d, dtype=np.int64)
    # U, Q and log g of each node: only those with another U or Q are looked up anew
    inside, last, weight = np.full(d, -1, dtype=np.int64), np.zeros(d, dtype=np.int64), np.zeros(d)
    new_inside, new_last, new_weight = np.empty_like(inside), np.empty_like(last), np.empty_like(weight)

    log_weight, _ = _evaluate(
        log_weights, log_sums, layer_of, layers, earlier, inside, last, weight,
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
                _add_edges(log_weights, log_sums, inside, last, given_inside, given_last, given, sums)
                summed += 1
            uniform = rng.random() * cumulative[-1]
            move = 0
            while uniform >= cumulative[move] and move < len(cumulative) - 1:
                move += 1
            tried[move] += 1
            possible, log_ratio = propose(move, layer_of, proposed, rng)
            if not possible:
                continue
            least = log_weight + np.log(rng.random()) - log_ratio
            new, bounded = _evaluate(
                log_weights, log_sums, proposed, layers, earlier, inside, last, weight,
                new_inside, new_last, new_weight, False,
            )  # fmt: skip
            if not new > least:
                continue
            if bounded:
                new, bounded = _evaluate(
                    log_weights, log_sums, proposed, layers, earlier, inside, last, weight,
                    new_inside, new_last, new_weight, True,
                )  # fmt: skip
                if not new > least:
                    continue
            accepted[move] += 1
            log_weight = new
            layer_of[:] = proposed
            inside[:], last[:], weight[:] = new_inside, new_last, new_weight
        _add_edges(log_weights, log_sums, inside, last, given_inside, given_last, given, sums)
        summed += 1
        drawn[block] = layer_of
        log_drawn[block] = log_weight
        edge[block] = sums.T / summed
    return log_weight


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _add_edges(log_weights, log_sums, inside, last, given_inside, given_last, given, sums):
    """Add the edge probabilities given the layering, row v about the edges into v; `given` is where they are kept."""
    for v in range(len(inside)):
        if inside[v] != given_inside[v] or last[v] != given_last[v]:
            fill_edge_probabilities(log_weights, log_sums, v, inside[v], last[v], given[v])
            given_inside[v], given_last[v] = inside[v], last[v]
        for i in range(len(inside)):
            sums[v, i] += given[v, i]


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _evaluate(
    log_weights, log_sums, layer_of, layers, earlier, inside, last, weight,
    new_inside, new_last, new_weight, exact,
):  # fmt: skip
    """Fill U, Q and log g of each node; return the sum of log g and whether it is only an upper bound."""
    layer_masks(layer_of, layers, earlier)
    total, bounded = 0.0, False
    for v in range(len(layer_of)):
        k = layer_of[v]
        new_inside[v] = earlier[k]
        new_last[v] = layers[k - 1] if k > 0 else np.int64(0)
        if new_inside[v] == inside[v] and new_last[v] == last[v]:
            new_weight[v] = weight[v]
        else:
            new_weight[v], bound = log_node_weight(
                log_weights, log_sums, v, new_inside[v], new_last[v], exact
            )
            bounded |= bound
        total += new_weight[v]
    return total, bounded


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def propose(move, layer_of, proposed, rng):
    """Fill a proposal; return whether there is one, and log of the probability of its undoing over its own."""
    if move == 0:
        return _split_or_join(layer_of, proposed, rng)
    if move == 1:
        return _move_node(layer_of, proposed, rng)
    if move == 2:
        return _swap_adjacent(layer_of, proposed, rng)
    if move == 3:
        return _swap_any(layer_of, proposed, rng)
    return False, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _below(rng, count):
    """Return a whole number from 0 to count - 1."""
    return np.int64(rng.random() * count)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _size(layer_of, layer):
    size = 0
    for k in layer_of:
        if k == layer:
            size += 1
    return size


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _binomial(n, k):
    product = 1.0
    for i in range(k):
        product = product * (n - i) / (i + 1)
    return product


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _split_or_join(layer_of, proposed, rng):
    d = len(layer_of)
    count = layer_of.max() + 1
    splittable = 0
    for layer in range(count):
        if _size(layer_of, layer) > 1:
            splittable += 1
    if rng.random() < 0.5:
        if splittable == 0:
            return False, 0.0
        nth = _below(rng, splittable)
        layer = -1
        while nth >= 0:
            layer += 1
            if _size(layer_of, layer) > 1:
                nth -= 1
        size = _size(layer_of, layer)
        first = 1 + _below(rng, size - 1)
        needed, left = first, size
        for v in range(d):
            proposed[v] = layer_of[v]
            if layer_of[v] > layer:
                proposed[v] += 1
            elif layer_of[v] == layer:
                if rng.random() * left < needed:
                    needed -= 1
                else:
                    proposed[v] += 1
                left -= 1
        return True, np.log(splittable * (size - 1) * _binomial(size, first) / count)
    if count == 1:
        return False, 0.0
    layer = _below(rng, count - 1)
    first, second = _size(layer_of, layer), _size(layer_of, layer + 1)
    for v in range(d):
        proposed[v] = layer_of[v] - 1 if layer_of[v] > layer else layer_of[v]
    splittable += 1 - (first > 1) - (second > 1)
    size = first + second
    return True, -np.log(splittable * (size - 1) * _binomial(size, first) / (count - 1))


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _move_node(layer_of, proposed, rng):
    d = len(layer_of)
    v = _below(rng, d)
    alone = _size(layer_of, layer_of[v]) == 1
    remaining = layer_of.max() + 1 - alone
    place = _below(rng, 2 * remaining + 1)  # gap 0, layer 0, gap 1, layer 1, ..., the gap at the end
    target, is_new = place // 2, place % 2 == 0
    for u in range(d):
        k = layer_of[u]
        if alone and k > layer_of[v]:
            k -= 1
        if is_new and k >= target:
            k += 1
        proposed[u] = k
    proposed[v] = target
    return True, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _swap_adjacent(layer_of, proposed, rng):
    count = layer_of.max() + 1
    if count == 1:
        return False, 0.0
    layer = _below(rng, count - 1)
    proposed[:] = layer_of
    for k in (layer, layer + 1):
        nth = _below(rng, _size(layer_of, k))
        for v in range(len(layer_of)):
            if layer_of[v] == k:
                if nth == 0:
                    proposed[v] = 2 * layer + 1 - k
                nth -= 1
    return True, 0.0


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _swap_any(layer_of, proposed, rng):
    a, b = _below(rng, len(layer_of)), _below(rng, len(layer_of))
    if layer_of[a] == layer_of[b]:
        return False, 0.0
    proposed[:] = layer_of
    proposed[a], proposed[b] = layer_of[b], layer_of[a]
    return True, 0.0
