r"""Candidate parents: the K most probable parents of each node, where a table over all parent sets is too large.

The weights of all subsets of the candidates are tabulated. The other nodes are left out, or taken to join a parent set
independently, each by its odds. Candidates and odds come from the probabilities of each column as a parent
(:mod:`dag_gfn.layerings.parent_inclusion`), for each node alone, without the condition that the graph has no cycle.

Candidates are first the columns that are parents with probability above 1/2 where all others can be. The remaining ones
are the most probable where only the columns before the node in a random order can be: these replace parents that a
layering may rule out. The odds of the others are those where all columns can be parents, with a tenth of the
probabilities in random orders mixed in. Odds that are too low give single draws very large importance weights; odds
that are too high only waste draws.

These probabilities are sums over a catalogue of parent sets:

- every subset of the core, the nodes that have mattered most so far;
- the likeliest of these, and the same without one of their members, with any one other node;
- the best set so far, with any one or two others.

At first, core and best set are the required parents, and the catalogue holds all sets of one or two others. The nodes
whose sets have the least weight are then removed, half of the surplus at a time, until the next core remains. This is
repeated until the core no longer changes.

All this is before there is any graph. Chains over layerings then tell what is useful within graphs
(:mod:`dag_gfn.layerings.refinement`).

References
----------
Viinikka, Hyttinen, Pensar and Koivisto, Towards scalable Bayesian learning of causal DAGs, NeurIPS 2020: the same
problem, and other heuristics.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.errors import OptionError
from dag_gfn.graphs.subsets import MAX_NODES, pack, popcount, subsets_within, unpack
from dag_gfn.layerings.node_weights import NEGLIGIBLE
from dag_gfn.layerings.parent_inclusion import parent_inclusion
from dag_gfn.scores import ScoreTable

MAX_CANDIDATES = 20
"""Largest default of K: with 50 nodes each table then takes 0.4 GB."""

# Seconds of one core for the scores within candidates, and as many for the search.
_SECONDS = 20.0
_LEAST_SECONDS = 2.0
_SHARE = 0.125  # of a time budget, for all of this
_OUTSIDE_SHARES = (1e-6, 0.9)
_LIKELY = 0.3  # probability in random orders
_IN_ORDERS = 0.1
_CORE = (8, 12)  # nodes of the core, at least and at most
_LIKELY_SETS = (8, 64)
_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidate parents of each node, and the odds of all others.

    Attributes
    ----------
    masks : ndarray, shape (d,), int64
        Bitmask of each node's K candidate parents.
    log_odds : ndarray, shape (d, p), float64
        ``[v, u]`` is the log of the odds r that u, which is no candidate of v, is a parent of v; -inf where it cannot
        be, for candidates, and for v itself. u is a bit of the masks of v: the node itself, up to 63 nodes. q = r /
        (1 + r) is 0.9 times the probability of u as a parent of v plus 0.1 times that probability in random orders. The
        first alone would give the product of independent parents that is nearest to the truth (Kullback-Leibler).
    covered : ndarray, shape (d,), float64
        Estimated share of the total weight of each node's parent sets that lies within its candidates, with the
        others taken as independent.
    in_orders : ndarray, shape (d, p), float64
        Probability of each node as a parent of v where only the nodes before v in a random order can be; 0 where all
        others are candidates.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.candidates import choose_candidates
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> chosen = choose_candidates(table, 2)  # all other nodes
    >>> [bin(mask) for mask in chosen.masks.tolist()], chosen.covered.tolist()
    (['0b110', '0b101', '0b11'], [1.0, 1.0, 1.0])
    """

    masks: Int64[np.ndarray, " d"]
    log_odds: Float64[np.ndarray, "d p"]
    covered: Float64[np.ndarray, " d"]
    in_orders: Float64[np.ndarray, "d p"]

    def likely_left_out(self, masks: Int64[np.ndarray, " d"]) -> float:
        """Return how many others than the candidates of some masks are likely parents in random orders, for each node.

        Where edges are turned round, these may be parents, which odds found where they are not do not tell.
        """
        others = ~unpack(masks, self.in_orders.shape[1])
        return float((others & (self.in_orders > _LIKELY)).sum() / len(masks))


def covered_share(log_odds: Float64[np.ndarray, "d p"]) -> Float64[np.ndarray, " d"]:
    r"""Return the probability that all parents are candidates, :math:`\prod_u 1 / (1 + r_{vu})`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.candidates import covered_share
    >>> log_odds = np.array([[-np.inf, np.log(3.0)], [-np.inf, -np.inf]])  # node 1 is a parent of node 0 with odds 3
    >>> covered_share(log_odds).round(6).tolist()
    [0.25, 1.0]
    """
    return np.exp(-np.logaddexp(0.0, log_odds).sum(axis=1))


