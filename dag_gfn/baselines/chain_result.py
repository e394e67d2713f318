"""The result of chains: their edges, DAGs as draws, and how well they agree."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from jaxtyping import Int64

from dag_gfn.baselines.chain_runs import Runs
from dag_gfn.budget import TimeBudget
from dag_gfn.mcmc.agreement import blocks_kept
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.diagnostic_parts import Agreement, Coverage
from dag_gfn.posterior.diagnostics import MCMCDiagnostics
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.posterior.missing_mass import unmet_mass, with_least_errors
from dag_gfn.scores import ScoreTable

CHAINS = 4
LEAST_KEPT, MOST_KEPT = 500, 5_000
"""Blocks of each chain that are kept, at least and at most."""


def kept_blocks(num_samples: int, chains: int, d: int) -> int:
    """Return how many blocks of each chain are kept, so that there is one for each draw, within limits.

    Examples
    --------
    >>> from dag_gfn.baselines.chain_result import kept_blocks
    >>> kept_blocks(20_000, 4, 10), kept_blocks(100, 4, 10), kept_blocks(20_000, 4, 60)
    (5000, 500, 555)
    """
    most = max(blocks_kept(MOST_KEPT, d), LEAST_KEPT)
    return min(max(-(-num_samples // chains), LEAST_KEPT), most)


def worth_of(agreement: Agreement, number: int) -> float:
    """Return how many independent draws so many DAGs of chains are worth.

    Examples
    --------
    >>> from dag_gfn.baselines.chain_result import worth_of
    >>> from dag_gfn.posterior.diagnostic_parts import Agreement
    >>> agreement = Agreement(chains=4, max_r_hat=1.0, min_effective_draws=400.0, chains_agree=True)
    >>> worth_of(agreement, 400)  # what few DAGs leave open comes on top of what the chains leave open
    200.0
    """
    effective = float(agreement.min_effective_draws or 1.0)
    return min(float(number), 1.0 / (1.0 / effective + 1.0 / number))


def chain_result(
    table: ScoreTable,
    runs: Runs,
    num_samples: int,
    *,
    dags_of: Callable[[Int64[np.ndarray, "n d"]], Int64[np.ndarray, "n d"]] = lambda states: states,
    kind: type[MCMCDiagnostics] = MCMCDiagnostics,
    source: Literal["samples", "rao_blackwell"] = "samples",
    coverage: Coverage | None = None,
    budget: TimeBudget | None = None,
    on_phase: Callable[[str, float], None] | None = None,
) -> MethodResult:
    """Return the result of chains.

    Parameters
    ----------
    table : ScoreTable
    runs : Runs
    num_samples : int
        DAGs, at most: one of each of so many states.
    dags_of : callable, optional
        From states to the parents of each node of a DAG, as bitmasks; the states themselves unless given.
    kind : type, optional
        Of the diagnostics.
    source : {"samples", "rao_blackwell"}
        Whether edges are counted, or probabilities given the state are averaged.
    coverage : Coverage, optional
    budget, on_phase
        As for :func:`dag_gfn.mcmc.posterior.fit_mcmc`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.baselines.chain_result import chain_result
    >>> from dag_gfn.baselines.chain_runs import run_chains
    >>> from dag_gfn.baselines.edge_moves import EdgeChain
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(np.eye(2))))
    >>> chains = [EdgeChain(table, np.zeros(2, dtype=np.int64)) for _ in range(2)]
    >>> runs = run_chains(chains, streams=np.random.SeedSequence(0).spawn(2), iterations=5_000, kept=50)
    >>> len(chain_result(table, runs, 100).posterior)
    3
    """
    budget = TimeBudget() if budget is None else budget
    if runs.interrupted:
        budget.hurry()
    with budget.phase("judging", shown="R-hat of the chains"):
        if on_phase is not None:
            on_phase("R-hat of the chains", 0.0)
        edge, agreement = runs.agreement()
    with budget.phase("draws"):
        parents = dags_of(runs.evenly(num_samples))
        worth = worth_of(agreement, len(parents))
        mass = unmet_mass(worth)
        edge = with_least_errors(replace(edge, source=source), mass, table.constraints.open_pairs())
        posterior = GraphPosterior.from_samples(
            table.names,
            table.possible.adjacency_of(parents),
            table.log_reward(parents),
            effective_samples=worth,
            marginals={"edge": edge},
        )
    return MethodResult(
        posterior=posterior,
        diagnostics=kind(
            iterations=runs.iterations,
            cut_short_by_time_budget=runs.cut_short,
            coverage=coverage,
            agreement=agreement,
            uncounted_mass=mass,
            thinning=runs.thinning,
            kept_per_chain=runs.log_target.shape[1],
            acceptance=runs.acceptance,
        ),
        interrupted=runs.interrupted,
        timing={"sampling_seconds": runs.seconds},
    )
