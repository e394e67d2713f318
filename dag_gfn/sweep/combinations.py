"""The combinations of a grid: which settings there are, and which options belong to which score or prior."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from dag_gfn.scores.graph_prior import PRIORS, prior_options
from dag_gfn.scores.registry import SCORE_CLASSES, score_options

PRODUCT, ONE_AT_A_TIME = "product", "one_at_a_time"

Levels = dict[str, Any]
"""The value of each factor in one setting; a factor that does not apply is left out, None is an option's default."""


def owners_of(option: str) -> tuple[str, tuple[str, ...]] | None:
    """Return whether an option belongs to scores or to priors, and to which; None where it belongs to neither.

    Examples
    --------
    >>> from dag_gfn.sweep.combinations import owners_of
    >>> owners_of("equivalent_sample_size"), owners_of("beta"), owners_of("max_parents")
    (('score', ('bdeu', 'bde')), ('prior', ('edge',)), None)
    """
    scores = [score.name for score in SCORE_CLASSES if option in score_options(score)]
    if scores:
        return "score", tuple(dict.fromkeys(scores))
    priors = tuple(prior for prior in PRIORS if option in prior_options(prior))
    return ("prior", priors) if priors else None


def applicable(levels: Mapping[str, Any]) -> Levels:
    """Return levels without the options that belong to another score or prior than these levels have.

    Examples
    --------
    >>> from dag_gfn.sweep.combinations import applicable
    >>> applicable({"score": "bic", "prior": "uniform", "alpha_w": 20, "max_parents": 3})
    {'score': 'bic', 'prior': 'uniform', 'max_parents': 3}
    """
    found = {}
    for name, value in levels.items():
        owner = owners_of(name)
        if owner is None or levels.get(owner[0]) in owner[1]:
            found[name] = value
    return found


def combinations(factors: Mapping[str, Sequence[Any]], design: str = PRODUCT) -> list[Levels]:
    """Return the settings of a grid, the base first: every factor at the first of its values.

    An option of a score or prior is varied where it applies, and left out elsewhere, so that no setting is there twice.

    Parameters
    ----------
    factors : mapping
        The values of each, that of the base first. They include ``score`` and ``prior``.
    design : {"product", "one_at_a_time"}
        Every combination, or the base and all settings that differ from it in one factor.

    Examples
    --------
    >>> from dag_gfn.sweep.combinations import combinations
    >>> factors = {"score": ["bge", "bic"], "prior": ["uniform"], "alpha_w": [None, 20]}
    >>> for levels in combinations(factors):
    ...     print(levels)
    {'score': 'bge', 'prior': 'uniform', 'alpha_w': None}
    {'score': 'bge', 'prior': 'uniform', 'alpha_w': 20}
    {'score': 'bic', 'prior': 'uniform'}
    """
    if design == PRODUCT:
        every = [dict(zip(factors, values, strict=True)) for values in itertools.product(*factors.values())]
    else:
        base = {name: values[0] for name, values in factors.items()}
        every = [
            base,
            *(base | {name: value} for name, values in factors.items() for value in values[1:]),
        ]
    found: list[Levels] = []
    for levels in map(applicable, every):
        if levels not in found:
            found.append(levels)
    return found


def never_applied(factors: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """Return the options that no score or prior of the grid has, each with those that have it, in words.

    Examples
    --------
    >>> from dag_gfn.sweep.combinations import never_applied
    >>> never_applied({"score": ["bge"], "prior": ["uniform"], "beta": [0.1, 0.5]})
    {'beta': 'an option of the prior edge'}
    """
    found = {}
    for name in factors:
        owner = owners_of(name)
        if owner is not None and not set(factors[owner[0]]) & set(owner[1]):
            kind, names = owner
            found[name] = f"an option of the {kind}{'s' if len(names) > 1 else ''} {', '.join(names)}"
    return found
