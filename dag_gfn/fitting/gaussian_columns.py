"""The Gaussian columns behind a table, for each score that has such a model: which cells of them have to be drawn."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.completion.gaussian_cells import CategoryColumns, GaussianCells, RankColumn
from dag_gfn.completion.normal_wishart import NormalWishartPrior
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.normal_scores import with_scores_of_levels
from dag_gfn.errors import DataError, OptionError
from dag_gfn.fitting.incomplete import filled_in
from dag_gfn.scores import BGe, BlockBGe, Copula, LocalScore
from dag_gfn.scores.block_design import BlockDesign


@dataclass(frozen=True, eq=False)
class GaussianColumns:
    """What chains over cells need to know of a table under a Gaussian score.

    Attributes
    ----------
    cells : GaussianCells
    prior : NormalWishartPrior
    make_score : callable
        From a complete table of the columns, shape (n, D), to its score.

    Examples
    --------
    See `gaussian_columns`.
    """

    cells: GaussianCells
    prior: NormalWishartPrior
    make_score: Callable[[Float64[np.ndarray, "n D"]], LocalScore]


def gaussian_columns(data: Dataset, score: LocalScore) -> GaussianColumns:
    """Return the Gaussian columns of a table.

    BGe has the table itself. The block score has contrasts of the levels for a category. The copula has a normal
    variable behind each column that is ordinal, or has few distinct numbers: only its order is known.

    Parameters
    ----------
    data : Dataset
        On the scale that is scored, with NaN where a cell is missing.
    score : BGe, BlockBGe or Copula
        Of any complete table of the same columns: its class and hyperparameters are those of every table.

    Raises
    ------
    OptionError
        If the score has no such model.
    DataError
        If a column of a group has missing cells or an order, or rows with cells to draw have weights other than 1.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.fitting.gaussian_columns import gaussian_columns
    >>> from dag_gfn.scores import BlockBGe, Copula
    >>> codes = np.tile([[0, 0], [1, 2], [2, 1], [1, 1], [0, 2]], (2, 1))
    >>> data = dag_gfn.from_array(codes, ["pain", "drug"], discrete="all", strict=True)
    >>> data = replace(data, kinds=("ordinal", "discrete"))
    >>> gaussian_columns(data, BlockBGe(data)).cells.num_columns  # two contrasts each
    4
    >>> columns = gaussian_columns(data, Copula(data))  # one normal variable, and two contrasts
    >>> columns.cells.num_columns, columns.cells.ranks[0].levels[:5].tolist()
    (3, [0, 1, 2, 1, 0])
    """
    if isinstance(score, BGe):
        return _of_bge(data, score)
    if isinstance(score, Copula):
        return _of_copula(data, score)
    if isinstance(score, BlockBGe):
        return _of_blocks(data, score, {})
    raise OptionError(f"cells that were not seen cannot be drawn under score {score.name!r}")


def _of_bge(data: Dataset, score: BGe) -> GaussianColumns:
    cells = GaussianCells(
        data.values,
        nodes=[[j] for j in range(data.d)],
        weights=data.weights,
        intervened=data.intervened,
    )
    mean_obs = np.asarray(score.mean_obs)
    prior = NormalWishartPrior.of(data.d, alpha_mu=score.alpha_mu, alpha_w=score.alpha_w, mean_obs=mean_obs)
    make = partial(BGe, alpha_mu=score.alpha_mu, alpha_w=score.alpha_w, mean_obs=mean_obs)
    return GaussianColumns(cells, prior, lambda values: make(replace(data, values=values)))


def _of_copula(data: Dataset, score: Copula) -> GaussianColumns:
    """Return normal scores for numbers, and for what is known by its order the levels of each row."""
    levels = {}
    for j in Copula.ranked_columns(data):
        seen = ~np.isnan(data.values[:, j])
        levels[j] = np.full(data.n, -1, dtype=np.int64)
        levels[j][seen] = np.unique(data.values[seen, j], return_inverse=True)[1]
    scored = with_scores_of_levels(data)
    return _of_blocks(scored if scored.kind == "discrete" else scored.standardize(), score, levels)


def _of_blocks(data: Dataset, score: BlockBGe, levels: dict[int, Int64[np.ndarray, " n"]]) -> GaussianColumns:
    """Return the design of a table; `levels` has the level of each row for columns that are known by their order."""
    design = BlockDesign.of(data)
    categories, ranks = [], []
    for node, (block, columns) in enumerate(zip(design.blocks, data.node_columns, strict=True)):
        column, absent = columns[0], data.missing[:, list(columns)]
        if len(columns) > 1:
            if absent.any() or not levels.keys().isdisjoint(columns):
                raise DataError(
                    f"the group {data.nodes[node]!r} has missing cells, or columns of which only the order counts, and "
                    "those of a group cannot be drawn: drop incomplete rows (--missing drop, missing='drop'), choose "
                    "--score block, or leave out the group (--group)"
                )
        elif column in levels:
            ranks.append(RankColumn(block.start, levels[column]))
        elif data.kinds[column] != "continuous" and absent.any():
            vectors = design.level_vectors(node)
            occurs = ~np.isnan(vectors).any(axis=1)
            codes = np.where(absent[:, 0], 0, data.values[:, column]).astype(np.int64)
            of_rows = np.where(absent[:, 0], -1, (np.cumsum(occurs) - 1)[codes])
            places = tuple(range(block.start, block.stop))
            categories.append(CategoryColumns(places, vectors[occurs], of_rows.astype(np.int64)))
    cells = GaussianCells(
        design.columns,
        nodes=[list(range(block.start, block.stop)) for block in design.blocks],
        ranks=ranks,
        categories=categories,
        weights=design.weights,
        intervened=design.intervened,
    )
    prior = NormalWishartPrior.of(design.columns.shape[1], alpha_mu=score.alpha_mu, alpha_w=score.alpha_w)
    make = partial(
        type(score).from_design, alpha_mu=score.alpha_mu, alpha_w=score.alpha_w, data=filled_in(data)
    )
    return GaussianColumns(cells, prior, lambda columns: make(design.replace(columns=columns)))
