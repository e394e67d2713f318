r"""Chains over layerings by true scores, where weights are only near to these.

Parents outside the candidates count by their odds in the weights of layerings (:mod:`dag_gfn.layerings.layer_weights`).
Where the product of all ratios of true to approximate weights varies too much for importance weights, it can be taken
into account within the chain. A state is a layering L and, for each node v, m parent sets that are drawn for it by the
approximate weights. With :math:`\bar a_v` the mean of the ratios of these sets, as in
:mod:`dag_gfn.layerings.outside_parents`, the chain has the limit :math:`\tilde w(L) \prod_v \bar a_v` times the
probabilities of the draws. Over the draws that sums to the true weight of L, and one draw of each node, taken with
probability in proportion to its ratio, makes a DAG from the posterior.

- Steps of the usual chain lead to another layering, and back with the same probability by the approximate weights:
  as many at the end as at the beginning, and reversals of edges between. Where U or Q of a node has changed, each of
  its sets T stays with probability :math:`\min(1, q'(T) / q(T))`, with q and q' its probabilities before and after.
  Otherwise it gives way to a T' that is drawn from q' and accepted with probability
  :math:`1 - \min(1, q(T') / q'(T'))`. Together T and T' are then as probable as on the way back, and as often alike
  as they can be (a maximal coupling). The whole is accepted with probability
  :math:`\min(1, \prod_v \bar a'_v / \bar a_v)`, in which sets that have stayed cancel.
- Some nodes are offered new draws in the same layering, and take them with probability
  :math:`\min(1, \bar a'_v / \bar a_v)`.

How many steps lead to a proposal is found at the beginning: so many that a fair share of proposals is accepted. Scores
are looked up for several walkers at once, which begin at different layerings of one chain by the approximate weights.
Groups of walkers tell how well their mean is known.

References
----------
Andrieu and Roberts, "The pseudo-marginal approach for efficient Monte Carlo computations", Annals of Statistics 37
(2009). Christen and Fox, "Markov chain Monte Carlo using an approximation", J. Comput. Graph. Stat. 14 (2005).
Thorisson, "Coupling, stationarity, and regeneration" (2000), chapter 1: maximal couplings. Margossian et al., "Nested
R-hat", Bayesian Analysis (2024): chains in groups.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int, Int64
from numba import njit

from dag_gfn.chunked import free_threads
from dag_gfn.compilation import lean, working_seconds
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_parents import draw_one
from dag_gfn.layerings.node_weights import layer_masks, log_node_weight, sets_before
from dag_gfn.layerings.outside_parents import draw_sets, log_ratio
from dag_gfn.mcmc.chain_steps import begin, make_room, one_step
from dag_gfn.mcmc.edge_reversal import reverse_edges
from dag_gfn.mcmc.moves import MOVE_PROBABILITIES
from dag_gfn.scores import ScoreTable

WALKERS = 16
"""Layerings of each chain that go on."""
GROUPS = 4
"""Of the walkers of each chain."""
SWEEPS = 200
"""Proposals of each walker where there is no time limit."""
_DRAWS = 16  # parent sets of each node
_TRIES = 64  # draws for one set of a coupling
_OFFERED = 0.2  # share of the nodes that are offered new draws in one sweep
_KEPT = 64  # records of each chain, at least; at most twice as many
_TUNED = 24  # sweeps at the beginning, in which the length of a proposal is found; they are not counted
_TUNED_BY = 4  # sweeps by whose acceptance it is changed
_ACCEPTED = (0.1, 0.3)  # shares below and above which proposals get shorter and longer
_FACTOR = 1.6
_EFFORT = (1 / 64, 4.0)  # of a proposal, at least and at most, in units of the next two
_STEPS, _REVERSALS = 4, 3  # times d: steps before reversals, and as many after them; reversals
_LEAST = 8  # sweeps beyond those
LEAST_SETS = (_TUNED + _LEAST) * _DRAWS // 2
"""Parent sets of each node that one walker looks up in the sweeps that are made in any case, about."""


@dataclass(frozen=True, eq=False)
class CorrectedChains:
    """The last three quarters of corrected chains.

    Attributes
    ----------
    edge : ndarray, shape (g, k, d, d), float32
        Mean over the walkers of each group of the probability of the edge i -> j (row -> column) by the draws of j, in
        k records.
    parents : ndarray, shape (k, n, d), int64
        Masks of the parents of n DAGs, one of each walker, in k records.
    possible : PossibleParents
        What the bits of these masks stand for.
    sweeps : int
        Proposals of each walker, those at the beginning included.
    accepted, redrawn : float
        Shares of the proposed layerings, and of the draws that nodes were offered, that were taken.
    seconds : float
    interrupted : bool
        Whether Ctrl-C ended them.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.corrected_chains import run_corrected
    >>> from dag_gfn.random_streams import RandomStreams
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> starts, streams = np.zeros((2, 8, 3), dtype=int), RandomStreams(0).sequences("corrected", 2)
    >>> chains = run_corrected(weights, table, starts, streams=streams, sweeps=40)
    >>> chains.edge.shape, chains.parents.shape
    ((8, 30, 3, 3), (30, 16, 3))
    """

    edge: Float32[np.ndarray, "g k d d"]
    parents: Int64[np.ndarray, "k n d"]
    possible: PossibleParents
    sweeps: int
    accepted: float
    redrawn: float
    seconds: float
    interrupted: bool = False


def run_corrected(
    weights: LayerWeights,
    table: ScoreTable,
    starts: Int[np.ndarray, "c w d"],
    *,
    streams: Sequence[np.random.SeedSequence],
    sweeps: int = SWEEPS,
    time_budget: float | int | None = None,
    threads: int | None = None,
    on_share: Callable[[float], None] | None = None,
) -> CorrectedChains:
    """Let layerings go on by true scores, in threads.

    Parameters
    ----------
    weights : LayerWeights
        With parents outside the candidates.
    table : ScoreTable
        The table that the weights were built from.
    starts : ndarray, shape (c, w, d)
        Layerings of c chains, w of each; w is a multiple of 4.
    streams : sequence of SeedSequence
        The random stream of each chain. The number of threads does not matter.
    sweeps : int
        Proposals of each walker beyond the first 24, in which their length is found. With a time budget, they go on
        until it is over.
    time_budget : float, optional
        Seconds; at least 32 sweeps are made in any case, after Ctrl-C too.
    threads : int, optional
        As many as there are cores, unless given.
    on_share : callable, optional
        Called with the share that is done, in [0, 1].

    Examples
    --------
    See `CorrectedChains`.
    """
    began = working_seconds()
    chains = [
        _Chain(weights, table, of_chain, np.random.default_rng(stream))
        for of_chain, stream in zip(starts, streams, strict=True)
    ]
    done, interrupted, over = 0, False, False
    with ThreadPoolExecutor(free_threads() if threads is None else threads) as pool:
        while done < _TUNED + _LEAST or not (over or interrupted):
            running: list[Future[None]] = []
            try:
                for chain in chains:
                    running.append(pool.submit(chain.sweep))
                for each in running:
                    each.result()
                if on_share is not None:
                    on_share(
                        min(_share(done + 1, _TUNED + sweeps, working_seconds() - began, time_budget), 1.0)
                    )
            except KeyboardInterrupt:
                if interrupted:  # for the second time
                    raise
                interrupted = True
                wait(running)
            done += 1
            over = (
                _share(done, _TUNED + sweeps, (working_seconds() - began) * (done + 1) / done, time_budget)
                >= 1.0
            )
    kept = slice(len(chains[0].edges) // 4, None)
    edge = np.concatenate([np.stack(chain.edges[kept], axis=1) for chain in chains])
    parents = np.concatenate([np.stack(chain.records[kept]) for chain in chains], axis=1)
    tried, accepted = np.sum([[chain.tried, chain.accepted] for chain in chains], axis=0)
    of_layerings, of_draws = (accepted / np.maximum(tried, 1)).tolist()
    seconds = working_seconds() - began
    return CorrectedChains(
        edge, parents, weights.possible, done, of_layerings, of_draws, seconds, interrupted
    )


def _share(done: int, sweeps: int, seconds: float, time_budget: float | int | None) -> float:
    """Return the share of the work that is done."""
    return done / sweeps if time_budget is None else seconds / max(time_budget, 1e-9)


class _Chain:
    """The walkers of one chain.

    Attributes
    ----------
    layer_of : ndarray, shape (w, d), int64
    inside, last : ndarray, shape (w, d), int64
        Masks U and Q of each node.
    sets, log_ratios : ndarray, shape (w, d, m)
        Parent sets that are drawn for each node, as masks, and the log of the ratios of true to approximate weights.
    log_means : ndarray, shape (w, d), float64
        log of the mean ratio.
    shares : ndarray, shape (w, d, p), float32
        Share of the ratios of the sets with each possible parent.
    edges, records : list of ndarray
        Means of groups, shape (g, d, d), and masks of DAGs, of blocks of `thinning` sweeps.
    """

    def __init__(
        self,
        weights: LayerWeights,
        table: ScoreTable,
        layer_of: Int[np.ndarray, "w d"],
        rng: np.random.Generator,
    ):
        self.weights, self.table, self.rng = weights, table, rng
        self.layer_of = layer_of.astype(np.int64)
        self.inside, self.last = self._sets_before(self.layer_of)
        self.sets = np.empty((*layer_of.shape, _DRAWS), dtype=np.int64)
        self.log_ratios = np.empty(self.sets.shape)
        for v in range(weights.d):
            self.sets[:, v], self.log_ratios[:, v] = self._drawn(v)
        self.log_means = _log_mean(self.log_ratios)
        self.shares = np.empty((*layer_of.shape, weights.possible.size), dtype=np.float32)
        _fill_shares(self.sets, self.log_ratios, np.ones(layer_of.shape, dtype=bool), self.shares)
        self.effort, self.done = 1.0, 0
        self._forget()

    def _forget(self) -> None:
        """Begin to count."""
        self.tried, self.accepted = np.zeros((2, 2), dtype=np.int64)
        self.edges: list[np.ndarray] = []
        self.records: list[np.ndarray] = []
        self.thinning, self.summed = 1, 0
        self.sum = np.zeros((GROUPS, *self.shares.shape[1:]), dtype=np.float32)

    def sweep(self) -> None:
        """Propose another layering to each walker and new draws to some nodes, and record."""
        self._move()
        self._redraw()
        self._record()
        self.done += 1
        if self.done <= _TUNED and self.done % _TUNED_BY == 0:
            share = self.accepted[0] / self.tried[0]
            if not _ACCEPTED[0] <= share <= _ACCEPTED[1]:
                changed = self.effort * (_FACTOR if share > _ACCEPTED[1] else 1 / _FACTOR)
                self.effort = float(np.clip(changed, *_EFFORT))
            self._forget()

    def _move(self) -> None:
        d = self.weights.d
        proposed = self.layer_of.copy()
        steps, reversals = max(int(self.effort * _STEPS * d), 1), int(self.effort * _REVERSALS * d)
        _walk(self.weights.tables, MOVE_PROBABILITIES.cumsum(), steps, reversals, proposed, self.rng)
        inside, last = self._sets_before(proposed)
        changed = (inside != self.inside) | (last != self.last)
        sets, log_ratios = self.sets.copy(), self.log_ratios.copy()
        found = np.ones(len(proposed), dtype=bool)
        for v in range(d):
            which = np.flatnonzero(changed[:, v])
            if len(which):
                before, after = (
                    (self.inside[which, v], self.last[which, v]),
                    (inside[which, v], last[which, v]),
                )
                of_node = sets[which, v]
                _couple(self.weights.tables, v, *before, *after, self.rng, of_node, which, found)
                sets[which, v] = of_node
                log_ratios[which, v] = log_ratio(self.weights, self.table, v, of_node)
        log_means = np.where(changed, _log_mean(log_ratios), self.log_means)
        with np.errstate(invalid="ignore"):  # -inf less -inf
            gain = log_means.sum(axis=1) - self.log_means.sum(axis=1)
        taken = self._accepts(gain) & found
        self.layer_of[taken], self.inside[taken], self.last[taken] = (
            proposed[taken],
            inside[taken],
            last[taken],
        )
        self.sets[taken], self.log_ratios[taken], self.log_means[taken] = (
            sets[taken],
            log_ratios[taken],
            log_means[taken],
        )
        _fill_shares(self.sets, self.log_ratios, changed & taken[:, None], self.shares)
        self._count(0, taken)

    def _redraw(self) -> None:
        renewed = np.zeros(self.layer_of.shape, dtype=bool)
        for v in np.flatnonzero(self.rng.random(self.weights.d) < _OFFERED).tolist():
            sets, log_ratios = self._drawn(v)
            log_means = _log_mean(log_ratios)
            with np.errstate(invalid="ignore"):  # -inf less -inf
                taken = self._accepts(log_means - self.log_means[:, v])
            self.sets[taken, v], self.log_ratios[taken, v] = sets[taken], log_ratios[taken]
            self.log_means[taken, v], renewed[:, v] = log_means[taken], taken
            self._count(1, taken)
        _fill_shares(self.sets, self.log_ratios, renewed, self.shares)

    def _count(self, kind: int, taken: Bool[np.ndarray, " w"]) -> None:
        self.tried[kind] += len(taken)
        self.accepted[kind] += int(taken.sum())

    def _accepts(self, gain: Float64[np.ndarray, " w"]) -> Bool[np.ndarray, " w"]:
        """Return which walkers go on to a proposal; those of no true weight do so in any case (nan)."""
        return ~(np.log(self.rng.random(len(gain))) >= gain)

    def _sets_before(
        self, layer_of: Int64[np.ndarray, "w d"]
    ) -> tuple[Int64[np.ndarray, "w d"], Int64[np.ndarray, "w d"]]:
        inside, last = np.zeros((2, *layer_of.shape), dtype=np.int64)
        _fill_sets_before(self.weights.tables, layer_of, inside, last)
        return inside, last

    def _drawn(self, node: int) -> tuple[Int64[np.ndarray, "w m"], Float64[np.ndarray, "w m"]]:
        """Return new sets of a node for each walker, and the log of their ratios."""
        sets = draw_sets(self.weights, node, self.layer_of, _DRAWS, rng=self.rng)
        return sets, log_ratio(self.weights, self.table, node, sets)

    def _record(self) -> None:
        w, d, p = self.shares.shape
        self.sum += self.shares.reshape(GROUPS, w // GROUPS, d, p).mean(axis=1)
        self.summed += 1
        if self.summed == self.thinning:
            self._end_block()
        if len(self.edges) == 2 * _KEPT:  # blocks of twice as many sweeps
            self.edges = [(a + b) / 2 for a, b in zip(self.edges[::2], self.edges[1::2], strict=True)]
            self.records, self.thinning = self.records[1::2], 2 * self.thinning

    def _end_block(self) -> None:
        possible = self.weights.possible
        self.edges.append(np.stack([possible.by_node(mean, 0.0).T for mean in self.sum / self.summed]))
        # one of the draws of each node, by its ratio: the largest of these with Gumbel noise
        noise = self.rng.gumbel(size=self.log_ratios.shape)
        chosen = (self.log_ratios + noise).argmax(axis=2)
        self.records.append(np.take_along_axis(self.sets, chosen[:, :, None], axis=2)[:, :, 0])
        self.sum[:], self.summed = 0.0, 0


def _log_mean(log_ratios: Float64[np.ndarray, "*some m"]) -> Float64[np.ndarray, "*some"]:
    """Return the log of the mean over the last axis; -inf where all are."""
    return np.asarray(np.logaddexp.reduce(log_ratios, axis=-1) - math.log(log_ratios.shape[-1]))


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _walk(tables, cumulative, steps, reversals, layer_of, rng):
    """Make steps of the usual chain, reversals of edges, and as many steps again, with each layering in place.

    The way back is as probable by the weights.
    """
    d = layer_of.shape[1]
    room, known, weight = make_room(d), np.empty((4, d), dtype=np.int64), np.zeros(d)
    counts = np.zeros((2, len(cumulative)), dtype=np.int64)
    for w in range(len(layer_of)):
        for half in range(2):
            log_weight = begin(tables, layer_of[w], known, weight, room)
            for _ in range(steps):
                log_weight = one_step(
                    tables, cumulative, 1.0, layer_of[w], log_weight, known, weight, room, rng, counts[0], counts[1]
                )  # fmt: skip
            if half == 0 and reversals > 0:
                reverse_edges(tables, layer_of[w], reversals, rng)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _fill_sets_before(tables, layer_of, inside, last):
    """Fill the masks U and Q of each node of each layering; all have shape (w, d)."""
    layers, earlier = np.empty((2, layer_of.shape[1]), dtype=np.int64)
    for w in range(len(layer_of)):
        layer_masks(layer_of[w], layers, earlier)
        for v in range(layer_of.shape[1]):
            inside[w, v], last[w, v] = sets_before(tables.nodes, v, layer_of[w], layers, earlier)


@lean
@no_type_check
def _is_possible(parents, inside, last):
    """Return whether a set has weight given U and Q."""
    if inside == 0:
        return parents == 0
    return parents & ~inside == 0 and parents & last != 0


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _couple(tables, node, inside, last, new_inside, new_last, rng, sets, which, found):
    """Change sets of a node, shape (c, m), from draws given U and Q to draws given others, shape (c,), by a coupling.

    Where that takes too many draws, ``found[which]`` is made False: that is as probable on the way back.
    """
    for c in range(len(sets)):
        before = log_node_weight(tables, node, inside[c], last[c], True)[0]
        after = log_node_weight(tables, node, new_inside[c], new_last[c], True)[0]
        for m in range(sets.shape[1]):
            if _is_possible(sets[c, m], new_inside[c], new_last[c]) and np.log(rng.random()) < before - after:
                continue
            done = False
            for _ in range(_TRIES):
                parents = np.int64(0)
                if new_inside[c] != 0:
                    parents = draw_one(tables, node, new_inside[c], new_last[c], rng.random(), rng)
                if not (_is_possible(parents, inside[c], last[c]) and np.log(rng.random()) < after - before):
                    sets[c, m], done = parents, True
                    break
            if not done:
                found[which[c]] = False
                break


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _fill_shares(sets, log_ratios, where, shares):
    """Fill the share of the ratios of the sets with each possible parent, for the nodes of `where`, shape (w, d)."""
    share = np.empty(shares.shape[2])
    for w in range(where.shape[0]):
        for v in range(where.shape[1]):
            if not where[w, v]:
                continue
            largest, total = log_ratios[w, v].max(), 0.0
            share[:] = 0.0
            for m in range(sets.shape[2]):
                ratio = 1.0 if largest == -np.inf else np.exp(log_ratios[w, v, m] - largest)
                total += ratio
                rest, bit = np.uint64(sets[w, v, m]), 0
                while rest:
                    if rest & np.uint64(1):
                        share[bit] += ratio
                    rest >>= np.uint64(1)
                    bit += 1
            for bit in range(len(share)):  # in double precision until here, so that what is in all sets has 1
                shares[w, v, bit] = share[bit] / total
