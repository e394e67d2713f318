"""Layerings of high weight, for chains to begin with where no best DAG is known."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Int64

from dag_gfn.chunked import free_threads
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.partition import LayeringState, init, run

_FIRST_STEPS = 200
_TEMPERATURES = np.geomspace(100.0, 0.2, 60)


def default_annealing(d: int) -> int:
    """Return the default number of annealing steps; 50 nodes take 2 s.

    Examples
    --------
    >>> from dag_gfn.mcmc.annealing import default_annealing
    >>> default_annealing(20)
    1000000
    """
    return 50_000 * d


def anneal(
    weights: LayerWeights,
    *,
    rng: np.random.Generator,
    iterations: int,
    time_limit: float | int | None = None,
) -> LayeringState:
    """Return the last state of a chain that cools down from a random start.

    Parameters
    ----------
    weights : LayerWeights
    rng : numpy.random.Generator
    iterations : int
        Steps, in equal parts at 60 temperatures from 100 to 0.2.
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
    >>> from dag_gfn.mcmc.annealing import anneal
    >>> scores = np.zeros((3, 4))
    >>> scores[2, 3] = 50.0  # node 2 has parents 0 and 1
    >>> anneal(LayerWeights.of(scores), rng=np.random.default_rng(0), iterations=3_000).layer_of.tolist()
    [0, 0, 1]
    """
    began, done = time.perf_counter(), 0
    state = init(weights, rng=rng)
    planned = -(-iterations // len(_TEMPERATURES))
    # how long a step takes is not known at first
    steps = planned if time_limit is None else min(planned, _FIRST_STEPS)
    for place, temperature in enumerate(_TEMPERATURES.tolist()):
        if time_limit is not None and done > 0:
            seconds = time.perf_counter() - began
            each = max(time_limit - seconds, 0.0) / (len(_TEMPERATURES) - place)
            steps = min(planned, max(int(each * done / max(seconds, 1e-9)), 1))
        _, state, _ = run(weights, state, rng=rng, blocks=1, thinning=steps, temperature=temperature)
        done += steps
    return state


def annealed_starts(
    weights: LayerWeights,
    streams: Sequence[np.random.SeedSequence],
    *,
    iterations: int,
    time_limit: float | int | None = None,
    threads: int | None = None,
) -> list[Int64[np.ndarray, " d"]]:
    """Return a layering by `anneal` from each random stream, computed in threads.

    Parameters
    ----------
    weights : LayerWeights
    streams : sequence of SeedSequence
    iterations : int
        Steps of each, at most; there are never more than `default_annealing`.
    time_limit : float, optional
        Seconds for all of them.
    threads : int, optional
        As many as there are cores, unless given. They change nothing, unless the time limit cuts steps.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.annealing import annealed_starts
    >>> from dag_gfn.random_streams import RandomStreams
    >>> scores = np.zeros((3, 4))
    >>> scores[2, 3] = 50.0  # node 2 has parents 0 and 1
    >>> starts = annealed_starts(LayerWeights.of(scores), RandomStreams(0).sequences("starts", 2), iterations=3_000)
    >>> [bool(layer_of.argmax() == 2) for layer_of in starts]  # node 2 comes after both
    [True, True]
    """
    steps = min(default_annealing(weights.d), iterations)

    threads = threads or free_threads()
    if time_limit is not None:
        time_limit = time_limit / max(-(-len(streams) // threads), 1)

    def start(stream: np.random.SeedSequence) -> Int64[np.ndarray, " d"]:
        rng = np.random.default_rng(stream)
        return anneal(weights, rng=rng, iterations=steps, time_limit=time_limit).layer_of

    with ThreadPoolExecutor(threads) as workers:
        return list(workers.map(start, streams))
