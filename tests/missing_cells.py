"""Tables with missing cells for tests."""

from dataclasses import replace

import numpy as np

import dag_gfn


def with_holes(data, share, seed=0):
    """Return the dataset with cells missing completely at random."""
    values = data.values.copy()
    values[np.random.default_rng(seed).random(values.shape) < share] = np.nan
    return replace(data, values=values)


def numbers(d, n, share, seed=0):
    """Return a simulated linear-Gaussian table with holes."""
    return with_holes(dag_gfn.simulate(d, n, rng=np.random.default_rng(seed)), share, seed)
