"""The design of a table: the numeric columns that stand for each node, and the way back.

A score over nodes that own several columns sees a design of D numeric columns, of which each node owns a block:

- a numeric column is its own block of width 1, as the table gives it;
- a category or ordinal column with r levels has r - 1 contrasts;
- a group of columns has one block for all of them together.

The blocks of categories and groups are whitened: over the cells that are seen, their columns have mean 0, variance 1
and no correlation. So the coding of the levels does not matter, nor do the units within a group: another coding
turns the block by a rotation, which changes no score.

For a level with the share p the squared length of its contrast vector is 1 / p - 1, and the vectors of different
levels have the product -1. This gives the way back: at the point z the linear model says that level l has the
probability p_l (1 + v_l · z).
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.interventions import set_nodes
from dag_gfn.data.messages import option_value
from dag_gfn.errors import DataError
from dag_gfn.scores.moments import Moments

_NO_COLUMN = 1e-10
"""A direction of a group with less than this share of the largest variance gets no column of its own."""


@dataclass(frozen=True, eq=False)
class BlockDesign:
    """The columns of a design, the node that owns each, and the linear maps between cells and design.

    Features stand between cells and design. A numeric column has one feature, its value. A category has one for each
    level, 1 where the cell has that level and 0 elsewhere.

    Parameters
    ----------
    columns : array, shape (n, D), float64
        The design; the block of a row is NaN where a cell of its node is missing.
    names : tuple of str, length d
        The nodes.
    widths : array, shape (d,), int64
        Number of design columns of each node, which stand side by side in the order of the nodes.
    feature_nodes : array, shape (F,), int64
        The node that each feature belongs to.
    feature_columns : array, shape (F,), int64
        The column of the table that each feature belongs to.
    feature_levels : array, shape (F,), int64
        The code of the level that a feature stands for; -1 for a numeric column.
    feature_means : array, shape (F,), float64
        Zero for numeric nodes of one column, otherwise the mean over the seen cells: the shares of the levels.
    whitening : array, shape (F, D), float64
        ``design = (features - feature_means) @ whitening``.
    feature_map : array, shape (D, F), float64
        ``feature_means + design @ feature_map`` gives the features back: levels as 0 and 1 at the points of the design
        that stand for a level, and their probabilities under the linear model elsewhere.
    intervened : array, shape (n, d), bool, or None
        Where the experimenter set a node, that is one of its columns or more.
    weights : array, shape (n,), float64, or None
        Weights of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.block_design import BlockDesign
    >>> job = np.array([0.0, 1.0, 1.0, 2.0])  # a category of three levels, beside a measured column
    >>> design = BlockDesign.from_arrays(np.column_stack([job, [0.5, 1.5, -0.5, 2.0]]), (3, 0), ("job", "x"))
    >>> design.widths.tolist(), design.blocks
    ([2, 1], (slice(0, 2, None), slice(2, 3, None)))
    >>> (design.columns[:, :2].T @ design.columns[:, :2] / 4).round(12).tolist()  # whitened
    [[1.0, 0.0], [0.0, 1.0]]
    >>> design.features()[:, :3].round(12).tolist()  # back: the levels of the four rows
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    columns: Float64[np.ndarray, "n D"]
    names: tuple[str, ...]
    widths: Int64[np.ndarray, " d"]
    feature_nodes: Int64[np.ndarray, " F"]
    feature_columns: Int64[np.ndarray, " F"]
    feature_levels: Int64[np.ndarray, " F"]
    feature_means: Float64[np.ndarray, " F"]
    whitening: Float64[np.ndarray, "F D"]
    feature_map: Float64[np.ndarray, "D F"]
    intervened: Bool[np.ndarray, "n d"] | None = None
    weights: Float64[np.ndarray, " n"] | None = None

    @classmethod
    def of(cls, data: Dataset) -> "BlockDesign":
        """Return the design of a dataset: its numeric columns as they are, its categories and groups whitened.

        Raises
        ------
        DataError
            If a node is constant over the rows in which it is seen.
        """
        design = cls.from_arrays(
            data.values, data.cardinalities, data.nodes, owned=data.node_columns, weights=data.weights
        )
        if data.intervened is None:
            return design
        return design.replace(intervened=set_nodes(data))

    @classmethod
    def from_arrays(
        cls,
        values: Float64[np.ndarray, "n c"],
        cardinalities: tuple[int, ...],
        names: tuple[str, ...],
        *,
        owned: tuple[tuple[int, ...], ...] | None = None,
        weights: Float64[np.ndarray, " n"] | None = None,
    ) -> "BlockDesign":
        """Return the design of a table that is given as arrays.

        Parameters
        ----------
        values : array, shape (n, c), float64
            NaN is missing; categories hold the codes of their levels.
        cardinalities : tuple of int, length c
            Number of levels of a category; 0 for a numeric column.
        names : tuple of str, length d
            The nodes.
        owned : tuple of tuples of int, length d, optional
            The columns of each node; one each when left out.
        weights : array, shape (n,), float64, optional

        Raises
        ------
        DataError
            If a node is constant over the rows in which it is seen.
        """
        owned = tuple((j,) for j in range(values.shape[1])) if owned is None else owned
        blocks = [
            _block(values[:, list(columns)], [cardinalities[j] for j in columns], name, weights)
            for name, columns in zip(names, owned, strict=True)
        ]
        feature_columns = [
            columns[member] for columns, block in zip(owned, blocks, strict=True) for member in block.members
        ]
        return cls(
            np.concatenate([block.columns for block in blocks], axis=1),
            tuple(names),
            np.array([block.columns.shape[1] for block in blocks], dtype=np.int64),
            np.repeat(np.arange(len(owned), dtype=np.int64), [len(block.members) for block in blocks]),
            np.array(feature_columns, dtype=np.int64),
            np.concatenate([block.levels for block in blocks]),
            np.concatenate([block.means for block in blocks]),
            _block_diagonal([block.whitening for block in blocks]),
            _block_diagonal([block.back for block in blocks]),
            weights=weights,
        )

    @property
    def blocks(self) -> tuple[slice, ...]:
        """The design columns of each node, as slices."""
        stops = np.cumsum(self.widths).tolist()
        return tuple(
            slice(stop - width, stop) for stop, width in zip(stops, self.widths.tolist(), strict=True)
        )

    @property
    def owners(self) -> Int64[np.ndarray, " D"]:
        """The node of each design column."""
        return np.repeat(np.arange(len(self.widths), dtype=np.int64), self.widths)

    @property
    def is_numeric(self) -> Bool[np.ndarray, " d"]:
        """Which nodes own one numeric column, so that the design has it as the table gives it."""
        numbers = np.bincount(self.feature_nodes[self.feature_levels < 0], minlength=len(self.names))
        return np.asarray((numbers == 1) & (np.bincount(self.feature_nodes, minlength=len(self.names)) == 1))

    def observed_rows(self, node: int) -> Bool[np.ndarray, " n"]:
        """Return which rows count for ``node``: those in which none of its columns was set."""
        if self.intervened is None:
            return np.ones(len(self.columns), dtype=bool)
        return ~self.intervened[:, node]

    def moments(self) -> list[Moments]:
        """Return the moments of the rows: one entry for all nodes, or one for each where interventions differ.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores.block_design import BlockDesign
        >>> design = BlockDesign.from_arrays(np.array([[0.0, 1.0], [1.0, 2.0], [1.0, 4.0]]), (2, 0), ("a", "b"))
        >>> (moments,) = design.moments()
        >>> moments.num_rows, moments.scatter.diagonal().round(3).tolist()
        (3, [3.0, 4.667])
        """
        rows = [self.observed_rows(node) for node in range(1 if self.intervened is None else len(self.names))]
        return [
            Moments.of(self.columns[used], None if self.weights is None else self.weights[used])
            for used in rows
        ]

    def replace(self, **changes: object) -> "BlockDesign":
        """Return the design with other rows, interventions or weights; the maps stay, so nothing is whitened anew.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores.block_design import BlockDesign
        >>> design = BlockDesign.from_arrays(np.array([[0.0], [1.0], [1.0], [np.nan]]), (2,), ("sex",))
        >>> filled = np.where(np.isnan(design.columns), design.level_vectors(0)[1], design.columns)
        >>> design.replace(columns=filled).columns.round(3).ravel().tolist()
        [-1.414, 0.707, 0.707, 0.707]
        """
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def features(self) -> Float64[np.ndarray, "n F"]:
        """Return the features at the rows of the design: values of the table, and levels as 0 and 1; NaN is missing."""
        features = np.empty((len(self.columns), len(self.feature_nodes)))
        for node, block in enumerate(
            self.blocks
        ):  # one at a time: a missing block leaves the others as they are
            here = self.feature_nodes == node
            features[:, here] = (
                self.feature_means[here] + self.columns[:, block] @ self.feature_map[block, here]
            )
        return features

    def level_vectors(self, node: int) -> Float64[np.ndarray, "r w"]:
        """Return the point of the design that stands for each level of a node of one category.

        A declared level that no seen cell has gives a line of NaN.

        Raises
        ------
        ValueError
            If the node owns a numeric column, or several columns.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores.block_design import BlockDesign
        >>> design = BlockDesign.from_arrays(np.array([[0.0], [1.0], [2.0], [2.0]]), (3,), ("job",))
        >>> design.level_vectors(0).round(3).tolist()
        [[-1.414, -1.0], [1.414, -1.0], [0.0, 1.0]]
        """
        here, block = np.flatnonzero(self.feature_nodes == node), self.blocks[node]
        if len(set(self.feature_columns[here].tolist())) != 1 or (self.feature_levels[here] < 0).any():
            raise ValueError(f"node {self.names[node]!r} is not one category")
        points = (np.eye(len(here)) - self.feature_means[here]) @ self.whitening[here, block]
        points[self.feature_means[here] == 0.0] = np.nan
        return points


