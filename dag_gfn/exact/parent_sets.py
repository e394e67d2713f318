"""Parent sets of one node, chosen by weight within a given set of nodes: probabilities and draws."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int32, Int64
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.exact.scaled import (
    ZERO_EXPONENT,
    normalise,
    power_of_two,
    scaled_weights,
    sum_over_supersets,
)

_CHUNK_TERMS = 20_000_000  # a tenth of a second: how long Ctrl-C may have to wait


def parent_set_probabilities(
    within: Float64[np.ndarray, " sets"],
    log_weights: Float64[np.ndarray, " sets"],
    set_mantissa: Float64[np.ndarray, " sets"],
    set_exponent: Int32[np.ndarray, " sets"],
) -> Float64[np.ndarray, " sets"]:
    r"""Return :math:`P(T) = w(T) \sum_{S \supseteq T} p(S) / \hat w(S)` of all parent sets T of one node.

    Parameters
    ----------
    within : array, shape (2^(d-1),), float64
        p(S): the probability that the parents were chosen among S, by their weights.
    log_weights : array, shape (2^(d-1),), float64
        log w(T).
    set_mantissa, set_exponent : arrays, shape (2^(d-1),)
        The weight of all parent sets within S, relative to the largest w(T).

    Examples
    --------
    The parents are chosen among {0} with certainty; the empty set and {0} have the same weight:

    >>> import numpy as np
    >>> from dag_gfn.exact.parent_sets import parent_set_probabilities
    >>> within = np.array([0.0, 1.0])  # over S = {}, {0}
    >>> sums, exponents = np.array([1.0, 1.0]), np.array([0, 1], dtype=np.int32)  # 1 and 2 = 1 · 2^1
    >>> parent_set_probabilities(within, np.zeros(2), sums, exponents).tolist()
    [0.5, 0.5]
    """
    mantissas, exponents = np.empty_like(within), np.empty(len(within), dtype=np.int64)
    _divide(within, set_mantissa, set_exponent, mantissas, exponents)
    sum_over_supersets(mantissas, exponents)
    weight_mantissas, weight_exponents, _ = scaled_weights(log_weights)
    chosen = np.empty_like(within)
    _multiply(mantissas, exponents, weight_mantissas, weight_exponents, chosen)
    return chosen


class ParentSetSampler:
    """Draws parent sets of single nodes with probabilities in proportion to their weights.

    Parameters
    ----------
    log_weights : array, shape (d, 2^(d-1)), float64
        log w_j(T) at ``[j, remove_bit(T, j)]``.
    set_exponent : array, shape (d, 2^(d-1)), int32
        Exponents of the weight of all parent sets within S, as :class:`dag_gfn.exact.dag_recursion.DagRecursion`
        has them.

    Examples
    --------
    The sets {} and {0} of node 1 weigh 1 and 3:

    >>> import numpy as np
    >>> from dag_gfn.exact.parent_sets import ParentSetSampler
    >>> sampler = ParentSetSampler(np.log([[1.0, 1.0], [1.0, 3.0]]), np.ones((2, 2), dtype=np.int32))
    >>> node, within, nothing = np.array([1, 1]), np.array([1, 1]), np.array([-1, -1])
    >>> parents, log_chosen = sampler.draw(node, within, nothing, np.array([0.1, 0.5]))
    >>> parents.tolist(), np.exp(log_chosen).round(6).tolist()
    ([0, 1], [0.25, 0.75])
    """

    def __init__(self, log_weights: Float64[np.ndarray, "d sets"], set_exponent: Int32[np.ndarray, "d sets"]):
        self._set_exponent = set_exponent
        self._mantissa = np.empty(log_weights.shape)
        self._exponent = np.empty(log_weights.shape, dtype=np.int32)

        def fill(node: int) -> None:
            self._mantissa[node], self._exponent[node], _ = scaled_weights(log_weights[node])

        run_chunks(fill, range(len(log_weights)), parallel=len(log_weights) > 12)

    def draw(
        self,
        node: Int64[np.ndarray, " k"],
        within: Int64[np.ndarray, " k"],
        excluded: Int64[np.ndarray, " k"],
        uniform: Float64[np.ndarray, " k"],
    ) -> tuple[Int64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
        r"""Return k parent sets, as masks, and the log-probabilities with which they were drawn.

        Each distinct (node, within, excluded) takes two passes over its sets, O(2^|within|), however many draws share
        it.

        Parameters
        ----------
        node : array, shape (k,), int64
            The node whose parents to draw.
        within : array, shape (k,), int64
            The set, without the node, that they are drawn from. All k have the same number of members.
        excluded : array, shape (k,), int64
            A set that must not contain all parents; negative where nothing is excluded.
        uniform : array, shape (k,), float64
            A uniform number in [0, 1) for each draw.
        """
        order = np.lexsort((uniform, excluded, within, node))  # draws from one distribution are neighbours
        parents, log_chosen = np.empty_like(within), np.empty(len(within))
        size = int(within[0]).bit_count() if len(within) else 0
        length = max(1, min(_CHUNK_TERMS >> size, -(-len(within) // 4)))
        work = (node, within, excluded, uniform)

        def draw(start: int) -> None:
            chunk = order[start : start + length]
            _draw_sets(chunk, work, self._set_exponent, self._mantissa, self._exponent, parents, log_chosen)

        run_chunks(draw, range(0, len(within), length), parallel=len(within) << size > 100_000)
        return parents, log_chosen


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def without_bit(mask, v):
    """Return the index of a parent set of v, as ``subsets.remove_bit``."""
    below = (np.int64(1) << v) - 1
    return mask & below | (mask >> 1) & ~below


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _divide(probabilities, set_mantissas, set_exponents, mantissas, exponents):
    """Write p / w as mantissas and exponents, shape (2^(d-1),); 0 where p is negligible or w is 0."""
    for i in range(len(probabilities)):
        if probabilities[i] > 1e-280 and set_mantissas[i] > 0.0:
            mantissas[i] = probabilities[i] / set_mantissas[i]
            exponents[i] = -np.int64(set_exponents[i])
        else:
            mantissas[i] = 0.0
            exponents[i] = ZERO_EXPONENT
    normalise(mantissas, exponents)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _multiply(mantissas, exponents, weight_mantissas, weight_exponents, products):
    """Write the products of two arrays of scaled numbers as doubles; all arrays have shape (2^(d-1),)."""
    for i in range(len(products)):
        products[i] = mantissas[i] * weight_mantissas[i] * power_of_two(exponents[i] + weight_exponents[i])


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _draw_sets(order, work, set_exponents, mantissas, exponents, parents, log_chosen):
    """Draw a parent set T of each draw's node, within the placed nodes and not within the excluded ones.

    `order`, shape (n,), lists the draws of this chunk: those from one distribution are neighbours, by ascending uniform
    number, so that two passes over the sets serve them all. `work` holds node, placed, excluded and uniform, each of
    shape (k,). `parents` and `log_chosen`, shape (k,), receive masks and log-probabilities. The other arrays have shape
    (d, 2^(d-1)).
    """
    node, placed, excluded, uniform = work
    start = 0
    while start < len(order):
        first = order[start]
        v = node[first]
        stop = start + 1  # the draws from start to stop share one distribution
        while (
            stop < len(order)
            and node[order[stop]] == v
            and placed[order[stop]] == placed[first]
            and excluded[order[stop]] == excluded[first]
        ):
            stop += 1
        within = without_bit(placed[first], v)
        never_within = without_bit(excluded[first], v) if excluded[first] >= 0 else np.int64(-1)
        everything = excluded[first] < 0
        top = np.int64(set_exponents[v, within])  # scales the sums, so that nothing overflows
        count = 1 << _count_bits(within)
        # First pass: the total weight of the allowed sets.
        chosen = np.int64(0)
        total = 0.0
        for _ in range(count):
            if everything or chosen & ~never_within:
                total += mantissas[v, chosen] * power_of_two(exponents[v, chosen] - top)
            chosen = (
                chosen - within
            ) & within  # the next subset, ascending; after the last one the empty set
        # Second pass: cumulative weights, inverted at each uniform number.
        cumulative, last, last_weight = 0.0, np.int64(0), 0.0
        drawn = start
        for _ in range(count):
            if everything or chosen & ~never_within:
                weight = mantissas[v, chosen] * power_of_two(exponents[v, chosen] - top)
                if weight > 0.0:
                    cumulative += weight
                    last, last_weight = chosen, weight
                    while drawn < stop and uniform[order[drawn]] * total < cumulative:
                        _write_draw(order[drawn], v, last, last_weight / total, parents, log_chosen)
                        drawn += 1
                    if drawn == stop:
                        break
            chosen = (chosen - within) & within
        for rounded in range(
            drawn, stop
        ):  # rounding left the last sum below the total: the last possible set
            _write_draw(order[rounded], v, last, last_weight / total, parents, log_chosen)
        start = stop


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _count_bits(mask):
    """Return the number of members of a set, by clearing the lowest bit again and again."""
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _write_draw(k, v, chosen, probability, parents, log_chosen):
    """Write the mask of a chosen set, which inserts bit v into its index, and its log-probability."""
    below = (np.int64(1) << v) - 1
    parents[k] = chosen & below | (chosen & ~below) << 1
    log_chosen[k] = np.log(probability)
