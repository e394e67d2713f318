"""A score that is given as a class, a function that makes one, or a score itself, in place of a name."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from dag_gfn.data import Dataset
from dag_gfn.errors import OptionError
from dag_gfn.scores import SCORES, LocalScore
from dag_gfn.scores.registry import SCORE_CLASSES

OwnScore = Callable[[Dataset], LocalScore] | LocalScore
"""A class or function from a dataset to a score, or a score with data of its own."""


def named_or_own(score: Any) -> tuple[str | None, OwnScore | None]:
    """Return the name of a score of this package, or None, and a score that is not of this package, or None.

    Examples
    --------
    >>> from dag_gfn.fitting.own_score import named_or_own
    >>> from dag_gfn.scores import BGe
    >>> named_or_own("bic"), named_or_own(BGe), named_or_own(None)
    (('bic', None), ('bge', None), (None, None))
    """
    if score is None or isinstance(score, str):
        return score, None
    if score in SCORE_CLASSES:
        return score.name, None
    return None, score


def make_own_score(own: OwnScore, data: Dataset, hyperparameters: Mapping[str, Any]) -> LocalScore:
    """Return the score of a dataset.

    Parameters
    ----------
    own : class, callable or LocalScore
        A callable is given the dataset as the fit scores it: standardized, unless that is declined. A score that is
        made already keeps the data that it has.
    data : Dataset
    hyperparameters : mapping
        Options of the scores of this package. None may be given.

    Raises
    ------
    OptionError
        If there is no such score, or it does not go with the data.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.own_score import make_own_score
    >>> from dag_gfn.graphs.subsets import popcount
    >>> from dag_gfn.scores import LocalScore
    >>> class ParentCount(LocalScore):
    ...     name, kind = "parent_count", "continuous"
    ...     def local_scores(self, node, parents):
    ...         return -popcount(parents).astype(float)
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> make_own_score(ParentCount, data, {}).local_scores(0, np.array([0b000, 0b110])).tolist()
    [-0.0, -2.0]
    """
    for option, value in hyperparameters.items():
        if value is not None:
            raise OptionError(
                f"option {option!r} belongs to scores of this package: give those of your own score with "
                f"functools.partial(MyScore, {option}=...)"
            )
    if data.contexts:
        raise OptionError("a score of your own has no contexts: leave --context out (context)")
    score = own if isinstance(own, LocalScore) else own(data)
    if not isinstance(score, LocalScore):
        raise OptionError(
            "expected a name, or a class or function that returns a dag_gfn.scores.LocalScore, not one that returns "
            f"{type(score).__name__}"
        )
    name = getattr(score, "name", None)
    if not isinstance(name, str) or name in (*SCORES, "listed"):
        what = (
            "has no name" if not isinstance(name, str) else f"is called {name!r}, as one of this package is"
        )
        raise OptionError(
            f"the score {type(score).__name__} {what}: set its attribute 'name' to one of its own"
        )
    if tuple(score.names) != tuple(data.nodes):
        raise OptionError(
            f"the score {name!r} is for {list(score.names)}, and the columns are {list(data.nodes)}: make it of these "
            "data, or give its class"
        )
    try:
        json.dumps(score.hyperparameters, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"the hyperparameters of the score {name!r} cannot be recorded ({error}): let the property hyperparameters "
            "return numbers, texts and lists by name"
        ) from None
    return score


def refuse_missing(own: OwnScore | None, data: Dataset) -> None:
    """Raise OptionError where cells are missing and the score is not of this package.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.own_score import refuse_missing
    >>> refuse_missing(None, dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3))))
    """
    if own is not None and data.has_missing:
        raise OptionError(
            f"a score of your own says nothing of the {int(data.missing.sum()):,} missing cells: leave incomplete rows "
            "out with missing='drop', or choose a score of this package"
        )


def class_of(score: LocalScore) -> str:
    """Return where the class of a score is defined, for the record.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.own_score import class_of
    >>> from dag_gfn.scores import BGe
    >>> class_of(BGe(dag_gfn.from_array(np.eye(3))))
    'dag_gfn.scores.bge.BGe'
    """
    return f"{type(score).__module__}.{type(score).__qualname__}"


def is_of_package(score: LocalScore) -> bool:
    """Return whether a score has the name of one of this package.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.own_score import is_of_package
    >>> from dag_gfn.scores import BGe
    >>> is_of_package(BGe(dag_gfn.from_array(np.eye(3))))
    True
    """
    return score.name in SCORES
