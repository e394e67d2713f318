"""The posterior by partition MCMC."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import NotTractable
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.posterior_dags import affordable_dags, draw_trial_dags, posterior_dags
from dag_gfn.mcmc.chains import ChainReport, Chains, run_chains
from dag_gfn.mcmc.corrected_chains import WALKERS, run_corrected
from dag_gfn.mcmc.diagnostics import ChainDiagnostics, diagnose
from dag_gfn.mcmc.ladder import COUNTED
from dag_gfn.mcmc.partition import init
from dag_gfn.mcmc.refined_weights import FindStarts, refined_weights
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.diagnostic_parts import Agreement, Correction, Coverage, Tempering
from dag_gfn.posterior.diagnostics import MCMCDiagnostics
from dag_gfn.posterior.limits import unexplored
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.posterior.missing_mass import unmet_mass, with_least_errors
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

CHAINS = 4
_KEPT = (500, 5_000)  # blocks of each chain, at least and at most
_DIAGNOSED = (100, 2_500)  # blocks of each chain that R-hat is of: at least in a hurry, and at most
_DRAWN_SHARE = 0.2  # of the time that is left when chains begin, at most, for graphs
_JUDGED_SHARE = 0.2  # of the same, at most, for R-hat and effective draws
_REST_SHARE = 0.02  # of the same, for the rest
_JUDGED_OF_LEFT = (
    0.6  # of the time that is left when chains have ended, at most, for R-hat and effective draws
)
_TRIED_TRACES = 9  # by which the time of R-hat is foreseen
_UNSEEN = 3.0  # -log 0.05: what this many tries are expected to meet once each is seen with probability 0.95
_GRACE = 10.0  # seconds for draws after Ctrl-C
_TRIED = 256  # layerings by which the time of draws is foreseen
_UNEVEN = 1.5  # nats² of log-ratios of true to approximate weights, beyond which chains allow for them
_MOST_STEPS = 20_000_000  # of each chain over layerings, by default, where such chains follow
_BEFORE_CORRECTION = 0.4  # of the time that is left when chains begin, where such chains follow
_CORRECTED = 0.9  # of the time that is left after these, for them
_MANY_NODES = 20  # beyond, there are fewer blocks, so that edge probabilities take no more memory and time


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
    by_chains = refined.log_ratio_variance > _UNEVEN
    go_on = None if iterations is not None or by_chains else judge.wants_more
    if iterations is None:
        iterations = min(default_iterations(table.d), _MOST_STEPS if by_chains else 10**18)
    streams = RandomStreams(seed)
    if callable(starts):  # the chains go on where those are that have chosen the candidates
        starts = refined.untempered_starts() or None
    cooled = streams.sequences("cooled starts", chains) if starts is None else ()
    least, most = _KEPT[0], max(_blocks(_KEPT[1], table.d), _KEPT[0])
    with budget.phase("trials", shown="planning the time"):
        if by_chains:
            left = budget.remaining()
            for_chains = None if left is None else _BEFORE_CORRECTION * left
        else:
            for_chains = _time_of_chains(weights, table, num_samples, budget, judge)
    with budget.phase("chains", shown="sampling root layerings"):
        result = run_chains(
            weights,
            streams=streams.sequences("chains", chains),
            iterations=iterations,
            kept=2 * WALKERS if by_chains else min(max(-(-num_samples // chains), least), most),
            starts=() if starts is None else starts,
            cooled=cooled,
            time_budget=for_chains,
            go_on=go_on,
            on_report=on_report,
        )
    if result.interrupted:
        budget.hurry(_GRACE)  # never later than the budget would end
    if by_chains:
        return _corrected(weights, table, result, seed, num_samples, budget, on_phase)
    with budget.phase("judging", shown="R-hat of the chains"):
        if on_phase is not None:
            on_phase("R-hat of the chains", 0.0)
        edge, agreement = judge(result)
    layerings = result.layer_of.reshape(-1, table.d)
    rng = streams.generator("graphs of chains")
    with budget.phase("draws"):
        num_samples = affordable_dags(weights, table, layerings, num_samples, budget)
        chosen = layerings[np.arange(num_samples) * len(layerings) // num_samples]
        effective = float(agreement.min_effective_draws or 1.0)
        if num_samples < len(layerings):  # what few of them leave open comes on top of what all leave open
            effective = 1 / (1 / effective + 1 / num_samples)
        effective = min(float(num_samples), effective)
        dags = posterior_dags(
            weights, table, chosen, np.zeros(num_samples), edge, effective, rng=rng, on_phase=on_phase
        )
    mass = unmet_mass(dags.effective_samples, tempering_of(result))
    edge = with_least_errors(dags.edge, mass, table.constraints.open_pairs())
    posterior = GraphPosterior.from_weights(
        table.names,
        dags.adjacency,
        dags.log_share,
        dags.log_scores,
        num_samples=num_samples,
        effective_samples=dags.effective_samples,
        marginals={"edge": edge},
    )
    return _method_result(
        posterior,
        result,
        weights.coverage(table.names),
        agreement,
        dags.correction,
        mass,
        acceptance_of(result),
    )


def _method_result(
    posterior: GraphPosterior,
    result: Chains,
    coverage: Coverage,
    agreement: Agreement,
    correction: Correction | None,
    mass: float,
    acceptance: dict[str, float],
) -> MethodResult:
    """Return a posterior with the diagnostics of the chains over layerings that it rests on."""
    return MethodResult(
        posterior=posterior,
        diagnostics=MCMCDiagnostics(
            iterations=result.iterations,
            cut_short_by_time_budget=result.cut_short,
            coverage=coverage,
            agreement=agreement,
            tempering=tempering_of(result),
            correction=correction,
            uncounted_mass=mass,
            thinning=result.thinning,
            kept_per_chain=result.log_weights.shape[1],
            acceptance=acceptance,
        ),
        interrupted=result.interrupted,
        timing={"sampling_seconds": result.seconds},
    )


def _corrected(
    weights: LayerWeights,
    table: ScoreTable,
    result: Chains,
    seed: int,
    num_samples: int,
    budget: TimeBudget,
    on_phase: Callable[[str, float], None] | None,
) -> MethodResult:
    """Return the posterior by chains that take true scores into account, from draws of others (`run_corrected`)."""
    count, blocks = result.layer_of.shape[:2]
    begins = result.layer_of[:, np.linspace(0, blocks - 1, WALKERS).astype(np.int64)]
    left = budget.remaining()
    with budget.phase("corrections", shown="weighing parents beyond the candidates"):
        chains = run_corrected(
            weights,
            table,
            begins,
            streams=RandomStreams(seed).sequences("corrections", count),
            time_budget=None if left is None else _CORRECTED * left,
            on_share=None if on_phase is None else partial(on_phase, "corrections"),
        )
    edge, agreement = chains.edges()
    with budget.phase("draws"):
        every = chains.parents.reshape(-1, table.d)
        drawn = every[np.arange(num_samples) * len(every) // num_samples]
        log_scores = table.log_reward(drawn)
        possible = log_scores > -np.inf
        if not possible.any():
            raise NotTractable(
                f"none of {num_samples:,} graphs drawn with parents beyond each column's candidates is possible: "
                "allow more parents (max_parents, --max-parents), choose a prior that favours fewer (prior='fair', "
                "--prior fair), or fewer columns (--columns, --drop)"
            )
        adjacency, log_scores = table.possible.adjacency_of(drawn[possible]), log_scores[possible]
    effective = min(float(len(adjacency)), agreement.min_effective_draws or 1.0)
    mass = unmet_mass(effective, tempering_of(result))
    edge = with_least_errors(edge, mass, table.constraints.open_pairs())
    posterior = GraphPosterior.from_weights(
        table.names,
        adjacency,
        np.zeros(len(adjacency)),
        log_scores,
        num_samples=len(adjacency),
        effective_samples=effective,
        marginals={"edge": edge},
    )
    correction = Correction(
        corrected=True,
        log_z_shift=None,
        log_z_shift_standard_error=None,
        corrected_effective_samples=effective,
        corrected_pareto_k=None,
        sweeps=chains.sweeps,
    )
    acceptance = acceptance_of(result) | {
        "corrected_layerings": chains.accepted,
        "corrected_parents": chains.redrawn,
    }
    found = _method_result(
        posterior, result, weights.coverage(table.names), agreement, correction, mass, acceptance
    )
    return replace(found, interrupted=result.interrupted or chains.interrupted)


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
    traces = rng.random((CHAINS, _blocks(_DIAGNOSED[1], table.d), _TRIED_TRACES))
    judging = _seconds_of_diagnosis(traces, table.d**2, budget.clock)
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


def _blocks(number: int, d: int) -> int:
    return number if d <= _MANY_NODES else number * _MANY_NODES**2 // d**2


def acceptance_of(chains: Chains) -> dict[str, float]:
    """Return the share of accepted proposals by kind of move, over all chains.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.chains import run_chains
    >>> streams = np.random.SeedSequence(0).spawn(2)
    >>> chains = run_chains(LayerWeights.build(table), streams=streams, iterations=400, kept=50)
    >>> from dag_gfn.mcmc.posterior import acceptance_of
    >>> all(0 <= share <= 1 for share in acceptance_of(chains).values())
    True
    """
    tried, accepted = chains.tried.sum(axis=0), chains.accepted.sum(axis=0)
    return {
        move: float(accepted[kind] / max(tried[kind], 1))
        for kind, move in enumerate(COUNTED)
        if move != "stay"
    }


def tempering_of(chains: Chains) -> Tempering | None:
    """Return how well tempered chains exchange layerings; None where they are not tempered.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.chains import run_chains
    >>> from dag_gfn.mcmc.posterior import tempering_of
    >>> from dag_gfn.random_streams import RandomStreams
    >>> streams, weights = RandomStreams(0), LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> cooled = streams.sequences("cooled", 2)
    >>> chains = run_chains(
    ...     weights, streams=streams.sequences("chains", 2), cooled=cooled, iterations=4_000, kept=100)
    >>> tempering_of(chains).rungs, tempering_of(chains).arrivals > 100
    (2, True)
    """
    rungs = len(chains.temperatures)
    if rungs == 1:
        return None
    tried, accepted = chains.swaps_tried.sum(axis=0), chains.swaps_accepted.sum(axis=0)
    arrivals = int(chains.arrivals.sum())
    rounds = chains.rounds.sum(axis=1)
    spread = None
    if len(rounds) > 1 and (rounds > 0).all():
        log_ratios = np.logaddexp.reduce(chains.log_ratios, axis=1) - np.log(rounds)[:, None]
        spread = float(log_ratios.sum(axis=1).std(ddof=1))
    return Tempering(
        rungs=rungs,
        highest_temperature=float(chains.temperatures[-1]),
        min_swap_acceptance=float((accepted / np.maximum(tried, 1)).min()),
        arrivals=arrivals,
        missing_mass=min(_UNSEEN / max(arrivals, 1), 1.0),
        log_ratio_spread=spread,
    )


def edges_of_chains(
    chains: Chains, *, seconds: float | int | None = None, clock: Callable[[], float] = time.perf_counter
) -> tuple[Marginal, Agreement]:
    """Return edge probabilities with their errors, and how well the chains agree.

    Chains that all stay at one layering do not agree, unless layerings have come to them from a higher temperature.

    Parameters
    ----------
    chains : Chains
    seconds : float, optional
        That R-hat and effective draws may take: where these need longer, neighbouring blocks are merged first
        (`diagnose`), so that at least 100 of each chain remain.
    clock : callable
        Returns seconds.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.chains import run_chains
    >>> from dag_gfn.mcmc.posterior import edges_of_chains
    >>> from dag_gfn.random_streams import RandomStreams
    >>> weights = LayerWeights.of(np.zeros((3, 4)))  # three nodes, all 25 DAGs alike
    >>> chains = run_chains(weights, streams=RandomStreams(0).sequences("chains", 2), iterations=9_000, kept=100)
    >>> edge, _ = edges_of_chains(chains)
    >>> bool((abs(edge.values - 8 / 25 * (1 - np.eye(3))) <= 4 * edge.standard_error).all())
    True
    """
    count, blocks = chains.log_weights.shape
    values = np.clip(chains.edge.mean(axis=(0, 1), dtype=np.float64), 0.0, 1.0)
    # all of them at one layering from first to last: there is nothing that could tell whether they agree, unless hotter
    # chains have looked elsewhere
    stuck = bool((chains.layer_of == chains.layer_of[0, 0]).all()) and not chains.arrivals.any()
    if count < 2 or blocks < 4 or stuck:
        unknown = Agreement(
            chains=count, max_r_hat=math.inf, min_effective_draws=float(count), chains_agree=False
        )
        return Marginal(values, "rao_blackwell"), unknown
    size = -(-blocks // _blocks(_DIAGNOSED[1], len(values)))
    traces = chains.edge[:, blocks % size :].astype(np.float64)
    traces = traces.reshape(count, -1, size, *values.shape).mean(axis=2)
    merged = 1 if seconds is None else _merged(traces, seconds, clock)
    edges: ChainDiagnostics = diagnose(traces, merged=merged)
    weight = diagnose(chains.log_weights[:, blocks % size :: size], merged=merged)
    return Marginal(values, "rao_blackwell", edges.standard_error), Agreement(
        chains=count,
        max_r_hat=max(edges.max_r_hat, weight.max_r_hat),
        min_effective_draws=min(edges.min_effective_draws, weight.min_effective_draws),
        chains_agree=edges.converged and weight.converged,
        chain_edge_standard_error=float(edges.standard_error.max()),
    )


def _merged(traces: Float64[np.ndarray, "c k d d"], seconds: float | int, clock: Callable[[], float]) -> int:
    """Return how many neighbouring blocks are merged so that R-hat takes at most so many seconds."""
    blocks = traces.shape[1]
    flat = traces.reshape(*traces.shape[:2], -1)
    varying = np.flatnonzero(np.ptp(flat, axis=(0, 1)) > 0)
    if blocks <= _DIAGNOSED[0] or not len(varying):
        return 1
    tried = flat[:, :, varying[:: -(-len(varying) // _TRIED_TRACES)]]
    needed = _seconds_of_diagnosis(tried, len(varying), clock)
    return int(np.clip(math.ceil(needed / max(seconds, 1e-9)), 1, blocks // _DIAGNOSED[0]))


def _seconds_of_diagnosis(
    tried: Float64[np.ndarray, "c k m"], traces: int, clock: Callable[[], float]
) -> float:
    """Return about how many seconds R-hat and effective draws of so many traces take, by those of a few."""
    diagnose(tried[:, :4])  # loads ArviZ, once
    began = clock()
    diagnose(tried)
    return float(clock() - began) * traces / tried.shape[2]
