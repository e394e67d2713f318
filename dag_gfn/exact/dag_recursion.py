r"""The recursion over node subsets behind the exact posterior, O(3^d).

With :math:`\hat w_i(P) = \sum_{T \subseteq P} w_i(T)`, the weight of all DAGs on U whose nodes may also take
parents outside U is, by inclusion and exclusion over the set R of roots,

.. math::
    \beta(U) = \sum_{\emptyset \ne R \subseteq U} (-1)^{|R|+1} \beta(U \setminus R)
               \prod_{i \in R} \hat w_i(V \setminus U), \qquad \beta(\emptyset) = 1,

and :math:`\beta(V)` is the evidence. Call the terms :math:`u_U(X)`, X = U \ R, divided by :math:`\beta(U)`
and with their sign (minus for even R). Two things come from the same terms, both probabilities:

.. math::
    P(\text{all of } U \setminus v \text{ descend from } v \mid U)
    &= \sum_{X \subseteq U \setminus v} u_U(X)
    \\
    \pi(V \setminus X) &= \sum_{U \supset X} \pi(V \setminus U)\, u_U(X), \qquad \pi(\emptyset) = 1,

where :math:`\pi(S) = \alpha(S) \beta(V \setminus S) / \alpha(V)` is the posterior probability that no edge
enters S. Their product at S = V \ U is the probability that the non-descendants of v are exactly S, from
which edges, paths and parent sets follow. So neither the forward weights :math:`\alpha` nor one recursion
for each node is needed, and everything but :math:`\beta` is a plain double in [0, 1].

No term exceeds :math:`\beta(U)`, and :math:`\max_{j} \beta(U \setminus j) \hat w_j(V \setminus U) \le \beta(U)
\le |U|` times that. This maximum scales the sum, so nothing overflows and what underflows is negligible.
"""

import os
from collections.abc import Callable
from typing import Protocol, no_type_check, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.chunked import run_chunks
from dag_gfn.exact.scaled import LARGEST_SPAN, ZERO_EXPONENT, scaled_weights, sum_over_subsets
from dag_gfn.subsets import popcount

Progress = Callable[[float], None]
"""Called from the main thread with the share of the work that is done, in [0, 1]."""

MAX_PARTS = 16
"""Largest number of threads that :meth:`DagRecursion.closed_probabilities` uses; each takes 2^d doubles."""

DENSE_BITS = 4
"""Nodes 0..3 are in every term's layout, whether in the set or not."""
DENSE = 1 << DENSE_BITS
_LOW_BITS = 5  # 2^(4 + 5) terms are computed in one go; their factors stay in the innermost cache
_SMALLEST, _BIAS = np.int32(-1022), np.int32(1023)  # of a double's exponent
_FAST = {"reassoc", "contract", "nsz"}  # sums may be reordered; infinities and nan keep their meaning
_CHUNK_TERMS = 20_000_000  # a tenth of a second: how long Ctrl-C may have to wait
_WORTH_THREADS = 100_000  # terms


@runtime_checkable
class CompleteTable(Protocol):
    """What the exact algorithms ask of a ``ScoreTable``.

    Attributes
    ----------
    d : int
    complete : array, shape (d, 2^(d-1)), float64, or None
        log w_j(P), prior and constraints included, at ``[j, remove_bit(P, j)]``; None if it is not in memory.
    """

    d: int
    complete: Float64[np.ndarray, "d sets"] | None


def complete_of(table: CompleteTable) -> Float64[np.ndarray, "d sets"]:
    """Return all log-weights of a table.

    Raises
    ------
    NotTractable
        If they are not in memory.
    """
    if table.complete is None:
        raise NotTractable(
            f"exact answers for {table.d} nodes need the complete score table, and this one is lazy: build it "
            "with storage='complete', or use another method"
        )
    return table.complete


