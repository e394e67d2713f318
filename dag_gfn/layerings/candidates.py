r"""Candidate parents: the K nodes that a node's parent sets are taken from, where all others are too many.

They are chosen for each node alone, as if parent sets were free, so that their subsets hold as large a share of the
weight of all its parent sets as possible. A catalogue of parent sets stands for all of them:

- every subset of the core, the nodes that have mattered most so far;
- the likeliest of these, and the same without one of their members, with any one other node (one more, or in place of
  another);
- the best set so far, with any one or two others.

At first core and best set are what constraints require, and the catalogue holds all sets of one or two others. Nodes
whose sets weigh least are left out, half of what is too many at a time, until K remain; the largest part of these is
the next core, and so on until the core stays.

References
----------
Viinikka, Hyttinen, Pensar and Koivisto, Towards scalable Bayesian learning of causal DAGs, NeurIPS 2020: the same
problem, and other heuristics.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar, no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.errors import OptionError
from dag_gfn.scores import ScoreTable
from dag_gfn.subsets import MAX_NODES, pack, popcount, subsets_within, unpack

MAX_CANDIDATES = 16
"""K by default, at most: with 50 nodes each table is 26 MB then."""

_SECONDS = 20.0  # of one core, for the scores within candidates, and as much for the search
_CORE = (8, 12)  # nodes of the core, at least and at most
_LIKELY_SETS = (8, 64)
_ROUNDS = 8
_NEGLIGIBLE = -40.0  # in nats below the largest term: a million such terms do not change a double

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Candidates:
    r"""The candidate parents of each node, and how much weight they cover.

    Attributes
    ----------
    masks : ndarray, shape (d,), int64
        Bitmask of each node's K candidate parents.
    covered : ndarray, shape (d,), float64
        Estimated share of the weight of all parent sets that lies within the candidates, 1 where these are all others:

        .. math:: \prod_{u} \frac{1}{1 + r_u}, \qquad
                  r_u = \frac{\sum_{T \in L} w(T \cup u)}{\sum_{T \in L} w(T)}

        over the nodes u that are no candidates, with L the likeliest subsets of the core and these without one of
        their members (times the share within the core, if some of it is no candidate). So sets with several such nodes
        are counted as if these were independent, which is too many where ``max_parents`` rules them out; and what u is
        worth beside candidates outside the core is left out.
    """

    masks: Int64[np.ndarray, " d"]
    covered: Float64[np.ndarray, " d"]


def default_size(table: ScoreTable) -> int:
    """Return K for a table: 16 or fewer, so that the scores take some 20 s of one core at most."""
    affordable = _largest_power(_SECONDS * table.families_per_second / table.d)
    required = int(popcount(table.constraints.required).max())
    return min(max(min(affordable, MAX_CANDIDATES), required, 1), table.d - 1)


def choose_candidates(table: ScoreTable, size: int) -> Candidates:
    """Return candidate parents that cover much of the weight of each node's parent sets.

    Parameters
    ----------
    table : ScoreTable
    size : int
        K, the number of candidates of each node; all others where there are no more.

    Raises
    ------
    OptionError
        If K is less than 1, or than the number of parents that constraints require of a node.
    """
    d = table.d
    if size >= d - 1:
        bits = np.int64(1) << np.arange(d, dtype=np.int64)
        return Candidates(bits.sum() - bits, np.ones(d))
    required = popcount(table.constraints.required)
    if size < max(1, required.max()):
        node = int(required.argmax())
        raise OptionError(
            f"expected at least {max(1, required[node])} candidate parents (column {table.names[node]!r} has "
            f"{required[node]} required ones), not {size}"
        )
    extent = _extent(table)
    chosen = for_each_node(lambda node: _choose(table, node, size, extent), d)
    return Candidates(np.array([mask for mask, _ in chosen]), np.array([covered for _, covered in chosen]))


def for_each_node(work: Callable[[int], Result], d: int) -> list[Result]:
    """Return what a function that mostly releases the GIL gives for nodes 0 .. d-1, called in threads."""
    threads = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        return list(threads.map(work, range(d)))
    finally:
        threads.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class _Extent:
    """How far a search goes: nodes of the core, and its subsets that are tried with each other node."""

    core: int
    likely_sets: int


def _extent(table: ScoreTable) -> _Extent:
    affordable = _SECONDS * table.families_per_second / (4 * table.d)  # families for one node in one round
    return _Extent(
        core=int(np.clip(_largest_power(affordable / 4), *_CORE)),
        likely_sets=int(np.clip(affordable / (8 * table.d), *_LIKELY_SETS)),
    )


def _largest_power(number: float) -> int:
    """Return the largest k with 2^k <= number, -1 if that is none."""
    return int(number).bit_length() - 1


def _choose(table: ScoreTable, node: int, size: int, extent: _Extent) -> tuple[int, float]:
    """Return the mask of a node's candidates and the share of weight that they cover."""
    d, required = table.d, int(table.constraints.required[node])
    others = (1 << d) - 1 & ~(1 << node)
    core = best = required
    for _ in range(_ROUNDS):
        likely = _likely(table, node, core, extent.likely_sets)
        sets = _catalogue(core, likely, best, others)
        scores = table.scores_of(node, sets)
        best = int(sets[scores.argmax()])
        candidates = _most_useful(sets, scores, others, max(size, extent.core), required, d)
        last, core = core, _most_useful(sets, scores, candidates, extent.core, required, d)
        candidates = _most_useful(sets, scores, candidates, size, required, d)
        if core == last:
            break
    return candidates, _covered(sets, scores, last, likely, candidates, others)


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


def _covered(
    sets: Int64[np.ndarray, " sets"],
    scores: Float64[np.ndarray, " sets"],
    core: int,
    likely: Int64[np.ndarray, " likely"],
    candidates: int,
    others: int,
) -> float:
    """Return the estimate of `Candidates.covered`."""
    beyond = sets & ~np.int64(core)
    log_likely = _log_sum(scores[np.isin(sets, likely)])
    with_one = [scores[beyond == u] for u in _singletons(others & ~core & ~candidates)]
    log_odds = [_log_sum(weights) - log_likely for weights in with_one]
    log_share = _log_sum(scores[sets & ~np.int64(core & candidates) == 0]) - _log_sum(scores[beyond == 0])
    return float(np.exp(log_share - np.logaddexp(0.0, log_odds).sum()))


def _log_sum(log_weights: Float64[np.ndarray, " m"]) -> float:
    largest = log_weights.max()
    return largest if largest == -np.inf else largest + float(np.log(np.exp(log_weights - largest).sum()))


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
                elif value > largest[i] + _NEGLIGIBLE:
                    total[i] += np.exp(value - largest[i])
            rest >>= 1
            i += 1
    for i in range(d):
        log_weights[i] = largest[i] + np.log(total[i])
