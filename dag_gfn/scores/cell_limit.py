"""The guard against tables with more cells than rows: which parent sets of a discrete column it leaves out.

Under a Dirichlet prior of fixed weight a table with more cells than rows costs nothing: nearly every row is alone in
its cell, and the score then rewards parents even if they are noise. A family (j, P) with :math:`r_j q(P) > n_j` cells
is therefore left out, r_j being the states of j, q(P) the configurations of its parents, and n_j the rows that count
for j.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.data.columns import listed, quoted
from dag_gfn.data.dataset import Dataset


def num_cells(
    states: Float64[np.ndarray, " d"], node: int | Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
) -> Float64[np.ndarray, " m"]:
    """Return the number of cells of each family's table, the states of the node included.

    Parameters
    ----------
    states : array, shape (d,), float64
        Number of states of each column.
    node : int or array of shape (m,), int64
    parents : array, shape (m,), int64
        Bitmasks.
    """
    cells = np.broadcast_to(states[node], parents.shape).copy()
    for i, r in enumerate(states):
        np.multiply(cells, r, out=cells, where=(parents >> np.int64(i) & 1).astype(bool))
    return cells


@dataclass(frozen=True, eq=False)
class CellLimit:
    """The largest table that a family may have.

    A column without parents is always allowed, and so are its required parents alone: hence every set of required edges
    that is possible without the limit is possible with it.

    Parameters
    ----------
    states : array, shape (d,), float64
        Number of states of each column, seen or not.
    num_rows : array, shape (d,), float64
        Rows that count for each column. A column with none has no limit: the data say nothing about its parents, and
        their probabilities are those of the prior.
    required : array, shape (d,), int64
        Bitmask of the required parents of each column.
    """

    states: Float64[np.ndarray, " d"]
    num_rows: Float64[np.ndarray, " d"]
    required: Int64[np.ndarray, " d"]

    @classmethod
    def of(cls, data: Dataset, required: Int64[np.ndarray, " d"]) -> "CellLimit | None":
        """Return the limit for a discrete table, or None where it leaves nothing out."""
        limit = cls(np.array(data.cardinalities, dtype=np.float64), rows_of_columns(data), required)
        return limit if any(first < data.d for first, _ in limit.sizes_left_out()) else None

    def allow(
        self, node: int | Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> Bool[np.ndarray, " m"]:
        """Return which parent sets (bitmasks, shape (m,)) are allowed; ``node`` is one column, or one for each set."""
        rows = self.num_rows[node]
        within = num_cells(self.states, node, parents) <= np.where(rows > 0, rows, np.inf)
        return within | (parents == 0) | (parents == self.required[node])

    def sizes_left_out(self) -> list[tuple[int, int]]:
        """Return, for each column, the number of parents from which on some sets are left out, and from which on all.

        d stands for none.
        """
        d, sizes = len(self.states), []
        for node in range(d):
            ascending = np.sort(np.delete(self.states, node))
            first_and_all = []
            for others in (ascending[::-1], ascending):
                cells = self.states[node] * np.cumprod(others)
                over = np.flatnonzero((cells > self.num_rows[node]) & (self.num_rows[node] > 0))
                first_and_all.append(int(over[0]) + 1 if over.size else d)
            sizes.append((first_and_all[0], first_and_all[1]))
        return sizes

    def describe(self, names: tuple[str, ...]) -> str:
        """Return one sentence that tells which columns lose which sizes of parent sets."""
        d = len(names)
        columns: dict[tuple[int, int], list[str]] = {}
        for name, sizes in zip(names, self.sizes_left_out(), strict=True):
            if sizes[0] < d:
                columns.setdefault(sizes, []).append(name)
        losses = []
        for (some, every), members in sorted(columns.items()):
            if some == every:
                lost = f"all sets of {some} or more parents"
            elif every == d:
                lost = f"some sets of {some} or more parents"
            else:
                lost = f"some sets of {some} or more parents and all of {every} or more"
            losses.append(f"{quoted(members)} ({lost})")
        return (
            f"parent sets whose table has more cells than there are rows are left out: of {listed(losses)}; "
            "--sparse-families keep (sparse_families='keep') takes them in"
        )


def rows_of_columns(data: Dataset) -> Float64[np.ndarray, " d"]:
    """Return how many rows count for each column: those in which its value was not set by the experimenter."""
    if data.intervened is None:
        return np.full(data.d, float(data.n))
    return (~data.intervened).sum(axis=0).astype(np.float64)
