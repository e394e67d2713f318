r"""The recursion over node subsets behind the exact posterior, O(3^d).

With :math:`\hat w_i(P) = \sum_{T \subseteq P} w_i(T)`, the weight of all DAGs on U whose nodes may also take
parents outside U is, by inclusion and exclusion over the set R of roots,

.. math::
    \beta(U) = \sum_{\emptyset \ne R \subseteq U} (-1)^{|R|+1} \beta(U \setminus R)
               \prod_{i \in R} \hat w_i(V \setminus U), \qquad \beta(\emptyset) = 1,

and :math:`\beta(V)` is the evidence. Call the terms :math:`u_U(X)`, X = U \ R, divided by :math:`\beta(U)`
and with their sign (minus for even \|R\|). The same terms give two probabilities:

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
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.chunked import run_chunks
from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.backward_sums import spread_batches
from dag_gfn.exact.batch_terms import low_nodes
from dag_gfn.exact.forward_sums import solve_batches
from dag_gfn.exact.inclusion_exclusion import DENSE, RecursionArrays
from dag_gfn.exact.scaled import LARGEST_SPAN, ZERO_EXPONENT, scaled_weights, sum_over_subsets
from dag_gfn.graphs.subsets import popcount

Progress = Callable[[float], None]
"""Called from the main thread with the share of the work that is done, in [0, 1]."""


def between(progress: Progress | None, start: float, stop: float) -> Progress | None:
    """Return a function for the progress of one part of the work, which goes from one share of the whole to another.

    Examples
    --------
    >>> from dag_gfn.exact.dag_recursion import between
    >>> between(print, 0.5, 1.0)(0.5)
    0.75
    """
    if progress is None:
        return None
    return lambda share: progress(start + share * (stop - start))


MAX_PARTS = 16
"""Largest number of threads that :meth:`DagRecursion.closed_probabilities` uses; each takes 2^d doubles."""

_CHUNK_TERMS = 100_000_000  # a tenth of a second, the longest wait for Ctrl-C
_WORTH_THREADS = 100_000  # terms


@runtime_checkable
class CompleteTable(Protocol):
    """The part of a ``ScoreTable`` that the exact algorithms use.

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

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.dag_recursion import complete_of
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # all DAGs have the same weight
    >>> complete_of(table).shape
    (2, 2)
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
    arrays : RecursionArrays
        These four, as the compiled functions take them.
    cancellation : array, shape (2^d,), float64
        Sum of the terms' absolute values relative to :math:`\beta(U)`, the factor by which the sum magnifies rounding.
    sole_source : array, shape (d, 2^(d-1)), float64, or None
        At ``[v, remove_bit(S, v)]``: the probability that all of V \\ S \\ v descends from v, given that no
        edge enters S; after ``solve(with_sources=True)``.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.dag_recursion import DagRecursion
    >>> recursion = DagRecursion(np.zeros((3, 4)))  # all DAGs on three nodes have weight 1
    >>> recursion.solve(with_sources=True)
    >>> round(float(np.exp(recursion.log_evidence)), 6)
    25.0
    >>> round(float(recursion.closed_probabilities()[0b001] * 25), 6)  # DAGs in which node 0 has no parents
    12.0
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

        # Lambdas, here and below: the test run's annotation checker compiles a nested function anew at each call.
        run_chunks(lambda node: self._fill(node, log_weights[node]), range(d), parallel=d > 10)
        self.mantissa = np.zeros(max(1 << d, DENSE))
        self.exponent = np.full(max(1 << d, DENSE), ZERO_EXPONENT, dtype=np.int32)
        self.cancellation = np.zeros(1 << d)
        self.arrays = RecursionArrays(self.set_mantissa, self.set_exponent, self.mantissa, self.exponent)
        self.sole_source: Float64[np.ndarray, "d sets"] | None = None
        self._low = low_nodes(d)
        self._batches = _by_size(d - self._low)

    def _fill(self, node: int, log_weights: Float64[np.ndarray, " sets"]) -> None:
        """Set the sums over subsets of one node's weights."""
        mantissas, exponents, self.largest[node] = scaled_weights(
            log_weights, largest_span=LARGEST_SPAN / self.d
        )
        sum_over_subsets(mantissas, exponents)
        self.set_mantissa[node] = mantissas
        self.set_exponent[node] = exponents

    def solve(self, *, with_sources: bool, progress: Progress | None = None) -> None:
        r"""Compute :math:`\beta` of all subsets, smaller ones first; subsets of one size are independent.

        Raises
        ------
        ConstraintError
            If no DAG has support.
        NotTractable
            If rounding errors exceed a sum.
        """
        d = self.d
        if with_sources:
            self.sole_source = np.zeros((d, 1 << (d - 1)))
        sources = np.zeros((d, 0)) if self.sole_source is None else self.sole_source
        self.mantissa[0], self.exponent[0] = 1.0, 0
        done = 0
        for size, highs in enumerate(self._batches):
            terms = self._terms(size)
            worst = run_chunks(
                lambda batches: solve_batches(batches, self._low, self.arrays, self.cancellation, sources),
                _pieces(highs << self._low, terms),
                parallel=len(highs) * terms > _WORTH_THREADS,
                progress=between(progress, done / 3**d, (done + len(highs) * terms) / 3**d),
            )
            done += len(highs) * terms
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

        The last entry, of V itself, is 1 up to rounding, because it sums over all ways to build a DAG.
        """
        d = self.d
        closed = np.zeros(1 << d)
        # Terms are added to larger sets; each thread has sums of its own.
        num_parts = min(os.cpu_count() or 1, MAX_PARTS) if d > 9 else 1
        sums = np.zeros((num_parts, 1 << d))
        done = 0
        for size in range(d - self._low, -1, -1):
            highs, terms = self._batches[size] << self._low, self._terms(size)
            length = max(1, _CHUNK_TERMS // terms) * num_parts
            for start in range(0, len(highs), length):
                piece = highs[start : start + length]
                parallel = len(piece) * terms > _WORTH_THREADS
                parts = num_parts if parallel else 1
                run_chunks(
                    lambda of_part: spread_batches(
                        of_part[1], self._low, self.arrays, closed, sums, of_part[0]
                    ),
                    [(part, piece[part::parts].copy()) for part in range(parts)],
                    parallel=parallel,
                )
                done += len(piece) * terms
                if progress is not None:
                    progress(done / 3**d)
        return closed

    def _terms(self, size: int) -> int:
        """Return how many terms a batch has whose high part is of this size."""
        return int(3**self._low << size)

    def rounding_bound(self, closed: Float64[np.ndarray, " subsets"]) -> float:
        """Return a first-order bound on rounding: that of each sum, times its cancellation and probability."""
        magnified = np.abs(closed)[::-1] * self.cancellation  # closed[V - U] belongs to the sum over U
        roundings = 4 * (self.d + 4)  # of one term and its additions, in all the passes
        return float(roundings * np.finfo(float).eps * magnified.sum())


def _by_size(n: int) -> list[Int64[np.ndarray, " subsets"]]:
    """Return the subsets of n nodes as masks, those of each size in an array, the smallest first."""
    sizes = popcount(np.arange(1 << n, dtype=np.int64))
    order = np.argsort(sizes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(sizes, minlength=n + 1))[:-1])


def _pieces(batches: Int64[np.ndarray, " batches"], terms: int) -> list[Int64[np.ndarray, " piece"]]:
    """Split batches into pieces for all threads, of about _CHUNK_TERMS terms at most; few terms are one piece."""
    if len(batches) * terms <= _WORTH_THREADS:
        return [batches]
    length = max(1, min(_CHUNK_TERMS // terms, -(-len(batches) // 8)))
    return [batches[i : i + length] for i in range(0, len(batches), length)]
