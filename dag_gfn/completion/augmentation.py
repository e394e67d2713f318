r"""Completed tables from a chain over DAGs, parameters and cells: data augmentation (Tanner and Wong, JASA 82, 1987).

The tables that the chain visits come from the posterior of the cells under all DAGs, so they have equal weights.
Chains run in rounds, each twice as long as the one before it, and what came before a round is forgotten. They end when
the edges of the DAGs that they drew agree between chains.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int64

from dag_gfn.completion.chain_runs import Sweeping, run_chains
from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.completion.gaussian_cells import GaussianCells
from dag_gfn.completion.gaussian_chain import GaussianChain
from dag_gfn.completion.graph_draws import graph_draws
from dag_gfn.completion.normal_wishart import NormalWishartPrior
from dag_gfn.completion.saturated import MakeScore
from dag_gfn.graphs.subsets import unpack
from dag_gfn.mcmc.diagnostics import ChainDiagnostics, diagnose
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.graph_prior import GraphPrior
from dag_gfn.scores.local_score import LocalScore

BURN_IN, FIRST_ROUND, MAX_SWEEPS = 50, 200, 3_200
"""Sweeps of each chain before the first round, in it, and of all rounds together at most."""

_TIMED = 3  # sweeps
_BLOCKS = 50  # parts of a chain whose means are compared


@runtime_checkable
class Drawing(Sweeping, Protocol):
    """A chain that draws a DAG in each sweep."""

    @property
    def parents(self) -> Int64[np.ndarray, " d"]:
        """The DAG that was drawn last, as bitmasks."""


Augmented = TypeVar("Augmented", bound=Drawing)


def augmented_tables(
    cells: GaussianCells,
    prior: NormalWishartPrior,
    make_score: MakeScore,
    *,
    streams: RandomStreams,
    graph_prior: GraphPrior | None = None,
    constraints: Constraints | None = None,
    tables: int = 100,
    chains: int = 4,
    burn_in: int = BURN_IN,
    first_round: int = FIRST_ROUND,
    max_sweeps: int = MAX_SWEEPS,
    seconds: float | None = None,
    n_jobs: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> CompletedTables:
    """Return completed tables of several chains.

    Parameters
    ----------
    cells : GaussianCells
    prior : NormalWishartPrior
        That of the scores.
    make_score : callable
        From a complete table, shape (n, D), to its score.
    streams : RandomStreams
    graph_prior : GraphPrior, optional
        Uniform when left out.
    constraints : Constraints, optional
    tables : int
        At least so many; the same number from each chain.
    chains : int
        At least 2.
    burn_in, first_round, max_sweeps : int
        Sweeps of each chain before the first round, in it, and of all rounds together at most.
    seconds : float, optional
        That all may take: fewer sweeps are done where they would take longer, as the first ones tell.
    n_jobs : int, optional
        Chains at a time; as many as there are cores when left out. The result does not depend on it.
    progress : callable, optional
        Called with the share of `max_sweeps` that is done; it ends early where chains agree.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.completion.augmentation import augmented_tables
    >>> from dag_gfn.completion.gaussian_cells import GaussianCells
    >>> from dag_gfn.completion.normal_wishart import NormalWishartPrior
    >>> from dag_gfn.random_streams import RandomStreams
    >>> from dag_gfn.scores import BGe
    >>> values = np.random.default_rng(0).normal(size=(30, 2))
    >>> values[:5, 0] = np.nan
    >>> tables = augmented_tables(
    ...     GaussianCells(values, nodes=[[0], [1]]),
    ...     NormalWishartPrior.of(2),
    ...     lambda columns: BGe(dag_gfn.from_array(columns)),
    ...     streams=RandomStreams(0),
    ...     tables=20,
    ... )
    >>> len(tables), tables.route, tables.diagnostics["converged"]
    (20, 'augmentation', 1.0)
    """
    graphs = graph_draws(cells.d, prior=graph_prior, constraints=constraints)
    rngs = [np.random.default_rng(s) for s in streams.sequences("completed tables, augmentation", chains)]
    return tables_of_chains(
        [GaussianChain(cells, prior, graphs, rng=rng) for rng in rngs],
        lambda chain: make_score(chain.table()),
        cells.d,
        tables=tables,
        burn_in=burn_in,
        first_round=first_round,
        max_sweeps=max_sweeps,
        seconds=seconds,
        n_jobs=n_jobs,
        progress=progress,
    )


def tables_of_chains(
    begun: Sequence[Augmented],
    score_of: Callable[[Augmented], LocalScore],
    d: int,
    *,
    tables: int,
    burn_in: int = BURN_IN,
    first_round: int = FIRST_ROUND,
    max_sweeps: int = MAX_SWEEPS,
    seconds: float | None = None,
    n_jobs: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> CompletedTables:
    """Return completed tables of chains over graphs and cells, of any kind of columns.

    Parameters
    ----------
    begun : sequence of chains
        Each with a generator of its own; after a sweep, ``parents`` is the DAG that was drawn last.
    score_of : callable
        From a chain to the score of its present table.
    d : int
        Number of nodes.
    tables, burn_in, first_round, max_sweeps, seconds, n_jobs, progress
        As for `augmented_tables`.

    Examples
    --------
    See `augmented_tables`.
    """
    chains, began = len(begun), time.perf_counter()
    each = max(1, -(-tables // chains))
    if seconds is not None:
        run_chains(begun, lambda chain, sweep: None, sweeps=_TIMED, n_jobs=n_jobs, every=_TIMED)  # compiles
        began_timed = time.perf_counter()
        run_chains(begun, lambda chain, sweep: None, sweeps=_TIMED, n_jobs=n_jobs, every=_TIMED)
        now = time.perf_counter()
        affordable = int(max(seconds - (now - began), 0.0) / max(now - began_timed, 1e-6) * _TIMED)
        burn_in = min(burn_in, affordable // 5)
        max_sweeps = min(max_sweeps, max(affordable - burn_in, each))
    if burn_in:
        run_chains(begun, lambda chain, sweep: None, sweeps=burn_in, n_jobs=n_jobs, every=burn_in)
    done, length = 0, min(max(first_round, 2 * each), max(max_sweeps, each))
    while True:
        spacing = max(1, length // each)
        share_before, share_of_round = done / max_sweeps, each * spacing / max_sweeps

        def advance(share: float, before: float = share_before, of_round: float = share_of_round) -> None:
            if progress is not None:
                progress(min(1.0, before + of_round * share))

        def keep(
            chain: Augmented, sweep: int, spacing: int = spacing
        ) -> tuple[Bool[np.ndarray, "d d"], LocalScore | None]:
            """Return the DAG, and the score of the table where its turn has come."""
            score = score_of(chain) if sweep % spacing == 0 else None
            return unpack(chain.parents, d), score

        kept = run_chains(begun, keep, sweeps=each * spacing, n_jobs=n_jobs, progress=advance)
        done += each * spacing
        told = _agreement(np.array([[edges for edges, _ in of_chain] for of_chain in kept]))
        if told is None or told.converged or done + 2 * length > max_sweeps:
            break
        length *= 2
    diagnostics = {"sweeps": float(burn_in + done)}
    if told is not None:
        diagnostics |= {
            "max_r_hat": told.max_r_hat,
            "min_effective_draws": told.min_effective_draws,
            "converged": float(told.converged),
        }
    first = burn_in + done - each * spacing
    return CompletedTables(
        scores=[score for of_chain in kept for _, score in of_chain if score is not None],
        log_weights=np.full(each * chains, -np.log(each * chains)),
        chains=np.repeat(np.arange(chains), each),
        sweeps=np.tile(first + spacing * np.arange(1, each + 1), chains),
        route="augmentation",
        diagnostics=diagnostics,
    )


def _agreement(edges: Bool[np.ndarray, "c k d d"]) -> ChainDiagnostics | None:
    """Return whether the chains agree on the edges; None for a single chain."""
    if len(edges) < 2 or edges.shape[1] < 4:
        return None
    return diagnose(edges.astype(np.float64), merged=max(1, edges.shape[1] // _BLOCKS))
