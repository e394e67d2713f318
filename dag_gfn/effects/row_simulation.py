"""P(y | do(x)) from simulated rows, for tables that are too large to be summed."""

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
    """Return the frequencies of y in simulated rows, `SIMULATED_ROWS` with x in each of its states.

    Nodes are simulated causes first (forward sampling). Of each table only the configurations of parents that occur in
    the rows are drawn, so the size of a table does not matter.

    Parameters
    ----------
    families : mapping of int to (FamilyTables, tuple of int)
        The table and the parents of every node to simulate: all but x.
    x, y : int
        The variable that is set, and the one whose frequencies are counted.
    shape : (int, int)
        Number of states that x is set to, and of states of y.
    rng : numpy.random.Generator
    expected : bool
        Use the posterior means of the tables instead of a draw.

    Returns
    -------
    ndarray, shape (a, b), float64
        Row s: frequencies of the states of y where x is in state s.

    Examples
    --------
    y copies x in 20 of 20 rows with x = 0, and in 10 of 20 rows with x = 1:

    >>> import numpy as np
    >>> from dag_gfn.effects.row_simulation import simulated_frequencies
    >>> from dag_gfn.parameters.family_tables import FamilyTables
    >>> table = FamilyTables((2, 2), 0.01, np.array([0, 2, 3]), np.array([20.0, 10.0, 10.0]))
    >>> rng = np.random.default_rng(0)
    >>> simulated_frequencies({1: (table, (0,))}, 0, 1, (2, 2), rng, expected=True).round(1).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    waiting = dict(families)
    codes = {x: np.repeat(np.arange(shape[0]), SIMULATED_ROWS)}  # the simulated columns, shape (rows,)
    while waiting:  # a node whose parents have been simulated
        node = next(v for v, (_, parents) in waiting.items() if set(parents) <= codes.keys())
        family, parents = waiting.pop(node)
        configurations = np.zeros(
            len(codes[x]), dtype=np.int64
        )  # of the parents, numbered in row-major order
        for parent, r in zip(parents, family.shape[:-1], strict=True):
            configurations = configurations * r + codes[parent]
        row_of, met = pd.factorize(configurations)  # the distinct ones, and which of them each row has
        rows = family.expected_rows(met) if expected else family.sample_rows(met, rng)
        # inverse distribution function: the state is the number of cumulative probabilities that U reaches
        cumulative = rows.cumsum(axis=1)[:, :-1]  # (distinct, r - 1)
        codes[node] = (rng.random((len(row_of), 1)) >= cumulative[row_of]).sum(axis=1)
    cells = codes[x] * shape[1] + codes[y]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape) / SIMULATED_ROWS
