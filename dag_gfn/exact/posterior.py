"""The exact posterior as a `GraphPosterior`: every DAG where they can be listed, else marginals and draws."""

from collections.abc import Callable

import numpy as np

from dag_gfn.errors import NotTractable
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.dag_dp import estimate, exact_marginals
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.exact.enumeration import exact_posterior, graph_posterior
from dag_gfn.exact.reference import MAX_ENUMERATED
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.scores import ScoreTable

_SECONDS_PER_DRAWN_SUBSET = 2e-9  # measured at d = 20 on two cores
MAX_NODES_WITH_PARENT_SETS = 15
"""Up to this many nodes the probabilities of all parent sets are kept: 2 MB at 15, 84 MB at 20."""


def fit_exact(
    table: ScoreTable,
    *,
    num_samples: int,
    rng: np.random.Generator,
    memory_limit: int | float,
    progress: Callable[[str, float], None] | None = None,
) -> GraphPosterior:
    """Return the exact posterior.

    Up to 5 nodes it holds every DAG. Beyond, edge, path and parent-set probabilities are exact, and the graphs
    are independent exact draws.

    Parameters
    ----------
    table : ScoreTable
    num_samples : int
        Graphs to draw, beyond 5 nodes.
    rng : numpy.random.Generator
    memory_limit : float
        In bytes, beyond which the computation is refused.
    progress : callable, optional
        Is told what is being done and the share of it that is done.

    Raises
    ------
    NotTractable
        If there are too many nodes, or double precision does not suffice.
    ConstraintError
        If no DAG has support.
    """
    if table.d <= MAX_ENUMERATED:
        exact = exact_posterior(table)
        return graph_posterior(
            table.names,
            exact.masks,
            exact.log_probabilities,
            log_evidence=exact.log_evidence,
            info={"diagnostics": {"converged": True}},
        )
    needed = estimate(table.d)
    if not table.is_complete or needed.bytes > memory_limit:
        raise NotTractable(
            f"the exact posterior of {table.d} columns would take about {_in_words(needed.seconds)} and "
            f"{needed.bytes / 1e9:.2g} GB of memory: use method='gflownet' (--method gflownet), or fewer columns "
            "(--columns, --drop)"
        )

    def part(name: str) -> Callable[[float], None] | None:
        return None if progress is None else lambda share: progress(name, share)

    marginals = exact_marginals(
        table, parent_sets=table.d <= MAX_NODES_WITH_PARENT_SETS, progress=part("probabilities")
    )
    sampler = DagSampler(table, progress=part("preparing samples"))
    drawn = sampler.sample(num_samples, rng=rng, progress=part("sampling graphs"))
    best = best_dag(table)
    stored = {"edge": marginals.edge, "path": marginals.path, "parent_sets": marginals.parent_sets}
    return GraphPosterior.from_samples(
        table.names,
        drawn.adjacency,
        drawn.log_scores,
        marginals={name: Marginal(values, "exact") for name, values in stored.items() if values is not None},
        log_evidence=marginals.log_evidence,
        info={
            "best_graph": {
                "log_score": best.log_score,
                "probability": float(np.exp(best.log_score - marginals.log_evidence)),
                "edges": [[table.names[i], table.names[j]] for i, j in np.argwhere(best.adjacency)],
            },
            "diagnostics": {
                "converged": True,
                "self_check": marginals.self_check,
                "error_bound": marginals.error_bound,
            },
        },
    )


def fit_seconds(d: int, num_samples: int) -> float:
    """Return roughly how long `fit_exact` takes: marginals, half as much again to prepare draws, and the draws."""
    if d <= MAX_ENUMERATED:
        return 0.1
    return 1.5 * estimate(d).seconds + _SECONDS_PER_DRAWN_SUBSET * num_samples * 2.0**d


def _in_words(seconds: float) -> str:
    for unit, size in (("years", 3.15e7), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.2g} seconds"
