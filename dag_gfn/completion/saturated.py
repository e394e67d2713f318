r"""Completed tables with importance weights, from the saturated Gaussian model.

Tables :math:`D_1, \dots, D_M` are drawn from the saturated model, whose graph is complete, given what was seen. Their
distribution is proportional to m(all columns). Under the posterior over DAGs it is proportional to Z, the sum of R(G)
over all DAGs (Rubin, "Multiple imputation for nonresponse in surveys", 1987, for the two steps). So each table has the
weight

.. math:: w_m \propto Z(D_m) / m(\text{all columns of } D_m).

The effective number of tables says whether a few of them have all the weight; then another route is needed.
"""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float64

from dag_gfn.chunked import workers
from dag_gfn.completion.chain_runs import Sweeping, run_chains
from dag_gfn.completion.completed_tables import CompletedTables, effective_number
from dag_gfn.completion.gaussian_cells import GaussianCells
from dag_gfn.completion.gaussian_chain import GaussianChain
from dag_gfn.completion.normal_wishart import NormalWishartPrior
from dag_gfn.posterior.limits import MAX_SHAPE
from dag_gfn.posterior.metrics import pareto_smoothed
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores.local_score import LocalScore

MakeScore = Callable[[Float64[np.ndarray, "n D"]], LocalScore]
"""From a complete table of the model's columns to its score."""
Saturated = TypeVar("Saturated", bound=Sweeping)
AnyScore = TypeVar("AnyScore", bound=LocalScore)

ENOUGH_TABLES, ENOUGH_SHARE = 50.0, 0.1
"""Weighted tables are relied on if their effective number is at least so much, and at least this share of them."""

_BURN_IN, _SPACING = 200, 10  # sweeps
_FIRST_LOOK = 40  # tables after which hopeless weights end the attempt


def weighted_tables(
    cells: GaussianCells,
    prior: NormalWishartPrior,
    make_score: MakeScore,
    log_evidence: Callable[[LocalScore], float],
    *,
    streams: RandomStreams,
    tables: int = 200,
    chains: int = 4,
    burn_in: int = _BURN_IN,
    spacing: int = _SPACING,
    insist: bool = True,
    n_jobs: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> CompletedTables | None:
    """Return completed tables of the saturated model with their weights.

    Parameters
    ----------
    cells : GaussianCells
        Without interventions.
    prior : NormalWishartPrior
        That of the scores.
    make_score : callable
        From a complete table, shape (n, D), to its score.
    log_evidence : callable
        From a score to log Z, the log of the sum of R(G) over all DAGs, with graph prior and constraints.
    streams : RandomStreams
    tables : int
        At least so many; the same number from each chain.
    chains : int
    burn_in, spacing : int
        Sweeps of each chain before the first table, and from one table to the next.
    insist : bool
        False returns None where the weights are too uneven, if possible after a look at the first tables.
    n_jobs : int, optional
        Threads; as many as there are cores when left out. The result does not depend on it.
    progress : callable, optional
        Called with the share that is done.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.completion.gaussian_cells import GaussianCells
    >>> from dag_gfn.completion.normal_wishart import NormalWishartPrior
    >>> from dag_gfn.completion.saturated import weighted_tables
    >>> from dag_gfn.exact.dag_dp import log_evidence
    >>> from dag_gfn.random_streams import RandomStreams
    >>> from dag_gfn.scores import BGe, ScoreTable
    >>> values = np.random.default_rng(0).normal(size=(30, 2))
    >>> values[:5, 0] = np.nan
    >>> tables = weighted_tables(
    ...     GaussianCells(values, nodes=[[0], [1]]),
    ...     NormalWishartPrior.of(2),
    ...     lambda columns: BGe(dag_gfn.from_array(columns)),
    ...     lambda score: log_evidence(ScoreTable.build(score)),
    ...     streams=RandomStreams(0),
    ...     tables=100,
    ... )
    >>> len(tables), tables.route, tables.effective > 50
    (100, 'weighted', True)
    """
    rngs = [np.random.default_rng(s) for s in streams.sequences("completed tables, weighted", chains)]
    return weighted_tables_of_chains(
        [GaussianChain(cells, prior, None, rng=rng) for rng in rngs],
        lambda chain: (make_score(chain.table()), chain.log_saturated()),
        log_evidence,
        tables=tables,
        burn_in=burn_in,
        spacing=spacing,
        insist=insist,
        n_jobs=n_jobs,
        progress=progress,
    )


def weighted_tables_of_chains(
    begun: Sequence[Saturated],
    score_and_saturated: Callable[[Saturated], tuple[AnyScore, float]],
    log_evidence: Callable[[AnyScore], float],
    *,
    tables: int,
    burn_in: int = _BURN_IN,
    spacing: int = _SPACING,
    insist: bool = True,
    n_jobs: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> CompletedTables | None:
    """Return weighted completed tables of chains over the cells alone, of any kind of columns.

    Parameters
    ----------
    begun : sequence of chains
        Of the saturated model, each with a generator of its own.
    score_and_saturated : callable
        From a chain to the score of its present table, and the table's log R_full.
    log_evidence, tables, burn_in, spacing, insist, n_jobs, progress
        As for `weighted_tables`.

    Examples
    --------
    See `weighted_tables`.
    """
    chains = len(begun)
    each = max(1, -(-tables // chains))
    sampling = None if progress is None else (lambda share: progress(0.5 * share))
    run_chains(begun, lambda chain, sweep: None, sweeps=burn_in, n_jobs=n_jobs, every=max(1, burn_in))

    def keep(chain: Saturated, sweep: int) -> tuple[AnyScore, float]:
        return score_and_saturated(chain)

    kept = run_chains(begun, keep, sweeps=each * spacing, every=spacing, n_jobs=n_jobs, progress=sampling)
    pairs = [pair for at_once in zip(*kept, strict=True) for pair in at_once]  # in turn from each chain
    log_weights: list[float] = []
    with workers(n_jobs or os.cpu_count() or 1) as pool:
        for start in range(0, len(pairs), _FIRST_LOOK):
            piece = pairs[start : start + _FIRST_LOOK]
            evidences = pool.map(lambda pair: log_evidence(pair[0]), piece)
            log_weights += [found - pair[1] for found, pair in zip(evidences, piece, strict=True)]
            if progress is not None:
                progress(0.5 + 0.5 * len(log_weights) / len(pairs))
            if not insist and effective_number(np.array(log_weights)) < ENOUGH_SHARE * len(log_weights):
                return None
    found = np.array(log_weights)
    effective, shape = effective_number(found), pareto_smoothed(found)[1]
    if not insist and not (effective >= min(ENOUGH_TABLES, 0.5 * len(found)) and shape <= MAX_SHAPE):
        return None
    return CompletedTables(
        scores=[pair[0] for pair in pairs],
        log_weights=found - np.logaddexp.reduce(found),
        chains=np.tile(np.arange(chains), each),
        sweeps=np.repeat(burn_in + spacing * np.arange(1, each + 1), chains),
        route="weighted",
        diagnostics={"effective_tables": effective, "pareto_k": float(shape)},
    )
