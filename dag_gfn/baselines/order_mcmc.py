"""Order MCMC: Markov chains over orders of the nodes, with parents summed out.

All orders are equally probable before the data, so that a DAG counts once for each of its topological orders. The
result is the order-modular posterior (:class:`dag_gfn.exact.order_modular.OrderModular`), whose prior favours DAGs with
many orders: sparse ones, and among equivalent ones those that branch. It is not the posterior under the chosen prior.

References
----------
Friedman and Koller, "Being Bayesian about network structure", Machine Learning 50 (2003). On the bias: Ellis and Wong,
JASA 103 (2008).
"""

from collections.abc import Callable
from functools import partial

from dag_gfn.baselines.chain_result import CHAINS, chain_result, kept_blocks
from dag_gfn.baselines.chain_runs import run_chains
from dag_gfn.baselines.order_moves import OrderChain, draw_parents, random_order
from dag_gfn.budget import TimeBudget
from dag_gfn.layerings.candidates import affordable_seconds, default_size
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chains import ChainReport
from dag_gfn.posterior.diagnostics import OrderDiagnostics
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

MAX_CANDIDATES = 16
"""Candidate parents of a node, at most, where the table of scores is not complete."""
_MOST_STEPS = 2_000_000  # of each chain, by default: minutes


def default_steps(d: int) -> int:
    """Return the steps of each chain for d nodes.

    Examples
    --------
    >>> from dag_gfn.baselines.order_mcmc import default_steps
    >>> default_steps(10)
    200000
    """
    return min(2_000 * max(d, 5) ** 2, _MOST_STEPS)


def fit_order_mcmc(
    table: ScoreTable,
    *,
    seed: int,
    num_samples: int,
    iterations: int | None = None,
    budget: TimeBudget | None = None,
    chains: int = CHAINS,
    num_candidates: int | None = None,
    on_report: Callable[[ChainReport], None] | None = None,
    on_phase: Callable[[str, float], None] | None = None,
) -> MethodResult:
    """Run chains over orders, average edge probabilities given the order, and draw DAGs.

    Parameters
    ----------
    table : ScoreTable
        Of at most 63 nodes.
    seed : int
        Of starts, which are random orders, of chains and of DAGs.
    num_samples : int
        DAGs to draw, at most, evenly from the orders that are kept.
    iterations : int, optional
        Steps of each chain; by default `default_steps`, and with a time budget as many as it takes until chains agree.
    budget : TimeBudget, optional
        Of the whole fit.
    chains : int
        At least 2.
    num_candidates : int, optional
        Candidate parents of each node; all parents are among them. By default all others where the table is complete.
    on_report, on_phase : callable, optional
        As for :func:`dag_gfn.mcmc.posterior.fit_mcmc`.

    Returns
    -------
    MethodResult
        Its record says that it is the order-modular posterior.

    Raises
    ------
    ConstraintError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.baselines.order_mcmc import fit_order_mcmc
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> a, c = np.random.default_rng(0).normal(size=(2, 200))
    >>> data = dag_gfn.from_array(np.column_stack([a, a + c + 0.1 * np.roll(a, 1), c]))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> result = fit_order_mcmc(table, seed=0, num_samples=100, iterations=2_000)
    >>> (result.posterior.marginal("edge").values[:, 1] > 0.8).tolist()  # x0 -> x1 <- x2
    [True, False, True]
    """
    budget = TimeBudget() if budget is None else budget
    streams = RandomStreams(seed)
    with budget.phase("parent sets"):
        if num_candidates is None and not table.is_complete:
            num_candidates = min(default_size(table, affordable_seconds(budget.total)), MAX_CANDIDATES)
        weights = LayerWeights.build(
            table, num_candidates=num_candidates, seconds=budget.total, on_phase=on_phase
        )
    rng = streams.generator("starts of order chains")
    with budget.phase("chains", shown="sampling orders"):
        runs = run_chains(
            [OrderChain(weights, random_order(weights, rng)) for _ in range(chains)],
            streams=streams.sequences("order chains", chains),
            iterations=default_steps(table.d) if iterations is None else iterations,
            kept=kept_blocks(num_samples, chains, table.d),
            budget=budget,
            go_on=iterations is None,
            on_report=on_report,
        )
    return chain_result(
        table,
        runs,
        num_samples,
        dags_of=partial(draw_parents, weights, rng=streams.generator("graphs of orders")),
        kind=OrderDiagnostics,
        source="rao_blackwell",
        coverage=weights.coverage(table.names),
        budget=budget,
        on_phase=on_phase,
    )
