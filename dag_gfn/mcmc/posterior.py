"""The posterior by partition MCMC as a `GraphPosterior`."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64

from dag_gfn.layerings.corrected_dags import weighed_dags
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chains import ChainReport, Chains, run_chains
from dag_gfn.mcmc.diagnostics import ChainDiagnostics, diagnose
from dag_gfn.mcmc.moves import MOVES
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.scores import ScoreTable

CHAINS = 4
_KEPT = (500, 5_000)  # blocks of each chain, at least and at most
_DIAGNOSED = 2_500  # blocks of each chain, at most: ArviZ takes seconds for more
_MANY_NODES = 20  # beyond, there are fewer blocks, so that edge probabilities take no more memory and time


def default_iterations(d: int) -> int:
    """Return the steps of each chain for d nodes: seconds in all, a minute for 20, minutes for 50."""
    return 20_000 * max(d, 5) ** 2


def fit_mcmc(
    table: ScoreTable,
    *,
    seed: int,
    num_samples: int,
    iterations: int | None = None,
    time_budget: float | int | None = None,
    chains: int = CHAINS,
    starts: Sequence[Int64[np.ndarray, " d"]] | None = None,
    num_candidates: int | None = None,
    on_report: Callable[[ChainReport], None] | None = None,
) -> GraphPosterior:
    """Run chains over root layerings, average edge probabilities given the layering, and draw DAGs.

    Parameters
    ----------
    table : ScoreTable
    seed, iterations, time_budget, on_report
        As for `run_chains`; by default the number of steps is chosen from the number of nodes.
    num_samples : int
        DAGs to draw, evenly from the layerings that are kept.
    chains : int
        At least 2.
    starts : sequence of ndarray, shape (d,), int64, optional
        As for `run_chains`; by default all chains begin at annealed layerings.
    num_candidates : int, optional
        Candidate parents of each node, as for `LayerWeights.build`; by default only where the table is not complete.

    Returns
    -------
    GraphPosterior
        ``info["diagnostics"]`` holds R-hat, effective draws, and what they say; the number of candidate parents, and
        the smallest share of the weight of a node's parent sets that they cover (`LayerWeights.covered`).

    Raises
    ------
    ConstraintError
        If no DAG has support.
    """
    weights = LayerWeights.build(table, num_candidates=num_candidates, outside=True)
    iterations = default_iterations(table.d) if iterations is None else iterations
    annealed = np.random.SeedSequence([seed, chains]).spawn(chains) if starts is None else ()
    least, most = _KEPT[0], max(_blocks(_KEPT[1], table.d), _KEPT[0])
    result = run_chains(
        weights,
        seed=seed,
        iterations=iterations,
        kept=min(max(-(-num_samples // chains), least), most),
        chains=chains,
        starts=() if starts is None else starts,
        annealed=annealed,
        time_budget=time_budget,
        on_report=on_report,
    )
    layerings = result.layer_of.reshape(-1, table.d)
    chosen = layerings[np.arange(num_samples) * len(layerings) // num_samples]
    rng = np.random.default_rng([seed, chains])
    edge, info = edges_of_chains(result)
    info |= {"num_samples": num_samples, **weights.coverage(table.names)}
    effective = info["min_effective_draws"]
    if num_samples < len(layerings):  # what few of them leave open comes on top of what all leave open
        effective = 1 / (1 / effective + 1 / num_samples)
    effective = min(float(num_samples), effective)
    dags = weighed_dags(weights, table, chosen, np.zeros(num_samples), edge, effective, rng=rng)
    info |= dags.diagnostics
    return GraphPosterior.from_weights(
        table.names,
        dags.adjacency,
        dags.log_share,
        dags.log_scores,
        effective_samples=dags.effective_samples,
        marginals={"edge": dags.edge},
        info={
            "interrupted": result.interrupted,
            "diagnostics": info,
            "timing": {"sampling_seconds": result.seconds},
        },
    )


def _blocks(number: int, d: int) -> int:
    return number if d <= _MANY_NODES else number * _MANY_NODES**2 // d**2


def edges_of_chains(chains: Chains) -> tuple[Marginal, dict[str, Any]]:
    """Return edge probabilities with their errors, and what is to be known of the chains: how well they agree."""
    count, blocks = chains.log_weights.shape
    values = np.clip(chains.edge.mean(axis=(0, 1), dtype=np.float64), 0.0, 1.0)
    info = {
        "iterations": chains.iterations,
        "cut_short_by_time_budget": chains.cut_short,
        "chains": count,
        "thinning": chains.thinning,
        "kept_per_chain": blocks,
        "acceptance": {
            move: float(accepted / max(tried, 1))
            for move, tried, accepted in zip(
                MOVES, chains.tried.sum(axis=0), chains.accepted.sum(axis=0), strict=True
            )
            if move != "stay"
        },
    }
    if count < 2 or blocks < 4:
        unknown = {"max_r_hat": float("inf"), "min_effective_draws": float(count), "chains_agree": False}
        return Marginal(values, "rao_blackwell"), info | unknown
    size = -(-blocks // _blocks(_DIAGNOSED, len(values)))
    traces = chains.edge[:, blocks % size :].astype(np.float64)
    traces = traces.reshape(count, -1, size, *values.shape).mean(axis=2)
    edges: ChainDiagnostics = diagnose(traces)
    weight = diagnose(chains.log_weights[:, blocks % size :: size])
    return Marginal(values, "rao_blackwell", edges.standard_error), info | {
        "max_r_hat": max(edges.max_r_hat, weight.max_r_hat),
        "min_effective_draws": min(edges.min_effective_draws, weight.min_effective_draws),
        "chains_agree": edges.converged and weight.converged,
    }
