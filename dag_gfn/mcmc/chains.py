"""Several chains at once, thinned as they grow, that end by number of steps, by the clock or by Ctrl-C."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int16, Int64

from dag_gfn.chunked import free_threads
from dag_gfn.compilation import working_seconds
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.cooling import cooled_ladder
from dag_gfn.mcmc.ladder import COUNTED, Ladder, LadderState, run_ladder
from dag_gfn.mcmc.partition import init, init_at

_log = logging.getLogger(__name__)

_SEGMENT_STEPS = 200_000  # between two looks at the clock, at most
_FIRST_STEPS = 2_000  # of the first segment: a step takes from half a microsecond to a millisecond
_SEGMENT_SECONDS = 0.25
_FIRST_THINNING = 16
_COOLING = 0.15  # of the time, at most
_BURN_IN = 4  # one block in so many, at the beginning


@dataclass(frozen=True)
class ChainReport:
    """How far the chains are.

    Attributes
    ----------
    iteration, planned_iterations : int
        Steps of each chain.
    seconds : float
    share : float
        Of the steps, or of the time budget if that is further.

    Examples
    --------
    >>> from dag_gfn.mcmc.chains import ChainReport
    >>> report = ChainReport(iteration=2_000, planned_iterations=8_000, seconds=1.0, share=0.25)
    >>> f"{report.share:.0%}"
    '25%'
    """

    iteration: int
    planned_iterations: int
    seconds: float
    share: float


@dataclass(frozen=True, eq=False)
class Chains:
    """The last three quarters of c chains, in k blocks of `thinning` steps each; the first quarters are burn-in.

    Attributes
    ----------
    layer_of : ndarray, shape (c, k, d), int16
    log_weights : ndarray, shape (c, k), float64
    edge : ndarray, shape (c, k, d, d), float32
        As in `LayeringDraws`.
    tried, accepted : ndarray, shape (c, 6), int64
        By the kinds of moves in `ladder.COUNTED`, burn-in included.
    temperatures : ndarray, shape (r,), float64
        Those of each chain's ladder (:mod:`dag_gfn.mcmc.ladder`), the chain's own first; 1 alone without tempering.
    swaps_tried, swaps_accepted : ndarray, shape (c, r - 1), int64
        Exchanges between neighbours on the ladder, burn-in included.
    rounds, arrivals : ndarray, shape (c, k), int64
        Rounds of exchanges in each block, and how often a layering came to the chain from the highest temperature.
    log_ratios : ndarray, shape (c, k, r - 1), float64
        As in `LadderCounts`.
    thinning, iterations : int
        Steps in a block; steps of each chain, burn-in included.
    cut_short, interrupted : bool
        Whether the clock or Ctrl-C ended them.
    seconds : float

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.chains import run_chains
    >>> from dag_gfn.random_streams import RandomStreams
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> chains = run_chains(weights, streams=RandomStreams(0).sequences("chains", 2), iterations=4_000, kept=100)
    >>> chains.layer_of.shape, chains.thinning, chains.cut_short
    ((2, 187, 3), 16, False)
    """

    layer_of: Int16[np.ndarray, "c k d"]
    log_weights: Float64[np.ndarray, "c k"]
    edge: Float32[np.ndarray, "c k d d"]
    tried: Int64[np.ndarray, "c moves"]
    accepted: Int64[np.ndarray, "c moves"]
    temperatures: Float64[np.ndarray, " r"]
    swaps_tried: Int64[np.ndarray, "c pairs"]
    swaps_accepted: Int64[np.ndarray, "c pairs"]
    rounds: Int64[np.ndarray, "c k"]
    arrivals: Int64[np.ndarray, "c k"]
    log_ratios: Float64[np.ndarray, "c k pairs"]
    thinning: int
    iterations: int
    cut_short: bool
    interrupted: bool
    seconds: float


def run_chains(
    weights: LayerWeights,
    *,
    streams: Sequence[np.random.SeedSequence],
    iterations: int,
    kept: int,
    starts: Sequence[Int64[np.ndarray, " d"]] = (),
    cooled: Sequence[np.random.SeedSequence] = (),
    time_budget: float | int | None = None,
    go_on: Callable[[Chains], bool] | None = None,
    threads: int | None = None,
    on_report: Callable[[ChainReport], None] | None = None,
) -> Chains:
    """Run chains in threads.

    Parameters
    ----------
    weights : LayerWeights
    streams : sequence of SeedSequence
        The random stream of each chain: there are as many chains. The number of threads does not matter.
    iterations : int
        Steps of each chain, rounded down to whole blocks.
    kept : int
        Blocks of each chain to keep: from this many to twice as many, if `iterations` suffice. When there are too
        many, neighbouring ones are merged.
    starts : sequence of ndarray, shape (d,), int64
        Layerings that the first chains begin with, and those that are left at random, where none is tempered.
    cooled : sequence of SeedSequence
        A random stream for each chain, if they are to be tempered: each is then the lowest on a ladder of chains, which
        begin at layerings that are cooled down (`cooled_ladder`).
    time_budget : float, optional
        Seconds, cooling among them, after which the chains end in any case.
    go_on : callable, optional
        With a time budget: is given the chains when all steps are done and there is time left, and says whether as many
        more are wanted as have been done.
    threads : int, optional
        As many as there are cores, unless given.
    on_report : callable, optional
        Called with a report of their progress, a few times a second.

    Raises
    ------
    ConstraintError
        If no DAG has support.
    KeyboardInterrupt
        On Ctrl-C before there is anything to keep.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.chains import run_chains
    >>> from dag_gfn.random_streams import RandomStreams
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> chains = run_chains(weights, streams=RandomStreams(0).sequences("chains", 2), iterations=4_000, kept=100)
    >>> [f"{edge:.1f}" for edge in chains.edge.mean(axis=(0, 1))[0]]  # each edge is in 8 of 25 DAGs
    ['0.0', '0.3', '0.3']
    """
    began = working_seconds()
    chains, rngs = len(streams), [np.random.default_rng(stream) for stream in streams]
    limit = None if time_budget is None else _COOLING * time_budget
    if cooled:
        ladder, begins = cooled_ladder(
            weights, cooled, iterations=iterations, time_limit=limit, threads=threads
        )
    else:
        ladder = Ladder.alone()
        given = [init_at(weights, layer_of) for layer_of in starts[:chains]]
        given += [init(weights, rng=rng) for rng in rngs[len(given) :]]
        begins = [state.layer_of[None] for state in given]
    states = [LadderState.at(layer_of) for layer_of in begins]
    counts = np.zeros((2, chains, len(COUNTED)), dtype=np.int64)
    swaps = np.zeros((2, chains, len(ladder.temperatures) - 1), dtype=np.int64)
    draws: list[list[_Blocks]] = [[] for _ in range(chains)]
    # three quarters of the smallest number of blocks are `kept` or more, of all below the largest twice that or less
    fewest = -(-kept * _BURN_IN // (_BURN_IN - 1))
    thinning = int(np.clip(iterations // fewest, 1, _FIRST_THINNING))
    blocks, done, out_of_time, interrupted = 0, 0, False, False
    planned, segment = iterations, min(_FIRST_STEPS, _SEGMENT_STEPS)

    def result() -> Chains:
        counted = [
            _joined(parts).of(slice(min(-(-blocks // _BURN_IN), blocks - 1), blocks)) for parts in draws
        ]
        return Chains(
            **{name: np.stack([getattr(part, name) for part in counted]) for name in _Blocks._fields},
            tried=counts[0],
            accepted=counts[1],
            temperatures=ladder.temperatures,
            swaps_tried=swaps[0],
            swaps_accepted=swaps[1],
            thinning=thinning,
            iterations=done,
            cut_short=out_of_time and done + thinning <= iterations,
            interrupted=interrupted,
            seconds=working_seconds() - began,
        )

    _log.info(
        "%d chains over %d columns begin, %d temperatures up to %.3g, %d steps planned",
        *(chains, weights.d, len(ladder.temperatures), ladder.temperatures[-1], iterations),
    )
    workers = ThreadPoolExecutor(min(chains, threads or free_threads()))
    try:
        while not out_of_time:
            if done + thinning > planned:
                if time_budget is None or go_on is None or not go_on(result()):
                    break
                planned = 2 * max(done, thinning)
                _log.info("the chains do not agree after %d steps: they go on to %d", done, planned)
            more = min(max(1, segment // thinning), 2 * fewest - blocks, (planned - done) // thinning)
            segment_began = working_seconds()
            futures = [
                workers.submit(run_ladder, weights, ladder, state, rng=rng, blocks=more, thinning=thinning)
                for state, rng in zip(states, rngs, strict=True)
            ]
            results = [future.result() for future in futures]
            for c, (drawn, states[c], info) in enumerate(results):
                draws[c].append(
                    _Blocks(
                        drawn.layer_of,
                        drawn.log_weights,
                        drawn.edge,
                        info.rounds,
                        info.arrivals,
                        info.log_ratios,
                    )
                )
                counts[:, c] += info.tried, info.accepted
                swaps[:, c] += info.swaps_tried, info.swaps_accepted
            now = working_seconds()
            speed = more * thinning / max(now - segment_began, 1e-6)
            segment = min(max(int(speed * _SEGMENT_SECONDS), 1), _SEGMENT_STEPS)
            blocks, done = blocks + more, done + more * thinning
            if blocks >= 2 * fewest:
                draws = [[_merge_pairs(_joined(parts))] for parts in draws]
                blocks, thinning = blocks // 2, 2 * thinning
            seconds = working_seconds() - began
            out_of_time = time_budget is not None and seconds >= time_budget
            if on_report is not None:
                by_clock = 0.0 if time_budget is None else seconds / max(time_budget, 1e-9)
                share = by_clock if time_budget is not None and go_on is not None else done / planned
                on_report(ChainReport(done, planned, seconds, min(max(share, by_clock), 1.0)))
    except KeyboardInterrupt:
        if blocks == 0:
            raise
        interrupted = True
    finally:
        workers.shutdown(wait=True, cancel_futures=True)
    why = "interrupted" if interrupted else "out of time" if out_of_time else "done"
    _log.info("the chains end after %d steps each: %s", done, why)
    return result()


class _Blocks(NamedTuple):
    """Blocks of one chain, as the attributes of `Chains`."""

    layer_of: Int16[np.ndarray, "k d"]
    log_weights: Float64[np.ndarray, " k"]
    edge: Float32[np.ndarray, "k d d"]
    rounds: Int64[np.ndarray, " k"]
    arrivals: Int64[np.ndarray, " k"]
    log_ratios: Float64[np.ndarray, "k pairs"]

    def of(self, blocks: slice) -> "_Blocks":
        return _Blocks(*(values[blocks] for values in self))


def _joined(parts: list[_Blocks]) -> _Blocks:
    return _Blocks(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _merge_pairs(drawn: _Blocks) -> _Blocks:
    """Return blocks twice as long: the later layering of each pair, mean edge probabilities, and sums of the rest."""
    return _Blocks(
        layer_of=drawn.layer_of[1::2],
        log_weights=drawn.log_weights[1::2],
        edge=0.5 * (drawn.edge[::2] + drawn.edge[1::2]),
        rounds=drawn.rounds[::2] + drawn.rounds[1::2],
        arrivals=drawn.arrivals[::2] + drawn.arrivals[1::2],
        log_ratios=np.logaddexp(drawn.log_ratios[::2], drawn.log_ratios[1::2]),
    )
