"""Layerings of high weight, for chains to begin with where no best DAG is known."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Int64

from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.partition import LayeringState, init, run

_FIRST_STEPS = 200
_TEMPERATURES = np.geomspace(100.0, 0.2, 60)


def default_annealing(d: int) -> int:
    """Return the steps with which a layering is annealed by default: 2 s for 50 nodes."""
    return 50_000 * d


def anneal(
    weights: LayerWeights,
    *,
    rng: np.random.Generator,
    iterations: int,
    time_limit: float | int | None = None,
) -> LayeringState:
    """Return where the chain ends that cools down from a random start.

    Parameters
    ----------
    weights : LayerWeights
    rng : numpy.random.Generator
    iterations : int
        Steps, in equal parts at 60 temperatures from 100 to 0.2.
    time_limit : float, optional
        Seconds: where the clock will not allow all steps, each of the temperatures that are left has fewer.

    Raises
    ------
    ConstraintError
        If no DAG has support.
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
    """Return a layering by `anneal` from each random stream, with at most `default_annealing` steps; threads.

    Their number does not matter to what is returned, unless the time limit cuts steps; by default there are as many as
    cores. `time_limit` is in seconds, for all of them.
    """
    steps = min(default_annealing(weights.d), iterations)

    threads = threads or os.cpu_count() or 1
    if time_limit is not None:
        time_limit = time_limit / max(-(-len(streams) // threads), 1)

    def start(stream: np.random.SeedSequence) -> Int64[np.ndarray, " d"]:
        rng = np.random.default_rng(stream)
        return anneal(weights, rng=rng, iterations=steps, time_limit=time_limit).layer_of

    with ThreadPoolExecutor(threads) as workers:
        return list(workers.map(start, streams))
