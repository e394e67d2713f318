"""Structure MCMC: the posterior by Markov chains over DAGs that change one edge at a time.

References
----------
Madigan and York, "Bayesian graphical models for discrete data", International Statistical Review 63 (1995). Giudici and
Castelo, "Improving Markov chain Monte Carlo model search for data mining", Machine Learning 50 (2003).
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Int64

from dag_gfn.baselines.chain_result import CHAINS, chain_result, kept_blocks
from dag_gfn.baselines.chain_runs import run_chains
from dag_gfn.baselines.edge_moves import EdgeChain
from dag_gfn.budget import TimeBudget
from dag_gfn.errors import ConstraintError
from dag_gfn.mcmc.chains import ChainReport
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable
from dag_gfn.scores.score_table import MAX_COMPLETE_NODES

_STEPS_BY_LOOK_UPS = 1_000_000  # by default, where scores are looked up: minutes
_FIRST_PARENTS = 2  # of a node where chains begin, at most


def default_steps(d: int) -> int:
    """Return the steps of each chain for d nodes.

    Examples
    --------
    >>> from dag_gfn.baselines.structure_mcmc import default_steps
    >>> default_steps(10)
    2000000
    """
    return 20_000 * max(d, 5) ** 2 if d <= MAX_COMPLETE_NODES else _STEPS_BY_LOOK_UPS


def fit_structure_mcmc(
    table: ScoreTable,
    *,
    seed: int,
    num_samples: int,
    iterations: int | None = None,
    budget: TimeBudget | None = None,
    chains: int = CHAINS,
    on_report: Callable[[ChainReport], None] | None = None,
    on_phase: Callable[[str, float], None] | None = None,
) -> MethodResult:
    """Run chains over DAGs by single edges, and keep DAGs that they visit.

    The first chain begins at the required edges alone, the others at random DAGs, in which each node has at most two
    other parents, so that R-hat can tell whether they have come together.

    Parameters
    ----------
    table : ScoreTable
        Of at most 63 nodes.
    seed : int
    num_samples : int
        DAGs to keep, at most, evenly from the chains.
    iterations : int, optional
        Steps of each chain; by default `default_steps`, and with a time budget as many as it takes until chains agree.
    budget : TimeBudget, optional
        Of the whole fit.
    chains : int
        At least 2.
    on_report, on_phase : callable, optional
        As for :func:`dag_gfn.mcmc.posterior.fit_mcmc`.

    Raises
    ------
    ConstraintError
        If the required edges alone are not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.baselines.structure_mcmc import fit_structure_mcmc
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> a, c = np.random.default_rng(0).normal(size=(2, 200))
    >>> data = dag_gfn.from_array(np.column_stack([a, a + c + 0.1 * np.roll(a, 1), c]))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> result = fit_structure_mcmc(table, seed=0, num_samples=100, iterations=8_000)
    >>> (result.posterior.marginal("edge").values[:, 1] > 0.8).tolist()  # x0 -> x1 <- x2
    [True, False, True]
    """
    budget = TimeBudget() if budget is None else budget
    streams = RandomStreams(seed)
    rng = streams.generator("starts of structure chains")
    starts = [_start(table, None if chain == 0 else rng) for chain in range(chains)]
    with budget.phase("chains", shown="sampling graphs"):
        runs = run_chains(
            [EdgeChain(table, start) for start in starts],
            streams=streams.sequences("structure chains", chains),
            iterations=default_steps(table.d) if iterations is None else iterations,
            kept=kept_blocks(num_samples, chains, table.d),
            budget=budget,
            go_on=iterations is None,
            threads=None if table.is_complete else 1,  # look-ups of scores are no compiled code
            on_report=on_report,
        )
    return chain_result(table, runs, num_samples, budget=budget, on_phase=on_phase)


def _start(table: ScoreTable, rng: np.random.Generator | None) -> Int64[np.ndarray, " d"]:
    """Return the required edges alone, and with a random generator others along an order of the nodes."""
    d = table.d
    parents = table.constraints.required.copy()
    if not np.isfinite(table.log_reward(parents[None])).all():
        raise ConstraintError(f"the required edges alone are no DAG on the {d} nodes that is allowed")
    if rng is None:
        return parents
    before = np.int64(0)
    for _ in range(d):  # an order that the required edges allow
        ready = [v for v in range(d) if not before >> v & 1 and not parents[v] & ~before]
        node = ready[int(rng.integers(len(ready)))]
        earlier = [v for v in range(d) if before >> v & 1]
        for other in rng.permutation(earlier)[: int(rng.integers(_FIRST_PARENTS + 1))].astype(np.int64):
            wanted = np.array([parents[node] | np.int64(1) << other])
            if np.isfinite(table.local_scores(np.array([node]), wanted))[0]:
                parents[node] = wanted[0]
        before |= np.int64(1) << node
    return parents
