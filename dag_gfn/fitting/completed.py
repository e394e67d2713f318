"""Completed tables for a fit: by the route that goes with score and columns."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float64

from dag_gfn.completion.augmentation import augmented_tables
from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.completion.discrete_augmentation import DiscreteModel
from dag_gfn.completion.discrete_tables import complete_discrete
from dag_gfn.completion.gaussian_cells import CategoryColumns, GaussianCells, RankColumn
from dag_gfn.completion.normal_wishart import NormalWishart
from dag_gfn.completion.saturated import weighted_tables
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.normal_scores import with_scores_of_levels
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
    n_jobs: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> CompletedTables:
    """Return completed tables of a dataset with missing cells.

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
    if isinstance(score, BDeu):
        model = DiscreteModel(score.equivalent_sample_size, prior, constraints, type(score))
        route = "auto" if weigh else "augmentation"
        return complete_discrete(
            data, model, streams=streams, tables=tables, route=route, n_jobs=n_jobs, progress=progress
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
    kinds, ranks, categories = data.kinds, [], []
    if isinstance(score, Copula):
        codes_of, data = data.values, with_scores_of_levels(data).standardize()
    design = BlockDesign.of(data)
    for node, (block, columns) in enumerate(zip(design.blocks, data.node_columns, strict=True)):
        place = range(block.start, block.stop)
        if (
            len(columns) == 1 and data.kinds[columns[0]] != kinds[columns[0]]
        ):  # ordinal: the order alone is known
            codes = codes_of[:, columns[0]]
            ranks.append(RankColumn(block.start, np.where(np.isnan(codes), -1, codes).astype(np.int64)))
            continue
        if not data.missing[:, list(columns)].any():
            continue
        if len(columns) > 1:
            raise DataError(
                f"the group {data.nodes[node]!r} has missing cells, and those of a group cannot be drawn yet: drop "
                "incomplete rows (--missing drop, missing='drop'), or leave out the group (--group)"
            )
        if data.kinds[columns[0]] != "continuous":
            vectors = design.level_vectors(node)
            seen = ~np.isnan(vectors).any(axis=1)
            codes = data.values[:, columns[0]]
            absent = np.isnan(codes)
            levels = (np.cumsum(seen) - 1)[np.where(absent, 0, codes).astype(np.int64)]
            categories.append(
                CategoryColumns(tuple(place), vectors[seen], np.where(absent, -1, levels).astype(np.int64))
            )
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
        type(score).from_design, alpha_mu=score.alpha_mu, alpha_w=score.alpha_w, data=filled_in(data)
    )
    return cells, prior, lambda columns: make(design.replace(columns=columns))
