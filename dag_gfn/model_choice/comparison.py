"""The models of a table beside each other: their evidence, Bayes factors and probabilities."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

SCALE = "scale of Kass and Raftery (1995)"
GRADES = (
    (math.log(3.0), "hardly worth a mention"),
    (math.log(20.0), "positive"),
    (math.log(150.0), "strong"),
    (math.inf, "very strong"),
)
"""Upper ends of log Bayes factors, and what they are called."""
CLEAR = math.log(20.0)
"""A best model that is so many nats ahead is strongly supported; below it the others matter."""


@dataclass(frozen=True)
class RankedModel:
    """A model whose evidence compares with that of the others.

    Attributes
    ----------
    label, words : str
        Its name, and what it says.
    score, margins, prior : str
    options : dict
        Hyperparameters that differ between models: of the score, or of the prior.
    log_evidence : float or None
        Log of the probability of the data, averaged over graphs under the normalised prior, in nats, for standardized
        columns; None where it is not known.
    standard_error : float or None
        Zero where the evidence is exact.

    Examples
    --------
    >>> from dag_gfn.model_choice import RankedModel
    >>> RankedModel("bge", "straight lines", "bge", "as_is", "uniform", {}, -100.0, 0.0).standard_error
    0.0
    """

    label: str
    words: str
    score: str
    margins: str
    prior: str
    options: dict[str, float]
    log_evidence: float | None
    standard_error: float | None

    def to_json(self) -> dict[str, Any]:
        """Return what JSON holds of it."""
        return {
            "model": self.label,
            "words": self.words,
            "score": self.score,
            "margins": self.margins,
            "prior": self.prior,
            "options": dict(self.options),
            "log_evidence": self.log_evidence,
            "standard_error": self.standard_error,
        }


@dataclass(frozen=True)
class OtherModel:
    """A model that is not ranked, and the reason.

    Examples
    --------
    >>> from dag_gfn.model_choice import OtherModel
    >>> OtherModel("bic", "it is an approximation").label
    'bic'
    """

    label: str
    reason: str


@dataclass(frozen=True)
class ModelComparison:
    """Models of the same data.

    Attributes
    ----------
    models : tuple of RankedModel
        Of the same graph prior, the best first; those of unknown evidence last.
    priors : tuple of RankedModel
        The best of these under each graph prior, the best first; empty where they were not asked for.
    others : tuple of OtherModel
    rows : int
        That were compared on.
    log_scales : float
        Sum of the logs of the columns' scales over all cells of numbers: minus this, an evidence is that of the
        columns in their own units.
    notes : tuple of str

    Examples
    --------
    >>> from dag_gfn.model_choice import ModelComparison, RankedModel
    >>> lines = RankedModel("bge", "straight lines", "bge", "as_is", "uniform", {}, -100.0, 0.0)
    >>> curves = RankedModel("additive", "curves", "additive", "as_is", "uniform", {}, -104.0, 0.0)
    >>> found = ModelComparison((lines, curves), (), (), 50, 0.0, ())
    >>> found.best.label, found.log_bayes_factors.tolist(), found.probabilities.round(3).tolist()
    ('bge', [0.0, -4.0], [0.982, 0.018])
    >>> found.is_clear, found.grade(1)
    (True, 'strong')
    """

    models: tuple[RankedModel, ...]
    priors: tuple[RankedModel, ...]
    others: tuple[OtherModel, ...]
    rows: int
    log_scales: float
    notes: tuple[str, ...]

    @property
    def best(self) -> RankedModel:
        """The model of largest evidence."""
        return self.models[0]

    @property
    def log_bayes_factors(self) -> Float64[np.ndarray, " m"]:
        """Log of how many times as probable each model makes the data as the best does; nan where not known."""
        return _log_factors(self.models)

    @property
    def log_prior_factors(self) -> Float64[np.ndarray, " p"]:
        """The same of `priors`."""
        return _log_factors(self.priors)

    @property
    def probabilities(self) -> Float64[np.ndarray, " m"]:
        """The probability of each model, all equally probable before the data; 0 where the evidence is not known."""
        factor = np.exp(np.nan_to_num(self.log_bayes_factors, nan=-np.inf))
        return np.asarray(factor / max(factor.sum(), 1.0))

    @property
    def is_clear(self) -> bool:
        """Whether the best model is strongly supported against each other one, errors considered."""
        return all(self._is_behind(index) for index in range(1, len(self.models)))

    def _is_behind(self, index: int) -> bool:
        factor = -float(self.log_bayes_factors[index])
        return factor - 2.0 * self.error(index) > CLEAR

    def error(self, index: int) -> float:
        """Return the standard error of a log Bayes factor against the best model; nan where it is not known."""
        errors = (self.best.standard_error, self.models[index].standard_error)
        return math.nan if None in errors else math.hypot(*(float(each or 0.0) for each in errors))

    def grade(self, index: int) -> str:
        """Return how strongly the best model is supported against another, in words."""
        return grade(float(self.log_bayes_factors[index]))

    def to_frame(self) -> pd.DataFrame:
        """Return models, then priors, then what is not ranked, one row each."""
        rows = []
        for table, models, factors in (
            ("model", self.models, self.log_bayes_factors),
            ("prior", self.priors, self.log_prior_factors),
        ):
            for model, factor in zip(models, factors.tolist(), strict=True):
                rows.append(
                    {
                        "compared": table,
                        "model": model.label,
                        "prior": model.prior,
                        "log_evidence": model.log_evidence,
                        "standard_error": model.standard_error,
                        "log_bayes_factor": factor,
                        "in_words": "best" if factor == 0.0 else grade(factor),
                    }
                )
        rows += [{"compared": "not", "model": other.label, "in_words": other.reason} for other in self.others]
        return pd.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON holds of it."""

        def ranked(
            models: tuple[RankedModel, ...], factors: Float64[np.ndarray, " m"]
        ) -> list[dict[str, Any]]:
            return [
                model.to_json()
                | {
                    "log_bayes_factor": None if math.isnan(factor) else factor,
                    "in_words": "best" if factor == 0.0 else grade(factor),
                }
                for model, factor in zip(models, factors.tolist(), strict=True)
            ]

        return {
            "models": ranked(self.models, self.log_bayes_factors),
            "probabilities": self.probabilities.tolist(),
            "priors": ranked(self.priors, self.log_prior_factors),
            "not_ranked": [{"model": other.label, "reason": other.reason} for other in self.others],
            "best": self.best.label,
            "clear": self.is_clear,
            "scale": SCALE,
            "rows": self.rows,
            "log_scales": self.log_scales,
            "notes": list(self.notes),
        }


def grade(log_factor: float) -> str:
    """Return what a log Bayes factor is called, whatever its sign.

    Examples
    --------
    >>> import math
    >>> from dag_gfn.model_choice.comparison import grade
    >>> grade(math.log(10)), grade(-math.log(200))
    ('positive', 'very strong')
    """
    if math.isnan(log_factor):
        return "not known"
    return next(name for end, name in GRADES if abs(log_factor) <= end)


def _log_factors(models: tuple[RankedModel, ...]) -> Float64[np.ndarray, " m"]:
    values = [math.nan if model.log_evidence is None else model.log_evidence for model in models]
    return np.array(values) - (values[0] if values else 0.0)
