"""Completed tables of discrete columns, by the route that suits: weighted draws, or augmentation.

Weighted draws of the saturated model are tried first where its joint states are few. Where their weights are uneven,
too few tables would carry the answer, and augmentation takes their place.
"""

from collections.abc import Callable

import numpy as np

from dag_gfn.completion.augmentation import BURN_IN, tables_of_chains
from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.completion.discrete_augmentation import MAX_EXACT_NODES, AugmentedChain, DiscreteModel
from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.completion.discrete_saturated import (
    MAX_JOINT_STATES,
    SaturatedChain,
    log_saturated_score,
)
from dag_gfn.completion.saturated import weighted_tables_of_chains
from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import DataError, OptionError
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores.bde import BDeu

ROUTES = ("auto", "weighted", "augmentation")
MAX_SWEEPS = 1_600
"""Of each chain over graphs and cells, at most: some 13 ms each with 12 columns and 1,000 rows."""


def complete_discrete(
    data: Dataset,
    model: DiscreteModel,
    *,
    streams: RandomStreams,
    tables: int = 100,
    chains: int = 4,
    route: str = "auto",
    burn_in: int = BURN_IN,
    max_sweeps: int = MAX_SWEEPS,
    seconds: float | None = None,
    n_jobs: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> CompletedTables:
    """Return completed tables of a discrete dataset with missing cells.

    Parameters
    ----------
    data : Dataset
        Discrete columns; nan where a cell is missing.
    model : DiscreteModel
        The score, graph prior and constraints of the fit.
    streams : RandomStreams
    tables : int
        At least this many: the same number from each chain.
    chains : int
    route : {"auto", "weighted", "augmentation"}
        ``auto`` tries weighted draws where the saturated model has at most 100,000 joint states and the columns are
        few, and keeps them if their weights are even enough (:mod:`dag_gfn.completion.saturated`).
    burn_in, max_sweeps : int, optional
        Sweeps of each chain before the first table, and at most in all (augmentation).
    seconds : float, optional
        That augmentation may take: fewer sweeps are done where they would take longer.
    n_jobs : int, optional
        Chains at a time; as many as there are cores when left out. The result does not depend on it.
    progress : callable, optional
        Called with the share that is done.

    Raises
    ------
    DataError
        If a column is continuous, no cell is missing, or an incomplete row has a weight other than 1.
    OptionError
        If the route is unknown, or is "weighted" where the columns are too many.
    ConstraintError
        If no DAG satisfies the constraints.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.completion.discrete_augmentation import DiscreteModel
    >>> from dag_gfn.completion.discrete_tables import complete_discrete
    >>> from dag_gfn.random_streams import RandomStreams
    >>> data = dag_gfn.from_array(np.repeat([[0, 0], [1, 1]], 20, axis=0), discrete="all")
    >>> values = data.values.copy()
    >>> values[[0, -1], 1] = np.nan
    >>> completed = complete_discrete(replace(data, values=values), DiscreteModel(), streams=RandomStreams(0))
    >>> completed.route, len(completed), completed.scores[0].data.values[[0, -1], 1].tolist()
    ('weighted', 100, [0.0, 1.0])
    """
    if route not in ROUTES:
        raise OptionError(f"the route to completed tables is one of {', '.join(ROUTES)}, not {route!r}.")
    cells = DiscreteCells.of(data)
    if not len(cells.columns):
        raise DataError("the table has no missing cells: there is nothing to complete.")
    few = data.d <= MAX_EXACT_NODES and np.prod([float(r) for r in data.cardinalities]) <= MAX_JOINT_STATES
    if route == "weighted" and not few:
        raise OptionError(
            f"weighted completed tables need at most {MAX_EXACT_NODES} columns and {MAX_JOINT_STATES:,} joint states: "
            "use the route 'augmentation'."
        )

    def rngs(name: str) -> list[np.random.Generator]:
        return [np.random.default_rng(s) for s in streams.sequences(f"completed tables, {name}", chains)]

    def score_of(chain: SaturatedChain | AugmentedChain) -> BDeu:
        return model.score_of(cells.completed(chain.codes[cells.missing]))

    def score_and_saturated(chain: SaturatedChain) -> tuple[BDeu, float]:
        score = score_of(chain)
        return score, log_saturated_score(score.data, model.equivalent_sample_size)

    if few and route != "augmentation":
        weighted = weighted_tables_of_chains(
            [SaturatedChain(cells, model.equivalent_sample_size, rng=rng) for rng in rngs("weighted")],
            score_and_saturated,
            lambda score: model.log_evidence(score.data),
            tables=tables,
            burn_in=burn_in,
            insist=route == "weighted",
            n_jobs=n_jobs,
            progress=progress,
        )
        if weighted is not None:
            return weighted
    return tables_of_chains(
        [AugmentedChain(cells, model, rng=rng) for rng in rngs("augmentation")],
        score_of,
        data.d,
        tables=tables,
        burn_in=burn_in,
        max_sweeps=max_sweeps,
        seconds=seconds,
        n_jobs=n_jobs,
        progress=progress,
    )