def affordable_seconds(budget: float | int | None) -> float:
    """Return the seconds of one core for each part of the search, given the budget of the whole fit.

    Both parts together take at most an eighth of the budget on all cores.

    Examples
    --------
    >>> from dag_gfn.layerings.candidates import affordable_seconds
    >>> affordable_seconds(None), affordable_seconds(0)
    (20.0, 0.0)
    """
    if budget is None:
        return _SECONDS
    return min(_SECONDS, _SHARE * budget * (os.cpu_count() or 1) / 2.0)


def default_size(table: ScoreTable, seconds: float = _SECONDS) -> int:
    """Return K for a table: at most 20, and such that the scores take at most these seconds of one core.

    Where there is less time than two seconds, as at the end of a budget, it is as large as for two: with one candidate
    or two, graphs would be poorer than none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.candidates import default_size
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 4)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> default_size(table)  # all other nodes
    3
    """
    affordable = _largest_power(max(seconds, _LEAST_SECONDS) * table.families_per_second / table.d)
    required = int(popcount(table.constraints.required).max())
    return min(max(min(affordable, MAX_CANDIDATES), required, 1), table.possible.size, table.d - 1)


def choose_candidates(
    table: ScoreTable,
    size: int,
    *,
    seconds: float = _SECONDS,
    on_share: Callable[[float], None] | None = None,
) -> Candidates:
    """Return the most probable parents of each node, and the odds of the others.

    Parameters
    ----------
    table : ScoreTable
    size : int
        K, the number of candidates of each node; all other nodes where there are fewer.
    seconds : float
        Seconds of one core that the search should take.
    on_share : callable, optional
        Called with the share that is done, in [0, 1].

    Raises
    ------
    OptionError
        If K is less than 1, or less than the number of required parents of a node.

    Examples
    --------
    Column 0 is nearly the sum of columns 2 and 3:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.candidates import choose_candidates
    >>> x = np.random.default_rng(0).normal(size=(40, 5))
    >>> x[:, 0] = x[:, 2] + x[:, 3] + 0.1 * x[:, 0]
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(x)))
    >>> bin(choose_candidates(table, 2, seconds=0.1).masks[0])
    '0b1100'
    """
    d = table.d
    if size >= d - 1:
        everyone = np.array([table.possible.everyone(v) for v in range(d)], dtype=np.int64)
        return Candidates(everyone, np.full((d, d), -np.inf), np.ones(d), np.zeros((d, d)))
    required = popcount(table.constraints.required)
    if size < max(1, required.max()):
        node = int(required.argmax())
        raise OptionError(
            f"expected at least {max(1, required[node])} candidate parents (column {table.names[node]!r} has "
            f"{required[node]} required ones), not {size}"
        )
    extent = _extent(table, seconds)
    chosen = run_chunks(lambda node: _choose(table, node, size, extent), range(d), progress=on_share)
    masks, log_odds, covered, in_orders = zip(*chosen, strict=True)
    return Candidates(np.array(masks), np.stack(log_odds), np.array(covered), np.stack(in_orders))


@dataclass(frozen=True)
class _Extent:
    """The extent of a search: nodes of the core, and subsets of it that are combined with each other node."""

    core: int
    likely_sets: int


def _extent(table: ScoreTable, seconds: float) -> _Extent:
    affordable = seconds * table.families_per_second / (4 * table.d)  # families for one node in one round
    return _Extent(
        core=int(np.clip(_largest_power(affordable / 4), *_CORE)),
        likely_sets=int(np.clip(affordable / (8 * table.possible.size), *_LIKELY_SETS)),
    )


def _largest_power(number: float) -> int:
    """Return the largest k with 2^k <= number, -1 if that is none."""
    return int(number).bit_length() - 1


