"""Which models of a table are compared, and why the others are not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dag_gfn.data.contexts import without_contexts
from dag_gfn.data.dataset import Dataset
from dag_gfn.model_choice.margins import without_comparison
from dag_gfn.scores.registry import SCORE_CLASSES, score_options, scores_of_kind

NORMAL_SCORES = "normal_scores"
EQUIVALENT_SAMPLE_SIZES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Of BDeu: how many rows its prior may be worth."""
COMPARABLE: Mapping[str, tuple[str, ...]] = {
    "continuous": ("bge", "additive"),
    "mixed": ("block", "additive"),
    "discrete": ("bdeu",),
}
"""Scores of each kind of table that are probabilities of the same data. A new one is one name here."""
FOR_EVIDENCE: Mapping[str, dict[str, float]] = {"additive": {"curve_weight": 1.0}}
"""A fit discounts what curves say (`curve_weight`); with the full weight the score is a log marginal likelihood."""
_NO_EVIDENCE = {
    "bic": "it is an approximation without a prior, and no probability of the data",
    "linear_gaussian": "it takes the noise variance as known and the means from the data, so it is no evidence",
    "bde": "it is 'bdeu' under another name",
}
_WORDS = {
    "bge": "straight lines",
    "block": "straight lines and group means",
    "additive": "curves",
    "bdeu": "full tables",
}


@dataclass(frozen=True)
class Candidate:
    """A model that is compared: a score, its margins and its hyperparameters.

    Attributes
    ----------
    score : str
    margins : {"as_is", "normal_scores"}
    options : dict
        Hyperparameters that make the difference to other candidates of the same score.
    for_evidence : dict
        Hyperparameters with which the score is a log marginal likelihood, where those of a fit make it another number.

    Examples
    --------
    >>> from dag_gfn.model_choice.candidates import Candidate
    >>> Candidate("bge", "normal_scores").label, Candidate("bge", "normal_scores").words
    ('bge, normal scores', 'straight lines between normal scores')
    """

    score: str
    margins: str = "as_is"
    options: dict[str, float] = field(default_factory=dict)
    for_evidence: dict[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name of the model, unique among candidates."""
        own = [f"{name.replace('_', ' ')} {value:g}" for name, value in self.options.items()]
        return ", ".join([self.score, *(["normal scores"] if self.margins == NORMAL_SCORES else []), *own])

    @property
    def words(self) -> str:
        """What the model says, in words."""
        said = _WORDS.get(self.score, self.score)
        if self.options:
            said += f" with a prior worth {self.options.get('equivalent_sample_size', 0):g} rows"
        return f"{said} between normal scores" if self.margins == NORMAL_SCORES else said


@dataclass(frozen=True)
class Candidates:
    """The models of a table.

    Attributes
    ----------
    compared : tuple of Candidate
    others : tuple of (str, str)
        The name of each model that is not compared, and the reason, in a sentence without its beginning and end.

    Examples
    --------
    See `candidates`.
    """

    compared: tuple[Candidate, ...]
    others: tuple[tuple[str, str], ...]


def candidates(data: Dataset, asked: Mapping[str, Any] | None = None) -> Candidates:
    """Return the models of a table, the simplest first.

    Parameters
    ----------
    data : Dataset
    asked : mapping, optional
        Options that were given: `score` and `margins` leave one of them, `equivalent_sample_size` too.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.model_choice.candidates import candidates
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(50, 3)))
    >>> [each.label for each in candidates(data, {"score": "bge"}).compared]
    ['bge', 'bge, normal scores']
    """
    asked = {} if asked is None else asked
    plain = without_contexts(data) if data.contexts else data
    known = scores_of_kind(plain.kind)
    compared: list[Candidate] = []
    others: list[tuple[str, str]] = []
    comparable = ("block", "additive") if plain.groups else COMPARABLE[plain.kind]
    names = [name for name in comparable if name in known]
    if asked.get("score") not in (None, "auto"):
        names = [name for name in names if name == asked["score"]]
    for name in names:
        refused = _refusal(name, plain, data)
        if refused:
            others.append((name, refused))
            continue
        compared += _variants(name, asked)
        if plain.kind != "discrete":
            reason = without_comparison(plain)
            if not reason:
                compared.append(Candidate(name, NORMAL_SCORES, for_evidence=FOR_EVIDENCE.get(name, {})))
            else:
                others.append((Candidate(name, NORMAL_SCORES).label, reason))
    if asked.get("margins") is not None:
        compared = [each for each in compared if each.margins == asked["margins"]]
    for name in known:
        if name not in comparable:
            others.append((name, _reason(name, plain)))
    return Candidates(tuple(compared), tuple(others))


def _variants(name: str, asked: Mapping[str, Any]) -> list[Candidate]:
    """Return the candidates of a score that differ in hyperparameters."""
    if name == "bdeu" and asked.get("equivalent_sample_size") is None:
        return [Candidate(name, options={"equivalent_sample_size": each}) for each in EQUIVALENT_SAMPLE_SIZES]
    return [Candidate(name, for_evidence=FOR_EVIDENCE.get(name, {}))]


def _refusal(name: str, plain: Dataset, data: Dataset) -> str:
    """Return why a score does not go with a table, or empty text."""
    score = next(each for each in SCORE_CLASSES if each.name == name and plain.kind in each.kinds())
    if plain.groups and not score.takes_groups:
        return "it has one column for each node, and columns are grouped"
    if plain.moments_only and score.needs_rows:
        return "it needs rows, and these data are a covariance matrix"
    if plain.intervened is not None and not score.honours_interventions:
        return "it does not honour interventions"
    if data.contexts and name == "additive":
        return "it has no form for contexts"
    return ""


def _reason(name: str, data: Dataset) -> str:
    """Return why the numbers of a score do not compare with those of the others."""
    if name in _NO_EVIDENCE:
        return _NO_EVIDENCE[name]
    if name == "copula":
        if data.has_ordinal:
            return "it is a probability of the order of the levels, and the others of the levels themselves"
        if data.kind == "discrete":
            return "no column has an order"
        return "its lines between normal scores are compared under the names of the other scores"
    if name == "block":
        if data.kind == "discrete":
            return "it is a density of contrasts, and the others are probabilities of states"
        return "it is 'bge' where each node has one column"
    if name == "bge":
        return "it has one column for each node, and columns are grouped"
    return "its number is no probability of the same data"


def takes_options(score: str, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters that a score takes; those of other scores become None.

    Examples
    --------
    >>> from dag_gfn.model_choice.candidates import takes_options
    >>> takes_options("bge", "continuous", {"alpha_mu": 2.0, "equivalent_sample_size": 3.0})
    {'alpha_mu': 2.0, 'equivalent_sample_size': None}
    """
    of_name = [each for each in SCORE_CLASSES if each.name == score]
    own = {name for each in of_name if kind in each.kinds() for name in score_options(each)}
    return {name: value if name in own else None for name, value in values.items()}
