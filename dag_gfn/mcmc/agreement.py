"""How well chains over layerings agree, and the edge probabilities that they know."""

import math
import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from dag_gfn.graphs.subsets import unpack
from dag_gfn.mcmc.chains import Chains
from dag_gfn.mcmc.corrected_chains import GROUPS, CorrectedChains
from dag_gfn.mcmc.diagnostics import ChainDiagnostics, diagnose
from dag_gfn.mcmc.ladder import COUNTED
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.diagnostic_parts import Agreement, Tempering
from dag_gfn.posterior.limits import chains_agree
from dag_gfn.posterior.missing_mass import draws_by_errors

_DIAGNOSED = (100, 2_500)  # blocks of each chain that R-hat is of: at least in a hurry, and at most
_TRIED_TRACES = 9  # by which the time of R-hat is foreseen
_UNSEEN = 3.0  # -log 0.05: what this many tries are expected to meet once each is seen with probability 0.95
_MANY_NODES = 20  # beyond, there are fewer blocks, so that edge probabilities take no more memory and time
_SIGNIFICANT = 5.0  # standard errors: with thousands of edges none is off by as much by chance


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
    >>> from dag_gfn.mcmc.agreement import acceptance_of
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
    >>> from dag_gfn.mcmc.agreement import tempering_of
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
    >>> from dag_gfn.mcmc.agreement import edges_of_chains
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
    size = -(-blocks // blocks_kept(_DIAGNOSED[1], len(values)))
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


def blocks_kept(number: int, d: int) -> int:
    """Return how many blocks of a chain over d nodes are kept, where so many are of few nodes.

    Examples
    --------
    >>> from dag_gfn.mcmc.agreement import blocks_kept
    >>> blocks_kept(1_000, 10), blocks_kept(1_000, 40)
    (1000, 250)
    """
    return number if d <= _MANY_NODES else number * _MANY_NODES**2 // d**2


def foreseen_seconds(
    d: int, chains: int, *, rng: np.random.Generator, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return about how many seconds `edges_of_chains` takes for chains over d nodes.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.agreement import foreseen_seconds
    >>> foreseen_seconds(5, 4, rng=np.random.default_rng(0)) > 0
    True
    """
    tried = rng.random((chains, blocks_kept(_DIAGNOSED[1], d), _TRIED_TRACES))
    return _seconds_of_diagnosis(tried, d**2, clock)


def edges_of_corrected(chains: CorrectedChains) -> tuple[Marginal, Agreement]:
    r"""Return edge probabilities with their errors, and how well walkers, groups and halves of the time agree.

    R-hat is the larger of two. That of groups is :math:`\sqrt{1 + B / W}` with B the variance of the means of all
    groups in both halves, and W = p (1 - p) that of one DAG. That of walkers is :math:`\sqrt{W / (W - B)}` with B
    the variance of the means of single walkers: walkers that hardly leave the mode where they began keep the shares
    of modes by the approximate weights, on which all groups agree.

    The error is that of the mean over groups, or over chains where that is larger. Where all groups move in the
    same direction, they have not left their common beginning behind: then it is at least twice the difference of
    the two halves.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.mcmc.agreement import edges_of_corrected
    >>> from dag_gfn.mcmc.corrected_chains import run_corrected
    >>> from dag_gfn.random_streams import RandomStreams
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> starts, streams = np.zeros((2, 8, 3), dtype=int), RandomStreams(0).sequences("corrected", 2)
    >>> edge, agreement = edges_of_corrected(run_corrected(weights, table, starts, streams=streams, sweeps=40))
    >>> edge.values.shape, agreement.chains
    ((3, 3), 8)
    """
    means = chains.edge.mean(axis=1, dtype=np.float64)
    values = means.mean(axis=0).clip(0.0, 1.0)
    half = chains.edge.shape[1] // 2
    halves = np.stack(
        [chains.edge[:, :half].mean(axis=1), chains.edge[:, half:].mean(axis=1)], dtype=np.float64
    )
    # groups of one chain began at draws of the same chain over layerings
    of_chains = means.reshape(-1, GROUPS, *values.shape).mean(axis=1)
    error = np.sqrt(
        np.maximum(means.var(axis=0, ddof=1) / len(means), of_chains.var(axis=0, ddof=1) / len(of_chains))
    )
    moved = halves[1] - halves[0]
    drift, by_chance = np.abs(moved.mean(axis=0)), moved.std(axis=0, ddof=1) / np.sqrt(len(means))
    drifts = drift > _SIGNIFICANT * by_chance
    edge = Marginal(values, "samples", np.maximum(error, np.where(drifts, 2.0 * drift, 0.0)))
    within = values * (1.0 - values)
    between = halves.reshape(-1, *values.shape).var(axis=0, ddof=1)
    judged = (values > 0.01) & (values < 0.99)
    of_groups = float((between[judged] / within[judged]).max(initial=0.0))
    stuck = float((_between_walkers(chains)[judged] / within[judged]).max(initial=0.0))
    r_hat = math.sqrt(max(1.0 + of_groups, 1.0 / max(1.0 - stuck, 1e-12)))
    worth = min(draws_by_errors(edge), float(chains.parents.shape[0] * chains.parents.shape[1]))
    return edge, Agreement(
        chains=len(means),
        max_r_hat=r_hat,
        min_effective_draws=worth,
        chains_agree=chains_agree(r_hat, worth),
        chain_edge_standard_error=float(edge.errors().max()),
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


def _between_walkers(chains: CorrectedChains) -> Float64[np.ndarray, "d d"]:
    """Return the variance of the means of single walkers, beyond that of as many independent draws."""
    k, _, d = chains.parents.shape
    variance = np.zeros((d, chains.possible.size))
    for node in range(d):
        means = unpack(chains.parents[:, :, node], chains.possible.size).mean(axis=0)  # (walker, bit)
        p = means.mean(axis=0)
        variance[node] = means.var(axis=0, ddof=1) - p * (1.0 - p) / k
    return chains.possible.by_node(np.maximum(variance, 0.0), 0.0).T
