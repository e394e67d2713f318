"""Layerings of high weight, for chains to begin with where no best DAG is known."""

import numpy as np

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
