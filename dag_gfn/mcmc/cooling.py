r"""Chains that cool down from random layerings: where ladders begin, and at which temperatures their rungs are.

Each chain begins at a random layering. It runs without regard to weights at first, and then at falling temperatures,
from one at which weights hardly matter to 1. So chains begin far from each other, and each mode gets about as many of
them as its weight asks for, instead of all of them beginning near the most probable DAG.

With :math:`V = \log w(L)` and V' that of an independent layering, neighbours at 1/T and 1/T + δ refuse about

.. math:: \delta\,\lambda(1/T), \qquad \lambda(\beta) = \tfrac12 E_\beta|V - V'|,

of their exchanges. The rungs divide the integral of λ into equal parts. The highest temperature is the lowest at which
nearly as many moves are accepted as if weights did not matter.

References
----------
Predescu, Predescu and Ciobanu, "The incomplete beta function law for parallel tempering", J. Chem. Phys. 120, 2004.
Syed, Bouchard-Côté, Deligiannidis and Doucet, JRSS B 84, 2022 (λ, and rungs by its integral).
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.chunked import free_threads
from dag_gfn.compilation import working_seconds
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.ladder import Ladder
from dag_gfn.mcmc.partition import init, run

_PER_DECADE = 8  # temperatures
_DRAWS = 200  # log-weights at each of them
_LEAST_STEPS = 20  # for each node at each of them
_MOST_STEPS = 50_000  # at each temperature: seconds, in which nothing can interrupt them
_FREE = 0.8  # share of the moves accepted without weights, that are accepted at the highest temperature
_REFUSED = 0.45  # share of the exchanges, that neighbours should refuse
_MOST_RUNGS = 64
_HOT_SHARE = 1.0  # steps of all hot rungs over those of the lowest
_COOLING_SHARE = 0.06  # steps of cooling over those of the lowest


@dataclass(frozen=True, eq=False)
class Cooled:
    """A chain that has cooled down.

    Attributes
    ----------
    layer_of : ndarray, shape (t, d), int64
        Where it was after each temperature.
    log_weights : ndarray, shape (t, k), float64
        Some of its log-weights at each, the first fifth of the steps left out.
    accepted : ndarray, shape (t,), float64
        The share of the moves that was accepted at each.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.cooling import cool
    >>> scores = np.zeros((3, 4))
    >>> scores[2, 3] = 50.0  # node 2 has parents 0 and 1
    >>> cooled = cool(LayerWeights.of(scores), np.array([np.inf, 10.0, 1.0]), rng=np.random.default_rng(0), steps=600)
    >>> int(cooled.layer_of[-1].argmax())  # node 2 comes last
    2
    """

    layer_of: Int64[np.ndarray, "t d"]
    log_weights: Float64[np.ndarray, "t k"]
    accepted: Float64[np.ndarray, " t"]


def cool(
    weights: LayerWeights,
    temperatures: Float64[np.ndarray, " t"],
    *,
    rng: np.random.Generator,
    steps: int,
    time_limit: float | int | None = None,
) -> Cooled:
    """Run a chain from a random start at falling temperatures.

    Parameters
    ----------
    weights : LayerWeights
    temperatures : ndarray, shape (t,), float64
        Falling; infinite where weights do not matter.
    rng : numpy.random.Generator
    steps : int
        At each temperature, rounded down to a multiple of 200, and at least 200.
    time_limit : float, optional
        Seconds: if there is no time for all steps, the temperatures that are left have fewer.

    Raises
    ------
    ConstraintError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.cooling import cool
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> cool(weights, np.array([np.inf, 1.0]), rng=np.random.default_rng(0), steps=200).log_weights.shape
    (2, 160)
    """
    began, done = working_seconds(), 0
    state = init(weights, rng=rng)
    layer_of, log_weights, accepted = [], [], []
    planned = max(steps // _DRAWS, 1)
    thinning = planned if time_limit is None else 1  # how long a step takes is not known at first
    for place, temperature in enumerate(temperatures.tolist()):
        if time_limit is not None and done > 0:
            seconds = working_seconds() - began
            each = max(time_limit - seconds, 0.0) / (len(temperatures) - place)
            thinning = min(planned, max(int(each * done / max(seconds, 1e-9)) // _DRAWS, 1))
        drawn, state, info = run(
            weights, state, rng=rng, blocks=_DRAWS, thinning=thinning, temperature=temperature
        )
        done += _DRAWS * thinning
        layer_of.append(state.layer_of)
        log_weights.append(drawn.log_weights[_DRAWS // 5 :])
        accepted.append(info.accepted.sum() / info.tried.sum())
    return Cooled(np.stack(layer_of), np.stack(log_weights), np.array(accepted))


def cooled_ladder(
    weights: LayerWeights,
    streams: Sequence[np.random.SeedSequence],
    *,
    iterations: int,
    time_limit: float | int | None = None,
    threads: int | None = None,
) -> tuple[Ladder, list[Int64[np.ndarray, "r d"]]]:
    """Return a ladder, and the layerings at which its chains begin, for each random stream; computed in threads.

    All of them have the same ladder, by what the chains tell together.

    Parameters
    ----------
    weights : LayerWeights
    streams : sequence of SeedSequence
    iterations : int
        Steps planned of the lowest chain. Cooling takes 6 % of it, but at least 20 d and at most 50,000 at each
        temperature.
    time_limit : float, optional
        Seconds for all of them.
    threads : int, optional
        As many as there are cores, unless given. They change nothing, unless the time limit cuts steps.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.cooling import cooled_ladder
    >>> from dag_gfn.random_streams import RandomStreams
    >>> scores = np.zeros((3, 4))
    >>> scores[2, 3] = 50.0  # node 2 has parents 0 and 1
    >>> ladder, starts = cooled_ladder(LayerWeights.of(scores), RandomStreams(0).sequences("s", 2), iterations=3_000)
    >>> [int(start[0].argmax()) for start in starts]  # node 2 comes last
    [2, 2]
    """
    own = np.random.SeedSequence(streams[0].entropy, spawn_key=(*streams[0].spawn_key, 0))
    free = cool(
        weights, np.array([np.inf]), rng=np.random.default_rng(own), steps=_DRAWS * weights.d
    ).log_weights
    highest = max(float(free.std()), 2.0)
    count = math.ceil(_PER_DECADE * math.log10(highest)) + 1
    temperatures = np.concatenate([[np.inf], np.geomspace(highest, 1.0, count)])
    share = int(_COOLING_SHARE * iterations) // len(temperatures)
    steps = max(_LEAST_STEPS * weights.d, min(share, _MOST_STEPS))
    threads = threads or free_threads()
    if time_limit is not None:
        time_limit = time_limit / max(-(-len(streams) // threads), 1)

    def cooled(stream: np.random.SeedSequence) -> Cooled:
        rng = np.random.default_rng(stream)
        return cool(weights, temperatures, rng=rng, steps=steps, time_limit=time_limit)

    with ThreadPoolExecutor(threads) as workers:
        chains = list(workers.map(cooled, streams))
    rungs = rungs_of(
        temperatures,
        np.concatenate([chain.log_weights for chain in chains], axis=1),
        np.mean([chain.accepted for chain in chains], axis=0),
    )
    near = np.abs(np.log(rungs)[:, None] - np.log(temperatures[1:])).argmin(axis=1) + 1
    # with fewer, a layering may come back from the top to the mode that it has hardly left
    hot_steps = weights.d
    ladder = Ladder(rungs, hot_steps, math.ceil(hot_steps * (len(rungs) - 1) / _HOT_SHARE))
    return ladder, [chain.layer_of[near] for chain in chains]


def rungs_of(
    temperatures: Float64[np.ndarray, " t"],
    log_weights: Float64[np.ndarray, "t k"],
    accepted: Float64[np.ndarray, " t"],
) -> Float64[np.ndarray, " r"]:
    """Return the temperatures of a ladder, rising from 1, by log-weights at falling temperatures.

    Parameters
    ----------
    temperatures : ndarray, shape (t,), float64
        Falling from infinity to 1.
    log_weights, accepted : ndarray
        At each, as in `Cooled`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.cooling import rungs_of
    >>> log_weights = np.random.default_rng(0).normal(size=(3, 1000))
    >>> rungs_of(np.array([np.inf, 4.0, 1.0]), log_weights, np.array([0.8, 0.7, 0.3])).round(1).tolist()
    [1.0, 4.0]
    """
    kept = np.flatnonzero(accepted >= _FREE * accepted[0])
    top = max(1, min(int(kept.max()), len(temperatures) - 2))
    powers = 1.0 / temperatures[top:]  # rising to 1
    ordered = np.sort(log_weights[top:], axis=1)
    k = ordered.shape[1]
    # half of the mean difference of two of them
    rate = ordered @ (2.0 * np.arange(k) - k + 1.0) / (k * (k - 1.0))
    refused = np.concatenate([[0.0], np.cumsum(np.diff(powers) * (rate[1:] + rate[:-1]) / 2)])
    count = min(max(math.ceil(refused[-1] / _REFUSED) + 1, 2), _MOST_RUNGS)
    inverse = np.interp(np.linspace(refused[-1], 0.0, count), refused, powers)
    inverse[0], inverse[-1] = 1.0, powers[0]
    return 1.0 / inverse
