"""Several Markov chains of one kind, thinned as they grow, that end by steps, by the clock or by Ctrl-C."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64, Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.chunked import free_threads
from dag_gfn.compilation import working_seconds
from dag_gfn.mcmc.chains import ChainReport
from dag_gfn.mcmc.diagnostics import diagnose
from dag_gfn.mcmc.posterior import r_hat_seconds
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.diagnostic_parts import Agreement

_FIRST_STEPS, _MOST_STEPS = 2_000, 200_000  # between two looks at the clock
_SEGMENT_SECONDS = 0.25
_FIRST_THINNING = 16
_BURN_IN = 4  # one block in so many, at the beginning
_DIAGNOSED = 1_000  # blocks of each chain that R-hat is of, at most
_JUDGED_SHARE = 0.4  # of the time that is left when chains begin, at most, for R-hat
_JUDGED_TIMES = 1.5  # as long as it is expected to take
_REST_SHARE = 0.05  # of the same, for what follows


class Blocks(NamedTuple):
    """Blocks of one chain: its state at the end of each, and means over the steps of each.

    Attributes
    ----------
    state : ndarray, shape (k, d), int64
    log_target : ndarray, shape (k,), float64
        Of the states: the log of what the chain's distribution is proportional to, in nats.
    edge : ndarray, shape (k, d, d), float32
        ``[b, i, j]`` is the mean probability of i → j (row → column) over block b.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.chain_runs import Blocks
    >>> blocks = Blocks(np.zeros((2, 3), dtype=int), np.zeros(2), np.zeros((2, 3, 3), dtype=np.float32))
    >>> blocks.merged().edge.shape
    (1, 3, 3)
    """

    state: Int64[np.ndarray, "k d"]
    log_target: Float64[np.ndarray, " k"]
    edge: Float32[np.ndarray, "k d d"]

    def merged(self) -> "Blocks":
        """Return blocks twice as long: the later state of each pair, and the mean edges of both."""
        edge = (0.5 * (self.edge[::2] + self.edge[1::2])).astype(np.float32)
        return Blocks(self.state[1::2], self.log_target[1::2], edge)


@runtime_checkable
class Chain(Protocol):
    """One Markov chain, that goes on from where it is."""

    moves: tuple[str, ...]
    """The kinds of its moves."""
    d: int
    """The number of nodes."""

    def advance(
        self, blocks: int, thinning: int, rng: np.random.Generator
    ) -> tuple[Blocks, Int64[np.ndarray, "moves"], Int64[np.ndarray, "moves"]]:
        """Make blocks of `thinning` steps each; return them, and the moves that were tried and accepted, by kind."""
        ...


@dataclass(frozen=True, eq=False)
class Runs:
    """The last three quarters of c chains, in k blocks each; the first quarters are burn-in.

    Attributes
    ----------
    state : ndarray, shape (c, k, d), int64
    log_target : ndarray, shape (c, k), float64
    edge : ndarray, shape (c, k, d, d), float32
        As in `Blocks`.
    acceptance : dict of str to float
        Share of accepted proposals by kind of move, burn-in included.
    thinning, iterations : int
        Steps in a block; steps of each chain, burn-in included.
    cut_short, interrupted : bool
        Whether the clock or Ctrl-C ended them.
    seconds : float

    Examples
    --------
    See `run_chains`.
    """

    state: Int64[np.ndarray, "c k d"]
    log_target: Float64[np.ndarray, "c k"]
    edge: Float32[np.ndarray, "c k d d"]
    acceptance: dict[str, float]
    thinning: int
    iterations: int
    cut_short: bool
    interrupted: bool
    seconds: float

    def agreement(self) -> tuple[Marginal, Agreement]:
        """Return the edge probabilities with their errors, and how well the chains agree.

        Chains that all stay in one state do not agree: there is nothing that could tell.
        """
        count, blocks = self.log_target.shape
        values = np.clip(self.edge.mean(axis=(0, 1), dtype=np.float64), 0.0, 1.0)
        stuck = bool((self.state == self.state[0, 0]).all())
        if count < 2 or blocks < 4 or stuck:
            unknown = Agreement(
                chains=count, max_r_hat=math.inf, min_effective_draws=float(count), chains_agree=False
            )
            return Marginal(values, "samples"), unknown
        size = -(-blocks // _DIAGNOSED)
        traces = self.edge[:, blocks % size :].astype(np.float64)
        traces = traces.reshape(count, -1, size, *values.shape).mean(axis=2)
        edges, target = diagnose(traces), diagnose(self.log_target[:, blocks % size :: size])
        return Marginal(values, "samples", edges.standard_error), Agreement(
            chains=count,
            max_r_hat=max(edges.max_r_hat, target.max_r_hat),
            min_effective_draws=min(edges.min_effective_draws, target.min_effective_draws),
            chains_agree=edges.converged and target.converged,
            chain_edge_standard_error=float(edges.standard_error.max()),
        )

    def evenly(self, number: int) -> Int64[np.ndarray, "n d"]:
        """Return at most so many states, evenly from all chains."""
        states = self.state.reshape(-1, self.state.shape[-1])
        number = min(number, len(states))
        return states[np.arange(number) * len(states) // number]


def run_chains(
    chains: Sequence[Chain],
    *,
    streams: Sequence[np.random.SeedSequence],
    iterations: int,
    kept: int,
    budget: TimeBudget | None = None,
    go_on: bool = False,
    threads: int | None = None,
    on_report: Callable[[ChainReport], None] | None = None,
) -> Runs:
    """Run chains in threads.

    Parameters
    ----------
    chains : sequence of Chain
    streams : sequence of SeedSequence
        The random stream of each. The number of threads does not matter.
    iterations : int
        Steps of each chain, rounded down to whole blocks.
    kept : int
        Blocks of each chain to keep: from this many to twice as many, if `iterations` suffice. When there are too
        many, neighbouring ones are merged.
    budget : TimeBudget, optional
        Of the whole fit: some time is left for R-hat and what follows.
    go_on : bool
        With a time budget: whether chains that do not agree when all steps are done make as many more.
    threads : int, optional
        As many as there are cores, unless given.
    on_report : callable, optional
        Called with a report of their progress, a few times a second.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C before there is anything to keep.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.chain_runs import Blocks, run_chains
    >>> class Coin:  # an edge that is there or not
    ...     moves, d = ("toss",), 2
    ...     def advance(self, blocks, thinning, rng):
    ...         edge = np.zeros((blocks, 2, 2), dtype=np.float32)
    ...         edge[:, 0, 1] = rng.binomial(thinning, 0.5, blocks) / thinning
    ...         steps = np.array([blocks * thinning])
    ...         return Blocks((edge[:, 0] > 0.5).astype(int), np.zeros(blocks), edge), steps, steps
    >>> streams = np.random.SeedSequence(0).spawn(2)
    >>> runs = run_chains([Coin(), Coin()], streams=streams, iterations=4_000, kept=50)
    >>> runs.thinning, runs.edge.shape, round(float(runs.agreement()[0].values[0, 1]), 1)
    (32, (2, 93, 2, 2), 0.5)
    """
    began = working_seconds()
    budget = TimeBudget() if budget is None else budget
    left = budget.remaining()
    limit = None
    if left is not None:
        judging = min(_JUDGED_TIMES * r_hat_seconds(chains[0].d), _JUDGED_SHARE * left)
        limit = left - judging - _REST_SHARE * left
    rngs = [np.random.default_rng(stream) for stream in streams]
    draws: list[list[Blocks]] = [[] for _ in chains]
    counts = np.zeros((2, len(chains[0].moves)), dtype=np.int64)
    fewest = -(-kept * _BURN_IN // (_BURN_IN - 1))
    thinning = int(np.clip(iterations // fewest, 1, _FIRST_THINNING))
    blocks, done, planned, segment = 0, 0, iterations, _FIRST_STEPS
    out_of_time = interrupted = False

    def result() -> Runs:
        parts = [_joined(some) for some in draws]
        first = min(-(-blocks // _BURN_IN), blocks - 1)
        shares = counts[1] / np.maximum(counts[0], 1)
        return Runs(
            state=np.stack([part.state[first:] for part in parts]),
            log_target=np.stack([part.log_target[first:] for part in parts]),
            edge=np.stack([part.edge[first:] for part in parts]),
            acceptance=dict(zip(chains[0].moves, shares.tolist(), strict=True)),
            thinning=thinning,
            iterations=done,
            cut_short=out_of_time and done + thinning <= planned,
            interrupted=interrupted,
            seconds=working_seconds() - began,
        )

    workers = ThreadPoolExecutor(min(len(chains), threads or free_threads()))
    try:
        while not out_of_time:
            if done + thinning > planned:
                if limit is None or not go_on or result().agreement()[1].chains_agree:
                    break
                planned = 2 * max(done, thinning)
            more = min(max(1, segment // thinning), 2 * fewest - blocks, (planned - done) // thinning)
            segment_began = working_seconds()
            futures = [
                workers.submit(chain.advance, more, thinning, rng)
                for chain, rng in zip(chains, rngs, strict=True)
            ]
            for some, future in zip(draws, futures, strict=True):
                drawn, tried, accepted = future.result()
                some.append(drawn)
                counts += tried, accepted
            now = working_seconds()
            speed = more * thinning / max(now - segment_began, 1e-6)
            segment = min(max(int(speed * _SEGMENT_SECONDS), 1), _MOST_STEPS)
            blocks, done = blocks + more, done + more * thinning
            if blocks >= 2 * fewest:
                draws = [[_joined(some).merged()] for some in draws]
                blocks, thinning = blocks // 2, 2 * thinning
            seconds = working_seconds() - began
            out_of_time = limit is not None and seconds >= limit
            if on_report is not None:
                by_clock = 0.0 if limit is None else seconds / max(limit, 1e-9)
                share = by_clock if limit is not None and go_on else done / planned
                on_report(ChainReport(done, planned, seconds, min(max(share, by_clock), 1.0)))
    except KeyboardInterrupt:
        if blocks == 0:
            raise
        interrupted = True
    finally:
        workers.shutdown(wait=True, cancel_futures=True)
    return result()


def _joined(parts: list[Blocks]) -> Blocks:
    return Blocks(*(np.concatenate(values) for values in zip(*parts, strict=True)))
