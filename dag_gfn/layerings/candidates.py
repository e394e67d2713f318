r"""Candidate parents: the K nodes whose subsets are told apart, where all others are too many.

The others are left out, or taken to join a parent set independently, each by its odds. Candidates and odds are found
for each node alone, as if parent sets were free, from how probable each column is as a parent
(:mod:`dag_gfn.layerings.parent_inclusion`). Candidates are what is a parent more often than not where all
others can be, and else the most probable where only what comes before in a random order can: stand-ins for parents that
a layering may rule out are among them. The odds of the others are those where all can be parents, with a tenth of the
latter mixed in: a layering whose odds are too low may outweigh all others, while one whose odds are too high is merely
wasted.

The chains behind these begin at parent sets from a catalogue that stands for all of them:

- every subset of the core, the nodes that have mattered most so far;
- the likeliest of these, and the same without one of their members, with any one other node (one more, or in place of
  another);
- the best set so far, with any one or two others.

At first core and best set are what constraints require, and the catalogue holds all sets of one or two others. Nodes
whose sets weigh least are left out, half of what is too many at a time, until the next core remains, and so on until
the core stays.

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
"""K by default, at most: with 50 nodes each table is 0.4 GB then."""

_SECONDS = (
    20.0  # of one core, for the scores within candidates, as much for the search, and half for the chains
)
_SHARE = 0.125  # of a time budget, for all of this
_OUTSIDE_SHARES = (1e-6, 0.9)
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
    log_odds : ndarray, shape (d, d), float64
        ``[v, u]`` is the log of the odds that u, which is no candidate of v, is a parent of v beside others; -inf where
        it cannot be, for candidates, and for v itself. q = r / (1 + r) is nine tenths of the share of the weight of
        the parent sets of v that have u, which alone would be the product of independent parents nearest to the truth
        (Kullback-Leibler), and a tenth of that share in random orders.
    covered : ndarray, shape (d,), float64
        Estimated share of the weight of each node's parent sets that lies within its candidates, as if others were
        parents independently.
    """

    masks: Int64[np.ndarray, " d"]
    log_odds: Float64[np.ndarray, "d d"]
    covered: Float64[np.ndarray, " d"]


def covered_share(log_odds: Float64[np.ndarray, "d d"]) -> Float64[np.ndarray, " d"]:
    r"""Return the probability that no other than a candidate is a parent, :math:`\prod_u 1 / (1 + r_{vu})`."""
    return np.exp(-np.logaddexp(0.0, log_odds).sum(axis=1))


def affordable_seconds(budget: float | int | None) -> float:
    """Return the seconds of one core for each part of the search, where a whole fit has so many seconds of all cores.

    The three parts take two and a half times as long, an eighth of the budget on all cores at most.
    """
    if budget is None:
        return _SECONDS
    return min(_SECONDS, _SHARE * budget * (os.cpu_count() or 1) / 2.5)


