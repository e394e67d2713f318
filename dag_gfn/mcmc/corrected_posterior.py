"""The posterior by chains that take true scores into account, from draws of chains by the weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from dag_gfn.budget import TimeBudget
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.posterior_dags import PosteriorDags, shares_of_possible
from dag_gfn.mcmc.agreement import edges_of_corrected
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.corrected_chains import GROUPS, LEAST_SETS, WALKERS, run_corrected
from dag_gfn.posterior.diagnostic_parts import Agreement, Correction
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

BEFORE_CORRECTION = 0.4
"""Of the time that is left when chains over layerings begin: their part, where chains follow that allow for ratios."""
_CORRECTED = 0.9  # of the time that is left after these, for them


@dataclass(frozen=True, eq=False)
class CorrectedPosterior:
    """DAGs and edge probabilities by true scores, and how the chains went.

    Attributes
    ----------
    dags : PosteriorDags
    agreement : Agreement
        Of groups of walkers.
    acceptance : dict of str to float
        Shares of the proposals that were accepted, by kind.
    interrupted : bool
        Whether Ctrl-C ended the chains.

    Examples
    --------
    See `corrected_posterior`.
    """

    dags: PosteriorDags
    agreement: Agreement
    acceptance: dict[str, float]
    interrupted: bool


def corrected_posterior(
    weights: LayerWeights,
    table: ScoreTable,
    chains: Chains,
    *,
    seed: int,
    num_samples: int,
    budget: TimeBudget,
    on_phase: Callable[[str, float], None] | None = None,
) -> CorrectedPosterior:
    """Let layerings of each chain go on by true scores (`run_corrected`), and draw DAGs.

    Parameters
    ----------
    weights : LayerWeights
        With parents outside the candidates.
    table : ScoreTable
        The table that the weights were built from.
    chains : Chains
        By the weights.
    seed : int
    num_samples : int
        DAGs to draw, evenly from the walkers and the records that they keep.
    budget : TimeBudget
        Of the whole fit: nine tenths of what is left are used.
    on_phase : callable, optional
        Called with the name of the phase and the share of it that is done, in [0, 1].

    Raises
    ------
    NotTractable
        If none of the DAGs is possible.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.chains import run_chains
    >>> from dag_gfn.mcmc.corrected_posterior import corrected_posterior
    >>> from dag_gfn.random_streams import RandomStreams
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 4)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> streams = RandomStreams(0).sequences("chains", 2)
    >>> chains = run_chains(weights, streams=streams, iterations=2_000, kept=100)
    >>> found = corrected_posterior(weights, table, chains, seed=0, num_samples=50, budget=TimeBudget())
    >>> found.dags.adjacency.shape, found.agreement.chains
    ((50, 4, 4), 8)
    """
    count, blocks = chains.layer_of.shape[:2]
    left = budget.remaining()
    seconds = None if left is None else _CORRECTED * left
    walkers = _affordable_walkers(table, count, seconds)
    with budget.phase("corrections", shown="weighing parents beyond the candidates"):
        corrected = run_corrected(
            weights,
            table,
            chains.layer_of[:, np.linspace(0, blocks - 1, walkers).astype(np.int64)],
            streams=RandomStreams(seed).sequences("corrections", count),
            time_budget=seconds,
            on_share=None if on_phase is None else partial(on_phase, "corrections"),
        )
    edge, agreement = edges_of_corrected(corrected)
    with budget.phase("draws"):
        every = corrected.parents.reshape(-1, table.d)
        drawn = every[np.arange(num_samples) * len(every) // num_samples]
        log_scores = table.log_reward(drawn)
        log_share = shares_of_possible(np.zeros(num_samples), log_scores)
        adjacency = table.possible.adjacency_of(drawn)
    worth = min(float((log_share > -np.inf).sum()), agreement.min_effective_draws or 1.0)
    correction = Correction(
        corrected=True,
        log_z_shift=None,
        log_z_shift_standard_error=None,
        corrected_effective_samples=worth,
        corrected_pareto_k=None,
        sweeps=corrected.sweeps,
    )
    return CorrectedPosterior(
        PosteriorDags(adjacency, log_share, log_scores, edge, worth, correction),
        agreement,
        {"corrected_layerings": corrected.accepted, "corrected_parents": corrected.redrawn},
        corrected.interrupted,
    )


def _affordable_walkers(table: ScoreTable, chains: int, seconds: float | None) -> int:
    """Return how many walkers of each chain can make the least number of sweeps in so many seconds, at most all."""
    if seconds is None:
        return WALKERS
    of_each = chains * table.d * LEAST_SETS / table.families_per_second
    return int(np.clip(seconds / of_each // GROUPS, 1, WALKERS // GROUPS)) * GROUPS