class DagRecursion:
    r"""Weights of the DAGs on every subset of the nodes, from one table of local scores.

    Parameters
    ----------
    log_weights : array, shape (d, 2^(d-1)), float64
        ``ScoreTable.complete``: log w_j(P) at ``[j, remove_bit(P, j)]``, -inf where P is not allowed.

    Attributes
    ----------
    d : int
    largest : array, shape (d,), float64
        Each node's largest log-weight; all weights below are relative to it.
    set_mantissa, set_exponent : arrays, shape (d, 2^(d-1)), float64 and int32
        The weight :math:`\hat w_j(P)` of all parent sets within P.
    mantissa, exponent : arrays, shape (2^d,) but at least 16, float64 and int32
        :math:`\beta(U)`, after :meth:`solve`.
    arrays : tuple
        These four, as the compiled functions take them.
    cancellation : array, shape (2^d,), float64
        Sum of the terms' absolute values relative to :math:`\beta(U)`: by how much it magnifies rounding.
    sole_source : array, shape (d, 2^(d-1)), float64, or None
        At ``[v, remove_bit(S, v)]``: the probability that all of V \\ S \\ v descends from v, given that no
        edge enters S; after ``solve(with_sources=True)``.
    """

    def __init__(self, log_weights: Float64[np.ndarray, "d sets"]):
        self.d = d = len(log_weights)
        if np.isnan(log_weights).any() or np.isposinf(log_weights).any():
            raise ValueError("local scores must be numbers below infinity")
        if (log_weights == -np.inf).all(axis=1).any():
            node = int((log_weights == -np.inf).all(axis=1).argmax())
            raise ConstraintError(
                f"node {node} has no parent set that the constraints allow: drop some of them"
            )
        self.largest = np.empty(d)
        self.set_mantissa = np.empty(log_weights.shape)
        self.set_exponent = np.empty(log_weights.shape, dtype=np.int32)

        def fill(node: int) -> None:
            mantissas, exponents, self.largest[node] = scaled_weights(
                log_weights[node], largest_span=LARGEST_SPAN / d
            )
            sum_over_subsets(mantissas, exponents)
            self.set_mantissa[node] = mantissas
            self.set_exponent[node] = exponents

        run_chunks(fill, range(d), parallel=d > 10)
        self.mantissa = np.zeros(max(1 << d, DENSE))
        self.exponent = np.full(max(1 << d, DENSE), ZERO_EXPONENT, dtype=np.int32)
        self.cancellation = np.zeros(1 << d)
        self.arrays = (self.set_mantissa, self.set_exponent, self.mantissa, self.exponent)
        self.sole_source: Float64[np.ndarray, "d sets"] | None = None
        by_size = np.argsort(popcount(np.arange(1 << d, dtype=np.int64)), kind="stable")
        starts = np.cumsum([0] + [_binomial(d, k) for k in range(d + 1)])
        self._sets_of_size = [by_size[starts[k] : starts[k + 1]] for k in range(d + 1)]

    def solve(self, *, with_sources: bool, progress: Progress | None = None) -> None:
        r"""Compute :math:`\beta` of all subsets, smaller ones first; subsets of one size are independent.

        Raises
        ------
        ConstraintError
            If no DAG has support.
        NotTractable
            If rounding has swamped a sum.
        """
        d = self.d
        if with_sources:
            self.sole_source = np.zeros((d, 1 << (d - 1)))
        sources = np.zeros((d, 0)) if self.sole_source is None else self.sole_source
        self.mantissa[0], self.exponent[0] = 1.0, 0
        done = 0
        for size in range(1, d + 1):

            def solve_sets(sets: Int64[np.ndarray, " sets"]) -> float:
                return _solve_sets(sets, self.arrays, self.cancellation, sources)

            worst = run_chunks(
                solve_sets,
                _pieces(self._sets_of_size[size], size),
                parallel=_binomial(d, size) << size > _WORTH_THREADS,
                progress=_part_of(progress, done, _binomial(d, size) << size, 3**d),
            )
            done += _binomial(d, size) << size
            if min(worst) < 0.5:  # each sum is at least 1 in units of its largest single-root term
                raise NotTractable(
                    f"rounding errors swamp the exact recursion over {d} nodes: more roots compete than "
                    "double precision can tell apart; use another method"
                )
        if self.mantissa[(1 << d) - 1] == 0.0:
            raise ConstraintError(f"no DAG on the {d} nodes satisfies the constraints: drop some of them")

    @property
    def log_evidence(self) -> float:
        """log of the sum of R(G) over all DAGs."""
        last = (1 << self.d) - 1
        return float(np.log(self.mantissa[last]) + self.exponent[last] * np.log(2) + self.largest.sum())

    def closed_probabilities(self, *, progress: Progress | None = None) -> Float64[np.ndarray, " subsets"]:
        r"""Return :math:`\pi(S)`, the probability that no edge enters S, of all subsets; shape (2^d,).

        The last entry, of V itself, is 1 but for rounding: it has been summed along all ways to build a DAG.
        """
        d = self.d
        closed = np.zeros(1 << d)
        closed[0] = 1.0
        last = (1 << d) - 1
        # Terms are added to larger sets; each thread has sums of its own.
        num_parts = min(os.cpu_count() or 1, MAX_PARTS) if d > 9 else 1
        sums = np.zeros((num_parts, len(self.mantissa)))
        done = 0
        for size in range(d):
            sets = self._sets_of_size[size]
            if size > 0:
                closed[sets] = sums[:, last ^ sets].sum(axis=0)
            rest = d - size
            length = max(1, _CHUNK_TERMS >> rest) * num_parts
            for start in range(0, len(sets), length):
                piece = sets[start : start + length]

                def spread(part: int, piece: Int64[np.ndarray, " sets"] = piece) -> None:
                    _spread_sets(piece[part::num_parts], self.arrays, closed, sums[part])

                run_chunks(spread, range(num_parts), parallel=len(piece) << rest > _WORTH_THREADS)
                done += len(piece) << rest
                if progress is not None:
                    progress(done / 3**d)
        closed[-1] = sums[:, 0].sum()
        return closed

    def rounding_bound(self, closed: Float64[np.ndarray, " subsets"]) -> float:
        """Return a first-order bound on rounding: each sum's, by its cancellation and its probability."""
        magnified = np.abs(closed)[::-1] * self.cancellation  # closed[V - U] belongs to the sum over U
        roundings = 4 * (self.d + 4)  # of one term and its additions, in all the passes
        return float(roundings * np.finfo(float).eps * magnified.sum())


