"""From data to a posterior over graphs: the one entry point of every method."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dag_gfn.criticism import criticise
from dag_gfn.data.interventions import set_nodes
from dag_gfn.errors import DataWarning, NotConvergedWarning, NotTractable, OptionError
from dag_gfn.fitting import methods
from dag_gfn.fitting.automatic_score import AUTOMATIC, automatic_score
from dag_gfn.fitting.averaged_models import WeightedModel, fit_averaged
from dag_gfn.fitting.knowledge_effect import knowledge_effect
from dag_gfn.fitting.known_paths import given_paths
from dag_gfn.fitting.methods import Run
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.own_score import class_of, is_of_package
from dag_gfn.fitting.prepare import WITHOUT_CELLS, as_dataset, margins_of, prepare
from dag_gfn.fitting.progress import budget_of_fit
from dag_gfn.fitting.reading_options import refuse_reading_options
from dag_gfn.fitting.record import asked_of, judged, recorded_posterior
from dag_gfn.fitting.training_options import TrainingOptions
from dag_gfn.fitting.wide_tables import impossible_parents_note
from dag_gfn.options import takes
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.experiments import Experiments
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.posterior.shape import SHAPE_SCORES, directions_by_shape
from dag_gfn.scores import chance_links, sparse_doubts, wide_doubts
from dag_gfn.scores.graph_prior import recorded_beliefs
from dag_gfn.scores.score_file import listed_families

if TYPE_CHECKING:
    from dag_gfn.gflownet.training.processes import Processes

UNLIKE_THE_MODEL = {
    "code": "unlike_the_model",
    "level": "mild",
    "verdict": "the data look in some way unlike what the score assumes (see the warnings)",
}
"""The doubt that is recorded where there are warnings about the data without a doubt of their own."""

NO_SAMPLER = (
    "no sampler is saved: means over completed tables or models, and posteriors given paths, have none"
)


@takes(FitOptions)
def fit(
    data: Any,
    *,
    progress: bool | Callable = True,
    checkpoint: Path | None = None,
    processes: "Processes | None" = None,
    **options: Any,
) -> GraphPosterior:
    """Return the posterior over causal DAGs that the data support.

    Parameters
    ----------
    data : Dataset, DataFrame (of pandas or polars), ndarray of shape (n, d), or path of a file
        In place of data: local scores of another program, as a `FamilyList` or the path of a file (.jkl).
    **options
        Declared in `dag_gfn.fitting.options`.
    progress : bool or callable
        True shows progress on stderr; a callable is given each `TrainingReport` (`ChainReport`) instead.
    checkpoint : Path, optional
        File to save training to now and then, and to continue from where it exists.
    processes : Processes, optional
        Those that train one network together (:mod:`dag_gfn.gflownet.training.processes`), all of which call `fit`
        alike. Only the leading one returns; in the others `TookPart` is raised when training is over.

    Returns
    -------
    GraphPosterior
        Its ``info`` records how it was made and how far to trust it.

    Raises
    ------
    DataError, OptionError, ConstraintError, NotTractable
        With a message that says what was expected, what came, and what to do.
    TypeError
        If a keyword is no option.

    Warns
    -----
    DataWarning
        Where the data look unlike what the score assumes.
    NotConvergedWarning
        Where training was too short for the result to be relied on.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(1))
    >>> posterior = dag_gfn.fit(data, forbidden=[("x0", "x1")], progress=False)
    >>> posterior.info["method"], float(posterior.edge_marginals().loc["x0", "x1"])
    ('exact', 0.0)
    """
    refuse_reading_options(options)
    chosen = FitOptions.from_keywords(options, caller="fit")
    families = listed_families(data)
    if families is not None:
        from dag_gfn.fitting.listed_fit import fit_listed  # it runs the methods of this module

        return fit_listed(families, chosen, progress=progress, checkpoint=checkpoint, processes=processes)
    require_one_training(processes, chosen)
    budget = budget_of_fit(chosen.duration.time_budget, shown=progress is True)
    read = as_dataset(data)
    automatic = automatic_score(read, chosen, budget, progress=progress is True)
    chosen = automatic.chosen
    with budget.phase("scores"):
        prepared = prepare(read, chosen, shown=progress is True)
    dataset, table, constraints = prepared.dataset, prepared.table, prepared.constraints
    for message in prepared.warnings:
        warnings.warn(message, DataWarning, stacklevel=2)
    experiments = Experiments.of_mask(set_nodes(dataset), dataset.nodes, dataset.contexts)
    run = Run(
        table,
        chosen.method.seed,
        chosen.method.num_samples,
        chosen.duration.iterations,
        budget,
        chosen.method.exact_check,
        progress,
        list(dataset.notes),
        prepared.warnings,
        processes,
        experiments.oriented(table.names),
        prepared.resampling,
    )
    for note in (*automatic.notes(), *prepared.known.notes):
        run.note(note)
    if constraints.cell_limit is not None:
        run.note(constraints.cell_limit.describe(table.names))
    impossible = impossible_parents_note(table.possible)
    if impossible is not None:
        run.note(impossible)
    statistics, score_equivalent = table.statistics, table.is_score_equivalent
    if prepared.score.needs_completion(dataset):
        require_one_training(processes, chosen, tables="completed tables")
        from dag_gfn.fitting.completed_fit import fit_completed  # what complete tables do without

        found = fit_completed(run, prepared, chosen)
        method, training, result = found.method, found.training, found.result
        statistics, score_equivalent = (lambda: found.statistics), found.score_equivalent
    elif automatic.averaged:
        models = [
            WeightedModel(label, own, prepared if k == 0 else prepare(read, own), weight)
            for k, (label, own, weight) in enumerate(automatic.averaged)
        ]
        run = replace(run, resampling=None)  # it is of one model alone
        method, training, result = fit_averaged(run, models, lambda one, own: run_method(one, own, None))
        score_equivalent = all(model.prepared.table.is_score_equivalent for model in models)
    else:
        method, training, result = run_method(run, chosen, checkpoint)
    posterior = result.posterior
    without_sampler = posterior.sampler is None or prepared.known.condition is not None
    if chosen.training.save_sampler and training is not None and without_sampler:
        run.note(NO_SAMPLER)
    if table.score in WITHOUT_CELLS:
        sparse = wide_doubts(posterior.graphs, posterior.weights, prepared.filled)
    else:
        sparse = sparse_doubts(
            posterior.graphs, posterior.weights, prepared.filled, chosen.model.sparse_families
        )
    for doubt in sparse:
        warnings.warn(doubt.warning, DataWarning, stacklevel=2)
    # Common in short tables, and no more than the probabilities say: in the result, not a warning of Python's.
    doubts_of_result = [*sparse, *chance_links(posterior.marginal("linked").values, prepared.filled)]
    effect = knowledge_effect(prepared, chosen, budget)
    doubts_of_result += [] if effect is None else effect.doubts()
    doubts = [*prepared.doubts, *doubts_of_result]
    run.told += [doubt.warning for doubt in doubts_of_result]
    with budget.phase("criticism"):
        missed = criticise(dataset, posterior.graphs, posterior.weights, score=table.score)
    verdict = judged(result, chosen.duration)
    for message in verdict.warnings:
        warnings.warn(message, NotConvergedWarning, stacklevel=2)
    posterior = recorded_posterior(
        result,
        verdict,
        asked={
            **asked_of(table, chosen, method, training, kind=dataset.kind),
            "margins": margins_of(chosen.model, table.score, dataset),
            **({} if is_of_package(prepared.score) else {"own_score": class_of(prepared.score)}),
            "model_choice": automatic.to_json(),
            "criticism": missed.to_json(),
            "knowledge": None if prepared.known.knowledge.is_empty else prepared.known.knowledge.to_json(),
            "beliefs": recorded_beliefs(prepared.known.belief, table.names),
            "lags": {"rows": dataset.lags, "instantaneous": chosen.knowledge.instantaneous}
            if dataset.lags
            else None,
            "n": round(dataset.total_weight) if dataset.moments_only else dataset.n,
            "total_weight": None if dataset.weights is None or dataset.moments_only else dataset.total_weight,
            "roles": [role.to_json() for role in dataset.roles],
            **experiments.to_json(),
            "standardized": dataset.is_standardized,
            "notes": run.notes,
            "score_equivalent": score_equivalent,
        },
        said={
            "warnings": [*run.told, *verdict.warnings],
            "doubts": [
                *(doubt.record() for doubt in doubts),
                *([UNLIKE_THE_MODEL] if prepared.unlike else []),
            ],
        },
        timing=budget.timing(),
        statistics=statistics(),
    )
    posterior = given_paths(posterior, prepared.known)
    more: dict[str, Any] = {} if effect is None else {"without_knowledge": effect.to_json()}
    if table.score in SHAPE_SCORES:
        more["directions_by_shape"] = directions_by_shape(posterior, constraints.possible_edges())
    return replace(posterior, info=posterior.info | more)


def run_method(
    run: Run, chosen: FitOptions, checkpoint: Path | None
) -> tuple[str, TrainingOptions | None, MethodResult]:
    """Return the method that was used, how it trained if it did, and the result.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting.fit import run_method
    >>> from dag_gfn.fitting.methods import Run
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> run = Run(ScoreTable.build(make_score("bge", data)), 0, 10, None, TimeBudget(), None, False, [], [])
    >>> run_method(run, FitOptions.from_keywords({}, caller="fit"), None)[0]
    'exact'
    """
    automatic, order_modular = chosen.method.method == "auto", chosen.method.order_modular
    method = run.affordable_method(order_modular) if automatic else chosen.method.method
    unnoticed = chosen.unnoticed_by(method)
    if unnoticed:  # before the work that a mistake would waste
        chosen.training.check_unused(run.table.d)
    if method == "exact":
        try:
            result = methods.exact(run, order_modular=order_modular, automatic=automatic)
        except NotTractable as error:
            if not automatic or order_modular:
                raise
            run.note(
                f"a GFlowNet takes the place of the exact posterior, and cannot be checked against it: {error}"
            )
            method, run.exact_check = "gflownet", False  # what has just been refused is not asked for again
        else:
            if automatic and run.iterations is not None and not order_modular:
                run.note(
                    "the exact posterior is quick here, so nothing was trained: --method gflownet trains"
                )
    if method == "gflownet":
        if unnoticed:
            run.note(f"method 'gflownet' resamples no rows and ignores {', '.join(unnoticed)}")
        training = chosen.training.completed()
        return method, training, methods.gflownet(run, training, checkpoint)
    if method == "mcmc":
        result = methods.mcmc(run)
    if method == "structure_mcmc":
        result = methods.structure_mcmc(run)
    if method == "order_mcmc":
        result = methods.order_mcmc(run)
    if method == "bootstrap":
        result = methods.bootstrap(run, chosen.bootstrap)
    if of_bootstrap := [name for name in unnoticed if name in chosen.bootstrap.values()]:
        run.note(f"method '{method}' resamples no rows and ignores {', '.join(of_bootstrap)}")
    if of_training := [name for name in unnoticed if name not in of_bootstrap]:
        run.note(
            f"method '{method}' trains nothing and ignores {', '.join(of_training)}: --method gflownet uses them"
        )
    return method, None, result


def require_one_training(
    processes: "Processes | None", chosen: FitOptions, *, tables: str | None = None
) -> None:
    """Refuse several processes for all but the training of one network.

    Parameters
    ----------
    processes : Processes or None
    chosen : FitOptions
    tables : str, optional
        Names several tables, if the method is to run on more than one.

    Raises
    ------
    OptionError
        If there is not one network to train: the processes could come to different decisions.

    Examples
    --------
    >>> from dag_gfn.fitting.fit import require_one_training
    >>> from dag_gfn.fitting.options import FitOptions
    >>> require_one_training(None, FitOptions.from_keywords({}, caller="fit"))  # one process may do all
    """
    if processes is None or processes.count == 1:
        return
    why = None
    if chosen.method.method != "gflownet":
        why = f"not for method '{chosen.method.method}': choose method='gflownet' (--method gflownet)"
    elif chosen.model.score == AUTOMATIC:
        why = "not for a choice among models: name a score"
    elif tables is not None:
        why = f"not for {tables}: start one process"
    if why is not None:
        raise OptionError(f"{processes.count} processes train one network, {why}")