@dataclass(frozen=True, eq=False)
class _Block:
    """The design of one node: its columns, and for each feature its member column, level, mean and maps."""

    columns: Float64[np.ndarray, "n w"]
    members: list[int]
    levels: Int64[np.ndarray, " f"]
    means: Float64[np.ndarray, " f"]
    whitening: Float64[np.ndarray, "f w"]
    back: Float64[np.ndarray, "w f"]


def _block(
    values: Float64[np.ndarray, "n k"],
    cardinalities: list[int],
    name: str,
    weights: Float64[np.ndarray, " n"] | None,
) -> _Block:
    """Return the block of one node from the cells of its columns."""
    if len(cardinalities) == 1 and cardinalities[0] == 0:
        return _Block(values, [0], np.array([-1]), np.zeros(1), np.eye(1), np.eye(1))
    members = [j for j, r in enumerate(cardinalities) for _ in range(max(r, 1))]
    levels = np.array([code for r in cardinalities for code in (range(r) if r else (-1,))], dtype=np.int64)
    cells = values[:, members]
    features = np.where(levels < 0, cells, (cells == levels).astype(np.float64))
    seen = ~np.isnan(values).any(axis=1)
    share = seen.astype(np.float64) if weights is None else np.where(seen, weights, 0.0)
    share /= max(share.sum(), np.finfo(float).tiny)
    means = share @ np.where(seen[:, None], features, 0.0)
    if len(cardinalities) == 1:
        whitening = _contrasts(means)
        back = (means[:, None] * whitening).T
    else:
        whitening, back = _whitened(np.where(seen[:, None], features - means, 0.0), share)
    if whitening.shape[1] == 0:
        raise DataError(
            f"column {name!r} has the same value in every row in which it is seen, so the data say nothing about its "
            f"edges: leave it out with --drop {option_value([name])} (drop=[...])"
        )
    columns = (features - means) @ whitening
    columns[~seen] = np.nan
    return _Block(columns, members, levels, means, whitening, back)


