"""What the design columns of each node stand for: numbers, the levels of categories, the columns of groups."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple, final

import numpy as np
from jaxtyping import Float64, Int64


class Feature(NamedTuple):
    """A number of the table, or the indicator of a level.

    Attributes
    ----------
    column : str
        The column of the table.
    level : str or None
        The level that it is 1 at; None for a number.

    Examples
    --------
    >>> from dag_gfn.parameters.node_columns import Feature
    >>> str(Feature("job", "cook")), str(Feature("age", None))
    ('job = cook', 'age')
    """

    column: str
    level: str | None

    def __str__(self) -> str:
        """Return the column, with its level."""
        return self.column if self.level is None else f"{self.column} = {self.level}"


@final
@dataclass(frozen=True, eq=False)
class NodeColumns:
    """The maps between cells of the table and the D design columns that nodes own.

    A number has one feature, its value; a category one for each level, 1 where the cell has it and 0 elsewhere. Levels
    that no row has are left out. Features stand in the order of the nodes.

    Attributes
    ----------
    needed_statistics : tuple of str
        What `from_statistics` reads.
    nodes : tuple of str, length d
    widths : ndarray, shape (d,), int64
        Number of design columns of each node; they stand side by side in the order of the nodes.
    features : tuple of Feature, length F
    feature_nodes : ndarray, shape (F,), int64
        The node that each belongs to.
    feature_means : ndarray, shape (F,), float64
        For levels their shares; zero for numeric nodes of one column.
    whitening : ndarray, shape (F, D), float64
        ``design = (features - feature_means) @ whitening``, features as scored.
    feature_map : ndarray, shape (D, F), float64
        ``features = feature_means + design @ feature_map``.
    offsets, scales : ndarray, shape (F,), float64
        In the units of the table a feature is ``offset + scale * scored``.

    Examples
    --------
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.parameters.node_columns import NodeColumns
    >>> from dag_gfn.scores import BlockBGe
    >>> table = pd.DataFrame({"job": ["cook", "nurse", "cook", "cook"], "age": [30.0, 41.0, 52.0, 35.0]})
    >>> columns = NodeColumns.from_statistics(
    ...     ("job", "age"), BlockBGe(dag_gfn.from_frame(table).standardize()).statistics()
    ... )
    >>> [str(feature) for feature in columns.features], columns.kind(0)
    (['job = cook', 'job = nurse', 'age'], 'category')
    >>> step = columns.point(0, {1: 1.0}) - columns.point(0, {0: 1.0})  # from cook to nurse
    >>> (step @ columns.feature_map[columns.design_columns(0)]).round(12).tolist()
    [-1.0, 1.0, 0.0]
    """

    needed_statistics: ClassVar[tuple[str, ...]] = (
        "block_widths",
        "feature_nodes",
        "feature_columns",
        "feature_levels",
        "feature_means",
        "whitening",
        "feature_map",
        "table_columns",
        "table_means",
        "table_scales",
        "table_states",
    )

    nodes: tuple[str, ...]
    widths: Int64[np.ndarray, " d"]
    features: tuple[Feature, ...]
    feature_nodes: Int64[np.ndarray, " F"]
    feature_means: Float64[np.ndarray, " F"]
    whitening: Float64[np.ndarray, "F D"]
    feature_map: Float64[np.ndarray, "D F"]
    offsets: Float64[np.ndarray, " F"]
    scales: Float64[np.ndarray, " F"]

    @classmethod
    def from_statistics(cls, nodes: tuple[str, ...], statistics: Mapping[str, np.ndarray]) -> "NodeColumns":
        """Return the maps that the statistics of the score ``block`` hold."""
        levels, columns = statistics["feature_levels"], statistics["feature_columns"]
        numeric = levels < 0
        used = numeric | (statistics["feature_means"] > 0.0)
        names, states = statistics["table_columns"].tolist(), statistics["table_states"].tolist()
        features = tuple(
            Feature(names[column], None if level < 0 else states[column][level])
            for column, level in zip(columns[used].tolist(), levels[used].tolist(), strict=True)
        )
        return cls(
            nodes=nodes,
            widths=statistics["block_widths"],
            features=features,
            feature_nodes=statistics["feature_nodes"][used],
            feature_means=statistics["feature_means"][used],
            whitening=statistics["whitening"][used],
            feature_map=statistics["feature_map"][:, used],
            offsets=np.where(numeric, statistics["table_means"][columns], 0.0)[used],
            scales=np.where(numeric, statistics["table_scales"][columns], 1.0)[used],
        )

    def in_standard_deviations(
        self, means: Float64[np.ndarray, " D"], spreads: Float64[np.ndarray, " D"]
    ) -> "NodeColumns":
        """Return the maps with numbers measured from their mean, in standard deviations.

        Parameters
        ----------
        means, spreads : ndarray, shape (D,), float64
            Means and standard deviations of the design columns.
        """
        numbers = np.array([feature.level is None for feature in self.features])
        centre = self.feature_means + means @ self.feature_map
        spread = np.sqrt(((spreads[:, None] * self.feature_map) ** 2).sum(axis=0))
        return replace(
            self,
            offsets=np.where(numbers, -centre / spread, self.offsets),
            scales=np.where(numbers, 1.0 / spread, self.scales),
        )

    @cached_property
    def starts(self) -> Int64[np.ndarray, " nodes"]:
        """The first design column of each node, and their number at the end, shape (d + 1,)."""
        return np.concatenate([[0], np.cumsum(self.widths)]).astype(np.int64)

    def design_columns(self, node: int) -> slice:
        """Return the design columns of a node."""
        return slice(int(self.starts[node]), int(self.starts[node + 1]))

    def features_of(self, node: int) -> Int64[np.ndarray, " f"]:
        """Return the positions of the features of a node."""
        return np.flatnonzero(self.feature_nodes == node)

    def kind(self, node: int) -> Literal["number", "category", "group"]:
        """Return what a node owns: one number, one category, or a group of columns."""
        own = [self.features[f] for f in self.features_of(node)]
        if len({feature.column for feature in own}) > 1:
            return "group"
        return "number" if own[0].level is None else "category"

    def has_full_rank(self, node: int) -> bool:
        """Return whether every column of a node can change while its other columns stay."""
        own = self.features_of(node)
        levels = sum(self.features[f].level is not None for f in own)
        categories = len({self.features[f].column for f in own if self.features[f].level is not None})
        return bool(self.widths[node] == len(own) - levels + (levels - categories))

    def point(self, node: int, values: Mapping[int, float]) -> Float64[np.ndarray, " w"]:
        """Return the design of a node at values of its features, as scored: by their positions, 0 where not given."""
        own = self.features_of(node)
        scored = np.array([values.get(int(f), 0.0) for f in own])
        return (scored - self.feature_means[own]) @ self.whitening[own, self.design_columns(node)]
