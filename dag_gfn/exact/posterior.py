"""The exact posterior: every DAG where they can be listed, else marginals and draws."""

from collections.abc import Callable
from math import lgamma

import numpy as np

from dag_gfn.errors import NotTractable
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.contexts import posterior_beside_contexts
from dag_gfn.exact.dag_dp import Estimate, estimate, exact_marginals
from dag_gfn.exact.dag_recursion import DagRecursion, complete_of
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.exact.enumeration import exact_posterior, graph_posterior
from dag_gfn.exact.order_modular import OrderModular, num_topological_orders
from dag_gfn.exact.reference import MAX_ENUMERATED
from dag_gfn.exact.self_check import refuse_impossible
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.diagnostics import ExactDiagnostics
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.method_result import BestGraph, MethodResult
from dag_gfn.scores import ScoreTable

ORDER_MODULAR_BIAS = (
    "this is the order-modular posterior, not the one over DAGs: a graph counts once for each of its topological "
    "orders, which favours graphs that have many, and Markov-equivalent graphs differ"
)

# Measured on two cores. Draws from flat posteriors take a third longer, from peaked ones half as long.
_SECONDS_PER_DRAWN_SUBSET = 1.5e-9
_SECONDS_PER_SUBSET_DRAWN_IN_ORDER = 6e-10
_SECONDS_PER_SET_IN_ORDER = 2e-7
MAX_EXACT_NODES = 22
"""Up to this many nodes there are exact posteriors: 23 would take more than 3 GB."""
MAX_NODES_WITH_PARENT_SETS = 15
"""Up to this many nodes the probabilities of all parent sets are kept: 2 MB at 15, 84 MB at 20."""

PartProgress = Callable[[str, float], None]
"""Called with the name of a phase and the share of it that is done, in [0, 1]."""


