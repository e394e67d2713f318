r"""A ladder of chains over root layerings at rising temperatures, which exchange their layerings: parallel tempering.

The chain on rung k has the posterior to the power :math:`1/T_k` as its distribution, with :math:`T_0 = 1` for the
lowest, from which alone draws are taken. Hot chains cross what separates the modes of the posterior. Neighbours
exchange their layerings L and L' with probability

.. math:: \min\Big\{1, \Big[\frac{w(L')}{w(L)}\Big]^{1/T_k - 1/T_{k+1}}\Big\},

L being on the lower rung of the two, which keeps the distribution of every rung. The pairs (0, 1), (2, 3), ... and
(1, 2), (3, 4), ... have their turn alternately: then a layering that goes up tends to go on.

The lowest chain makes `interval` steps between two rounds, each of the others `hot_steps` just before it. At every
8 d-th step it also reverses edges (:mod:`dag_gfn.mcmc.edge_reversal`), which weights of layerings to another power than
1 do not allow.

References
----------
Geyer, "Markov chain Monte Carlo maximum likelihood", 1991. Syed, Bouchard-Côté, Deligiannidis and Doucet,
"Non-reversible parallel tempering: a scalable highly parallel MCMC scheme", JRSS B 84, 2022 (the alternation).
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chain_steps import EDGES_EVERY, add_edges, begin, make_room, one_step
from dag_gfn.mcmc.edge_reversal import reverse_edges
from dag_gfn.mcmc.moves import MOVE_PROBABILITIES, MOVES
from dag_gfn.mcmc.partition import LayeringDraws

_STEPS_BETWEEN = 8  # times d, between two DAGs whose edges are reversed
_REVERSALS = 3  # times d, of each of them
COUNTED = (*MOVES, "reversal")
"""The kinds of moves that the lowest chain counts."""


@dataclass(frozen=True, eq=False)
class Ladder:
    """The temperatures of a ladder, and how often its rungs are in turn.

    Attributes
    ----------
    temperatures : ndarray, shape (r,), float64
        Rising from 1. A ladder of one rung is a chain that nothing is exchanged with.
    hot_steps : int
        Steps of each rung but the lowest between two rounds of exchanges.
    interval : int
        Steps of the lowest.

    Examples
    --------
    >>> from dag_gfn.mcmc.ladder import Ladder
    >>> len(Ladder.alone().temperatures)
    1
    """

    temperatures: Float64[np.ndarray, " r"]
    hot_steps: int
    interval: int

    @classmethod
    def alone(cls) -> "Ladder":
        """Return a ladder of one rung."""
        return cls(np.ones(1), 1, 1)


@dataclass(frozen=True, eq=False)
class LadderState:
    """Where the chains of a ladder are.

    Attributes
    ----------
    layer_of : ndarray, shape (r, d), int64
        The layering on each rung.
    from_top : ndarray, shape (r,), int64
        1 where that layering was on the highest rung since it was on the lowest, else 0.
    steps : int
        Of the lowest chain so far, by which rounds and reversals are timed.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.ladder import LadderState
    >>> LadderState.at(np.array([[0, 1, 2], [0, 0, 1]])).from_top.tolist()
    [0, 0]
    """

    layer_of: Int64[np.ndarray, "r d"]
    from_top: Int64[np.ndarray, " r"]
    steps: int

    @classmethod
    def at(cls, layer_of: Int64[np.ndarray, "r d"]) -> "LadderState":
        """Return the state of chains that begin at given layerings."""
        return cls(layer_of.copy(), np.zeros(len(layer_of), dtype=np.int64), 0)


@dataclass(frozen=True, eq=False)
class LadderCounts:
    """What has happened on a ladder.

    Attributes
    ----------
    tried, accepted : ndarray, shape (6,), int64
        Proposals on the lowest rung, by the kinds of `COUNTED`.
    swaps_tried, swaps_accepted : ndarray, shape (r - 1,), int64
        Exchanges between each rung and the next.
    rounds : ndarray, shape (k,), int64
        Rounds of exchanges in each block.
    arrivals : ndarray, shape (k,), int64
        In each block, how often a layering came from the highest rung to the lowest.
    log_ratios : ndarray, shape (k, r - 1), float64
        For each block and pair of neighbours, log of the sum over the rounds of
        :math:`w(L')^{1/T_k - 1/T_{k+1}}`, whose mean is the ratio of the sums of all weights to the two powers.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.ladder import LadderCounts
    >>> moves, rounds = np.zeros(6, dtype=np.int64), np.zeros(5, dtype=np.int64)
    >>> counts = LadderCounts(
    ...     moves, moves, np.array([10, 10]), np.array([5, 4]), rounds, rounds, np.zeros((5, 2)))
    >>> (counts.swaps_accepted / counts.swaps_tried).tolist()
    [0.5, 0.4]
    """

    tried: Int64[np.ndarray, " moves"]
    accepted: Int64[np.ndarray, " moves"]
    swaps_tried: Int64[np.ndarray, " pairs"]
    swaps_accepted: Int64[np.ndarray, " pairs"]
    rounds: Int64[np.ndarray, " k"]
    arrivals: Int64[np.ndarray, " k"]
    log_ratios: Float64[np.ndarray, "k pairs"]


def run_ladder(
    weights: LayerWeights,
    ladder: Ladder,
    state: LadderState,
    *,
    rng: np.random.Generator,
    blocks: int,
    thinning: int,
) -> tuple[LayeringDraws, LadderState, LadderCounts]:
    """Run the chains of a ladder; return blocks of `thinning` steps of the lowest, the last state, and counts.

    Without the GIL, so that ladders can run in threads. The same generator gives the same states, however the
    steps are divided into calls.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.ladder import Ladder, LadderState, run_ladder
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> ladder, state = Ladder(np.array([1.0, 2.0]), 5, 10), LadderState.at(np.zeros((2, 3), dtype=np.int64))
    >>> drawn, state, counts = run_ladder(weights, ladder, state, rng=np.random.default_rng(0), blocks=10, thinning=20)
    >>> drawn.layer_of.shape, counts.swaps_tried.tolist()  # every second of 20 rounds
    ((10, 3), [10])
    """
    rungs, d = state.layer_of.shape
    drawn = LayeringDraws(
        np.empty((blocks, d), dtype=np.int16), np.empty(blocks), np.empty((blocks, d, d), dtype=np.float32)
    )
    layer_of, from_top = state.layer_of.copy(), state.from_top.copy()
    moves = np.zeros((2, len(COUNTED)), dtype=np.int64)
    swaps = np.zeros((2, rungs - 1), dtype=np.int64)
    rounds, arrivals = np.zeros((2, blocks), dtype=np.int64)
    log_ratios = np.full((blocks, rungs - 1), -np.inf)
    _run_ladder(
        weights.tables, MOVE_PROBABILITIES.cumsum(), ladder.temperatures.astype(np.float64), ladder.hot_steps,
        ladder.interval, layer_of, from_top, state.steps, rng, thinning,
        drawn.layer_of, drawn.log_weights, drawn.edge, moves, swaps, rounds,
        arrivals, log_ratios,
    )  # fmt: skip
    log_ratios -= np.diff(1.0 / ladder.temperatures) * weights.log_scale
    drawn.log_weights[:] += weights.log_scale
    return (
        drawn,
        LadderState(layer_of, from_top, state.steps + blocks * thinning),
        LadderCounts(moves[0], moves[1], swaps[0], swaps[1], rounds, arrivals, log_ratios),
    )


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _run_ladder(
    tables, cumulative, temperatures, hot_steps, interval, layer_of, from_top, steps, rng, thinning,
    drawn, log_drawn, edge, moves, swaps, rounds, arrivals, log_ratios,
):  # fmt: skip
    """Fill blocks of the lowest chain, the counts, and where all chains end (`layer_of` and `from_top`, by rung).

    Layerings stay at their places in the arrays, and `place` tells which of them is on which rung.
    """
    rungs, d = layer_of.shape
    room = make_room(d)
    known, weight, log_weight = np.empty((rungs, 4, d), dtype=np.int64), np.zeros((rungs, d)), np.zeros(rungs)
    place, hot_moves = np.arange(rungs), np.zeros((2, len(cumulative)), dtype=np.int64)
    between, reversals = _STEPS_BETWEEN * d, _REVERSALS * d
    for r in range(rungs):
        log_weight[r] = begin(tables, layer_of[r], known[r], weight[r], room)
    # edge probabilities given the layering, by target; of the same U and Q they are the same
    given, sums = np.zeros((d, d)), np.zeros((d, d))
    given_for = np.full((2, d), -1, dtype=np.int64)
    for block in range(len(drawn)):
        sums[:] = 0.0
        summed = 0
        for t in range(thinning):
            lowest = place[0]
            # now and then, counted back from the end of the block
            if t > 0 and (thinning - t) % (EDGES_EVERY * d) == 0:
                add_edges(tables, known[lowest], given_for, given, sums)
                summed += 1
            log_weight[lowest] = one_step(
                tables, cumulative, 1.0, layer_of[lowest], log_weight[lowest], known[lowest], weight[lowest],
                room, rng, moves[0], moves[1],
            )  # fmt: skip
            steps += 1
            if steps % between == 0:
                moves[0, -1] += reversals
                moves[1, -1] += reverse_edges(tables, layer_of[lowest], reversals, rng)
                log_weight[lowest] = begin(
                    tables, layer_of[lowest], known[lowest], weight[lowest], room
                )  # fmt: skip
            if rungs > 1 and steps % interval == 0:
                for r in range(1, rungs):
                    _hot_steps(
                        tables, cumulative, temperatures[r], hot_steps, layer_of[place[r]], log_weight, place[r],
                        known[place[r]], weight[place[r]], room, rng, hot_moves,
                    )  # fmt: skip
                rounds[block] += 1
                for r in range(rungs - 1):
                    step = 1.0 / temperatures[r] - 1.0 / temperatures[r + 1]
                    log_ratios[block, r] = np.logaddexp(log_ratios[block, r], step * log_weight[place[r + 1]])
                _exchange(temperatures, (steps // interval) % 2, place, log_weight, rng, swaps)
                from_top[place[rungs - 1]] = 1
                if from_top[place[0]]:
                    arrivals[block] += 1
                    from_top[place[0]] = 0
        lowest = place[0]
        add_edges(tables, known[lowest], given_for, given, sums)
        summed += 1
        drawn[block] = layer_of[lowest]
        log_drawn[block] = log_weight[lowest]
        edge[block] = sums.T / summed  # (target, parent) -> [i, j] for i -> j
    layer_of[:] = layer_of[place]
    from_top[:] = from_top[place]


@lean
@no_type_check
def _hot_steps(
    tables, cumulative, temperature, count, layer_of, log_weight, at, known, weight, room, rng, moves
):  # fmt: skip
    """Make some steps of a hot chain, and leave its log-weight at its place."""
    new = log_weight[at]
    for _ in range(count):
        new = one_step(
            tables, cumulative, temperature, layer_of, new, known, weight, room, rng, moves[0], moves[1]
        )  # fmt: skip
    log_weight[at] = new


@lean
@no_type_check
def _exchange(temperatures, first, place, log_weight, rng, swaps):
    """Propose that rungs exchange their layerings: pairs from rung `first`, 0 or 1, on."""
    for r in range(first, len(temperatures) - 1, 2):
        gain = log_weight[place[r + 1]] - log_weight[place[r]]
        swaps[0, r] += 1
        if np.log(rng.random()) < (1.0 / temperatures[r] - 1.0 / temperatures[r + 1]) * gain:
            swaps[1, r] += 1
            place[r], place[r + 1] = place[r + 1], place[r]
