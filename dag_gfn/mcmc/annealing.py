"""Layerings of high weight, for chains to begin with where no best DAG is known."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Int64

from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.partition import LayeringState, init, run

_TEMPERATURES = np.geomspace(100.0, 0.2, 60)


def default_annealing(d: int) -> int:
    """Return the steps with which a layering is annealed by default: 2 s for 50 nodes."""
    return 50_000 * d


def anneal(weights: LayerWeights, *, rng: np.random.Generator, iterations: int) -> LayeringState:
    """Return where the chain ends that cools down from a random start.

    Parameters
    ----------
    weights : LayerWeights
    rng : numpy.random.Generator
    iterations : int
        Steps, in equal parts at 60 temperatures from 100 to 0.2.

    Raises
    ------
    ConstraintError
        If no DAG has support.
    """
    state = init(weights, rng=rng)
    steps = -(-iterations // len(_TEMPERATURES))
    for temperature in _TEMPERATURES.tolist():
        _, state, _ = run(weights, state, rng=rng, blocks=1, thinning=steps, temperature=temperature)
    return state


def annealed_starts(
    weights: LayerWeights,
    streams: Sequence[np.random.SeedSequence],
    *,
    iterations: int,
    threads: int | None = None,
) -> list[Int64[np.ndarray, " d"]]:
    """Return a layering by `anneal` from each random stream, with at most `default_annealing` steps; threads.

    Their number does not matter to what is returned; by default there are as many as cores.
    """
    steps = min(default_annealing(weights.d), iterations)

    def start(stream: np.random.SeedSequence) -> Int64[np.ndarray, " d"]:
        return anneal(weights, rng=np.random.default_rng(stream), iterations=steps).layer_of

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as workers:
        return list(workers.map(start, streams))
