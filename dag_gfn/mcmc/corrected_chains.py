r"""Chains over DAGs by their true scores, where layerings are drawn by weights that are only near to these.

Parents outside the candidates count by their odds in the weights of layerings (:mod:`dag_gfn.layerings.layer_weights`).
With many nodes the product of all ratios :math:`a = \prod_v w_v / \tilde w_v` of true to approximate weights varies too
much for importance weights. Here DAGs that were drawn by the approximate weights go on as Markov chains instead. Two
of their steps would keep the approximate distribution, and are accepted with probability :math:`\min(1, a' / a)`. So
the chains keep the true one:

- one node draws its parents anew among the nodes that it has no path to (:func:`layered_parents.draw_within`);
- a few edges in a row are proposed to be reversed (:func:`edge_reversal.reverse_edge`).

Parent sets that the approximate weights hardly ever draw are reached, and left, by a third step: one possible parent of
a node joins or leaves, or takes the place of another, by the true scores alone.

Scores are looked up for many walkers at once, 64 DAGs that begin at draws of one chain over layerings. Groups of
walkers tell how well their mean is known: they begin at different places.

References
----------
Christen and Fox, "Markov chain Monte Carlo using an approximation", J. Comput. Graph. Stat. 14 (2005): proposals that
keep an approximate distribution, accepted by the ratio of the true one to it. Margossian et al., "Nested R-hat",
Bayesian Analysis (2024): many short chains in groups.
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
from dag_gfn.compilation import working_seconds
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import unpack
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags
from dag_gfn.layerings.layered_parents import draw_within
from dag_gfn.layerings.node_weights import count_members
from dag_gfn.layerings.outside_parents import log_ratio
from dag_gfn.mcmc.edge_reversal import fill_words, make_words, open_to, reverse_edge
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.diagnostic_parts import Agreement
from dag_gfn.posterior.limits import chains_agree
from dag_gfn.posterior.missing_mass import draws_by_errors
from dag_gfn.scores import ScoreTable

WALKERS = 64
"""DAGs of each chain over layerings that go on."""
SWEEPS = 200
"""Sweeps where there is no time limit."""
_GROUPS = 4  # of the walkers of one chain
_TRIES = 8  # reversals in one proposal
_KEPT = 64  # records of each chain, at least; at most twice as many
_LEAST = 8  # sweeps
_SIGNIFICANT = 5.0  # standard errors: with thousands of edges none is off by as much by chance


@dataclass(frozen=True, eq=False)
class CorrectedChains:
    """The last three quarters of chains over DAGs.

    Attributes
    ----------
    edge : ndarray, shape (g, k, d, d), float32
        Share of the walkers of each group with the edge i -> j (row -> column), in k records.
    parents : ndarray, shape (k, n, d), int64
        Masks of the parents of n DAGs, the walkers, in k records.
    possible : PossibleParents
        What the bits of these masks stand for.
    sweeps : int
        Sweeps of each chain, burn-in included.
    redrawn, reversed_, changed : float
        Shares of proposals of the three steps that were accepted.
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
    >>> edge, agreement = chains.edges()
    >>> edge.values.shape, agreement.chains
    ((3, 3), 8)
    """

    edge: Float32[np.ndarray, "g k d d"]
    parents: Int64[np.ndarray, "k n d"]
    possible: PossibleParents
    sweeps: int
    redrawn: float
    reversed_: float
    changed: float
    seconds: float
    interrupted: bool = False

    def edges(self) -> tuple[Marginal, Agreement]:
        r"""Return edge probabilities with their errors, and how well walkers, groups and halves of the time agree.

        R-hat is the larger of two. That of groups is :math:`\sqrt{1 + B / W}` with B the variance of the means of all
        groups in both halves, and W = p (1 - p) that of one DAG. That of walkers is :math:`\sqrt{W / (W - B)}` with B
        the variance of the means of single walkers: walkers that hardly leave the mode where they began keep the shares
        of modes by the approximate weights, on which all groups agree.

        The error is that of the mean over groups, or over chains where that is larger. Where all groups move in the
        same direction, they have not left their common beginning behind: then it is at least twice the difference of
        the two halves.
        """
        means = self.edge.mean(axis=1, dtype=np.float64)
        values = means.mean(axis=0)
        half = self.edge.shape[1] // 2
        halves = np.stack(
            [self.edge[:, :half].mean(axis=1), self.edge[:, half:].mean(axis=1)], dtype=np.float64
        )
        # groups of one chain began at draws of the same chain over layerings
        of_chains = means.reshape(-1, _GROUPS, *values.shape).mean(axis=1)
        error = np.sqrt(
            np.maximum(means.var(axis=0, ddof=1) / len(means), of_chains.var(axis=0, ddof=1) / len(of_chains))
        )
        moved = halves[1] - halves[0]
        drift, by_chance = np.abs(moved.mean(axis=0)), moved.std(axis=0, ddof=1) / np.sqrt(len(means))
        drifts = drift > _SIGNIFICANT * by_chance
        edge = Marginal(values, "samples", np.maximum(error, np.where(drifts, 2.0 * drift, 0.0)))
        within = values * (1.0 - values)
        between = halves.reshape(-1, *values.shape).var(axis=0, ddof=1)
        judged = (values > 0.01) & (values < 0.99)
        of_groups = float((between[judged] / within[judged]).max(initial=0.0))
        stuck = float((self._between_walkers()[judged] / within[judged]).max(initial=0.0))
        r_hat = math.sqrt(max(1.0 + of_groups, 1.0 / max(1.0 - stuck, 1e-12)))
        worth = min(draws_by_errors(edge), float(self.parents.shape[0] * self.parents.shape[1]))
        return edge, Agreement(
            chains=len(means),
            max_r_hat=r_hat,
            min_effective_draws=worth,
            chains_agree=chains_agree(r_hat, worth),
            chain_edge_standard_error=float(edge.errors().max()),
        )

    def _between_walkers(self) -> Float64[np.ndarray, "d d"]:
        """Return the variance of the means of single walkers, beyond that of as many independent draws."""
        k, _, d = self.parents.shape
        variance = np.zeros((d, self.possible.size))
        for node in range(d):
            means = unpack(self.parents[:, :, node], self.possible.size).mean(axis=0)  # (walker, bit)
            p = means.mean(axis=0)
            variance[node] = means.var(axis=0, ddof=1) - p * (1.0 - p) / k
        return self.possible.by_node(np.maximum(variance, 0.0), 0.0).T


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
    """Draw a DAG of each layering by the weights, and let all of them go on by their true scores, in threads.

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
        In each, every node draws its parents once and is proposed one change of a parent, and as many reversals are
        proposed as there are nodes. With a time budget, sweeps go on until it is over.
    time_budget : float, optional
        Seconds; at least 8 sweeps are made in any case, after Ctrl-C too.
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
        while done < _LEAST or not (over or interrupted):
            running: list[Future[None]] = []
            try:
                running += [pool.submit(chain.sweep) for chain in chains]
                for each in running:
                    each.result()
                if on_share is not None:
                    on_share(min(_share(done + 1, sweeps, working_seconds() - began, time_budget), 1.0))
            except KeyboardInterrupt:
                if interrupted:  # for the second time
                    raise
                interrupted = True
                wait(running)
            done += 1
            over = _share(done, sweeps, (working_seconds() - began) * (done + 1) / done, time_budget) >= 1.0
    kept = slice(len(chains[0].edges) // 4, None)
    edge = np.concatenate([np.stack(chain.edges[kept], axis=1) for chain in chains])
    parents = np.concatenate([np.stack(chain.records[kept]) for chain in chains], axis=1)
    tried, accepted = np.sum([[chain.tried, chain.accepted] for chain in chains], axis=0)
    redrawn, reversed_, changed = (accepted / np.maximum(tried, 1)).tolist()
    seconds = working_seconds() - began
    return CorrectedChains(
        edge, parents, weights.possible, done, redrawn, reversed_, changed, seconds, interrupted
    )


def _share(done: int, sweeps: int, seconds: float, time_budget: float | int | None) -> float:
    """Return the share of the work that is done."""
    return done / sweeps if time_budget is None else seconds / max(time_budget, 1e-9)


class _Chain:
    """The walkers of one chain.

    Attributes
    ----------
    parents : ndarray, shape (w, d), int64
        Masks of the walkers' DAGs.
    log_ratios : ndarray, shape (w, d), float64
        log of the true weight of each parent set less that of the approximate one.
    edges, records : list of ndarray
        Means of groups, shape (g, d, d), and masks, of blocks of `thinning` sweeps.
    """

    def __init__(
        self,
        weights: LayerWeights,
        table: ScoreTable,
        layer_of: Int[np.ndarray, "w d"],
        rng: np.random.Generator,
    ):
        self.weights, self.table, self.rng = weights, table, rng
        drawn = draw_dags(weights, layer_of.astype(np.int16), rng=rng)
        self.parents = weights.possible.masks_of(drawn)
        nodes = range(weights.d)
        self.log_ratios = np.stack([log_ratio(weights, table, v, self.parents[:, v]) for v in nodes], axis=1)
        self.tried, self.accepted = np.zeros((2, 3), dtype=np.int64)
        self.edges: list[np.ndarray] = []
        self.records: list[np.ndarray] = []
        self.thinning, self.summed = 1, 0
        self.sum = np.zeros((_GROUPS, weights.d, weights.d), dtype=np.float32)

    def sweep(self) -> None:
        """Let every node draw its parents anew, propose as many reversals as there are nodes, and record."""
        d = self.weights.d
        for v in self.rng.permutation(d).tolist():
            self._redraw(v)
            self._change(v)
        for _ in range(-(-d // _TRIES)):
            self._reverse()
        self._record()

    def _redraw(self, node: int) -> None:
        proposed = np.empty(len(self.parents), dtype=np.int64)
        _propose_parents(self.weights.tables, node, self.parents, self.rng, proposed)
        ratios = log_ratio(self.weights, self.table, node, proposed)
        with np.errstate(invalid="ignore"):  # -inf less -inf
            accepted = self._accepts(ratios - self.log_ratios[:, node])
        self.parents[accepted, node], self.log_ratios[accepted, node] = proposed[accepted], ratios[accepted]
        self.tried[0] += len(accepted)
        self.accepted[0] += int(accepted.sum())

    def _change(self, node: int) -> None:
        """Propose that one possible parent joins, leaves, or takes the place of another, by the true scores."""
        before = self.parents[:, node].copy()
        proposed = np.empty_like(before)
        _propose_changes(self.weights.tables, node, self.parents, self.rng, proposed)
        distinct, which = np.unique(proposed, return_inverse=True)
        approximate = self.weights.log_set_weights(node, np.append(distinct, before))
        after, now = approximate[: len(distinct)][which.reshape(-1)], approximate[len(distinct) :]
        true = self.table.scores_of(node, distinct)[which.reshape(-1)]
        with np.errstate(invalid="ignore"):  # -inf less -inf
            accepted = self._accepts(true - (now + self.log_ratios[:, node])) & (proposed != before)
            accepted &= after > -np.inf  # sets that the other steps can leave
            ratios = np.where(after > -np.inf, true - after, -np.inf)  # no true weight either
        self.parents[accepted, node], self.log_ratios[accepted, node] = proposed[accepted], ratios[accepted]
        self.tried[2] += len(accepted)
        self.accepted[2] += int(accepted.sum())

    def _reverse(self) -> None:
        proposed = self.parents.copy()
        _propose_reversals(self.weights.tables, _TRIES, proposed, self.rng)
        walker, node = np.nonzero(proposed != self.parents)
        ratios = np.empty(len(walker))
        for v in np.unique(node).tolist():
            here = node == v
            ratios[here] = log_ratio(self.weights, self.table, v, proposed[walker[here], v])
        gain = np.zeros(len(proposed))
        with np.errstate(invalid="ignore"):
            np.add.at(gain, walker, ratios - self.log_ratios[walker, node])
        accepted = self._accepts(gain)
        self.parents[accepted] = proposed[accepted]
        of_accepted = accepted[walker]
        self.log_ratios[walker[of_accepted], node[of_accepted]] = ratios[of_accepted]
        changed = np.isin(np.arange(len(proposed)), walker)
        self.tried[1] += int(changed.sum())
        self.accepted[1] += int((accepted & changed).sum())

    def _accepts(self, gain: Float64[np.ndarray, " w"]) -> Bool[np.ndarray, " w"]:
        """Return which walkers go on to a proposal; those of no true weight do so in any case (nan)."""
        return ~(np.log(self.rng.random(len(gain))) >= gain)

    def _record(self) -> None:
        present = self.weights.possible.adjacency_of(self.parents)
        self.sum += present.reshape(_GROUPS, -1, *present.shape[1:]).mean(axis=1, dtype=np.float32)
        self.summed += 1
        if self.summed == self.thinning:
            self._end_block()
        if len(self.edges) == 2 * _KEPT:  # blocks of twice as many sweeps
            self.edges = [(a + b) / 2 for a, b in zip(self.edges[::2], self.edges[1::2], strict=True)]
            self.records, self.thinning = self.records[1::2], 2 * self.thinning

    def _end_block(self) -> None:
        self.edges.append(self.sum / max(self.summed, 1))
        self.records.append(self.parents.copy())
        self.sum[:], self.summed = 0.0, 0


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _propose_parents(tables, node, parents, rng, proposed):
    """Fill parents of a node for each walker, drawn by the weights among the nodes that it has no path to.

    `parents` has shape (w, d) and `proposed` (w,).
    """
    words = make_words(tables.nodes)
    for k in range(len(parents)):
        fill_words(tables.nodes, parents[k], words)
        free = open_to(tables.nodes, parents[k], node, words)
        proposed[k] = draw_within(tables, node, free, rng)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _propose_changes(tables, node, parents, rng, proposed):
    """Fill parent sets of a node for each walker that differ by one parent, or by two where one replaces another.

    Each is as probable as the way back. `parents` has shape (w, d) and `proposed` (w,). A set that would close a cycle
    is not proposed: the set stays as it is.
    """
    words, bits = make_words(tables.nodes), tables.nodes.shape[-1]
    everyone = tables.candidates[node] | tables.outside[node]
    for k in range(len(parents)):
        before = parents[k, node]
        proposed[k] = before
        first, second = np.int64(rng.random() * bits), np.int64(rng.random() * bits)
        toggled = np.int64(1) << first
        if rng.random() < 0.5:
            toggled |= np.int64(1) << second
            if (
                count_members(before & toggled) != 1 or first == second
            ):  # one of two leaves, and the other joins
                continue
        if toggled & ~everyone:
            continue
        after = before ^ toggled
        if after & ~before:
            fill_words(tables.nodes, parents[k], words)
            free = open_to(tables.nodes, parents[k], node, words)
            if after & ~before & ~free:
                continue
        proposed[k] = after


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _propose_reversals(tables, tries, parents, rng):
    """Propose reversals of edges in a row for each walker, in place; each is accepted by the weights."""
    words = make_words(tables.nodes)
    for k in range(len(parents)):
        fill_words(tables.nodes, parents[k], words)
        for _ in range(tries):
            reverse_edge(tables, parents[k], words, rng)