def default_size(table: ScoreTable, seconds: float = _SECONDS) -> int:
    """Return K for a table: 20 or fewer, so that the scores take at most so many seconds of one core."""
    affordable = _largest_power(seconds * table.families_per_second / table.d)
    required = int(popcount(table.constraints.required).max())
    return min(max(min(affordable, MAX_CANDIDATES), required, 1), table.d - 1)


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
        K, the number of candidates of each node; all others where there are no more.
    seconds : float
        Of one core, that the search should take.
    on_share : callable, optional
        Is told which share is done, in [0, 1].

    Raises
    ------
    OptionError
        If K is less than 1, or than the number of parents that constraints require of a node.
    """
    d = table.d
    if size >= d - 1:
        bits = np.int64(1) << np.arange(d, dtype=np.int64)
        return Candidates(bits.sum() - bits, np.full((d, d), -np.inf), np.ones(d))
    required = popcount(table.constraints.required)
    if size < max(1, required.max()):
        node = int(required.argmax())
        raise OptionError(
            f"expected at least {max(1, required[node])} candidate parents (column {table.names[node]!r} has "
            f"{required[node]} required ones), not {size}"
        )
    extent = _extent(table, seconds)
    chosen = run_chunks(lambda node: _choose(table, node, size, extent), range(d), progress=on_share)
    masks, log_odds, covered = zip(*chosen, strict=True)
    return Candidates(np.array(masks), np.stack(log_odds), np.array(covered))


@dataclass(frozen=True)
class _Extent:
    """How far a search goes: nodes of the core, its subsets that are tried with each other node, and families scored
    by the chains of one node.
    """

    core: int
    likely_sets: int
    chain_families: float


def _extent(table: ScoreTable, seconds: float) -> _Extent:
    affordable = seconds * table.families_per_second / (4 * table.d)  # families for one node in one round
    return _Extent(
        core=int(np.clip(_largest_power(affordable / 4), *_CORE)),
        likely_sets=int(np.clip(affordable / (8 * table.d), *_LIKELY_SETS)),
        chain_families=2.0 * affordable,
    )


def _largest_power(number: float) -> int:
    """Return the largest k with 2^k <= number, -1 if that is none."""
    return int(number).bit_length() - 1


def _choose(
    table: ScoreTable, node: int, size: int, extent: _Extent
) -> tuple[int, Float64[np.ndarray, " d"], float]:
    """Return the mask of a node's candidates, the log-odds of all others, and the share that is covered."""
    d, constraints = table.d, table.constraints
    required, impossible = unpack(
        np.array([constraints.required[node], constraints.forbidden[node] | np.int64(1) << node]), d
    )
    sets, scores = _search(table, node, extent)
    found = parent_inclusion(
        table, node, sets, scores, families=extent.chain_families, rng=np.random.default_rng(node)
    )
    rank = found.in_orders + (found.alone > 0.5)
    rank[required], rank[node] = np.inf, -np.inf
    candidates = np.zeros(d, dtype=bool)
    candidates[np.argsort(-rank, kind="stable")[:size]] = True
    outside = ~candidates & ~impossible
    if constraints.max_parents is not None:
        outside &= required.sum() < constraints.max_parents
    log_odds = np.full(d, -np.inf)
    share = (1 - _IN_ORDERS) * found.alone + _IN_ORDERS * found.in_orders
    share = share[outside].clip(*_OUTSIDE_SHARES)
    log_odds[outside] = np.log(share) - np.log1p(-share)
    return int(pack(candidates)), log_odds, float(np.prod(1 - found.alone[outside]))


def _search(
    table: ScoreTable, node: int, extent: _Extent
) -> tuple[Int64[np.ndarray, " sets"], Float64[np.ndarray, " sets"]]:
    """Return parent sets of a node, the likely ones among them, and their scores."""
    d, required = table.d, int(table.constraints.required[node])
    others = (1 << d) - 1 & ~(1 << node)
    core = best = required
    for _ in range(_ROUNDS):
        sets = _catalogue(core, _likely(table, node, core, extent.likely_sets), best, others)
        scores = table.scores_of(node, sets)
        best = int(sets[scores.argmax()])
        last, core = core, _most_useful(sets, scores, others, extent.core, required, d)
        if core == last:
            break
    return sets, scores


def _likely(table: ScoreTable, node: int, core: int, count: int) -> Int64[np.ndarray, " sets"]:
    """Return the subsets of the core that weigh most, and these without any one member."""
    within = subsets_within(core)
    most = within[np.argsort(-table.scores_of(node, within), kind="stable")[:count]]
    return np.unique(np.append(most, most[:, None] & ~_singletons(core)))


def _catalogue(
    core: int, likely: Int64[np.ndarray, " likely"], best: int, others: int
) -> Int64[np.ndarray, " sets"]:
    """Return all subsets of the core, likely ones with one node from outside, the best set with two. Ascending."""
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
    d: int,
) -> int:
    """Return the mask of so many of the nodes in `among`: of what is too many, the less useful half goes at a time."""
    left, needed = unpack(np.array([among, required], dtype=np.int64), d)
    weight = np.empty(d)
    while (surplus := int(left.sum()) - max(size, int(needed.sum()))) > 0:
        _log_weights_with_each(sets, scores, pack(left), weight)
        weight[needed | ~left] = np.inf
        left[np.argsort(weight, kind="stable")[: (surplus + 1) // 2]] = False
    return int(pack(left))


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _log_weights_with_each(sets, scores, within, log_weights):
    """Fill, for each node, log of the weight of the sets that contain it and lie within a mask; shape (d,)."""
    d = len(log_weights)
    largest, total = np.full(d, -np.inf), np.zeros(d)
    for s in range(len(sets)):
        rest, value = sets[s], scores[s]
        if rest & ~within or value == -np.inf:
            continue
        i = 0
        while rest:
            if rest & 1:
                if value > largest[i]:
                    total[i] = total[i] * np.exp(largest[i] - value) + 1.0
                    largest[i] = value
                elif value > largest[i] + NEGLIGIBLE:
                    total[i] += np.exp(value - largest[i])
            rest >>= 1
            i += 1
    for i in range(d):
        log_weights[i] = largest[i] + np.log(total[i])