def _binomial(n: int, k: int) -> int:
    result = 1
    for i in range(k):
        result = result * (n - i) // (i + 1)
    return result


def _pieces(sets: Int64[np.ndarray, " sets"], size: int) -> list[Int64[np.ndarray, " piece"]]:
    """Return sets of one size in pieces of about _CHUNK_TERMS terms, at least one set each."""
    length = max(1, min(_CHUNK_TERMS >> size, -(-len(sets) // 8)))
    return [sets[i : i + length] for i in range(0, len(sets), length)]


def _part_of(progress: Progress | None, done: int, terms: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda share: progress((done + share * terms) / total)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.
# Unsigned indices spare the check for negative ones, without which the inner loops use vector instructions.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def scratch(d):
    """Return work space for the terms of one set at a time, and how many they are.

    A term's subset X is laid out as (high part, low part, dense part): all subsets of nodes 0..3, whether
    they are in the set or not, because contiguous terms are several times as fast as gathered ones; the
    factors of those that are not are zero.
    """
    low = 1 << min(max(d - DENSE_BITS, 0), _LOW_BITS)
    high = 1 << max(d - DENSE_BITS - _LOW_BITS, 0)
    return (
        np.empty(d, dtype=np.int64),  # members, ascending
        np.empty(d),  # their weights without parents inside
        np.empty(d, dtype=np.int64),
        np.empty(low * DENSE),  # factors of the low and dense parts
        np.empty(low * DENSE, dtype=np.int32),
        np.empty(low, dtype=np.uint64),  # masks of the low parts
        np.empty(high),  # the same of the high parts
        np.empty(high, dtype=np.int32),
        np.empty(high, dtype=np.uint64),
        np.empty(low * DENSE),  # terms
        np.empty(low * DENSE),  # their sums over the high part
        np.empty(high),  # their sums over the other parts
        np.empty(5, dtype=np.int64),  # see prepare_set
    )


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _multiply_in(mantissas, exponents, length, factor, exponent):
    """Double the products: the upper half are those so far, the lower half those times one more factor."""
    for x in range(length):
        mantissas[length + x] = mantissas[x]
        exponents[length + x] = exponents[x]
        mantissas[x] *= factor
        exponents[x] = max(exponents[x] + exponent, ZERO_EXPONENT)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def prepare_set(inside, d, arrays, space):
    """Lay out the factors of the terms of one set: products of -w over the members that are not in X.

    Writes to the last array of the work space: number of members, of dense ones, of low ones, the exponent of
    the largest single-root term and 1, or 0 and 0 where there is none.
    """
    set_mantissa, set_exponent, mantissa, exponent = arrays
    members, weights, weight_exponents, sizes = space[0], space[1], space[2], space[12]
    low_mantissas, low_exponents, low_masks = space[3], space[4], space[5]
    high_mantissas, high_exponents, high_masks = space[6], space[7], space[8]
    outside = ((np.int64(1) << d) - 1) ^ inside
    k, dense = 0, 0
    scale, possible = np.int64(0), 0
    for v in range(d):
        if not inside >> v & 1:
            continue
        below = (np.int64(1) << v) - 1
        index = outside & below | (outside >> 1) & ~below
        members[k], weights[k], weight_exponents[k] = v, set_mantissa[v, index], set_exponent[v, index]
        rest = inside ^ (np.int64(1) << v)
        if weights[k] > 0.0 and mantissa[rest] > 0.0:
            single = exponent[rest] + weight_exponents[k]
            scale = max(scale, single) if possible else single
            possible = 1
        k += 1
        dense += v < DENSE_BITS
    low = min(k - dense, _LOW_BITS)
    sizes[0], sizes[1], sizes[2], sizes[3], sizes[4] = k, dense, low, scale, possible
    if not possible:
        return
    low_mantissas[0], low_exponents[0] = 1.0, 0
    k = 0
    for v in range(DENSE_BITS):
        if inside >> v & 1:
            _multiply_in(low_mantissas, low_exponents, 1 << v, -weights[k], weight_exponents[k])
            k += 1
        else:
            low_mantissas[1 << v : 2 << v] = 0.0
            low_exponents[1 << v : 2 << v] = ZERO_EXPONENT
    low_masks[0], high_masks[0], high_mantissas[0], high_exponents[0] = 0, 0, 1.0, 0
    for i in range(low):
        _multiply_in(low_mantissas, low_exponents, DENSE << i, -weights[k], weight_exponents[k])
        for x in range(1 << i):
            low_masks[(1 << i) + x] = low_masks[x] | np.uint64(1) << np.uint64(members[k])
        k += 1
    for i in range(sizes[0] - k):
        _multiply_in(high_mantissas, high_exponents, 1 << i, -weights[k], weight_exponents[k])
        for x in range(1 << i):
            high_masks[(1 << i) + x] = high_masks[x] | np.uint64(1) << np.uint64(members[k])
        k += 1


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check
def fill_terms(low, high_mask, high_exponent, factor, arrays, space):
    """Write the terms of all low and dense parts together with one high part."""
    mantissa, exponent = arrays[2], arrays[3]
    low_mantissas, low_exponents, low_masks, terms = space[3], space[4], space[5], space[9]
    for part in range(low):
        at = high_mask + low_masks[part]
        to = np.uint64(part) * np.uint64(DENSE)
        for x in range(DENSE):
            i = np.uint64(x)
            k = np.int32(max(np.int32(exponent[at + i] + low_exponents[to + i] + high_exponent), _SMALLEST))
            scale = np.int64(np.int64(np.int32(k + _BIAS)) << np.int64(52)).view(np.float64)  # 2^k
            terms[to + i] = mantissa[at + i] * low_mantissas[to + i] * scale * factor


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check
def sum_terms(count, terms, low_sums):
    """Add the terms to their sums over the high part; return their sum and that of their absolute values."""
    total, magnitude = 0.0, 0.0
    for x in range(count):
        low_sums[x] += terms[x]
        total += terms[x]
        magnitude += abs(terms[x])
    return total, magnitude


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _solve_sets(sets, arrays, cancellation, sole_source):
    """Solve sets of one size; return the smallest sum in units of its largest single-root term."""
    mantissa, exponent = arrays[2], arrays[3]
    d = len(arrays[0])
    space = scratch(d)
    high_mantissas, high_exponents, high_masks = space[6], space[7], space[8]
    terms, low_sums, high_sums, sizes = space[9], space[10], space[11], space[12]
    smallest = np.inf
    for s in range(len(sets)):
        inside = sets[s]
        prepare_set(inside, d, arrays, space)
        if not sizes[4]:
            continue
        low, high = 1 << sizes[2], 1 << (sizes[0] - sizes[1] - sizes[2])
        low_sums[: low * DENSE] = 0.0
        total, magnitude = 0.0, 0.0
        for h in range(high):
            high_sums[h] = 0.0
            if high_mantissas[h] != 0.0:
                shift = np.int32(high_exponents[h] - sizes[3])
                fill_terms(low, high_masks[h], shift, high_mantissas[h], arrays, space)
                high_sums[h], absolute = sum_terms(low * DENSE, terms, low_sums)
                total -= high_sums[h]
                magnitude += absolute
        smallest = min(smallest, total)
        if not total > 0.0:
            continue
        cancellation[inside] = magnitude / total
        if sole_source.shape[1] > 0:
            _write_sole_sources(inside, d, total, space, sole_source)
        bits = np.float64(total).view(np.int64)
        shift = (bits >> np.int64(52)) - np.int64(1023)
        mantissa[inside] = np.int64(bits - (shift << np.int64(52))).view(np.float64)
        exponent[inside] = sizes[3] + shift
    return smallest


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check
def fold(sums, half):
    """Return the sum of the lower half, and add the upper half to it."""
    without = 0.0
    for x in range(half):
        without += sums[x]
        sums[x] += sums[half + x]
    return without


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _write_sole_sources(inside, d, total, space, sole_source):
    """Write, for each member v, minus the share of the terms whose X lacks v."""
    members, low_sums, high_sums, sizes = space[0], space[10], space[11], space[12]
    outside = ((np.int64(1) << d) - 1) ^ inside
    for k in range(sizes[0] - 1, sizes[1] + sizes[2] - 1, -1):
        without = fold(high_sums, 1 << (k - sizes[1] - sizes[2]))
        _write_one(members[k], outside, -without / total, sole_source)
    for k in range(sizes[1] + sizes[2] - 1, sizes[1] - 1, -1):
        without = fold(low_sums, DENSE << (k - sizes[1]))
        _write_one(members[k], outside, -without / total, sole_source)
    for v in range(DENSE_BITS - 1, -1, -1):
        without = fold(low_sums, 1 << v)
        if inside >> v & 1:
            _write_one(v, outside, -without / total, sole_source)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _write_one(v, outside, value, sole_source):
    below = (np.int64(1) << v) - 1
    sole_source[v, outside & below | (outside >> 1) & ~below] = value


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _spread_sets(sets, arrays, closed, sums):
    """Pass the probability of sets S on to the larger sets V - X that contain them, at ``sums[X]``."""
    mantissa, exponent = arrays[2], arrays[3]
    d = len(arrays[0])
    space = scratch(d)
    high_mantissas, high_exponents, high_masks, sizes = space[6], space[7], space[8], space[12]
    for s in range(len(sets)):
        inside = ((np.int64(1) << d) - 1) ^ sets[s]
        share = closed[sets[s]]
        if share == 0.0 or mantissa[inside] == 0.0:
            continue
        share /= mantissa[inside]
        prepare_set(inside, d, arrays, space)
        for h in range(1 << (sizes[0] - sizes[1] - sizes[2])):
            if high_mantissas[h] != 0.0:
                shift = np.int32(high_exponents[h] - exponent[inside])
                fill_terms(1 << sizes[2], high_masks[h], shift, high_mantissas[h] * share, arrays, space)
                _subtract_terms(1 << sizes[2], high_masks[h], space[5], space[9], sums)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
@no_type_check
def _subtract_terms(low, high_mask, low_masks, terms, sums):
    for part in range(low):
        at = high_mask + low_masks[part]
        to = np.uint64(part) * np.uint64(DENSE)
        for x in range(DENSE):
            sums[at + np.uint64(x)] -= terms[to + np.uint64(x)]
