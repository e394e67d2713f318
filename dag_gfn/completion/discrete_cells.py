"""Which cells of a discrete table were not seen, and the tables in which they are filled in."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import quoted
from dag_gfn.errors import DataError


@dataclass(frozen=True, eq=False)
class DiscreteCells:
    """A discrete table in which some cells were not seen. Made by :meth:`of`.

    Attributes
    ----------
    data : Dataset
        Discrete columns; nan where a cell is missing.
    missing : array, shape (n, d), bool
    cardinalities : array, shape (d,), int64
        Number of states of each column.
    rows : array, shape (k,), int64
        The rows with missing cells.
    starts : array, shape (k + 1,), int64
        Where in `columns` the cells of each of these rows begin, and the end.
    columns : array, shape (m,), int64
        The columns of the missing cells, row by row.
    weights : array, shape (n,), float64, or None
        How much each row counts.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.completion.discrete_cells import DiscreteCells
    >>> data = dag_gfn.from_array(np.array([[0, 1], [1, 0], [1, 1]]), discrete="all")
    >>> cells = DiscreteCells.of(replace(data, values=np.array([[0.0, np.nan], [1.0, 0.0], [np.nan, 1.0]])))
    >>> cells.rows.tolist(), cells.columns.tolist()
    ([0, 2], [1, 0])
    >>> cells.completed(np.array([0, 1])).values.tolist()  # the missing cells, row by row
    [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
    """

    data: Dataset
    missing: Bool[np.ndarray, "n d"]
    cardinalities: Int64[np.ndarray, " d"]
    rows: Int64[np.ndarray, " k"]
    starts: Int64[np.ndarray, " k1"]
    columns: Int64[np.ndarray, " m"]
    weights: Float64[np.ndarray, " n"] | None = None

    @classmethod
    def of(cls, data: Dataset) -> "DiscreteCells":
        """Return the missing cells of a dataset.

        Raises
        ------
        DataError
            If a column is not discrete, or a row with missing cells has a weight other than 1: two such rows may have
            different values where they were not seen, so one row cannot stand for them.
        """
        continuous = [name for name, kind in zip(data.names, data.kinds, strict=True) if kind == "continuous"]
        if continuous:
            raise DataError(
                f"completed tables of counts need discrete columns, and {quoted(continuous)} "
                f"{'are' if len(continuous) > 1 else 'is'} continuous: complete a mixed table with score 'block'."
            )
        missing = np.isnan(data.values)
        counts = missing.sum(axis=1)
        rows = np.flatnonzero(counts).astype(np.int64)
        weights = data.weights
        if weights is not None and (weights[rows] != 1).any():
            row = int(rows[weights[rows] != 1][0])
            raise DataError(
                f"row {row + 1} has missing cells and the weight {weights[row]:g}, but rows of discrete columns with "
                "missing cells can only have the weight 1: repeat the row instead, or leave such rows out with "
                "--missing drop (missing='drop')."
            )
        return cls(
            data,
            missing,
            np.array(data.cardinalities, dtype=np.int64),
            rows,
            np.concatenate([[0], np.cumsum(counts[rows])]).astype(np.int64),
            np.nonzero(missing)[1].astype(np.int64),
            weights,
        )

    def first_draw(self, rng: np.random.Generator) -> Int64[np.ndarray, "n d"]:
        """Return the table with each missing cell drawn from its column's states, each counted once more than seen."""
        codes = np.where(self.missing, 0.0, self.data.values).astype(np.int64)
        for j, r in enumerate(self.cardinalities.tolist()):
            absent = self.missing[:, j]
            if absent.any():
                counts = 1.0 + np.bincount(codes[~absent, j], minlength=r)
                codes[absent, j] = rng.choice(r, size=int(absent.sum()), p=counts / counts.sum())
        return codes

    def completed(self, states: Int64[np.ndarray, " m"]) -> Dataset:
        """Return the dataset in which the missing cells have these states, row by row."""
        values = self.data.values.copy()
        values[self.missing] = states
        return replace(self.data, values=values)