def _contrasts(shares: Float64[np.ndarray, " r"]) -> Float64[np.ndarray, "r w"]:
    """Return one vector for each level, with mean 0 and unit covariance under the shares of the levels.

    Contrast k compares a level with those before it together (weighted Helmert contrasts). Two levels give the
    z-scores of 0 and 1. A level of share 0 gets no contrast.
    """
    occurring = np.flatnonzero(shares > 0.0)
    vectors = np.zeros((len(shares), max(len(occurring) - 1, 0)))
    before = np.cumsum(shares[occurring])
    for k, level in enumerate(occurring[1:]):
        share, total = shares[level], before[k + 1]
        vectors[occurring[: k + 1], k] = -np.sqrt(share / (before[k] * total))
        vectors[level, k] = np.sqrt(before[k] / (share * total))
    return vectors


def _whitened(
    centred: Float64[np.ndarray, "n f"], share: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, "f w"], Float64[np.ndarray, "w f"]]:
    """Return the map to uncorrelated columns of variance 1, and the map back, for centred features of a group.

    The features are scaled to variance 1 first. Directions without variance are left out: one for each category, and
    one for each column that follows from the others.
    """
    scale = np.sqrt(share @ centred**2)
    used = scale > 0.0
    scaled = centred / np.where(used, scale, 1.0)
    variances, directions = np.linalg.eigh((scaled * share[:, None]).T @ scaled)
    kept = variances > _NO_COLUMN * variances[-1]
    root = np.sqrt(variances[kept])
    whitening = directions[:, kept] / root / np.where(used, scale, np.inf)[:, None]
    return whitening, root[:, None] * directions[:, kept].T * scale


def _block_diagonal(parts: list[np.ndarray]) -> np.ndarray:
    """Return the matrix with these blocks along its diagonal."""
    matrix = np.zeros((sum(len(part) for part in parts), sum(part.shape[1] for part in parts)))
    row = column = 0
    for part in parts:
        matrix[row : row + len(part), column : column + part.shape[1]] = part
        row, column = row + len(part), column + part.shape[1]
    return matrix
