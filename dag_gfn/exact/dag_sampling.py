r"""Exact independent draws of DAGs from the posterior.

Every DAG has one lexicographically smallest topological order: remove the root of smallest index, again and again. A
draw builds that order together with the parent sets. Let P be the nodes placed so far and U the others. A node i of U
is passed over when a node of larger index is placed; i was then no root, so that its parents must not all lie within
F_i, the nodes placed before. The weight of everything that may follow is, by inclusion and exclusion over the nodes
X' = U \ X that violate this,

.. math:: Z(U, F) = \sum_{X \subseteq U} \beta(X) \prod_{i \in U \setminus X} - \hat w_i(F_i),

where :math:`\hat w_i(F_i) = 0` for nodes not passed over. The weight of placing j next, so that no i < j may be a root,
is

.. math:: [\hat w_j(P) - \hat w_j(F_j)] \, Z(U \setminus j, F'), \qquad
          F'_i = P \text{ for } i < j, \; F_i \text{ for } i > j.

All are sums over the terms of the recursion for :math:`\beta(U)` (:mod:`dag_gfn.exact.dag_recursion`), each
multiplied by ratios :math:`\hat w_i(F_i) / \hat w_i(P)` in [0, 1], and 2^|U| additions give the weights of all j. So a
draw costs O(2^d), only :math:`\beta` has to be prepared, and a state that several draws share is visited once. (Root
layers, as in Talvitie, Vuoksenmaa and Koivisto, UAI 2019, cost O(3^|U|) a state.)
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.compilation import lean
from dag_gfn.errors import NotTractable
from dag_gfn.exact.dag_recursion import CompleteTable, DagRecursion, Progress, complete_of
from dag_gfn.exact.inclusion_exclusion import DENSE_BITS, add_terms, fold, make_layout, prepare_set
from dag_gfn.exact.parent_sets import ParentSetSampler, without_bit
from dag_gfn.exact.scaled import power_of_two
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import remove_bit

TOLERANCE = 0.01
"""Largest difference in nats between the probability with which a DAG was drawn and its exact one."""

_NEVER = np.int64(-1)  # stands for F_i of a node that was not passed over: nothing is excluded
_CHUNK_TERMS = 20_000_000


@dataclass(frozen=True, eq=False)
class ExactSample:
    """Independent draws from the posterior over DAGs.

    Attributes
    ----------
    adjacency : array, shape (k, d, d), bool
        True at (s, i, j) for the edge i → j in draw s (row → column).
    log_scores : array, shape (k,), float64
        log R(G).
    log_probabilities : array, shape (k,), float64
        log P(G | data) = log R(G) - log evidence.
    log_evidence : float
    self_check : float
        Largest difference in nats between ``log_probabilities`` and the product of the probabilities with
        which a draw's parts were chosen.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.dag_sampling import DagSampler
    >>> table = SimpleNamespace(d=3, complete=np.zeros((3, 4)))  # all DAGs have the same weight
    >>> drawn = DagSampler(table).sample(5, rng=np.random.default_rng(0))
    >>> np.exp(-drawn.log_probabilities).round(6).tolist()  # there are 25 DAGs
    [25.0, 25.0, 25.0, 25.0, 25.0]
    """

    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    log_probabilities: Float64[np.ndarray, " k"]
    log_evidence: float
    self_check: float


class DagSampler:
    """Draws DAGs from the exact posterior of a complete score table.

    Parameters
    ----------
    table : CompleteTable
        A complete ``ScoreTable``.
    recursion : DagRecursion, optional
        The recursion of this table, solved, where it has already been computed.
    progress : callable, optional
        Called with the share of the preparation, one pass of O(3^d), that is done.

    Raises
    ------
    NotTractable
        If the table is not complete, or double precision does not suffice for it.
    ConstraintError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.dag_sampling import DagSampler
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # all DAGs have the same weight
    >>> drawn = DagSampler(table).sample(3_000, rng=np.random.default_rng(0))
    >>> drawn.adjacency.mean(axis=0).round(1).tolist()
    [[0.0, 0.3], [0.3, 0.0]]
    """

    def __init__(
        self,
        table: CompleteTable,
        *,
        recursion: DagRecursion | None = None,
        progress: Progress | None = None,
    ):
        self._log_weights = complete_of(table)
        self.d = len(self._log_weights)
        if recursion is None:
            recursion = DagRecursion(self._log_weights)
            recursion.solve(with_sources=False, progress=progress)
        self._recursion = recursion
        self.log_evidence = self._recursion.log_evidence
        self._parent_sets = ParentSetSampler(self._log_weights, self._recursion.set_exponent)

    def sample(self, k: int, *, rng: np.random.Generator, progress: Progress | None = None) -> ExactSample:
        """Return k independent draws.

        Parameters
        ----------
        k : int
        rng : numpy.random.Generator
            Two uniform numbers are drawn for each node of each draw.
        progress : callable, optional
            Called with the share that is done.

        Raises
        ------
        NotTractable
            If rounding has changed the probability of a draw by more than ``TOLERANCE``.
        """
        d = self.d
        placed = np.zeros(k, dtype=np.int64)
        passed = np.full((k, d), _NEVER)
        parents = np.zeros((k, d), dtype=np.int64)
        log_drawn = np.zeros(k)
        for step in range(d):
            node, log_chosen = self._draw_nodes(placed, passed, rng.random(k))
            log_drawn += log_chosen
            excluded = passed[np.arange(k), node]
            drawn, log_chosen = self._parent_sets.draw(node, placed, excluded, rng.random(k))
            log_drawn += log_chosen
            parents[np.arange(k), node] = drawn
            nodes = np.arange(d)
            waiting = (placed[:, None] >> nodes & 1 == 0) & (nodes < node[:, None])
            passed = np.where(waiting, placed[:, None], passed)
            passed[np.arange(k), node] = _NEVER
            placed |= np.int64(1) << node
            if progress is not None:
                progress((step + 1) / d)
        nodes = np.arange(d)
        log_scores = self._log_weights[nodes, remove_bit(parents, nodes)].sum(axis=1)
        log_probabilities = log_scores - self.log_evidence
        self_check = float(np.abs(log_drawn - log_probabilities).max(initial=0.0))
        if not self_check < TOLERANCE:
            raise NotTractable(
                f"a DAG was drawn with a probability off by {self_check:.2g} nats: double precision does not "
                "suffice to sample from this table exactly, use another method"
            )
        return ExactSample(
            adjacency=graph.adjacency_from_masks(parents, d),
            log_scores=log_scores,
            log_probabilities=log_probabilities,
            log_evidence=self.log_evidence,
            self_check=self_check,
        )

    def _draw_nodes(
        self,
        placed: Int64[np.ndarray, " k"],
        passed: Int64[np.ndarray, "k d"],
        uniform: Float64[np.ndarray, " k"],
    ) -> tuple[Int64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
        """Return the next node of each draw, and the log-probability with which it was chosen."""
        states, state = _distinct_rows(np.column_stack([placed, passed]))
        weights = np.zeros((len(states), self.d))
        remaining = self.d - int(placed[0]).bit_count() if len(placed) else 0
        length = max(1, min(_CHUNK_TERMS >> remaining, -(-len(states) // 4)))
        run_chunks(
            lambda start: _weigh_nodes(
                states[start : start + length], self._recursion.arrays, weights[start : start + length]
            ),
            range(0, len(states), length),
            parallel=len(states) << remaining > 100_000,
        )
        cumulative = np.cumsum(weights, axis=1)[state]  # (k, d)
        goal = uniform * cumulative[:, -1]
        node = np.minimum((cumulative <= goal[:, None]).sum(axis=1), self.d - 1)
        chosen = weights[state, node]
        with np.errstate(divide="ignore", invalid="ignore"):  # the self-check reports what comes of it
            return node, np.log(chosen / cumulative[:, -1])


def _distinct_rows(
    rows: Int64[np.ndarray, "k columns"],
) -> tuple[Int64[np.ndarray, "m columns"], Int64[np.ndarray, " k"]]:
    """Return the distinct rows, and the index among them of each row."""
    order = np.lexsort(rows.T)  # np.unique compares rows as bytes, which takes ten times as long
    ordered = rows[order]
    starts = np.ones(len(rows), dtype=bool)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    group = np.empty(len(rows), dtype=np.int64)
    group[order] = np.cumsum(starts) - 1
    return ordered[starts], group


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@lean(fastmath={"reassoc", "contract", "nsz"})
@no_type_check
def _fold_weighted(sums, half, ratio):
    """Return the sum of the lower half; then write the upper half plus the ratio times the lower half to it.

    That sums over one member: its ratio multiplies the terms whose X lacks it.
    """
    without = 0.0
    for x in range(half):
        without += sums[x]
        sums[x] = sums[half + x] + ratio * sums[x]
    return without


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _weigh_nodes(states, arrays, weights):
    """Write the weights with which each node comes next, relative to β of the nodes not placed.

    `states`, shape (n, 1 + d), holds the mask of the nodes placed and, for each node, F_i or -1. `arrays` are those of
    the recursion, and `weights`, shape (n, d), receives the results. The layout of the terms is that of
    :class:`dag_gfn.exact.inclusion_exclusion.Layout`.
    """
    set_mantissa, set_exponent = arrays.set_mantissa, arrays.set_exponent
    mantissa, exponent = arrays.mantissa, arrays.exponent
    d = len(set_mantissa)
    layout = make_layout(d)
    members, own, own_exponents, sizes = layout.members, layout.weights, layout.weight_exponents, layout.sizes
    low_sums, high_sums = layout.low_sums, layout.high_sums
    ratios, high_ratios = np.empty(d), np.empty(len(high_sums))
    for s in range(len(states)):
        inside = ((np.int64(1) << d) - 1) ^ states[s, 0]
        prepare_set(inside, d, arrays, layout)
        if not sizes[4]:
            continue
        # ŵ_i(F_i) / ŵ_i(P) of each member; 0 for those that were not passed over.
        for k in range(sizes[0]):
            ratios[k] = 0.0
            before = states[s, 1 + members[k]]
            if before >= 0 and own[k] > 0.0:
                index = without_bit(before, members[k])
                shift = np.int64(set_exponent[members[k], index]) - own_exponents[k]
                ratios[k] = set_mantissa[members[k], index] / own[k] * power_of_two(shift)
        first_high = sizes[1] + sizes[2]
        # Products of the ratios of the high members that X lacks.
        high_ratios[0] = 1.0
        for k in range(first_high, sizes[0]):
            half = 1 << (k - first_high)
            for h in range(half):
                high_ratios[half + h] = high_ratios[h]
                high_ratios[h] *= ratios[k]
        # One pass over all terms: sums over the low and dense parts, and weighted sums over the high parts.
        low_sums[: 1 << (DENSE_BITS + sizes[2])] = 0.0
        for h in range(1 << (sizes[0] - first_high)):
            shift, factor = np.int32(-exponent[inside]), 1.0 / mantissa[inside]
            high_sums[h], _ = add_terms(h, shift, factor, high_ratios[h], arrays, layout)
        # Members from the highest down, so that all i > j are summed with their ratios and all i < j get the ratio 1
        # of F'_i = P: the terms without j, times 1 minus its ratio, are the weight of placing j.
        for k in range(sizes[0] - 1, first_high - 1, -1):
            without = _fold_weighted(high_sums, 1 << (k - first_high), ratios[k])
            weights[s, members[k]] = max(0.0, -without * (1.0 - ratios[k]))
        for k in range(first_high - 1, sizes[1] - 1, -1):
            without = _fold_weighted(low_sums, 1 << (DENSE_BITS + k - sizes[1]), ratios[k])
            weights[s, members[k]] = max(0.0, -without * (1.0 - ratios[k]))
        k = sizes[1] - 1
        for v in range(DENSE_BITS - 1, -1, -1):
            if inside >> v & 1:
                without = _fold_weighted(low_sums, 1 << v, ratios[k])
                weights[s, v] = max(0.0, -without * (1.0 - ratios[k]))
                k -= 1
            else:
                fold(low_sums, 1 << v)