def fit_exact(
    table: ScoreTable,
    *,
    num_samples: int,
    rng: np.random.Generator,
    memory_limit: int | float,
    progress: PartProgress | None = None,
) -> MethodResult:
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
        Called with the name of a phase and the share of it that is done, in [0, 1].

    Raises
    ------
    NotTractable
        If there are too many nodes, or double precision does not suffice.
    ConstraintError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.exact.posterior import fit_exact
    >>> result = fit_exact(table, num_samples=5, rng=np.random.default_rng(0), memory_limit=1e9)
    >>> len(result.posterior), round(float(result.posterior.weights.sum()), 6)  # all 3 DAGs of two nodes
    (3, 1.0)
    """
    if table.d <= MAX_ENUMERATED:
        exact = exact_posterior(table)
        posterior = graph_posterior(
            table.names,
            exact.masks,
            exact.log_probabilities,
            log_evidence=exact.log_evidence,
        )
        refuse_impossible(table.names, *(posterior.marginals[name].values for name in ("edge", "path")))
        return _result(posterior, ExactDiagnostics())
    variables = table.d - len(table.contexts)
    _require_tractable(
        table, fit_estimate(variables if variables > 1 else table.d, num_samples), memory_limit
    )
    if table.contexts and variables > 1:
        return _beside_contexts(table, num_samples, rng, progress)
    recursion = DagRecursion(complete_of(table))
    recursion.solve(with_sources=True, progress=_part(progress, "summing over graphs"))
    marginals = exact_marginals(
        table,
        parent_sets=table.d <= MAX_NODES_WITH_PARENT_SETS,
        recursion=recursion,
        progress=_part(progress, "probabilities"),
    )
    refuse_impossible(table.names, marginals.edge, marginals.path)
    recursion.sole_source = None  # as large as the table, and drawing has arrays of its own
    sampler = DagSampler(table, recursion=recursion)
    drawn = sampler.sample(num_samples, rng=rng, progress=_part(progress, "sampling graphs"))
    del sampler, recursion  # three times as large as the table
    best = best_dag(table)
    stored = {"edge": marginals.edge, "path": marginals.path, "parent_sets": marginals.parent_sets}
    posterior = GraphPosterior.from_samples(
        table.names,
        drawn.adjacency,
        drawn.log_scores,
        marginals={name: Marginal(values, "exact") for name, values in stored.items() if values is not None},
        log_evidence=marginals.log_evidence,
    )
    probability = float(np.exp(best.log_score - marginals.log_evidence))
    return _result(
        posterior,
        ExactDiagnostics(self_check=marginals.self_check, error_bound=marginals.error_bound),
        BestGraph(best.log_score, probability, best.adjacency),
    )


def _beside_contexts(
    table: ScoreTable, num_samples: int, rng: np.random.Generator, progress: PartProgress | None
) -> MethodResult:
    """Return the exact posterior of a table with contexts, at the cost of the variables alone."""
    posterior, marginals, best = posterior_beside_contexts(
        table,
        num_samples=num_samples,
        rng=rng,
        on_sum=_part(progress, "summing over graphs"),
        on_probabilities=_part(progress, "probabilities"),
        on_draws=_part(progress, "sampling graphs"),
    )
    refuse_impossible(table.names, posterior.marginals["edge"].values)
    return _result(
        posterior,
        ExactDiagnostics(self_check=marginals.self_check, error_bound=marginals.error_bound),
        BestGraph(best.log_score, float(np.exp(best.log_score - marginals.log_evidence)), best.adjacency),
    )


def fit_order_modular(
    table: ScoreTable,
    *,
    num_samples: int,
    rng: np.random.Generator,
    memory_limit: int | float,
    progress: PartProgress | None = None,
) -> MethodResult:
    """Return the order-modular posterior, whose bias :class:`dag_gfn.exact.order_modular.OrderModular` describes.

    Up to 5 nodes it holds every DAG. Beyond, edge probabilities are exact, and the graphs are independent
    exact draws. Its ``log_evidence`` is the log of the mean, over the d! orders, of the sum of R(G) over the DAGs
    that agree with the order. Arguments and errors are those of :func:`fit_exact`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.exact.posterior import fit_order_modular
    >>> result = fit_order_modular(table, num_samples=5, rng=np.random.default_rng(0), memory_limit=1e9)
    >>> len(result.posterior), result.evidence.source
    (3, 'exact')
    """
    if table.d <= MAX_ENUMERATED:
        exact = exact_posterior(table)
        log_scores = exact.log_probabilities + exact.log_evidence
        log_weights = log_scores + np.log(num_topological_orders(exact.masks)) - lgamma(table.d + 1)
        log_evidence = float(np.logaddexp.reduce(log_weights))
        posterior = graph_posterior(
            table.names,
            exact.masks,
            log_weights - log_evidence,
            log_evidence=log_evidence,
            log_scores=log_scores,
        )
        refuse_impossible(table.names, *(posterior.marginals[name].values for name in ("edge", "path")))
        return _result(posterior, ExactDiagnostics())
    _require_tractable(table, fit_estimate(table.d, num_samples, order_modular=True), memory_limit)
    orders = OrderModular(table)
    edge = orders.edge_marginals()
    refuse_impossible(table.names, edge)
    drawn = orders.sample(num_samples, rng=rng, progress=_part(progress, "sampling graphs"))
    posterior = GraphPosterior.from_samples(
        table.names,
        drawn.adjacency,
        drawn.log_scores,
        marginals={"edge": Marginal(edge, "exact")},
        log_evidence=orders.log_evidence,
    )
    return _result(posterior, ExactDiagnostics(self_check=drawn.self_check))


def _result(
    posterior: GraphPosterior, diagnostics: ExactDiagnostics, best_graph: BestGraph | None = None
) -> MethodResult:
    return MethodResult(
        posterior=posterior,
        diagnostics=diagnostics,
        evidence=Evidence(posterior.log_evidence, 0.0, "exact"),
        best_graph=best_graph,
    )


def fit_estimate(d: int, num_samples: int, *, order_modular: bool = False) -> Estimate:
    """Return roughly how long `fit_exact` or `fit_order_modular` takes, and how much memory with the table.

    Examples
    --------
    >>> from dag_gfn.exact.posterior import fit_estimate
    >>> fit_estimate(15, 1_000).seconds < fit_estimate(20, 1_000).seconds
    True
    """
    if d <= MAX_ENUMERATED:
        return Estimate(0.1, 100_000_000)
    sets, subsets_drawn = d << (d - 1), num_samples * 2.0**d
    draws = 50_000_000 + num_samples * d * 40
    if order_modular:
        seconds = _SECONDS_PER_SET_IN_ORDER * sets + _SECONDS_PER_SUBSET_DRAWN_IN_ORDER * subsets_drawn
        return Estimate(seconds, sets * 40 + draws)
    solved = estimate(d)
    seconds = solved.seconds + _SECONDS_PER_DRAWN_SUBSET * subsets_drawn
    return Estimate(seconds, sets * 8 + max(solved.bytes, sets * 24) + draws)


def _require_tractable(table: ScoreTable, needed: Estimate, memory_limit: int | float) -> None:
    if table.is_complete and needed.bytes <= memory_limit:
        return
    if table.is_complete:
        reason = f"more than the {memory_limit / 1e9:.2g} GB it may take"
    else:
        reason = f"and needs a complete score table, which there is up to {MAX_EXACT_NODES} columns"
    raise NotTractable(
        f"the exact posterior of {table.d} columns would take {needed}, {reason}: use method='gflownet' "
        "(--method gflownet), or fewer columns (--columns, --drop)"
    )


def _part(progress: PartProgress | None, name: str) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress(name, share)
