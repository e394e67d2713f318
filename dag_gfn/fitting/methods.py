"""The methods behind `fit`: the exact posterior, Markov chains, GFlowNets."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool

from dag_gfn.baselines.bootstrap import HALF_HALF, NO_POSTERIOR, Resampling, fit_bootstrap
from dag_gfn.baselines.order_mcmc import fit_order_mcmc
from dag_gfn.baselines.structure_mcmc import fit_structure_mcmc
from dag_gfn.budget import ForeseenEnd, TimeBudget, allowed_seconds
from dag_gfn.errors import NotTractable, OptionError
from dag_gfn.exact.posterior import ORDER_MODULAR_BIAS, fit_estimate, fit_exact, fit_order_modular
from dag_gfn.exact.reference import ExactReference
from dag_gfn.fitting.baseline_options import BootstrapOptions
from dag_gfn.fitting.exact_check import (
    ANNOUNCED_SECONDS,
    REFERENCE_MEMORY,
    divergence_from,
    exact_check_reference,
    exact_comparison,
)
from dag_gfn.fitting.method_choice import method_for
from dag_gfn.fitting.progress import ShareProgress, TrainingProgress, announce
from dag_gfn.fitting.searched_starts import searched_starts
from dag_gfn.fitting.training_options import TrainingOptions
from dag_gfn.fitting.warm_start import network_of_earlier_fit
from dag_gfn.mcmc.chains import ChainReport
from dag_gfn.mcmc.posterior import fit_mcmc
from dag_gfn.mcmc.refined_weights import TEMPERED_NODES
from dag_gfn.posterior.method_result import MethodResult, Search
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable
from dag_gfn.scores.stored_table import require_storable
from dag_gfn.search import best_graphs

if TYPE_CHECKING:
    from dag_gfn.gflownet.training.processes import Processes

MAX_NODES_FOR_UPPER_BOUND = 15
"""Up to this many nodes exact draws cost next to nothing, and bound the evidence from above."""
UPPER_BOUND_DRAWS = 1000
_AFTERWARDS = 0.05  # of a time budget, set aside for what follows the draws
_CRITICISM = 0.8  # seconds, about, for checks of the model and what takes the same time with any budget
_MOST_CRITICISM = 0.12  # of a short budget, at most, for them
_LEAST_SEARCH = 0.05  # of a time budget, for the search for the best graphs where nothing is left
_SEARCH = "searching for the most probable graphs"
_FURTHER_STEPS = (
    0.25  # of those of a training from the beginning, where a network of another table is at hand
)
_QUICK_GUIDES = 10
"""Up to this many nodes the chains that training begins with take no longer than a second or two."""


@dataclass
class Run:
    """The input of every method, and its notes for the user.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting import methods
    >>> run = methods.Run(table, 0, 10, None, TimeBudget(), None, False, [], [])
    >>> run.affordable_method(order_modular=False)  # two columns
    'exact'
    """

    table: ScoreTable
    seed: int
    num_samples: int
    iterations: int | None
    budget: TimeBudget
    exact_check: bool | None
    progress: bool | Callable
    notes: list[str]
    told: list[str]
    processes: "Processes | None" = None
    oriented: Bool[np.ndarray, "d d"] | None = None
    resampling: Resampling | None = None  # None where there are no rows of one table
    ranks_classes: bool = True  # not where the result is one of several that are mixed

    @property
    def time_budget(self) -> float | int | None:
        return self.budget.total

    @property
    def shown(self) -> bool:
        return self.progress is True

    def note(self, text: str) -> None:
        """Print a note now and keep it for the record."""
        self.notes.append(text)
        announce(text, shown=self.shown)

    def affordable_method(self, order_modular: bool) -> str:
        """Return "exact" where that is quick, else a method that samples, with a note that says why."""
        if order_modular:
            return "exact"
        found = method_for(
            self.table.d, self.num_samples, self.time_budget, contexts=len(self.table.contexts)
        )
        if found.name == "gflownet":
            announce(f"a GFlowNet is trained, since {found.reason}", shown=self.shown)
        elif found.name == "mcmc":
            announce(f"Markov chains are run, since {found.reason}", shown=self.shown)
        return found.name

    def reference(self) -> ExactReference | None:
        """Return the exact posterior to compare with, or None where it is not affordable."""
        if self.processes is not None and not self.processes.leads:
            return None
        with self.budget.phase("exact check"):
            return exact_check_reference(self.table, self.exact_check, self.budget, shown=self.shown)

    def note_cuts(self) -> None:
        """Note what was cut to end in time."""
        if self.budget.cuts:
            why = "after the interrupt" if self.budget.hurried else "to end in time"
            self.note(f"{why}, {'; '.join(self.budget.cuts)}")


def exact(run: Run, *, order_modular: bool, automatic: bool) -> MethodResult:
    """Return the exact posterior; where it takes long, its time and memory are announced first.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting import methods
    >>> run = methods.Run(table, 0, 10, None, TimeBudget(), None, False, [], [])
    >>> result = methods.exact(run, order_modular=False, automatic=False)
    >>> result.evidence.source, len(result.posterior)  # all 3 DAGs of two columns
    ('exact', 3)
    """
    table = run.table
    variables = table.d if order_modular else max(table.d - len(table.contexts), 2)
    needed = fit_estimate(variables, run.num_samples, order_modular=order_modular)
    if needed.seconds > ANNOUNCED_SECONDS and table.is_complete and needed.bytes <= REFERENCE_MEMORY:
        chosen = ", which auto chose as affordable," if automatic and not order_modular else ""
        announce(f"the exact posterior of {table.d} columns{chosen} takes {needed}", shown=run.shown)
    if order_modular:
        run.told.append(ORDER_MODULAR_BIAS)
    if not automatic and run.time_budget is not None and needed.seconds > allowed_seconds(run.time_budget):
        raise NotTractable(_too_slow(run.time_budget, f"it is expected to take {needed}"))
    end = ForeseenEnd(run.budget)

    def on_progress(name: str, share: float) -> None:
        on_share(name, share)
        if run.time_budget is not None and (seconds := end(name, share)) > allowed_seconds(run.time_budget):
            raise NotTractable(
                _too_slow(run.time_budget, f"{name} alone would go on until {seconds:,.0f} seconds")
            )

    with ShareProgress(shown=run.shown) as on_share:
        result = (fit_order_modular if order_modular else fit_exact)(
            table,
            num_samples=run.num_samples,
            rng=RandomStreams(run.seed).generator("exact graphs"),
            memory_limit=REFERENCE_MEMORY,
            progress=on_progress,
        )
    if order_modular:  # its most probable graphs are not those of the highest score
        run.note_cuts()
        return result
    return _with_best_graphs(run, result)


def _too_slow(time_budget: float | int, why: str) -> str:
    """Return the message that the exact posterior takes longer than the time budget, and what to do."""
    return (
        f"the exact posterior cannot be cut to a time budget of {time_budget:g} seconds, and {why}: allow more time "
        "(time_budget, --time-budget), or choose method='mcmc' or 'gflownet' (--method mcmc or gflownet)"
    )


def mcmc(run: Run) -> MethodResult:
    """Return the posterior by tempered Markov chains, which begin far from each other.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting import methods
    >>> run = methods.Run(table, 0, 20, 2000, TimeBudget(), True, False, [], [])
    >>> result = methods.mcmc(run)
    >>> result.diagnostics.iterations, result.exact_check.edge_max_error < 0.2
    (2000, True)
    """
    table, reference = run.table, run.reference()
    with ShareProgress(shown=run.shown) as on_share, _shown_phases(run, on_share), _set_aside(run):

        def on_report(report: ChainReport) -> None:
            on_share("sampling root layerings", report.share)

        result = fit_mcmc(
            table,
            seed=run.seed,
            num_samples=run.num_samples,
            iterations=run.iterations,
            budget=run.budget,
            starts=None if table.d <= TEMPERED_NODES else partial(searched_starts, table),
            on_report=run.progress if callable(run.progress) else on_report,
            on_phase=on_share,
        )
    with run.budget.phase("comparison"):
        result = _compared(result, reference)
    return _with_best_graphs(run, result)


def gflownet(
    run: Run,
    options: TrainingOptions,
    checkpoint: Path | None,
    *,
    start: dict[str, Any] | None = None,
) -> MethodResult:
    """Return the posterior that a GFlowNet has learned.

    Parameters
    ----------
    run : Run
    options : TrainingOptions
    checkpoint : Path or None
    start : dict of str to Tensor, optional
        Parameters of a network that was trained on another table of the same columns, by default that of the earlier
        fit in `options.warm_start`. Training begins with them, and takes a quarter of the steps unless their number is
        given.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting import methods
    >>> from dag_gfn.fitting.options import TrainingOptions
    >>> run = methods.Run(table, 0, 20, 2, TimeBudget(), True, False, [], [])
    >>> options = TrainingOptions(behaviour="on")
    >>> result = methods.gflownet(run, options, None)
    >>> result.diagnostics.iterations, len(result.posterior)
    (2, 3)
    """
    # imports torch, which nothing else needs
    from dag_gfn.gflownet.edges.fit import fit_edges
    from dag_gfn.gflownet.layers.fit import fit_layers
    from dag_gfn.gflownet.request import FitRequest, Watchers
    from dag_gfn.gflownet.training.config import default_config, make_objective
    from dag_gfn.gflownet.training.processes import ALONE
    from dag_gfn.gflownet.training.report import TrainingReport

    environment, objective = options.resolved()
    if environment == "edges":
        _require_steps(
            run.table,
            "edge by edge (environment 'edges')",
            "environment='layers' (--environment layers), or another method",
        )
    if options.save_sampler:
        require_storable(run.table)
    if start is None and options.warm_start is not None:
        start = network_of_earlier_fit(
            os.fspath(options.warm_start), run.table.names, environment=environment, policy=options.policy
        )
    made = make_objective(objective, options.objective_options)
    config = default_config(
        run.table.d,
        environment=environment,
        objective=objective,
        behaviour=options.behaviour,
        iterations=run.iterations,
        time_budget=run.time_budget,
        options=options.train_options,
    )
    iterations_given = run.iterations is not None or "iterations" in (options.train_options or {})
    if start is not None and not iterations_given:
        config = replace(config, iterations=math.ceil(_FURTHER_STEPS * config.iterations))
    reference = run.reference()
    if environment == "layers" and config.guide_share > 0 and run.table.d > _QUICK_GUIDES:
        announce("before training, Markov chains look for likely graphs to learn from", shown=run.shown)
    bar = TrainingProgress(shown=run.shown)
    own = bar if run.shown else None
    on_report: Callable[[TrainingReport], None] | None = run.progress if callable(run.progress) else own
    with bar, _shown_phases(run, bar.phase if run.shown else None) as on_phase, _set_aside(run):
        request = FitRequest(
            seed=run.seed,
            config=config,
            num_samples=run.num_samples,
            objective=made,
            policy=options.policy,
            backward=options.backward,
            device=options.device,
            iterations_given=iterations_given,
            checkpoint=checkpoint,
            start=start,
            processes=run.processes or ALONE,
        )
        watchers = Watchers(divergence_from(reference), on_report, on_phase)
        conclude: Callable[[], MethodResult]
        if environment == "layers":
            layers = fit_layers(run.table, request, watchers=watchers, budget=run.budget)
            log_probabilities = layers.log_probabilities
            conclude = partial(
                layers.result,
                run.table,
                config,
                reweight=options.reweight,
                budget=run.budget,
                on_phase=on_phase,
            )
        else:
            edges = fit_edges(run.table, request, watchers=watchers, budget=run.budget)
            log_probabilities = edges.log_probabilities
            conclude = partial(edges.result, run.table, config, budget=run.budget)
        try:
            result = conclude()
        except KeyboardInterrupt:  # the trained policy is kept: a result from fewer draws is quick
            run.budget.hurry()
            result = replace(conclude(), interrupted=True)
    backward = None
    if environment == "edges":
        backward = options.backward or ("learned" if made.learns_backward else "uniform")
    settings = {
        "objective": objective,
        "objective_options": dict(options.objective_options or {}),
        "backward": backward,
        **({} if run.processes is None else {"processes": run.processes.count}),
    }
    known = result.posterior.covers_all_dags  # else these are draws, and may be reweighted
    with run.budget.phase("comparison"):
        result = _compared(result, reference, log_probabilities if known else None)
    result = _bounded(run, result, reference)
    return _with_best_graphs(run, replace(result, settings=settings))


def structure_mcmc(run: Run) -> MethodResult:
    """Return the posterior by Markov chains over DAGs that change one edge at a time.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> posterior = dag_gfn.fit(data, method="structure_mcmc", iterations=20_000, progress=False)
    >>> posterior.record.converged, len(posterior)  # all three DAGs were visited
    (True, 3)
    """
    _require_steps(run.table, "one edge at a time (method 'structure_mcmc')", "another method (--method)")
    reference = run.reference()
    result = _by_chains(run, fit_structure_mcmc, "sampling graphs")
    with run.budget.phase("comparison"):
        result = _compared(result, reference)
    return _with_best_graphs(run, result)


def order_mcmc(run: Run) -> MethodResult:
    """Return the order-modular posterior by Markov chains over orders.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> posterior = dag_gfn.fit(data, method="order_mcmc", iterations=20_000, progress=False)
    >>> posterior.record.converged is None, posterior.record.order_modular  # it is another posterior
    (True, True)
    """
    reference = run.reference() if run.exact_check else None
    run.told.append(ORDER_MODULAR_BIAS)
    result = _by_chains(run, fit_order_mcmc, "sampling orders")
    coverage = result.diagnostics.coverage
    if coverage is not None and coverage.least_covered is not None:
        run.note(
            f"all parents are among {coverage.candidates} candidates of each column, which hold {coverage.covered:.0%} "
            f"of the weight of the parent sets of '{coverage.least_covered}', and more of the others'"
        )
    run.note_cuts()
    with run.budget.phase("comparison"):
        return replace(_compared(result, reference), settings={"order_modular": True})


def _by_chains(run: Run, fit: Callable[..., MethodResult], name: str) -> MethodResult:
    """Return what chains of a baseline give, with their progress shown under a name."""
    with ShareProgress(shown=run.shown) as on_share, _shown_phases(run, on_share), _set_aside(run):

        def on_report(report: ChainReport) -> None:
            on_share(name, report.share)

        return fit(
            run.table,
            seed=run.seed,
            num_samples=run.num_samples,
            iterations=run.iterations,
            budget=run.budget,
            on_report=run.progress if callable(run.progress) else on_report,
            on_phase=on_share,
        )


def bootstrap(run: Run, options: BootstrapOptions) -> MethodResult:
    """Return the graphs that a point estimator finds on resampled rows: frequencies, and no posterior.

    Parameters
    ----------
    run : Run
        With what resamples are made of.
    options : BootstrapOptions

    Raises
    ------
    OptionError
        If there are no rows of one table to resample.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> posterior = dag_gfn.fit(data, method="bootstrap", num_resamples=10, progress=False)
    >>> posterior.record.converged is None, posterior.effective_samples
    (True, 10.0)
    """
    if run.resampling is None:
        raise OptionError(
            "method 'bootstrap' draws rows of one table again, and scores of other programs, sums over sites and "
            "averages over models have none: choose another method (--method)"
        )
    reference = run.reference() if run.exact_check else None
    with ShareProgress(shown=run.shown) as on_share, run.budget.phase("resamples"), _set_aside(run):

        def on_report(report: ChainReport) -> None:
            on_share("graphs of resampled rows", report.share)

        result = fit_bootstrap(
            run.table,
            run.resampling,
            seed=run.seed,
            **options.values(),
            budget=run.budget,
            on_report=run.progress if callable(run.progress) else on_report,
        )
    run.told.append(NO_POSTERIOR)
    if options.point_estimator != "hill_climbing":
        run.note(HALF_HALF)
    run.note_cuts()
    with run.budget.phase("comparison"):
        return _compared(result, reference)


def _bounded(run: Run, result: MethodResult, reference: ExactReference | None) -> MethodResult:
    """Return the result with an upper bound of its log evidence, where exact draws are quick."""
    sampler, importance = result.posterior.sampler, result.diagnostics.importance
    if reference is None or run.table.d > MAX_NODES_FOR_UPPER_BOUND or sampler is None or importance is None:
        return result
    streams = RandomStreams(run.seed)
    draws = reference.draw(UPPER_BOUND_DRAWS, streams.generator("upper bound"))
    bound = sampler.log_z_upper(draws, seed=streams.torch_seed("upper bound"))
    diagnostics = replace(result.diagnostics, importance=replace(importance, log_z_upper=bound))
    return replace(result, diagnostics=diagnostics)


@contextmanager
def _shown_phases(
    run: Run, on_phase: Callable[[str, float], None] | None
) -> Iterator[Callable[[str, float], None] | None]:
    """Let the progress bar show each phase of the budget that begins inside."""
    run.budget.on_phase = on_phase
    try:
        yield on_phase
    finally:
        run.budget.on_phase = None


def _set_aside(run: Run) -> AbstractContextManager[None]:
    """Reserve time, within the block, for the work after the draws: comparison, search for graphs, criticism."""
    total = run.budget.total
    criticism = 0.0 if total is None else min(_CRITICISM / total, _MOST_CRITICISM)
    return run.budget.reserved(_AFTERWARDS + criticism)


def _with_best_graphs(run: Run, result: MethodResult) -> MethodResult:
    """Return the result with the most probable DAGs found by a search, unless it holds all DAGs."""
    posterior = result.posterior
    if posterior.covers_all_dags:
        run.note_cuts()
        return result
    edge, budget = posterior.marginal("edge").values, run.budget
    with (
        ShareProgress(shown=run.shown) as on_share,
        _shown_phases(run, on_share),
        budget.phase("best graph", shown=_SEARCH),
    ):
        found = best_graphs(
            run.table,
            posterior.graphs,
            posterior.log_scores,
            edge,
            oriented=run.oriented,
            classes=run.ranks_classes,
            budget=budget.part(least=_LEAST_SEARCH),
            on_share=partial(on_share, _SEARCH),
        )
    if found.cut_short:
        budget.cuts.append("the search for the most probable graphs stops early")
    run.note_cuts()
    return replace(
        result,
        posterior=replace(posterior, best_graphs=found.adjacency, best_log_scores=found.log_scores),
        search=Search(len(found.log_scores), found.proven, found.proven_graphs, found.proven_classes),
    )


def _compared(
    result: MethodResult, reference: ExactReference | None, log_probabilities: np.ndarray | None = None
) -> MethodResult:
    """Return the result with its distance from the exact posterior, where that is known."""
    if reference is None:
        return result
    check = exact_comparison(result.posterior, reference, log_probabilities)
    return replace(result, exact_check=check, exact_edges=reference.features["edge"])


def _require_steps(table: ScoreTable, how: str, remedy: str) -> None:
    """Raise OptionError where graphs cannot be built edge by edge, since families on the way are not listed."""
    constraints = table.constraints
    if constraints.listed is None:
        return
    if not constraints.listed.is_closed(constraints.required, constraints.allow):
        raise OptionError(
            f"{constraints.listed.source} lists families without some of their subsets, and {how} every graph on "
            f"the way needs a score: choose {remedy}"
        )
