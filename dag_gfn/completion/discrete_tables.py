"""Completed tables of discrete columns, by the route that suits: weighted draws, or augmentation.

Weighted draws of the saturated model are tried first where its joint states are few. Where their weights are uneven,
too few tables would carry the answer, and augmentation takes their place.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Protocol

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.completion.completed_tables import CompletedTables, effective_number
from dag_gfn.completion.discrete_augmentation import MAX_EXACT_NODES, AugmentedChain, DiscreteModel
from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.completion.discrete_saturated import (
    MAX_JOINT_STATES,
    SaturatedChain,
    log_saturated_score,
)
from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import DataError, OptionError
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores.bde import BDeu

ROUTES = ("auto", "weighted", "augmentation")
ENOUGH_EFFECTIVE = 0.5
"""Weighted draws are used if their effective number is at least this share of them."""

_BURN_IN = {"weighted": 50, "augmentation": 50}
_THINNING = {"weighted": 10, "augmentation": 4}


class Chain(Protocol):
    """What draws missing cells, sweep by sweep."""

    codes: Int64[np.ndarray, "n d"]

    def sweep(self) -> None:
        """Draw every missing cell once or more."""


def complete_discrete(
    data: Dataset,
    model: DiscreteModel,
    *,
    streams: RandomStreams,
    tables: int = 40,
    chains: int = 4,
    route: str = "auto",
    burn_in: int | None = None,
    thinning: int | None = None,
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
        few, and keeps them if their effective number is at least half of them.
    burn_in, thinning : int, optional
        Sweeps of each chain before those that lead to its first table, and from one table to the next. When left out:
        50, and 10 (weighted) or 4 (augmentation).
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
    ('weighted', 40, [0.0, 1.0])
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
    each = -(-tables // chains)

    def drawn(chosen: str) -> tuple[list[BDeu], Float64[np.ndarray, " m"], Int64[np.ndarray, " each"]]:
        """Return the scores of the tables that a route draws, their log-weights, and the sweeps of each chain."""

        def begin(rng: np.random.Generator) -> Chain:
            if chosen == "weighted":
                return SaturatedChain(cells, model.equivalent_sample_size, rng=rng)
            return AugmentedChain(cells, model, rng=rng)

        sweeps = (_BURN_IN[chosen] if burn_in is None else burn_in) + (
            _THINNING[chosen] if thinning is None else thinning
        ) * np.arange(1, each + 1, dtype=np.int64)
        rngs = [np.random.default_rng(s) for s in streams.sequences(f"completed tables, {chosen}", chains)]
        states = _run_chains(begin, rngs, cells, sweeps, n_jobs=n_jobs, progress=progress)
        distinct, which = np.unique(states, axis=0, return_inverse=True)
        which = which.reshape(-1)
        scores = [model.score_of(cells.completed(one)) for one in distinct]
        log_weights = _log_weights(scores, model) if chosen == "weighted" else np.zeros(len(scores))
        return [scores[k] for k in which], log_weights[which], sweeps

    diagnostics = {}
    chosen = "weighted" if few and route != "augmentation" else "augmentation"
    scores, log_weights, sweeps = drawn(chosen)
    if chosen == "weighted":
        diagnostics["effective_share"] = effective_number(log_weights) / len(log_weights)
        if route == "auto" and diagnostics["effective_share"] < ENOUGH_EFFECTIVE:
            chosen = "augmentation"
            scores, log_weights, sweeps = drawn(chosen)
    return CompletedTables(
        scores=scores,
        log_weights=log_weights - np.logaddexp.reduce(log_weights),
        chains=np.repeat(np.arange(chains, dtype=np.int64), each),
        sweeps=np.tile(sweeps, chains),
        route=chosen,
        diagnostics=diagnostics,
    )


def _log_weights(scores: list[BDeu], model: DiscreteModel) -> Float64[np.ndarray, " m"]:
    """Return log Z - log R_full of complete tables."""
    return np.array(
        [
            model.log_evidence(score.data) - log_saturated_score(score.data, model.equivalent_sample_size)
            for score in scores
        ]
    )


def _run_chains(
    begin: Callable[[np.random.Generator], Chain],
    rngs: list[np.random.Generator],
    cells: DiscreteCells,
    sweeps: Int64[np.ndarray, " each"],
    *,
    n_jobs: int | None,
    progress: Callable[[float], None] | None,
) -> Int64[np.ndarray, "draws m"]:
    """Return the missing cells of the tables after these numbers of sweeps, chain by chain; Ctrl-C ends all chains."""
    stop = Event()

    def run(rng: np.random.Generator) -> Int64[np.ndarray, "each m"]:
        chain, done = begin(rng), 0
        kept = np.empty((len(sweeps), len(cells.columns)), dtype=np.int64)
        for k, sweep in enumerate(sweeps.tolist()):
            while done < sweep and not stop.is_set():
                chain.sweep()
                done += 1
            kept[k] = chain.codes[cells.missing]
        return kept

    found = []
    workers = ThreadPoolExecutor(max(1, min(len(rngs), n_jobs or os.cpu_count() or 1)))
    try:
        for result in workers.map(run, rngs):
            found.append(result)
            if progress is not None:
                progress(len(found) / len(rngs))
    finally:
        stop.set()
        workers.shutdown(wait=True, cancel_futures=True)
    return np.concatenate(found)
