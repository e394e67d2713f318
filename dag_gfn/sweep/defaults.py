"""What a sweep varies where nothing was asked for: scores, priors over graphs, strengths of the score's prior."""

from typing import Any

from dag_gfn.data import Dataset
from dag_gfn.errors import DagGfnError
from dag_gfn.fitting.incomplete import filled_in
from dag_gfn.scores import make_score, score_for
from dag_gfn.scores.registry import scores_of_kind

DEFAULT_PRIORS = ("uniform", "erdos_renyi", "fair")
DEFAULT_BOOTSTRAPS = 20
FEWER_BOOTSTRAPS = 10
"""Where each fit takes long."""
MORE_ROWS = (5, 15)
"""By how many rows more than by default the prior of bge, block and copula is worth, in the other settings."""
SAMPLE_SIZES = (4, 16)
"""Equivalent sample sizes of bdeu and bde, beside the default of 1."""


def default_scores(data: Dataset) -> tuple[list[str], dict[str, str]]:
    """Return the scores that a table is fitted with, the one that it gets by itself first, and why others are not.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.sweep.defaults import default_scores
    >>> scores, left_out = default_scores(dag_gfn.load_example("wine"))
    >>> scores[0], left_out["linear_gaussian"]
    ('bge', 'the variance of its noise must be known')
    """
    first = score_for(data).name
    left_out: dict[str, str] = {}
    if first != "linear_gaussian":
        left_out["linear_gaussian"] = "the variance of its noise must be known"
    if data.kind == "continuous" and not data.groups:
        left_out["block"] = "it is the same as bge where no columns are grouped"
    if data.kind == "discrete" and not data.has_ordinal:
        left_out["copula"] = "no column has an order"
    names = [first, *(name for name in scores_of_kind(data.kind) if name != first)]
    kept = [name for name in names if name not in left_out]
    return kept, {name: reason for name, reason in left_out.items() if name in names}


def default_strengths(data: Dataset, scores: list[str]) -> dict[str, list[Any]]:
    """Return the options that set the strength of the first score's prior, with their values, the default (None) first.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.sweep.defaults import default_strengths
    >>> default_strengths(dag_gfn.load_example("wine"), ["bge", "bic"])  # of 13 columns; the default is 15
    {'alpha_w': [None, 20, 30]}
    >>> default_strengths(dag_gfn.load_example("asia"), ["bdeu"])
    {'equivalent_sample_size': [None, 4, 16]}
    """
    freedom = _freedom(data, scores[0])
    if freedom is not None:
        return {"alpha_w": [None, *(round(freedom) + more for more in MORE_ROWS)]}
    if scores[0] in ("bdeu", "bde"):
        return {"equivalent_sample_size": [None, *SAMPLE_SIZES]}
    return {}


def _freedom(data: Dataset, score: str) -> float | None:
    """Return the degrees of freedom of a score's prior by default; None where it has none, or refuses the table."""
    try:
        made = make_score(score, filled_in(data if data.kind == "discrete" else data.standardize()))
    except DagGfnError:
        return None
    freedom = made.hyperparameters.get("alpha_w")
    return float(freedom) if isinstance(freedom, int | float) else None
