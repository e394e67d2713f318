"""One posterior of several sites that show each other no row: their statistics, or their scores, are added up."""

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dag_gfn.data import Dataset
from dag_gfn.errors import NotConvergedWarning, OptionError
from dag_gfn.fitting.fit import run_method
from dag_gfn.fitting.knowledge_options import KnowledgeOptions
from dag_gfn.fitting.known import knowledge_of
from dag_gfn.fitting.methods import Run
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.progress import budget_of_fit
from dag_gfn.fitting.record import asked_of, judged, recorded_posterior
from dag_gfn.fitting.site_options import CombineOptions
from dag_gfn.fitting.site_statistics import Site, as_dataset
from dag_gfn.knowledge import resolve
from dag_gfn.options import options_of, takes
from dag_gfn.posterior import GraphPosterior, load
from dag_gfn.posterior.experiments import Experiments
from dag_gfn.scores import (
    Constraints,
    LocalScore,
    ScoreTable,
    chance_links,
    make_prior,
    make_score,
    sparse_doubts,
)
from dag_gfn.scores.cell_limit import rows_of_columns
from dag_gfn.scores.graph_prior import beliefs_of, recorded_beliefs
from dag_gfn.scores.summed import SummedScore

_OF_THE_SITES = ("score", "standardize", "margins")
"""Options of a fit that were decided when the sites were fitted."""


@takes(CombineOptions)
def combine(
    sites: Sequence[GraphPosterior | str | os.PathLike],
    *,
    progress: bool | Callable = True,
    **options: Any,
) -> GraphPosterior:
    """Return the posterior of several sites together, from their saved posteriors.

    Only the sufficient statistics of each posterior are used: numbers of rows, means and covariances, or counts of
    distinct rows. The graph prior counts once. Prior and constraints are those that all sites were fitted with, unless
    they are given.

    Parameters
    ----------
    sites : sequence of GraphPosterior, or of the paths of their folders
        At least two, of the same variables and the same score.
    progress : bool or callable
        As for `dag_gfn.fit`.
    **options
        Declared in `dag_gfn.fitting.site_options` and `dag_gfn.fitting.options`.

    Raises
    ------
    OptionError
        If the sites cannot be combined.

    Examples
    --------
    Two halves with shared parameters are the whole:

    >>> import numpy as np
    >>> import dag_gfn
    >>> rows = dag_gfn.simulate(3, 80, rng=np.random.default_rng(1)).values
    >>> halves = [dag_gfn.fit(half, progress=False) for half in (rows[:40], rows[40:])]
    >>> both, whole = dag_gfn.combine(halves, progress=False), dag_gfn.fit(rows, progress=False)
    >>> bool(abs(both.log_evidence - whole.log_evidence) < 1e-9)
    True
    """
    chosen = CombineOptions.from_keywords(options, caller="combine")
    posteriors = [site if isinstance(site, GraphPosterior) else load(site) for site in sites]
    if len(posteriors) < 2:
        raise OptionError(f"at least two sites are needed to combine, not {len(posteriors)}")
    given = {name for name, each in options_of(FitOptions).items() if each.is_given(options.get(name))}
    refused = sorted(given & set(_OF_THE_SITES))
    if refused:
        raise OptionError(f"{refused[0]} was decided when the sites were fitted: leave it out")
    names = posteriors[0].names
    parts = [Site.of(posterior, names) for posterior in posteriors]
    for what in ("score", "kind", "options"):
        _agreed(
            [getattr(part, what) for part in parts], f"the {what if what != 'options' else 'score_options'}"
        )
    budget = budget_of_fit(chosen.fit.duration.time_budget, shown=progress is True)
    with budget.phase("scores"):
        table, data = _table(parts, posteriors, chosen, given)
    experiments = _experiments(posteriors)
    run = Run(
        table,
        chosen.fit.method.seed,
        chosen.fit.method.num_samples,
        chosen.fit.duration.iterations,
        budget,
        chosen.fit.method.exact_check,
        progress,
        [_note(parts, chosen.sites.parameters)],
        [],
        oriented=experiments.oriented(names),
    )
    method, training, result = run_method(run, chosen.fit, None)
    doubts = []
    if data is not None:
        posterior = result.posterior
        doubts = sparse_doubts(posterior.graphs, posterior.weights, data, chosen.fit.model.sparse_families)
        doubts += chance_links(posterior.marginal("linked").values, data)
    verdict = judged(result, chosen.fit.duration)
    for message in verdict.warnings:
        warnings.warn(message, NotConvergedWarning, stacklevel=2)
    weighted = any(posterior.info.get("total_weight") is not None for posterior in posteriors)
    return recorded_posterior(
        result,
        verdict,
        asked={
            **asked_of(table, chosen.fit, method, training, kind=parts[0].kind),
            "margins": chosen.fit.model.margins or "as_is",
            "beliefs": recorded_beliefs(table.graph_prior.beliefs, names),
            "n": sum(int(posterior.info["n"]) for posterior in posteriors),
            "total_weight": sum(part.rows for part in parts) if weighted else None,
            **experiments.to_json(),
            "sites": {"parameters": chosen.sites.parameters, "rows": [part.rows for part in parts]},
            "standardized": parts[0].standardized,
            "notes": run.notes,
            "score_equivalent": table.is_score_equivalent,
        },
        said={
            "warnings": [*run.told, *(doubt.warning for doubt in doubts), *verdict.warnings],
            "doubts": [doubt.record() for doubt in doubts],
        },
        timing=budget.timing(),
        statistics=table.statistics(),
    )


