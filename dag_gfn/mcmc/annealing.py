"""Layerings of high weight, for chains to begin with where no best DAG is known."""

import numpy as np

from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.partition import LayeringState, init, run

_TEMPERATURES = np.geomspace(100.0, 0.2, 60)


def anneal(weights: LayerWeights, *, rng: np.random.Generator, steps: int | None = None) -> LayeringState:
    """Return where the chain ends that cools down from a random start.

    Parameters
    ----------
    weights : LayerWeights
    rng : numpy.random.Generator
    steps : int, optional
        At each of 60 temperatures from 100 to 0.2; by default 800 d, which takes 2 s for 50 nodes.

    Raises
    ------
    ConstraintError
        If no DAG has support.
    """
    state = init(weights, rng=rng)
    steps = 800 * weights.d if steps is None else steps
    for temperature in _TEMPERATURES.tolist():
        _, state, _ = run(weights, state, rng=rng, blocks=1, thinning=steps, temperature=temperature)
    return state
