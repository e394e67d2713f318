"""Exact evidence and marginals of edges, paths and parent sets, without enumerating DAGs."""

import os
from dataclasses import dataclass
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float64
from numba import njit

from dag_gfn.errors import NotTractable
from dag_gfn.exact.chunked import run_chunks
from dag_gfn.exact.dag_recursion import MAX_PARTS, CompleteTable, DagRecursion, Progress, complete_of
from dag_gfn.exact.scaled import (
    ZERO_EXPONENT,
    normalise,
    power_of_two,
    scaled_weights,
    sum_over_supersets,
)
from dag_gfn.subsets import parent_sets as sets_without

TOLERANCE = 1e-6
"""Largest failure of the self-check with which a result is returned."""

_SECONDS_PER_TERM = 3.4e-9  # both passes, one core


@dataclass(frozen=True, eq=False)
class ExactMarginals:
    """Posterior probabilities summed over all DAGs. Entry (i, j) is about i → j (row → column).

    Attributes
    ----------
    edge : array, shape (d, d), float64
        P(i → j | data).
    path : array, shape (d, d), float64
        P(i ⇝ j | data), a directed path from i to j; the diagonal is 0.
    log_evidence : float
        log Σ_G R(G).
    self_check : float
        The largest violation of what must hold exactly: each node's parent-set probabilities sum to one,
        nothing is negative, the probability of V is one.
    error_bound : float
        Bound, to first order, on the rounding error of each probability and (relative) of the evidence: each
        sum's rounding, magnified by its cancellation, weighted by how much the sum matters. A worst case:
        errors seen are much smaller.
    parent_sets : array, shape (d, 2^(d-1)), float64, or None
        P(Pa_j = P | data) at ``[j, remove_bit(P, j)]``.
    """

    edge: Float64[np.ndarray, "d d"]
    path: Float64[np.ndarray, "d d"]
    log_evidence: float
    self_check: float
    error_bound: float
    parent_sets: Float64[np.ndarray, "d sets"] | None = None


class Estimate(NamedTuple):
    """What an exact computation will take."""

    seconds: float
    bytes: int


def log_evidence(table: CompleteTable, *, progress: Progress | None = None) -> float:
    """Return log Σ_G R(G) over all DAGs; see :func:`exact_marginals` for arguments and errors."""
    recursion = DagRecursion(complete_of(table))
    recursion.solve(with_sources=False, progress=progress)
    return recursion.log_evidence


def exact_marginals(
    table: CompleteTable, *, parent_sets: bool = False, progress: Progress | None = None
) -> ExactMarginals:
    r"""Return the exact marginals under any modular prior and constraints, in O(3^d).

    With S the non-descendants of v (:mod:`dag_gfn.exact.dag_recursion` gives their distribution),

    .. math::
        P(v \leadsto i) = \sum_{S \not\ni i} P(S), \qquad
        P(Pa_v = T) = w_v(T) \sum_{S \supseteq T} P(S) / \hat w_v(S).

    Parameters
    ----------
    table : CompleteTable
        A complete ``ScoreTable``.
    parent_sets : bool
        Whether to return the probabilities of all parent sets too.
    progress : callable, optional
        Called with the share that is done; an exception in it, or Ctrl-C, ends the computation soon.

    Raises
    ------
    NotTractable
        If the table is not complete, or double precision does not suffice for it.
    ConstraintError
        If no DAG has support.

    References
    ----------
    Tian and He, UAI 2009 (edges); Pensar, Talvitie, Hyttinen and Koivisto, AAAI 2020 (paths); here with one
    recursion for all nodes instead of one for each.
    """
    log_weights = complete_of(table)
    d = len(log_weights)
    recursion = DagRecursion(log_weights)
    recursion.solve(with_sources=True, progress=_between(progress, 0.0, 0.45))
    closed = recursion.closed_probabilities(progress=_between(progress, 0.45, 0.95))
    edge, path = np.zeros((d, d)), np.zeros((d, d))
    sets = np.zeros((d, 1 << (d - 1))) if parent_sets else None

    violations = run_chunks(
        lambda node: _summarise(node, log_weights[node], recursion, closed, edge, path, sets),
        range(d),
        parallel=d > 10,
        progress=_between(progress, 0.95, 1.0),
    )
    self_check = max(abs(closed[-1] - 1.0), *violations)
    if not self_check < TOLERANCE:  # nan too
        raise NotTractable(
            f"the exact recursion over {d} nodes fails its own check (probabilities are off by "
            f"{self_check:.1e}): double precision does not suffice for this table, use another method"
        )
    return ExactMarginals(
        edge=edge,
        path=path,
        log_evidence=recursion.log_evidence,
        self_check=float(self_check),
        error_bound=float(self_check + recursion.rounding_bound(closed)),
        parent_sets=sets,
    )


