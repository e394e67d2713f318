"""Which cells of a table of Gaussian columns were seen, and what is known of the others.

The columns are those of the Gaussian model: a numeric variable has one, a category of r levels has r - 1. A node owns
one column or several. A cell is one of these:

seen        a number that stays.
missing     a number that may be anything.
rank        only the order is known, that of the levels of an ordinal variable: the number lies above all numbers of
            the levels below, and below all of the levels above (the extended rank likelihood of Hoff, Annals of Applied
            Statistics 1, 2007). Where the level is missing the number may be anything.
category    the columns of a category whose level is missing: one of the r vectors that stand for its levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.errors import DataError


@dataclass(frozen=True, eq=False)
class RankColumn:
    """A column of which only the order of its levels is known.

    Attributes
    ----------
    column : int
        Its place among the columns of the model.
    levels : array, shape (n,), int64
        The level of each row, 0 for the lowest; -1 where it is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.gaussian_cells import RankColumn
    >>> RankColumn(2, np.array([0, 1, -1])).column
    2
    """

    column: int
    levels: Int64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class CategoryColumns:
    """The columns of a category, and the vectors that stand for its levels.

    Attributes
    ----------
    columns : tuple of int
        The r - 1 places among the columns of the model.
    vectors : array, shape (r, r - 1), float64
        Of each level.
    levels : array, shape (n,), int64
        The level of each row; -1 where it is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.gaussian_cells import CategoryColumns
    >>> CategoryColumns((0,), np.array([[-1.0], [1.0]]), np.array([0, 1, 1, -1])).vectors.shape
    (2, 1)
    """

    columns: tuple[int, ...]
    vectors: Float64[np.ndarray, "r columns"]
    levels: Int64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class GaussianCells:
    """A table of Gaussian columns in which some cells were not seen.

    Parameters
    ----------
    values : array, shape (n, D), float64
        The numbers that were seen, and nan where they are missing. In rank columns, and in columns of categories, they
        do not matter.
    nodes : sequence of sequences of int
        The columns that each node owns; each column belongs to one node.
    ranks : sequence of RankColumn
    categories : sequence of CategoryColumns
    weights : array, shape (n,), float64, optional
        How many rows each row stands for. A row in which a cell is drawn must have weight 1: copies of it would be
        completed independently, and one completion that counts several times is something else.
    intervened : array, shape (n, nodes), bool, optional
        Where the experimenter has set the value of a node. Such a value must have been seen, and be no rank.

    Raises
    ------
    DataError
        If rows with cells to draw have other weights than 1, a value that was set is missing or known by its rank,
        or a category has no level that was seen.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.gaussian_cells import GaussianCells
    >>> cells = GaussianCells(np.array([[1.0, 2.0], [np.nan, 3.0]]), nodes=[[0], [1]])
    >>> cells.num_columns, int(cells.drawn_rows.sum())
    (2, 1)
    >>> bool(np.isfinite(cells.start(np.random.default_rng(0))).all())
    True
    """

    values: Float64[np.ndarray, "n D"]
    nodes: Sequence[Sequence[int]]
    ranks: Sequence[RankColumn] = ()
    categories: Sequence[CategoryColumns] = ()
    weights: Float64[np.ndarray, " n"] | None = None
    intervened: Bool[np.ndarray, "n nodes"] | None = None

    def __post_init__(self) -> None:
        owned = sorted(column for node in self.nodes for column in node)
        if owned != list(range(self.num_columns)):
            raise DataError(
                f"each of the {self.num_columns} columns must belong to one node, not {self.nodes}"
            )
        if self.weights is not None:
            wrong = self.drawn_rows & (self.weights != 1.0)
            if wrong.any():
                raise DataError(
                    f"{int(wrong.sum())} rows with missing or ordinal cells have weights other than 1 (row "
                    f"{int(wrong.argmax()) + 1} has {self.weights[wrong.argmax()]:g}): each of the rows that such a "
                    "row stands for must be completed on its own. Repeat these rows (whole weights), or drop the "
                    "incomplete rows (--missing drop)."
                )
        for category in self.categories:
            if (category.levels < 0).all():
                raise DataError("a category has no level that was seen: drop the column")
        if self.intervened is not None:
            latent = self.missing.copy()
            for rank in self.ranks:
                latent[:, rank.column] = True
            for category in self.categories:
                latent[:, list(category.columns)] = (category.levels < 0)[:, None]
            for node, columns in enumerate(self.nodes):
                wrong = self.intervened[:, node] & latent[:, list(columns)].any(axis=1)
                if wrong.any():
                    raise DataError(
                        f"node {node} has values that were set by the experimenter but are missing or ordinal (row "
                        f"{int(wrong.argmax()) + 1}): fill them in, or drop these rows"
                    )

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.values)

    @property
    def num_columns(self) -> int:
        """Number of columns of the model."""
        return self.values.shape[1]

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @property
    def missing(self) -> Bool[np.ndarray, "n D"]:
        """Return which cells of numeric columns are missing; False in rank columns and categories."""
        missing = np.array(np.isnan(self.values), dtype=bool)
        for rank in self.ranks:
            missing[:, rank.column] = False
        for category in self.categories:
            missing[:, list(category.columns)] = False
        return missing

    @property
    def drawn_rows(self) -> Bool[np.ndarray, " n"]:
        """Return which rows have a cell that is drawn."""
        drawn = np.asarray(self.missing.any(axis=1), dtype=bool)
        for category in self.categories:
            drawn |= category.levels < 0
        if self.ranks:
            drawn[:] = True
        return drawn

    @property
    def is_complete(self) -> bool:
        """Whether no cell has to be drawn."""
        return not self.drawn_rows.any()

    def start(self, rng: np.random.Generator) -> Float64[np.ndarray, "n D"]:
        """Return a complete table that agrees with what was seen.

        A missing number is drawn from the column's seen numbers, and a missing level from its seen levels. A column
        of ranks gets normal scores, in random order within a level.
        """
        values = np.array(self.values, dtype=np.float64)
        missing = self.missing
        for column in np.flatnonzero(missing.any(axis=0)):
            seen = values[~missing[:, column], column]
            seen = seen if len(seen) else np.zeros(1)
            values[missing[:, column], column] = rng.choice(seen, size=int(missing[:, column].sum()))
        for rank in self.ranks:
            values[:, rank.column] = _scores_of_levels(rank.levels, rng)
        for category in self.categories:
            levels = category.levels.copy()
            unseen = levels < 0
            levels[unseen] = rng.choice(levels[~unseen], size=int(unseen.sum()))
            values[:, list(category.columns)] = category.vectors[levels]
        return values


def _scores_of_levels(levels: Int64[np.ndarray, " n"], rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
    """Return sorted normal numbers in the order of the levels, ties in random order, missing levels at random."""
    scores = np.empty(len(levels))
    seen = np.flatnonzero(levels >= 0)
    order = np.lexsort([rng.random(len(seen)), levels[seen]])
    scores[seen[order]] = np.sort(rng.standard_normal(len(seen)))
    scores[levels < 0] = rng.standard_normal(len(levels) - len(seen))
    return scores