def _table(
    parts: Sequence[Site],
    posteriors: Sequence[GraphPosterior],
    chosen: CombineOptions,
    given: set[str],
) -> tuple[ScoreTable, Dataset | None]:
    """Return the table of scores of all sites, and what stands for their rows if that can be said."""
    model, names = chosen.fit.model, parts[0].names
    shared = chosen.sites.parameters == "shared"
    can_add = shared or parts[0].score != "block"
    data = as_dataset(parts) if can_add else None
    score: LocalScore
    if shared:
        assert data is not None  # refused where it cannot be made
        score = make_score(parts[0].score, data, **_with_given(parts[0], chosen, given))
    else:
        own = [replace(part, options=_with_given(part, chosen, given)) for part in parts]
        score = SummedScore([part.own_score() for part in own], data)
    knows = bool(given & {"max_parents", *options_of(KnowledgeOptions)})
    if knows:
        told = resolve(knowledge_of(chosen.fit.knowledge, names), names)
        if told.condition is not None:
            raise OptionError(
                f"paths are no part of what sites add up to: combine without them, and take the result given the query "
                f"{told.condition}"
            )
        constraints, beliefs = told.constraints(model.max_parents), told.belief
    else:
        known = [posterior.info.get("constraints") or {} for posterior in posteriors]
        agreed = {
            name: _agreed(
                [sorted(map(tuple, each.get(name) or ())) for each in known], f"the {name} edges", f"--{name}"
            )
            for name in ("required", "forbidden")
        }
        most = _agreed([each.get("max_parents") for each in known], "max_parents", "--max-parents")
        single = _agreed(
            [each.get("max_parents_of") or {} for each in known],
            "the largest numbers of parents of single variables",
            "--max-parents-of",
        )
        constraints = Constraints.from_names(names, agreed["required"], agreed["forbidden"], most, single)
        believed = _agreed(
            [beliefs_of(each.info.get("beliefs") or (), names).tolist() for each in posteriors],
            "the beliefs",
            "--beliefs",
        )
        beliefs = np.array(believed)
    if data is not None and data.kind == "discrete" and model.sparse_families == "drop":
        constraints = constraints.without_sparse_families(data)
        if not shared and constraints.cell_limit is not None:  # no family that a site alone would leave out
            rows = np.min([rows_of_columns(as_dataset([part])) for part in parts], axis=0)
            constraints = replace(constraints, cell_limit=replace(constraints.cell_limit, num_rows=rows))
    if "prior" in given or given & set(chosen.fit.prior.values()):
        prior = make_prior(model.prior, len(names), **chosen.fit.prior.values())
    else:
        name = _agreed([posterior.info.get("prior") for posterior in posteriors], "the prior", "--prior")
        prior_options = _agreed(
            [posterior.info.get("prior_options") or {} for posterior in posteriors],
            "the prior's options",
            "--prior",
        )
        prior = make_prior(name or "uniform", len(names), **prior_options)
    return ScoreTable.build(score, prior.with_beliefs(beliefs), constraints), data


def _with_given(part: Site, chosen: CombineOptions, given: set[str]) -> dict[str, Any]:
    """Return the hyperparameters of a site's score, with those that are given in their place."""
    values = {name: value for name, value in chosen.fit.score.values().items() if name in given}
    options = {**part.options, **values}
    if isinstance(options.get("mean_obs"), list | tuple):
        options["mean_obs"] = np.asarray(options["mean_obs"], dtype=np.float64)
    return options


def _agreed(values: Sequence[Any], what: str, flag: str | None = None) -> Any:
    """Return the value that all sites have.

    Raises
    ------
    OptionError
        If they differ.
    """
    for value in values[1:]:
        if value != values[0]:
            remedy = f"say which with {flag}" if flag else "fit them again alike"
            raise OptionError(f"{what} of the sites differ ({values[0]} and {value}): {remedy}")
    return values[0]


def _experiments(posteriors: Sequence[GraphPosterior]) -> Experiments:
    """Return the experiments of all sites together."""
    if not any(posterior.experiments.targets for posterior in posteriors):
        return Experiments()
    rows: dict[tuple[str, ...], int] = {}
    for posterior in posteriors:
        for nodes, count in posterior.experiments.targets or (((), int(posterior.info["n"])),):
            key = tuple(sorted(nodes))
            rows[key] = rows.get(key, 0) + count
    return Experiments(tuple(sorted(rows.items())))


def _note(parts: Sequence[Site], parameters: str) -> str:
    counts = ", ".join(f"{part.rows:,.6g}" for part in parts)
    how = "parameters shared" if parameters == "shared" else "with parameters of their own"
    return f"combined {len(parts)} sites of {counts} rows, {how}"
