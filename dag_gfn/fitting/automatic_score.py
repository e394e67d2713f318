"""The score that a fit takes where it is left to the data: the model of largest evidence."""

from dataclasses import dataclass, replace
from typing import Any

from dag_gfn.budget import TimeBudget
from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import DataError, NotTractable, OptionError
from dag_gfn.fitting.averaged_models import LEAST_WEIGHT
from dag_gfn.fitting.incomplete import MODELLED
from dag_gfn.fitting.model_evidence import options_of_candidate
from dag_gfn.fitting.models import ComparedModels, compare
from dag_gfn.fitting.options import FitOptions
from dag_gfn.model_choice.candidates import Candidate, candidates
from dag_gfn.scores import score_for

AUTOMATIC = "auto"
_SHARE = 0.3
"""Of a time budget, that the comparison may take."""


@dataclass(frozen=True)
class AutomaticScore:
    """What was chosen, and by which comparison.

    Attributes
    ----------
    chosen : FitOptions
        The options with a score in the place of "auto".
    compared : ComparedModels or None
        None where there was nothing to compare.
    note : str
        What was taken, and why; empty where a score was asked for.
    averaged : tuple of (str, FitOptions, float)
        The models to average over, the best first: name, options and probability. Empty for the best alone.

    Examples
    --------
    See `automatic_score`.
    """

    chosen: FitOptions
    compared: ComparedModels | None
    note: str = ""
    averaged: tuple[tuple[str, FitOptions, float], ...] = ()

    def notes(self) -> list[str]:
        """Return what a user is told: which model was chosen, or why the usual one was taken."""
        if self.averaged:
            told = ", ".join(f"{label} ({weight:.2g})" for label, _, weight in self.averaged)
            return [f"the posterior is averaged over models by their probability: {told}"]
        return [f"--score auto takes {self.note}"] if self.note else []

    def to_json(self) -> dict[str, Any] | None:
        """Return what posterior.json has of the comparison."""
        if self.compared is None:
            return None
        return self.compared.comparison.to_json() | {"averaged": [label for label, _, _ in self.averaged]}


def automatic_score(
    dataset: Dataset, chosen: FitOptions, budget: TimeBudget, *, progress: bool = False
) -> AutomaticScore:
    """Return the options of a fit with the score, the margins and the hyperparameters of the best model.

    A table with ordered categories keeps its usual score: the evidence of the order of levels does not compare with
    that of the levels themselves.

    Parameters
    ----------
    dataset : Dataset
    chosen : FitOptions
        With the score "auto"; others are returned as they are.
    budget : TimeBudget
        Of the whole fit.
    progress : bool

    Raises
    ------
    OptionError
        If models cannot be compared under these options, or the average over them cannot be computed.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting.automatic_score import automatic_score
    >>> from dag_gfn.fitting.options import FitOptions
    >>> chosen = FitOptions.from_keywords({"score": "auto", "max_parents": 2}, caller="fit")
    >>> found = automatic_score(dag_gfn.load_example("asia"), chosen, TimeBudget())
    >>> found.chosen.model.score, found.chosen.score.equivalent_sample_size
    ('bdeu', 2.0)
    """
    if chosen.model.score != AUTOMATIC:
        return AutomaticScore(chosen, None)
    if chosen.model.average_models and dataset.has_missing:
        raise OptionError(
            "average_models (--average-models) needs rows without missing cells: leave incomplete rows out with "
            "missing='drop' (--missing drop), or fit the best model alone"
        )
    usual = without_automatic(chosen)
    if dataset.has_ordinal and not dataset.contexts:
        name = score_for(dataset).name
        return AutomaticScore(
            usual,
            None,
            f"score '{name}', since the evidence of the order of levels compares with no other model's",
        )
    if not candidates(dataset, chosen.model.values() | chosen.score.values()).compared:
        return AutomaticScore(usual, None, "the usual score, since no model of this table can be compared")
    part = TimeBudget(budget.share(_SHARE), clock=budget.clock)
    with budget.phase("comparison of models"):
        try:
            compared = compare(dataset, chosen, part, progress=progress)
        except (DataError, NotTractable) as error:
            raise OptionError(f"score 'auto' cannot choose: {error}") from error
    if compared.comparison.best.log_evidence is None:
        return AutomaticScore(usual, compared, "the usual score, since the evidence of no model is known")
    fitted = [each for each in compared.candidates if not dataset.has_missing or each.score in MODELLED]
    if not fitted:
        return AutomaticScore(
            usual, compared, "the usual score, since the others have no distribution of missing cells"
        )
    note = f"{fitted[0].label!r}, by the evidence of the models"
    if fitted[0] != compared.candidates[0]:
        note += f", and not {compared.candidates[0].label!r}, which has no distribution of missing cells"
    if _discounts_less(fitted[0], chosen):
        note += "; its curves are fitted on normal scores, where directions are right more often"
    return AutomaticScore(
        _fitted_options(fitted[0], chosen, dataset),
        compared,
        note,
        _averaged(dataset, chosen, compared) if chosen.model.average_models else (),
    )


def _discounts_less(candidate: Candidate, chosen: FitOptions) -> bool:
    """Return whether a model of curves won on raw numbers, on which its directions would be too certain."""
    return candidate.score == "additive" and candidate.margins == "as_is" and chosen.model.margins is None


def _fitted_options(candidate: Candidate, chosen: FitOptions, dataset: Dataset) -> FitOptions:
    """Return the options by which a model is fitted: curves always on normal scores, unless asked for otherwise.

    The evidence says which model describes the numbers best. It does not say how often directions are right that rest
    on shape: on pairs of known cause they are right more often on normal scores (docs/additive.md).
    """
    options = options_of_candidate(candidate, chosen, dataset)
    if not _discounts_less(candidate, chosen):
        return options
    return replace(options, model=replace(options.model, margins="normal_scores"))


def _averaged(
    dataset: Dataset, chosen: FitOptions, compared: ComparedModels
) -> tuple[tuple[str, FitOptions, float], ...]:
    """Return the models to average over; none where the best has all of the probability."""
    probability = compared.comparison.probabilities
    kept = [k for k, share in enumerate(probability.tolist()) if share >= LEAST_WEIGHT]
    if len(kept) < 2:
        return ()
    total = float(probability[kept].sum())
    return tuple(
        (
            compared.candidates[k].label,
            _fitted_options(compared.candidates[k], chosen, dataset),
            float(probability[k]) / total,
        )
        for k in kept
    )


def without_automatic(chosen: FitOptions) -> FitOptions:
    """Return the options with the usual score of the columns in the place of "auto".

    Examples
    --------
    >>> from dag_gfn.fitting.automatic_score import without_automatic
    >>> from dag_gfn.fitting.options import FitOptions
    >>> without_automatic(FitOptions.from_keywords({"score": "auto"}, caller="fit")).model.score is None
    True
    """
    if chosen.model.score != AUTOMATIC:
        return chosen
    return replace(chosen, model=replace(chosen.model, score=None, average_models=False))