def estimate(d: int, *, parent_sets: bool = False, marginals: bool = True) -> Estimate:
    """Return roughly how long and how much memory a table of d nodes takes, the table itself not included.

    Measured on two cores of an AMD EPYC (2023): 3^d terms at 1.7 ns a pass, two passes for marginals; memory
    is counted.
    """
    cores = os.cpu_count() or 1
    sets, subsets = d << (d - 1), 1 << d
    seconds = (
        3**d * (_SECONDS_PER_TERM if marginals else 0.5 * _SECONDS_PER_TERM) / cores + 5e-8 * d * sets / cores
    )
    size = sets * (12 + 8 * marginals + 8 * parent_sets) + subsets * (
        24 + 8 + 8 * (1 + min(cores, MAX_PARTS))
    )
    size += min(cores, d) * subsets // 2 * 40
    return Estimate(seconds, size)


def _between(progress: Progress | None, start: float, stop: float) -> Progress | None:
    if progress is None:
        return None
    return lambda share: progress(start + share * (stop - start))


def _summarise(
    node: int,
    log_weights: Float64[np.ndarray, " sets"],
    recursion: DagRecursion,
    closed: Float64[np.ndarray, " subsets"],
    edge: Float64[np.ndarray, "d d"],
    path: Float64[np.ndarray, "d d"],
    sets: Float64[np.ndarray, "d sets"] | None,
) -> float:
    """Write one node's column of `edge` and its rows of the others; return by how much a check fails."""
    d = recursion.d
    bits = range(d - 1)
    others = np.delete(np.arange(d), node)
    exactly = closed[sets_without(node, d)] * recursion.sole_source[node]  # P(non-descendants = S)
    violation = max(abs(exactly.sum() - 1.0), -exactly[exactly < 0].sum())
    np.clip(exactly, 0.0, None, out=exactly)
    path[node, others] = [exactly.reshape(-1, 2, 1 << bit)[:, 0].sum() for bit in bits]
    mantissas, exponents = np.empty_like(exactly), np.empty(len(exactly), dtype=np.int64)
    _divide(exactly, recursion.set_mantissa[node], recursion.set_exponent[node], mantissas, exponents)
    sum_over_supersets(mantissas, exponents)
    weight_mantissas, weight_exponents, _ = scaled_weights(log_weights)
    _multiply(mantissas, exponents, weight_mantissas, weight_exponents, exactly)
    edge[others, node] = [exactly.reshape(-1, 2, 1 << bit)[:, 1].sum() for bit in bits]
    violation = max(violation, abs(exactly.sum() - 1.0))
    if sets is not None:
        np.minimum(exactly, 1.0, out=sets[node])
    np.minimum(edge[:, node], 1.0, out=edge[:, node])
    np.minimum(path[node], 1.0, out=path[node])
    return float(violation)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _divide(probabilities, set_mantissas, set_exponents, mantissas, exponents):
    """Write p / w as mantissas and exponents; 0 where p is negligible, or 0 with w."""
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
    for i in range(len(products)):
        products[i] = mantissas[i] * weight_mantissas[i] * power_of_two(exponents[i] + weight_exponents[i])
