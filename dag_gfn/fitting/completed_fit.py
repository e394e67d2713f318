"""The fit of a table with missing cells: completed tables, the method on each, and one posterior of all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any

import numpy as np

from dag_gfn.budget import TimeBudget
from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.errors import OptionError
from dag_gfn.exact.enumeration import exact_posterior
from dag_gfn.exact.posterior import fit_estimate, fit_exact
from dag_gfn.fitting import methods
from dag_gfn.fitting.completed import complete
from dag_gfn.fitting.exact_check import REFERENCE_MEMORY
from dag_gfn.fitting.methods import Run
from dag_gfn.fitting.missing_record import missing_record
from dag_gfn.fitting.mixed_posterior import TableFit, enumerated_mixture, mixture_of_fits
from dag_gfn.fitting.mixture import TableWeights
from dag_gfn.fitting.options import BASELINES, FitOptions
from dag_gfn.fitting.prepare import Prepared
from dag_gfn.fitting.progress import ShareProgress
from dag_gfn.fitting.table_runs import TableRuns, run_tables
from dag_gfn.fitting.training_options import TrainingOptions
from dag_gfn.layerings.candidates import affordable_seconds, default_size
from dag_gfn.mcmc.chains import ChainReport
from dag_gfn.mcmc.posterior import default_iterations, fit_mcmc
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import LocalScore, ScoreTable, table_bytes
from dag_gfn.scores.score_table import MAX_COMPLETE_NODES

MAX_ENUMERATED = 5
"""Up to this many nodes the exact posterior of each table holds all DAGs."""
LEAST_TABLES, MOST_TABLES = 24, 200
"""Completed tables of an exact fit, by default: as many as are affordable within these limits."""
TABLES = {"mcmc": 20, "gflownet": 8}
"""Completed tables that chains, or training, run on by default."""
_MANY_NODES, _FEW_TABLES = 20, 8  # beyond, chains take minutes for each table
_LEAST_STEPS = 20_000  # of a chain, on each table
_ASSUMED_CORES = 2  # the number of tables does not depend on the machine
_AUTO_SECONDS = 60.0
_EVIDENCE_SECONDS = 2.0  # of a table, up to which weighted tables are tried
_TIME_TO_WEIGH = 120.0  # seconds of a time budget, from which on they are tried
_KEPT_BYTES = 1_000_000_000  # of complete score tables that are kept for the probabilities of graphs
_COMPLETION = 0.3  # of a time budget, that drawing tables is expected to take at most
_AT_A_TIME = 4  # chains, each of which has a table among the first


@dataclass(frozen=True, eq=False)
class CompletedFit:
    """What a fit over completed tables has found.

    Attributes
    ----------
    method : str
    training : TrainingOptions or None
    result : MethodResult
    statistics : dict of str to array
        Of all tables (:mod:`dag_gfn.scores.stacked_statistics`).
    score_equivalent : bool
        Whether all DAGs of a Markov equivalence class have the same probability.

    Examples
    --------
    See `fit_completed`.
    """

    method: str
    training: TrainingOptions | None
    result: MethodResult
    statistics: dict[str, np.ndarray]
    score_equivalent: bool


def planned_tables(method: str, d: int, num_samples: int, time_budget: float | int | None) -> int:
    """Return how many completed tables a method runs on by default.

    Examples
    --------
    >>> from dag_gfn.fitting.completed_fit import planned_tables
    >>> planned_tables("exact", 5, 20_000, None), planned_tables("mcmc", 30, 20_000, None)
    (200, 8)
    """
    if method == "exact":
        allowed = _ASSUMED_CORES * (_AUTO_SECONDS if time_budget is None else (1 - _COMPLETION) * time_budget)
        return int(np.clip(allowed / _seconds_each(d, num_samples), LEAST_TABLES, MOST_TABLES))
    return _FEW_TABLES if d > _MANY_NODES else TABLES[method]


def _seconds_each(d: int, num_samples: int) -> float:
    """Return about how many seconds one core needs for the exact posterior of a table, one of many."""
    return 0.02 if d <= MAX_ENUMERATED else fit_estimate(d, max(num_samples // MOST_TABLES, 1)).seconds


def _weighing_is_quick(d: int, time_budget: float | int | None) -> bool:
    """Return whether there is time to try weighted tables, beside the chains that take over where this fails."""
    in_time = time_budget is None or time_budget >= _TIME_TO_WEIGH
    return in_time and fit_estimate(d, 1).seconds <= _EVIDENCE_SECONDS


def affordable_method(d: int, num_samples: int, time_budget: float | int | None) -> str:
    """Return "exact" where the exact posterior of the least number of tables is quick, else "mcmc".

    Examples
    --------
    >>> from dag_gfn.fitting.completed_fit import affordable_method
    >>> affordable_method(8, 20_000, None), affordable_method(25, 20_000, None)
    ('exact', 'mcmc')
    """
    if d > MAX_COMPLETE_NODES or fit_estimate(d, 1).bytes > REFERENCE_MEMORY:
        return "mcmc"
    limit = _AUTO_SECONDS if time_budget is None else (1 - _COMPLETION) * time_budget
    seconds = LEAST_TABLES * _seconds_each(d, num_samples) / _ASSUMED_CORES
    return "exact" if seconds <= limit else "mcmc"


def fit_completed(run: Run, prepared: Prepared, chosen: FitOptions) -> CompletedFit:
    """Return the posterior given what was seen of a table with missing cells.

    Parameters
    ----------
    run : Run
        Its table is that of no completed table in particular; it tells the names and options.
    prepared : Prepared
    chosen : FitOptions

    Raises
    ------
    OptionError
        If the order-modular posterior is asked for.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2)))
    >>> data = replace(data, values=np.where(data.values > 1.5, np.nan, data.values))
    >>> posterior = dag_gfn.fit(data, num_completed=40, progress=False)
    >>> posterior.info["missing"]["tables"], posterior.marginal("edge").source
    (40, 'mixture')
    """
    if chosen.method.method in BASELINES:
        raise OptionError(
            f"method '{chosen.method.method}' needs complete rows, and cells that were not seen have to be drawn here: "
            "drop incomplete rows with missing='drop' (--missing drop), choose another score than copula (score, "
            "--score), or another method"
        )
    if chosen.method.order_modular:
        raise OptionError(
            "order_modular (--order-modular) needs complete rows: leave it out, or drop incomplete rows with "
            "missing='drop' (--missing drop)"
        )
    method = chosen.method.method
    d, budget = run.table.d, run.budget
    if method == "auto":
        method = affordable_method(d, run.num_samples, run.time_budget)
        if method == "mcmc":
            run.note(
                f"Markov chains run on each completed table, since exact posteriors of at least {LEAST_TABLES} "
                f"tables of {d} columns would take too long or too much memory"
            )
    if method == "exact" and (d > MAX_COMPLETE_NODES or fit_estimate(d, 1).bytes > REFERENCE_MEMORY):
        methods.exact(run, order_modular=False, automatic=False)  # refuses it
    number = chosen.method.num_completed or planned_tables(method, d, run.num_samples, run.time_budget)
    with ShareProgress(shown=run.shown) as on_share:
        with budget.phase("completed tables"):
            completed = complete(
                prepared.dataset,
                prepared.score,
                prepared.prior,
                prepared.constraints,
                seed=run.seed,
                tables=number,
                weigh=method == "exact" and _weighing_is_quick(d, run.time_budget),
                seconds=budget.share(_COMPLETION),
                n_jobs=chosen.method.n_jobs,
                progress=partial(on_share, "drawing the cells that were not seen"),
            )
        tables, scores = TableWeights.of(completed)
        turns = tables.turns(RandomStreams(run.seed).generator("turns of completed tables"))
        training = chosen.training.completed() if method == "gflownet" else None
        work = _work(method, run, prepared, chosen, tables, [scores[turn] for turn in turns], training)
        with budget.phase(f"{method} on each table"), budget.reserved(0.1):
            runs = run_tables(
                work,
                len(turns),
                n_jobs=1 if method == "gflownet" else chosen.method.n_jobs,  # torch has all cores for itself
                least=min(_AT_A_TIME, len(turns)),
                is_over=budget.is_over,
                on_done=lambda done: on_share(f"completed table {done} of {len(turns)}", done / len(turns)),
            )
    done = sorted(runs.results)
    if len(done) < len(turns):
        budget.cuts.append(f"{len(done)} of {len(turns)} completed tables are used")
    tables = tables.restricted([int(turns[table]) for table in done])
    with budget.phase("mixture"):
        return _mixed(run, prepared, completed, tables, runs, method, training)


def _work(
    method: str,
    run: Run,
    prepared: Prepared,
    chosen: FitOptions,
    tables: TableWeights,
    scores: list[LocalScore],
    training: TrainingOptions | None,
) -> Callable[[int, Event], TableFit]:
    """Return the function that fits one of the distinct tables, which are given in turn."""
    d, budget, share = run.table.d, run.budget, tables.of_distinct()
    streams = RandomStreams(run.seed)
    keep = table_bytes(d) * len(scores) <= _KEPT_BYTES
    each = max(1, round(run.num_samples / len(scores)))
    steps = (
        max(default_iterations(d) // len(share), _LEAST_STEPS) if run.iterations is None else run.iterations
    )
    jobs = max(1, chosen.method.n_jobs or _ASSUMED_CORES) if method == "mcmc" else 1
    network: dict[str, Any] | None = None  # of the table before
    seconds = affordable_seconds(run.time_budget) / len(scores)
    candidates = default_size(run.table, seconds)  # fewer than of one table, whose scores would take as long

    def build(score: LocalScore, storage: str = "auto") -> ScoreTable:
        return ScoreTable.build(score, prepared.prior, prepared.constraints, storage=storage)

    def time_of(turn: int) -> TimeBudget:
        left = budget.remaining()
        if left is None:
            return TimeBudget()
        return TimeBudget(left / max(1, -(-(len(scores) - turn) // jobs)), clock=budget.clock)

    def fit(turn: int, stop: Event) -> TableFit:
        nonlocal network
        table, score = build(scores[turn]), scores[turn]
        seed = streams.torch_seed(f"completed table {turn}")
        if method == "exact" and d <= MAX_ENUMERATED:
            return TableFit(score, table, exact_posterior(table), None)
        if method == "exact":
            result = fit_exact(
                table,
                num_samples=each,
                rng=RandomStreams(seed).generator("exact graphs"),
                memory_limit=REFERENCE_MEMORY,
            )
        elif method == "mcmc":

            def on_report(report: ChainReport) -> None:
                if stop.is_set():
                    raise KeyboardInterrupt  # the chains end here, and keep what they have

            result = fit_mcmc(
                table,
                num_candidates=None if table.is_complete else candidates,
                seed=seed,
                num_samples=each,
                iterations=steps,
                budget=time_of(turn),
                on_report=on_report,
            )
        else:
            assert training is not None
            own = replace(
                run,
                table=table,
                seed=seed,
                num_samples=each,
                budget=time_of(turn),
                exact_check=False,
                progress=False,
                notes=[],
                told=[],
                ranks_classes=False,
            )
            result = methods.gflownet(own, training, None, start=network)
            network = _network_of(result)
        return TableFit(score, table if keep else build(score, "lazy"), None, result)

    return fit


def _network_of(result: MethodResult) -> dict[str, Any] | None:
    """Return the parameters of a network over root layers; None for one over edges, which has its table in it."""
    from dag_gfn.gflownet.layers.sampler import LayerSampler  # imports torch

    sampler = result.posterior.sampler
    if not isinstance(sampler, LayerSampler):
        return None
    return {name: value.detach().clone() for name, value in sampler.model.state_dict().items()}


def _mixed(
    run: Run,
    prepared: Prepared,
    completed: CompletedTables,
    tables: TableWeights,
    runs: TableRuns[TableFit],
    method: str,
    training: TrainingOptions | None,
) -> CompletedFit:
    """Return the mixture of what was found on each table."""
    fits = [runs.results[turn] for turn in sorted(runs.results)]
    if fits[0].every is not None:
        mixed = enumerated_mixture(
            fits,
            tables,
            completed,
            num_pairs=run.num_samples,
            rng=RandomStreams(run.seed).generator("tables of graphs"),
        )
    else:
        mixed = mixture_of_fits(fits, tables, completed, budget=run.budget)
        if mixed.cut_short:
            run.budget.cuts.append("the search for the most probable graphs stops early")
    run.note_cuts()
    settings: dict[str, Any] = {
        **mixed.settings,
        "missing": missing_record(prepared.dataset, run.table.names, completed, len(tables), mixed),
    }
    result = MethodResult(
        posterior=mixed.posterior,
        diagnostics=mixed.diagnostics,
        interrupted=runs.interrupted or any(fit.interrupted for fit in fits),
        settings=settings,
        search=mixed.search,
    )
    equivalent = all(fit.table.is_score_equivalent for fit in fits)
    return CompletedFit(method, training, result, mixed.statistics, equivalent)
