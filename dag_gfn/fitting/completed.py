"""Completed tables for a fit: by the route that goes with score and columns."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.completion.augmentation import augmented_tables
from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.completion.discrete_augmentation import DiscreteModel
from dag_gfn.completion.discrete_tables import complete_discrete
from dag_gfn.completion.gaussian_cells import CategoryColumns, GaussianCells, RankColumn
from dag_gfn.completion.normal_wishart import NormalWishart
from dag_gfn.completion.saturated import weighted_tables
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.normal_scores import with_scores_of_levels
from dag_gfn.data.row_weights import can_repeat_rows, repeat_rows
from dag_gfn.errors import DataError, OptionError
from dag_gfn.exact.dag_dp import log_evidence
from dag_gfn.fitting.incomplete import filled_in
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import BDeu, BGe, BlockBGe, Constraints, Copula, LocalScore, ScoreTable
from dag_gfn.scores.block_design import BlockDesign
from dag_gfn.scores.graph_prior import GraphPrior


def complete(
    data: Dataset,
    score: LocalScore,
    prior: GraphPrior,
    constraints: Constraints,
    *,
    seed: int,
    tables: int,
    weigh: bool,
    seconds: float | None = None,
    n_jobs: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> CompletedTables:
    """Return completed tables of a dataset with missing cells, or with ordered levels under the copula.

    Parameters
    ----------
    data : Dataset
    score : LocalScore
        Of any complete table of the same columns: its class and hyperparameters are those of every table.
    prior : GraphPrior
    constraints : Constraints
    seed : int
    tables : int
        At least so many, the same number from each of 4 chains.
    weigh : bool
        Whether the exact evidence of a table is affordable: then weighted tables of the saturated model are tried
        first. Where their weights are too uneven, tables come from a chain over graphs and cells.
    seconds : float, optional
        That the chain over graphs and cells may take.
    n_jobs : int, optional
        Threads; as many as there are cores when left out. The result does not depend on it.
    progress : callable, optional
        Called with the share that is done.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.fitting.completed import complete
    >>> from dag_gfn.fitting.incomplete import filled_in
    >>> from dag_gfn.scores import BGe, Constraints, make_prior
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2)))
    >>> data = replace(data, values=np.where(data.values > 1.5, np.nan, data.values))
    >>> model = BGe(filled_in(data)), make_prior("uniform", 2), Constraints.none(2)
    >>> found = complete(data, *model, seed=0, tables=8, weigh=True)
    >>> len(found), found.route, found.scores[0].data.has_missing
    (8, 'weighted', False)
    """
    streams = RandomStreams(seed)
    if data.weights is not None and can_repeat_rows(
        data
    ):  # each row that counts several times is completed by itself
        data = repeat_rows(data)
    if isinstance(score, BDeu):
        model = DiscreteModel(score.equivalent_sample_size, prior, constraints, type(score))
        route = "auto" if weigh else "augmentation"
        return complete_discrete(
            data,
            model,
            streams=streams,
            tables=tables,
            route=route,
            seconds=seconds,
            n_jobs=n_jobs,
            progress=progress,
        )
    cells, normal_wishart, make_score = _gaussian(data, score)
    if weigh and cells.intervened is None:

        def evidence(one: LocalScore) -> float:
            return log_evidence(ScoreTable.build(one, prior, constraints, storage="complete"))

        found = weighted_tables(
            cells,
            normal_wishart,
            make_score,
            evidence,
            streams=streams,
            tables=tables,
            insist=False,
            n_jobs=n_jobs,
            progress=progress,
        )
        if found is not None:
            return found
    return augmented_tables(
        cells,
        normal_wishart,
        make_score,
        streams=streams,
        graph_prior=prior,
        constraints=constraints,
        tables=tables,
        seconds=seconds,
        n_jobs=n_jobs,
        progress=progress,
    )


def _gaussian(
    data: Dataset, score: LocalScore
) -> tuple[GaussianCells, NormalWishart, Callable[[Float64[np.ndarray, "n D"]], LocalScore]]:
    """Return the cells of the Gaussian columns, the prior, and what makes a score of a complete table of them."""
    if isinstance(score, BGe):
        cells = GaussianCells(
            data.values,
            nodes=[[j] for j in range(data.d)],
            weights=data.weights,
            intervened=data.intervened,
        )
        prior = NormalWishart.of(
            data.d, alpha_mu=score.alpha_mu, alpha_w=score.alpha_w, mean_obs=score.mean_obs
        )
        make_bge = partial(
            BGe, alpha_mu=score.alpha_mu, alpha_w=score.alpha_w, mean_obs=np.asarray(score.mean_obs)
        )
        return cells, prior, lambda values: make_bge(replace(data, values=values))
    if not isinstance(score, BlockBGe):
        raise OptionError(f"cells that were not seen cannot be drawn under score {score.name!r}")
    scored, ordinal = data, np.zeros(data.d, dtype=bool)
    if isinstance(score, Copula):
        ordinal = np.array([kind == "ordinal" for kind in data.kinds])
        scored = with_scores_of_levels(data)
        scored = scored if scored.kind == "discrete" else scored.standardize()
    design = BlockDesign.of(scored)
    ranks, categories = [], []
    for node, (block, columns) in enumerate(zip(design.blocks, scored.node_columns, strict=True)):
        place, column = range(block.start, block.stop), columns[0]
        if len(columns) > 1 and scored.missing[:, list(columns)].any():
            raise DataError(
                f"the group {data.nodes[node]!r} has missing cells, and those of a group cannot be drawn yet: drop "
                "incomplete rows (--missing drop, missing='drop'), or leave out the group (--group)"
            )
        if len(columns) == 1 and ordinal[column]:
            ranks.append(RankColumn(block.start, _levels(data.values[:, column])))
        elif scored.kinds[column] != "continuous" and scored.missing[:, column].any():
            vectors = design.level_vectors(node)
            seen = ~np.isnan(vectors).any(axis=1)
            levels = _levels(scored.values[:, column])
            levels = np.where(levels < 0, -1, (np.cumsum(seen) - 1)[levels])
            categories.append(CategoryColumns(tuple(place), vectors[seen], levels))
    cells = GaussianCells(
        design.columns,
        nodes=[list(range(block.start, block.stop)) for block in design.blocks],
        ranks=ranks,
        categories=categories,
        weights=design.weights,
        intervened=design.intervened,
    )
    prior = NormalWishart.of(design.columns.shape[1], alpha_mu=score.alpha_mu, alpha_w=score.alpha_w)
    make = partial(
        type(score).from_design, alpha_mu=score.alpha_mu, alpha_w=score.alpha_w, data=filled_in(scored)
    )
    return cells, prior, lambda columns: make(design.replace(columns=columns))


def _levels(codes: Float64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """Return codes as whole numbers, -1 where they are missing."""
    return np.where(np.isnan(codes), -1, codes).astype(np.int64)
