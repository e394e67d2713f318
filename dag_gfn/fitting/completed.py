"""Completed tables for a fit: by the route that goes with score and columns."""

from collections.abc import Callable

from dag_gfn.completion.augmentation import augmented_tables
from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.completion.discrete_augmentation import DiscreteModel
from dag_gfn.completion.discrete_tables import complete_discrete
from dag_gfn.completion.saturated import weighted_tables
from dag_gfn.data.dataset import Dataset
from dag_gfn.exact.dag_dp import log_evidence
from dag_gfn.fitting.gaussian_columns import gaussian_columns
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import BDeu, Constraints, LocalScore, ScoreTable
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
    >>> len(found), found.scores[0].data.has_missing
    (8, False)
    """
    streams = RandomStreams(seed)
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
    found_columns = gaussian_columns(data, score)
    cells, normal_wishart, make_score = found_columns.cells, found_columns.prior, found_columns.make_score
    if weigh and cells.intervened is None and not cells.ranks:  # the weights of ranks are hopeless

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