def _choose(
    table: ScoreTable, node: int, size: int, extent: _Extent
) -> tuple[int, Float64[np.ndarray, " p"], float, Float64[np.ndarray, " p"]]:
    """Return the mask of candidates, log-odds of others, the covered share, and probabilities in random orders."""
    constraints, own = table.constraints, table.possible.own_bit(node)
    required, impossible, itself = unpack(
        np.array([constraints.required[node], constraints.forbidden[node] | own, own]), table.possible.size
    )
    sets, scores = _search(table, node, extent)
    found = parent_inclusion(table, node, sets, scores, rng=np.random.default_rng(node))
    rank = found.in_orders + (found.alone > 0.5)
    rank[required], rank[itself] = np.inf, -np.inf
    candidates = np.zeros(len(rank), dtype=bool)
    candidates[np.argsort(-rank, kind="stable")[:size]] = True
    outside = ~candidates & ~impossible
    outside &= required.sum() < constraints.limit(node)
    log_odds = np.full(len(rank), -np.inf)
    share = (1 - _IN_ORDERS) * found.alone + _IN_ORDERS * found.in_orders
    share = share[outside].clip(*_OUTSIDE_SHARES)
    log_odds[outside] = np.log(share) - np.log1p(-share)
    covered = float(np.prod(1 - found.alone[outside]))
    return int(pack(candidates)), log_odds, covered, found.in_orders


def _search(
    table: ScoreTable, node: int, extent: _Extent
) -> tuple[Int64[np.ndarray, " sets"], Float64[np.ndarray, " sets"]]:
    """Return a catalogue of parent sets of a node that contains the likely ones, and their scores."""
    required, others = int(table.constraints.required[node]), table.possible.everyone(node)
    core = best = required
    for _ in range(_ROUNDS):
        sets = _catalogue(core, _likely(table, node, core, extent.likely_sets), best, others)
        scores = table.scores_of(node, sets)
        best = int(sets[scores.argmax()])
        last, core = core, _most_useful(sets, scores, others, extent.core, required, table.possible.size)
        if core == last:
            break
    return sets, scores


def _likely(table: ScoreTable, node: int, core: int, count: int) -> Int64[np.ndarray, " sets"]:
    """Return the `count` subsets of the core with the largest weights, and the same without any one member."""
    within = subsets_within(core)
    most = within[np.argsort(-table.scores_of(node, within), kind="stable")[:count]]
    return np.unique(np.append(most, most[:, None] & ~_singletons(core)))


def _catalogue(
    core: int, likely: Int64[np.ndarray, " likely"], best: int, others: int
) -> Int64[np.ndarray, " sets"]:
    """Return all subsets of the core, the likely ones with one node from outside, and the best set with one or two."""
    outside, free = _singletons(others & ~core), _singletons(others & ~best)
    with_one = likely | outside[:, None]
    with_two = np.int64(best) | free | free[:, None]
    return np.unique(np.concatenate([subsets_within(core), with_one.ravel(), with_two.ravel()]))


def _singletons(mask: int) -> Int64[np.ndarray, " members"]:
    """Return the subsets of one member."""
    return np.int64(1) << np.flatnonzero(unpack(np.asarray(mask, dtype=np.int64), MAX_NODES))


def _most_useful(
    sets: Int64[np.ndarray, " sets"],
    scores: Float64[np.ndarray, " sets"],
    among: int,
    size: int,
    required: int,
    bits: int,
) -> int:
    """Return the mask of the `size` most useful nodes of `among`: half of the surplus is removed at a time.

    A node is as useful as the total weight of the sets that contain it and no removed node.
    """
    left, needed = unpack(np.array([among, required], dtype=np.int64), bits)
    weight = np.empty(bits)
    while (surplus := int(left.sum()) - max(size, int(needed.sum()))) > 0:
        _log_weights_with_each(sets, scores, pack(left), weight)
        weight[needed | ~left] = np.inf
        left[np.argsort(weight, kind="stable")[: (surplus + 1) // 2]] = False
    return int(pack(left))


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _log_weights_with_each(sets, scores, within, log_weights):
    """Fill, for each node, the log of the weight of the sets that contain it and lie within a mask.

    `sets` and `scores` have shape (m,): bitmasks and log-weights. `log_weights`, shape (d,), receives the results. Each
    sum is kept relative to its largest term so far.
    """
    d = len(log_weights)
    largest, total = np.full(d, -np.inf), np.zeros(d)
    for s in range(len(sets)):
        rest, value = sets[s], scores[s]
        if rest & ~within or value == -np.inf:
            continue
        i = 0
        while rest:  # for each member i of the set, from the lowest bit
            if rest & 1:
                if value > largest[i]:  # a new largest term: rescale the sum to it
                    total[i] = total[i] * np.exp(largest[i] - value) + 1.0
                    largest[i] = value
                elif value > largest[i] + NEGLIGIBLE:
                    total[i] += np.exp(value - largest[i])
            rest >>= 1
            i += 1
    for i in range(d):
        log_weights[i] = largest[i] + np.log(total[i])
