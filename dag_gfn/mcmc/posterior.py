"""The posterior by partition MCMC."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.posterior_dags import (
    PosteriorDags,
    affordable_dags,
    corrected_number,
    draw_trial_dags,
    posterior_dags,
)
from dag_gfn.mcmc.agreement import acceptance_of, blocks_kept, edges_of_chains, foreseen_seconds, tempering_of
from dag_gfn.mcmc.chains import ChainReport, Chains, run_chains
from dag_gfn.mcmc.corrected_chains import WALKERS
from dag_gfn.mcmc.corrected_posterior import BEFORE_CORRECTION, corrected_posterior
from dag_gfn.mcmc.partition import init
from dag_gfn.mcmc.refined_weights import FindStarts, refined_weights
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.diagnostic_parts import Agreement
from dag_gfn.posterior.diagnostics import MCMCDiagnostics
from dag_gfn.posterior.limits import unexplored
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.posterior.missing_mass import unmet_mass, with_least_errors
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

CHAINS = 4
_KEPT = (500, 5_000)  # blocks of each chain, at least and at most
_DRAWN_SHARE = 0.2  # of the time that is left when chains begin, at most, for graphs
_JUDGED_SHARE = 0.2  # of the same, at most, for R-hat and effective draws
_REST_SHARE = 0.02  # of the same, for the rest
_JUDGED_OF_LEFT = (
    0.6  # of the time that is left when chains have ended, at most, for R-hat and effective draws
)
_GRACE = 10.0  # seconds for draws after Ctrl-C
_TRIED = 256  # layerings by which the time of draws is foreseen
_MOST_STEPS = 20_000_000  # of each chain over layerings, by default, where such chains follow


def default_iterations(d: int) -> int:
    """Return the steps of each chain for d nodes: seconds in all, a minute for 20, minutes for 50.

    Examples
    --------
    >>> from dag_gfn.mcmc.posterior import default_iterations
    >>> default_iterations(10), default_iterations(20)
    (1000000, 4000000)
    """
    return 10_000 * max(d, 5) ** 2


def r_hat_seconds(d: int) -> float:
    """Return roughly how many seconds R-hat of the edges of d nodes takes, loading ArviZ among them.

    Examples
    --------
    >>> from dag_gfn.mcmc.posterior import r_hat_seconds
    >>> r_hat_seconds(20)
    2.5
    """
    return 1.5 + 0.0025 * d**2


def fit_mcmc(
    table: ScoreTable,
    *,
    seed: int,
    num_samples: int,
    iterations: int | None = None,
    budget: TimeBudget | None = None,
    chains: int = CHAINS,
    starts: Sequence[Int64[np.ndarray, " d"]] | FindStarts | None = None,
    num_candidates: int | None = None,
    on_report: Callable[[ChainReport], None] | None = None,
    on_phase: Callable[[str, float], None] | None = None,
) -> MethodResult:
    """Run chains over root layerings, average edge probabilities given the layering, and draw DAGs.

    Parameters
    ----------
    table : ScoreTable
    seed : int
        Of cooled starts, chains and graphs, each with a stream of its own (`RandomStreams`).
    iterations, on_report
        As for `run_chains`; by default the number of steps is chosen from the number of nodes, and with a time budget
        chains go on until they agree and are worth enough draws.
    budget : TimeBudget, optional
        Of the whole fit, draws and corrections among it.
    num_samples : int
        DAGs to draw, evenly from the layerings that are kept.
    chains : int
        At least 2.
    starts : sequence of ndarray, shape (d,), int64, optional
        Where chains begin that are not tempered, as for `run_chains`, or a function that finds these, given weights,
        the number of chains, a random generator and a time budget. By default all are tempered, each on a ladder of its
        own.
    num_candidates : int, optional
        Candidate parents of each node, as for `LayerWeights.build`; by default only where the table is not complete.

    Returns
    -------
    MethodResult
        Its diagnostics hold R-hat, effective draws, and what they say; the number of candidate parents, and the
        smallest share of the weight of a node's parent sets that they cover (`LayerWeights.covered`).
    on_phase : callable, optional
        Called with the name of each other phase and the share of it that is done, in [0, 1].

    Raises
    ------
    ConstraintError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
    >>> from dag_gfn.mcmc.posterior import fit_mcmc
    >>> rng = np.random.default_rng(0)
    >>> a, c = rng.normal(size=(2, 200))
    >>> data = from_array(np.column_stack([a, a + c + 0.1 * rng.normal(size=200), c]), names=["a", "b", "c"])
    >>> table = ScoreTable.build(make_score("bge", data), make_prior("uniform", 3), Constraints.none(3))
    >>> result = fit_mcmc(table, seed=0, num_samples=100, iterations=2_000)
    >>> (result.posterior.marginal("edge").values[:, 1] > 0.8).tolist()  # a -> b <- c
    [True, False, True]
    """
    budget = TimeBudget() if budget is None else budget
    with budget.phase("parent sets"):
        refined = refined_weights(
            table,
            seed=seed,
            num_candidates=num_candidates,
            find_starts=starts if callable(starts) else None,
            iterations=iterations,
            budget=budget,
            on_phase=on_phase,
        )
    weights = refined.weights
    judge = _Judge(budget)
    by_chains = refined.uneven
    go_on = None if iterations is not None or by_chains else judge.wants_more
    if iterations is None:
        iterations = min(default_iterations(table.d), _MOST_STEPS if by_chains else 10**18)
    streams = RandomStreams(seed)
    if callable(starts):  # the chains go on where those are that have chosen the candidates
        starts = refined.untempered_starts() or None
    cooled = streams.sequences("cooled starts", chains) if starts is None else ()
    wanted = corrected_number(weights, num_samples, chains * _KEPT[1])
    least, most = _KEPT[0], max(blocks_kept(_KEPT[1], table.d), _KEPT[0])
    with budget.phase("trials", shown="planning the time"):
        if by_chains:
            left = budget.remaining()
            for_chains = None if left is None else BEFORE_CORRECTION * left
        else:
            for_chains = _time_of_chains(weights, table, wanted, budget, judge)
    with budget.phase("chains", shown="sampling root layerings"):
        result = run_chains(
            weights,
            streams=streams.sequences("chains", chains),
            iterations=iterations,
            kept=2 * WALKERS if by_chains else min(max(-(-wanted // chains), least), most),
            starts=() if starts is None else starts,
            cooled=cooled,
            time_budget=for_chains,
            go_on=go_on,
            on_report=on_report,
        )
    if result.interrupted:
        budget.hurry(_GRACE)  # never later than the budget would end
    acceptance, interrupted = acceptance_of(result), result.interrupted
    if by_chains:
        corrected = corrected_posterior(
            weights, table, result, seed=seed, num_samples=num_samples, budget=budget, on_phase=on_phase
        )
        dags, agreement = corrected.dags, corrected.agreement
        acceptance |= corrected.acceptance
        interrupted |= corrected.interrupted
    else:
        dags, agreement = _drawn(weights, table, result, judge, seed, num_samples, budget, on_phase)
    mass = unmet_mass(dags.effective_samples, tempering_of(result))
    edge = with_least_errors(dags.edge, mass, table.constraints.open_pairs())
    dags = replace(dags, edge=edge).thinned(num_samples, rng=streams.generator("thinned graphs"))
    return MethodResult(
        posterior=dags.posterior(table.names),
        diagnostics=MCMCDiagnostics(
            iterations=result.iterations,
            cut_short_by_time_budget=result.cut_short,
            coverage=refined.coverage(table.names),
            agreement=agreement,
            tempering=tempering_of(result),
            correction=dags.correction,
            uncounted_mass=mass,
            thinning=result.thinning,
            kept_per_chain=result.log_weights.shape[1],
            acceptance=acceptance,
        ),
        interrupted=interrupted,
        timing={"sampling_seconds": result.seconds},
    )


def _drawn(
    weights: LayerWeights,
    table: ScoreTable,
    chains: Chains,
    judge: "_Judge",
    seed: int,
    num_samples: int,
    budget: TimeBudget,
    on_phase: Callable[[str, float], None] | None,
) -> tuple[PosteriorDags, Agreement]:
    """Return DAGs of layerings of the chains, and how well these agree."""
    with budget.phase("judging", shown="R-hat of the chains"):
        if on_phase is not None:
            on_phase("R-hat of the chains", 0.0)
        edge, agreement = judge(chains)
    layerings = chains.layer_of.reshape(-1, table.d)
    rng = RandomStreams(seed).generator("graphs of chains")
    with budget.phase("draws"):
        wanted = corrected_number(weights, num_samples, len(layerings))
        number = affordable_dags(weights, table, layerings, wanted, budget, asked=num_samples)
        chosen = layerings[np.arange(number) * len(layerings) // number]
        effective = float(agreement.min_effective_draws or 1.0)
        if number < len(layerings):  # what few of them leave open comes on top of what all leave open
            effective = 1 / (1 / effective + 1 / number)
        effective = min(float(number), effective)
        dags = posterior_dags(
            weights, table, chosen, np.zeros(number), edge, effective, rng=rng, on_phase=on_phase
        )
    return dags, agreement


def _time_of_chains(
    weights: LayerWeights, table: ScoreTable, num_samples: int, budget: TimeBudget, judge: "_Judge"
) -> float | None:
    """Return the seconds that chains may take: those that R-hat and graphs leave of the budget; None for no limit.

    The judge gets the time that R-hat takes, and the time when chains have to end.
    """
    left = budget.remaining()
    if left is None:
        return None
    if left == 0.0:  # no time for trials either
        judge.end_of_chains = budget.elapsed()
        return 0.0
    rng = RandomStreams(0).generator("trial of chains")  # its draws are timed and dropped
    tried = np.stack([init(weights, rng=rng).layer_of for _ in range(_TRIED)])
    drawing = budget.seconds_of(
        num_samples,
        lambda k: draw_trial_dags(weights, table, tried[:k], rng=rng),
        allowed=_DRAWN_SHARE * left,
    )
    judging = foreseen_seconds(table.d, CHAINS, rng=rng, clock=budget.clock)
    left = budget.remaining() or 0.0
    judge.seconds = min(judging, _JUDGED_SHARE * left)
    kept = min(drawing, _DRAWN_SHARE * left) + judge.seconds + _REST_SHARE * left
    judge.end_of_chains = budget.elapsed() + left - kept
    return left - kept


class _Judge:
    """Computes R-hat and effective draws of chains within a time budget; the last answer is kept.

    Attributes
    ----------
    seconds, end_of_chains : float
        How long an answer takes, and when chains have to end, in seconds since the budget began.
    """

    def __init__(self, budget: TimeBudget):
        self.budget = budget
        self.seconds, self.end_of_chains = 0.0, math.inf
        self._last: tuple[int, tuple[Marginal, Agreement]] | None = None

    def __call__(self, chains: Chains) -> tuple[Marginal, Agreement]:
        """Return the edges and the agreement of chains, by `edges_of_chains` within the time that is left."""
        if self._last is None or self._last[0] != chains.iterations:
            left = self.budget.remaining()
            seconds = None if left is None else _JUDGED_OF_LEFT * left
            answer = edges_of_chains(chains, seconds=seconds, clock=self.budget.clock)
            self._last = chains.iterations, answer
        return self._last[1]

    def wants_more(self, chains: Chains) -> bool:
        """Return whether chains should go on: they do not agree yet, modes may be missed, or no time to tell."""
        if self.budget.elapsed() + self.seconds > self.end_of_chains:
            return True
        return not self(chains)[1].chains_agree or unexplored(tempering_of(chains))
