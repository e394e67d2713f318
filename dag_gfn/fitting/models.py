"""Which model the data support: the evidence of each admissible score and prior."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dag_gfn.budget import TimeBudget
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import quoted
from dag_gfn.errors import DataError, NotTractable, OptionError
from dag_gfn.fitting.model_evidence import (
    log_scales,
    model_evidence,
    options_of_candidate,
    table_evidence,
)
from dag_gfn.fitting.options import FitOptions, PriorHyperparameters
from dag_gfn.fitting.prepare import Prepared, as_dataset, prepare
from dag_gfn.fitting.progress import ShareProgress
from dag_gfn.model_choice.candidates import NORMAL_SCORES, Candidate, Candidates, candidates
from dag_gfn.model_choice.comparison import ModelComparison, OtherModel, RankedModel
from dag_gfn.model_choice.margins import without_shape
from dag_gfn.model_choice.prior_mass import log_prior_mass
from dag_gfn.options import takes
from dag_gfn.scores import PRIORS, ScoreTable, make_prior

MIN_COMPLETE_ROWS = 30
MIN_COMPLETE_SHARE = 0.3
"""Rows without a missing cell, and their share, from which on models are compared on these alone."""


@takes(FitOptions)
def compare_models(data: Any, *, progress: bool = True, **options: Any) -> ModelComparison:
    """Return how well the data support each model: scores with and without normal scores, and graph priors.

    The evidence of a model is the probability of the data, parameters and graphs averaged out. It is exact up to about
    20 columns, and estimated by Markov chains beyond. See ``docs/models.md``.

    Parameters
    ----------
    data : Dataset, DataFrame (of pandas or polars), ndarray of shape (n, d), or path of a CSV file
    **options
        Declared in `dag_gfn.fitting.options`. `score` and `margins` leave models out; the others hold for all models.
    progress : bool
        Whether to show progress on stderr.

    Returns
    -------
    ModelComparison

    Raises
    ------
    DataError, OptionError, ConstraintError
        With a message that says what was expected, what came, and what to do.
    TypeError
        If a keyword is no option.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> x = np.random.default_rng(0).normal(size=(100, 2)) @ [[1.0, 0.5], [0.0, 1.0]]
    >>> data = dag_gfn.from_array(np.exp(x), ["a", "b"])
    >>> found = dag_gfn.compare_models(data, score="bge", progress=False)
    >>> found.best.label, found.grade(1)  # lines between the logarithms
    ('bge, normal scores', 'very strong')
    """
    chosen = FitOptions.from_keywords(options, caller="compare_models")
    budget = TimeBudget(chosen.duration.time_budget)
    compared = compare(as_dataset(data), chosen, budget, with_priors=True, progress=progress)
    return compared.comparison


@dataclass(frozen=True)
class ComparedModels:
    """A comparison, with what a fit of its models needs.

    Attributes
    ----------
    comparison : ModelComparison
    candidates : tuple of Candidate
        Those of its models, in their order.

    Examples
    --------
    See `compare`.
    """

    comparison: ModelComparison
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class _Scored:
    """A candidate with its evidence."""

    candidate: Candidate
    chosen: FitOptions
    prepared: Prepared
    model: RankedModel


def compare(
    dataset: Dataset,
    chosen: FitOptions,
    budget: TimeBudget,
    *,
    with_priors: bool = False,
    progress: bool = False,
) -> ComparedModels:
    """Return the models of a dataset by their evidence under the options of a fit.

    Parameters
    ----------
    dataset : Dataset
        Where cells are missing, rows without any are compared on.
    chosen : FitOptions
    budget : TimeBudget
    with_priors : bool
        Whether the best model is compared under all graph priors too.
    progress : bool

    Raises
    ------
    DataError, OptionError, ConstraintError
        If no model can be compared.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting.models import compare
    >>> from dag_gfn.fitting.options import FitOptions
    >>> data = dag_gfn.load_example("asia")
    >>> found = compare(data, FitOptions.from_keywords({"max_parents": 2}, caller="fit"), TimeBudget())
    >>> found.candidates[0].score
    'bdeu'
    """
    if chosen.method.order_modular:
        raise OptionError(
            "models are compared by their evidence over DAGs, and order_modular (--order-modular) counts a DAG once "
            "for each of its orders: leave it out"
        )
    data, notes = _complete(dataset)
    found = candidates(data, chosen.model.values() | chosen.score.values())
    if not found.compared:
        raise OptionError(_none_compares(found, chosen))
    numbers = data.standardize() if "continuous" in data.kinds else None
    others = [OtherModel(label, reason) for label, reason in found.others]
    scored: list[_Scored] = []
    with ShareProgress(shown=progress) as on_share:
        for index, candidate in enumerate(found.compared):
            on_share("comparing models", index / len(found.compared))
            own = options_of_candidate(candidate, chosen, data)
            part = budget.part(of_left=1.0 / (len(found.compared) - index + with_priors))
            try:
                scored.append(_scored(candidate, own, data, numbers, part))
            except (DataError, NotTractable) as error:
                if len(found.compared) == 1:
                    raise
                others.append(OtherModel(candidate.label, str(error)))
        if not scored:
            raise DataError(f"no model of this table has an evidence: {others[-1].reason}")
        scored.sort(key=_rank)
        priors = tuple(_priors(scored[0], budget)) if with_priors else ()
        on_share("comparing models", 1.0)
    unjudged = without_shape(data)
    if unjudged and any(each.candidate.margins == NORMAL_SCORES for each in scored):
        notes.append(
            f"of {quoted(unjudged)} only the dependence is compared, not the shape: too few distinct values, or one "
            "value in too many rows"
        )
    known = scored[0].prepared.known
    if known.required_paths or known.forbidden_paths:
        notes.append("statements about paths are no part of the comparison")
    comparison = ModelComparison(
        tuple(each.model for each in scored),
        priors,
        tuple(others),
        data.n,
        0.0 if numbers is None else log_scales(numbers),
        tuple(notes),
    )
    return ComparedModels(comparison, tuple(each.candidate for each in scored))


def _rank(each: _Scored) -> float:
    return np.inf if each.model.log_evidence is None else -each.model.log_evidence


def _none_compares(found: Candidates, chosen: FitOptions) -> str:
    """Return the message where no model is left."""
    asked = chosen.model.score
    reasons = dict(found.others)
    if asked in reasons:
        return f"the score {asked!r} cannot be compared, since {reasons[asked]}: leave score (--score) out"
    told = "; ".join(f"{label}: {reason}" for label, reason in found.others)
    return (
        f"no model of this table can be compared ({told}): leave score and margins (--score, --margins) out"
    )


def _complete(dataset: Dataset) -> tuple[Dataset, list[str]]:
    """Return the rows without a missing cell, and a note where that leaves some out."""
    if not dataset.has_missing:
        return dataset, []
    whole = np.flatnonzero(~dataset.missing.any(axis=1))
    count = len(whole)
    if count < max(MIN_COMPLETE_ROWS, MIN_COMPLETE_SHARE * dataset.n):
        raise DataError(
            f"models are compared on rows without missing cells, and only {count} of {dataset.n} are: leave out the "
            "columns with most missing cells (--drop), or choose a score (--score)"
        )
    rows = dataset.of_rows(whole, weights=None if dataset.weights is None else dataset.weights[whole])
    return rows, [f"models are compared on the {count:,} of {dataset.n:,} rows without a missing cell"]


def _scored(
    candidate: Candidate, own: FitOptions, data: Dataset, numbers: Dataset | None, budget: TimeBudget
) -> _Scored:
    full: dict[str, Any] = dict(candidate.for_evidence)
    own = replace(own, score=replace(own.score, **full))
    prepared = prepare(data, own)
    evidence = model_evidence(prepared, numbers, own, budget)
    model = RankedModel(
        candidate.label,
        candidate.words,
        candidate.score,
        candidate.margins,
        prepared.table.prior,
        dict(candidate.options),
        evidence.log_z,
        evidence.standard_error,
    )
    return _Scored(candidate, own, prepared, model)


def _priors(best: _Scored, budget: TimeBudget) -> Iterator[RankedModel]:
    """Yield the best model under each graph prior, the best first; none where it is not exact."""
    model, prepared, chosen = best.model, best.prepared, best.chosen
    if model.log_evidence is None or model.standard_error != 0.0:
        return
    own_mass = log_prior_mass(prepared.table.graph_prior, prepared.constraints)
    own_sum = table_evidence(prepared.table, seed=chosen.method.seed, budget=budget).log_z
    if own_mass is None or own_sum is None:
        return
    rest = model.log_evidence - (own_sum - own_mass)
    found = []
    for name in PRIORS:
        given = chosen.prior.values() if name == chosen.model.prior else PriorHyperparameters().values()
        prior = prepared.known.prior(make_prior(name, prepared.table.d, **given))
        table = ScoreTable.build(prepared.score, prior, prepared.constraints)
        mass = log_prior_mass(prior, prepared.constraints)
        log_z = table_evidence(table, seed=chosen.method.seed, budget=budget).log_z
        if mass is None or log_z is None:
            continue
        found.append(
            replace(
                model,
                label=name,
                words=f"{model.words} under the {name} prior",
                prior=name,
                options=dict(table.prior_options),
                log_evidence=rest + log_z - mass,
            )
        )
    yield from sorted(found, key=lambda each: -(each.log_evidence or 0.0))
