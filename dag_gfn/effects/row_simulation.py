"""P(y | do(x)) from simulated rows, where tables are too large to be summed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float64

from dag_gfn.parameters.family_tables import FamilyTables

SIMULATED_ROWS = 10_000
"""Rows that are simulated for each draw and each state of x."""


def simulated_frequencies(
    families: Mapping[int, tuple[FamilyTables, tuple[int, ...]]],
    x: int,
    y: int,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    expected: bool,
) -> Float64[np.ndarray, "a b"]:
    """Return frequencies of y in simulated rows, the same number with x in each state.

    Only the configurations that the rows meet are drawn, so that the size of a table does not matter.

    Parameters
    ----------
    families : mapping of int to (FamilyTables, tuple of int)
        The table and the parents of every node but x.
    x, y : int
        What is set, and what is looked at.
    shape : (int, int)
        Their cardinalities.
    rng : numpy.random.Generator
    expected : bool
        Take the posterior means of the tables instead of a draw.
    """
    waiting = dict(families)
    codes = {x: np.repeat(np.arange(shape[0]), SIMULATED_ROWS)}
    while waiting:  # causes first
        node = next(v for v, (_, parents) in waiting.items() if set(parents) <= codes.keys())
        family, parents = waiting.pop(node)
        configurations = np.zeros(len(codes[x]), dtype=np.int64)
        for parent, r in zip(parents, family.shape[:-1], strict=True):
            configurations = configurations * r + codes[parent]
        row_of, met = pd.factorize(configurations)
        rows = family.expected_rows(met) if expected else family.sample_rows(met, rng)
        cumulative = rows.cumsum(axis=1)[:, :-1]
        codes[node] = (rng.random((len(row_of), 1)) >= cumulative[row_of]).sum(axis=1)
    cells = codes[x] * shape[1] + codes[y]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape) / SIMULATED_ROWS
