"""The posterior of a list of families and their scores, which any program may have computed: no data are seen."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dag_gfn.data.doubts import Doubt
from dag_gfn.errors import DataWarning, NotConvergedWarning, OptionError
from dag_gfn.fitting.fit import require_one_training, run_method
from dag_gfn.fitting.known import knowledge_of
from dag_gfn.fitting.known_paths import given_paths
from dag_gfn.fitting.methods import Run
from dag_gfn.fitting.options import FitOptions, ScoreHyperparameters
from dag_gfn.fitting.progress import budget_of_fit
from dag_gfn.fitting.record import asked_of, judged, recorded_posterior
from dag_gfn.knowledge import resolve
from dag_gfn.options import options_of
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import FamilyList, ListedScore, ScoreTable, make_prior
from dag_gfn.scores.graph_prior import recorded_beliefs

if TYPE_CHECKING:
    from dag_gfn.gflownet.training.processes import Processes

OF_DATA = (
    *("score", "standardize", "margins", "sparse_families", "num_completed", "instantaneous"),
    *options_of(ScoreHyperparameters),
)
"""Options of a fit that are about data."""


def fit_listed(
    families: FamilyList,
    chosen: FitOptions,
    *,
    progress: bool | Callable,
    checkpoint: Path | None,
    processes: "Processes | None" = None,
) -> GraphPosterior:
    """Return the posterior over DAGs of the listed families alone.

    A family that is not listed has probability 0, whatever the reason why it is not there.

    Parameters
    ----------
    families : FamilyList
    chosen : FitOptions
        Without options about data.
    progress, checkpoint, processes
        As for `dag_gfn.fit`.

    Raises
    ------
    OptionError
        If an option is about data.
    ConstraintError
        If no listed family of a variable is allowed.

    Warns
    -----
    DataWarning
        Where families seem to be left out since a smaller one scores as well.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.scores import FamilyList
    >>> families = FamilyList.of(("a", "b"), [{0b00: -2.0, 0b10: -9.0}, {0b00: -3.0, 0b01: -1.5}])
    >>> posterior = dag_gfn.fit(families, progress=False)
    >>> round(float(posterior.edge_marginals().loc["a", "b"]), 2)  # e^1.5 to 1
    0.82
    """
    require_one_training(processes, chosen)
    _refuse_options_of_data(chosen, families)
    budget = budget_of_fit(chosen.duration.time_budget, shown=progress is True)
    with budget.phase("scores"):
        known = resolve(knowledge_of(chosen.knowledge, families.names), families.names)
        prior = known.prior(make_prior(chosen.model.prior, families.d, **chosen.prior.values()))
        constraints = known.constraints(chosen.model.max_parents)
        table = ScoreTable.build(ListedScore(families), prior, constraints)
    doubts = _doubts(families)
    for doubt in doubts:
        warnings.warn(doubt.warning, DataWarning, stacklevel=3)
    run = Run(
        table,
        chosen.method.seed,
        chosen.method.num_samples,
        chosen.duration.iterations,
        budget,
        chosen.method.exact_check,
        progress,
        [f"{families.describe()}; a family that is not listed has probability 0"],
        [doubt.warning for doubt in doubts],
        processes,
    )
    for note in known.notes:
        run.note(note)
    method, training, result = run_method(run, chosen, checkpoint)
    verdict = judged(result, chosen.duration)
    for message in verdict.warnings:
        warnings.warn(message, NotConvergedWarning, stacklevel=3)
    posterior = recorded_posterior(
        result,
        verdict,
        asked={
            **asked_of(table, chosen, method, training, kind=None),
            "families": families.to_json(),
            "knowledge": None if known.knowledge.is_empty else known.knowledge.to_json(),
            "beliefs": recorded_beliefs(known.belief, table.names),
            "n": None,
            "notes": run.notes,
            "score_equivalent": False,
        },
        said={
            "warnings": [*run.told, *verdict.warnings],
            "doubts": [doubt.record() for doubt in doubts],
        },
        timing=budget.timing(),
        statistics={},
    )
    return given_paths(posterior, known)


def _refuse_options_of_data(chosen: FitOptions, families: FamilyList) -> None:
    values = chosen.values()
    for name, option in options_of(FitOptions).items():
        if name in OF_DATA and option.is_given(values[name]):
            raise OptionError(
                f"{name} ({option.flag}) is about data, and {families.source} has scores that are computed already: "
                "leave it out"
            )


def _doubts(families: FamilyList) -> list[Doubt]:
    """Return the doubt that sets are missing because a smaller one scores as well."""
    if not families.is_pruned:
        return []
    return [
        Doubt(
            code="pruned_families",
            level="caution",
            verdict="sets of parents that cannot be best are left out of the list of scores, so that it is too sure",
            warning=f"{families.describe()}, and no set scores below a smaller one that is listed: sets that cannot be "
            "best seem to be left out. The best graph is the same without them, but the probabilities are too sure: "
            "have the program that made the list write all sets.",
        )
    ]
