"""Which parent sets of a discrete column are left out because their table has more cells than there are rows.

Under a Dirichlet prior of fixed weight a table with more cells than rows is not penalised: nearly every row is alone in
its cell, and the score then rewards parents even if they are noise. A family (j, P) with :math:`r_j q(P) > n_j` cells
is therefore left out. Here r_j is the number of states of j, q(P) the number of configurations of its parents, and n_j
the number of rows that count for j.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import listed, quoted
from dag_gfn.data.row_weights import are_counts, effective_rows
from dag_gfn.graphs.possible_parents import PossibleParents


def num_cells(
    states: Float64[np.ndarray, " d"],
    node: int | Int64[np.ndarray, " m"],
    parents: Int64[np.ndarray, " m"],
    possible: PossibleParents | None = None,
) -> Float64[np.ndarray, " m"]:
    """Return the number of cells of each family's table, the states of the node included.

    Parameters
    ----------
    states : array, shape (d,), float64
        Number of states of each column.
    node : int or array of shape (m,), int64
    parents : array, shape (m,), int64
        Bitmasks.
    possible : PossibleParents, optional
        What their bits stand for; by default bit i is node i.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.cell_limit import num_cells
    >>> num_cells(np.array([2.0, 3.0, 4.0]), 0, np.array([0b000, 0b010, 0b110])).tolist()  # 2, 2 * 3 and 2 * 3 * 4
    [2.0, 6.0, 24.0]
    """
    cells = np.broadcast_to(states[node], parents.shape).copy()
    by_bit = states[:, None] if possible is None else states[possible.nodes[node].T]  # (p, 1 or m)
    for bit, r in enumerate(by_bit):
        np.multiply(cells, r, out=cells, where=(parents >> np.int64(bit) & 1).astype(bool))
    return cells


@dataclass(frozen=True, eq=False)
class CellLimit:
    """The limit on the cells of a family's table: as many as there are rows.

    The empty parent set is always allowed, and so is the set of exactly the required parents. So required edges that
    are possible without the limit are possible with it.

    Parameters
    ----------
    states : array, shape (d,), float64
        Number of states of each column, seen or not.
    num_rows : array, shape (d,), float64
        Rows that count for each column. A column with none has no limit: the data say nothing about its parents, so
        their probabilities are those of the prior.
    required_edges : array, shape (d, d), bool
        ``[i, j]`` is True where i is a required parent of j.
    possible : PossibleParents or None
        What the bits of masks stand for; None: bit i is node i.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.cell_limit import CellLimit
    >>> states, rows, required = np.array([2.0, 3.0, 4.0]), np.full(3, 10.0), np.zeros((3, 3), dtype=bool)
    >>> limit = CellLimit(states, rows, required)
    >>> limit.allow(0, np.array([0b010, 0b110])).tolist()  # 6 and 24 cells, with 10 rows
    [True, False]
    >>> limit.sizes_left_out()[0]  # column 0 loses some sets from 2 parents on, and all sets from 2 on
    (2, 2)
    """

    states: Float64[np.ndarray, " d"]
    num_rows: Float64[np.ndarray, " d"]
    required_edges: Bool[np.ndarray, "d d"]
    possible: PossibleParents | None = None

    @classmethod
    def of(cls, data: Dataset, required_edges: Bool[np.ndarray, "d d"]) -> "CellLimit | None":
        """Return the limit for discrete data, or None where it leaves nothing out."""
        limit = cls(np.array(data.cardinalities, dtype=np.float64), rows_of_columns(data), required_edges)
        return limit if any(first < data.d for first, _ in limit.sizes_left_out()) else None

    def allow(
        self, node: int | Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> Bool[np.ndarray, " m"]:
        """Return which parent sets (bitmasks, shape (m,)) are allowed; ``node`` is one column, or one for each set."""
        rows = self.num_rows[node]
        cells = num_cells(self.states, node, parents, self.possible)
        within = cells <= np.where(rows > 0, rows, np.inf)
        return within | (parents == 0) | (parents == self.required[node])

    @cached_property
    def required(self) -> Int64[np.ndarray, " d"]:
        """Mask of the required parents of each column."""
        possible = PossibleParents.all(len(self.states)) if self.possible is None else self.possible
        return possible.masks_of(self.required_edges)

    def among(self, possible: PossibleParents) -> "CellLimit":
        """Return the limit on masks over possible parents."""
        return replace(self, possible=possible)

    def sizes_left_out(self) -> list[tuple[int, int]]:
        """Return, for each column, the smallest numbers of parents at which some, and all, sets are left out.

        d stands for "at no number of parents".
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
        """Return one sentence that says which sizes of parent sets are left out for which columns."""
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
            "--sparse-families keep (sparse_families='keep') keeps them"
        )


def rows_of_columns(data: Dataset) -> Float64[np.ndarray, " d"]:
    """Return how many rows count for each column, or what they are worth: those in which its value was not set.

    Weights that are no counts make rows worth less than their number; see `effective_rows`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores.cell_limit import rows_of_columns
    >>> was_set = np.array([[True, False], [False, False], [False, False]])
    >>> rows_of_columns(from_array(np.array([[0, 1], [1, 0], [0, 0]]), discrete="all", intervened=was_set)).tolist()
    [2.0, 3.0]
    """
    if data.intervened is None:
        return np.full(data.d, effective_rows(data))
    weights = np.ones(data.n) if data.weights is None else data.weights
    total = weights @ ~data.intervened
    return np.asarray(
        total if are_counts(weights) else total**2 / np.maximum(weights**2 @ ~data.intervened, 1e-300)
    )
