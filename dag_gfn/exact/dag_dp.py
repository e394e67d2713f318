"""Exact evidence and marginals of edges, paths and parent sets, without enumerating DAGs."""

import os
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dag_gfn.chunked import run_chunks
from dag_gfn.errors import NotTractable
from dag_gfn.exact.dag_recursion import (
    MAX_PARTS,
    CompleteTable,
    DagRecursion,
    Progress,
    between,
    complete_of,
)
from dag_gfn.exact.parent_sets import parent_set_probabilities
from dag_gfn.graphs.subsets import parent_sets as sets_without

TOLERANCE = 1e-6
"""Largest violation in the self-check with which a result is still returned."""

_SECONDS_PER_TERM = 2.4e-9  # on one core, both passes
_SECONDS_PER_TERM_OF_EVIDENCE = 1.2e-9
_SECONDS_PER_STEP = 1.8e-8  # of the transforms and what each set takes, O(d² 2^d)


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
        Largest violation of identities that hold exactly: the parent-set probabilities of each node sum to one,
        none is negative, and the probability of V is one.
    error_bound : float
        First-order bound on the rounding error of each probability and, relatively, of the evidence: the rounding of
        each sum, times its cancellation, times its probability. It is a worst case; observed errors are much smaller.
    parent_sets : array, shape (d, 2^(d-1)), float64, or None
        P(Pa_j = P | data) at ``[j, remove_bit(P, j)]``.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.dag_dp import exact_marginals
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # all DAGs have the same weight
    >>> found = exact_marginals(table)
    >>> round(float(np.exp(found.log_evidence)), 6)  # DAGs on two nodes
    3.0
    """

    edge: Float64[np.ndarray, "d d"]
    path: Float64[np.ndarray, "d d"]
    log_evidence: float
    self_check: float
    error_bound: float
    parent_sets: Float64[np.ndarray, "d sets"] | None = None


class Estimate(NamedTuple):
    """The time and memory that an exact computation will take.

    Examples
    --------
    >>> from dag_gfn.exact.dag_dp import Estimate
    >>> str(Estimate(seconds=300.0, bytes=1_200_000_000))
    'about 5 minutes and 1.2 GB of memory'
    """

    seconds: float
    bytes: int

    def __str__(self) -> str:
        """Return both in words, as in "about 5 minutes and 1.2 GB of memory"."""
        return f"about {in_words(self.seconds)} and {max(self.bytes, 1e8) / 1e9:,.2g} GB of memory"


def in_words(seconds: float | int) -> str:
    """Return a duration in words, such as "5 minutes".

    Examples
    --------
    >>> from dag_gfn.exact.dag_dp import in_words
    >>> in_words(1.234), in_words(7_200)
    ('1.2 seconds', '2 hours')
    """
    if seconds > 100 * 3.15e7:
        return "centuries"
    for unit, size in (("years", 3.15e7), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.2g} seconds" if seconds < 10 else f"{seconds:.0f} seconds"


def log_evidence(table: CompleteTable, *, progress: Progress | None = None) -> float:
    """Return log Σ_G R(G) over all DAGs; see :func:`exact_marginals` for arguments and errors.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.dag_dp import log_evidence
    >>> table = SimpleNamespace(d=4, complete=np.zeros((4, 8)))  # all DAGs have the same weight
    >>> round(float(np.exp(log_evidence(table))), 6)  # DAGs on four nodes
    543.0
    """
    recursion = DagRecursion(complete_of(table))
    recursion.solve(with_sources=False, progress=progress)
    return recursion.log_evidence


def exact_marginals(
    table: CompleteTable,
    *,
    parent_sets: bool = False,
    recursion: DagRecursion | None = None,
    progress: Progress | None = None,
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
    recursion : DagRecursion, optional
        The recursion of this table after ``solve(with_sources=True)``, where it has already been computed.
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

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.dag_dp import exact_marginals
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # all DAGs have the same weight
    >>> exact_marginals(table).edge.round(4).tolist()  # each of the three DAGs has probability 1/3
    [[0.0, 0.3333], [0.3333, 0.0]]
    """
    log_weights = complete_of(table)
    d = len(log_weights)
    solved = 0.0 if recursion is not None else 0.5
    if recursion is None:
        recursion = DagRecursion(log_weights)
        recursion.solve(with_sources=True, progress=between(progress, 0.0, solved))
    sole_source = recursion.sole_source
    if sole_source is None:
        raise ValueError("expected a recursion after solve(with_sources=True)")
    closed = recursion.closed_probabilities(progress=between(progress, solved, 0.9))
    edge, path = np.zeros((d, d)), np.zeros((d, d))
    sets = np.zeros((d, 1 << (d - 1))) if parent_sets else None

    violations = run_chunks(
        lambda node: _summarise(
            node, log_weights[node], recursion, sole_source[node], closed, edge, path, sets
        ),
        range(d),
        parallel=d > 10,
        progress=between(progress, 0.9, 1.0),
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

    Calibrated on two cores of a 2023 AMD EPYC that other work kept half busy, where marginals took 0.06 s at d = 15,
    1.0 s at d = 18, 6 s at d = 20 and 37 s at d = 22. On idle cores it takes half of that. Compilation, some ten
    seconds once after installation, is not included. Memory is counted array by array; it is a little above the
    measured peak.

    Parameters
    ----------
    d : int
    parent_sets : bool
        As in :func:`exact_marginals`.
    marginals : bool
        False for :func:`log_evidence`.

    Examples
    --------
    >>> from dag_gfn.exact.dag_dp import estimate
    >>> estimate(20).seconds > 10 * estimate(17).seconds  # three nodes more, 27 times as many terms
    True
    """
    cores = os.cpu_count() or 1
    subsets, sets = 1 << d, d << (d - 1)
    terms = _SECONDS_PER_TERM if marginals else _SECONDS_PER_TERM_OF_EVIDENCE
    seconds = 0.02 + (terms * 3**d + _SECONDS_PER_STEP * d * sets) / cores
    size = sets * (12 + 8 * marginals + 8 * parent_sets)  # weights of sets, sole sources, the answer
    size += subsets * (28 + marginals * 8 * (2 + min(cores, MAX_PARTS)))  # beta, its order, probabilities
    size += min(cores, d) * (subsets // 2) * 64  # one node at a time on each core
    return Estimate(seconds, size)


def _summarise(
    node: int,
    log_weights: Float64[np.ndarray, " sets"],
    recursion: DagRecursion,
    sole_source: Float64[np.ndarray, " sets"],
    closed: Float64[np.ndarray, " subsets"],
    edge: Float64[np.ndarray, "d d"],
    path: Float64[np.ndarray, "d d"],
    sets: Float64[np.ndarray, "d sets"] | None,
) -> float:
    """Write one node's column of `edge` and its rows of `path` and `sets`; return the largest violation of a check."""
    d = recursion.d
    bits = range(d - 1)
    others = np.delete(np.arange(d), node)
    exactly = closed[sets_without(node, d)] * sole_source  # P(non-descendants = S)
    violation = max(abs(exactly.sum() - 1.0), -exactly[exactly < 0].sum())
    np.clip(exactly, 0.0, None, out=exactly)
    path[node, others] = [exactly.reshape(-1, 2, 1 << bit)[:, 0].sum() for bit in bits]
    chosen = parent_set_probabilities(
        exactly, log_weights, recursion.set_mantissa[node], recursion.set_exponent[node]
    )
    edge[others, node] = [chosen.reshape(-1, 2, 1 << bit)[:, 1].sum() for bit in bits]
    violation = max(violation, abs(chosen.sum() - 1.0))
    if sets is not None:
        np.minimum(chosen, 1.0, out=sets[node])
    np.minimum(edge[:, node], 1.0, out=edge[:, node])
    np.minimum(path[node], 1.0, out=path[node])
    return float(violation)
