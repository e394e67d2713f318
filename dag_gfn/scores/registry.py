"""Every score by its name: one line for each."""

import inspect
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import OptionError
from dag_gfn.scores.bde import BDe, BDeu
from dag_gfn.scores.bge import BGe
from dag_gfn.scores.bic import DiscreteBIC, GaussianBIC
from dag_gfn.scores.block import BlockBGe
from dag_gfn.scores.linear_gaussian import LinearGaussian
from dag_gfn.scores.local_score import LocalScore

SCORE_CLASSES: tuple[type[LocalScore], ...] = (
    BGe,
    BDeu,
    BDe,
    GaussianBIC,
    DiscreteBIC,
    LinearGaussian,
    BlockBGe,
)
"""A new score is one more line here. The first of each kind of columns is the default of that kind."""

SCORES = tuple(dict.fromkeys(score.name for score in SCORE_CLASSES))
"""The names; two classes may share one if their kinds of columns differ."""

ScoreOption = float | int | Float[np.ndarray, " d"] | Int[np.ndarray, " d"] | None
"""What an option of a score may be; None leaves it out."""


def scores_of_kind(kind: str) -> tuple[str, ...]:
    """Return the names of the scores for columns of a kind, the default first.

    Parameters
    ----------
    kind : {"continuous", "discrete", "mixed"}

    Examples
    --------
    >>> from dag_gfn.scores.registry import scores_of_kind
    >>> scores_of_kind("discrete")
    ('bdeu', 'bde', 'bic', 'block')
    """
    return tuple(score.name for score in SCORE_CLASSES if kind in score.kinds())


def score_options(score: type[LocalScore]) -> tuple[str, ...]:
    """Return the names of the options that a score takes: the keywords of its constructor.

    Examples
    --------
    >>> from dag_gfn.scores import BGe
    >>> from dag_gfn.scores.registry import score_options
    >>> score_options(BGe)
    ('alpha_mu', 'alpha_w', 'mean_obs')
    """
    parameters = inspect.signature(score).parameters.values()
    return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


def make_score(name: str | None, data: Dataset, **options: ScoreOption) -> LocalScore:
    """Return the score of this name for these data.

    Parameters
    ----------
    name : {"bge", "bdeu", "bde", "bic", "linear_gaussian", "block"} or None
        None chooses by the kind of the columns: ``bge`` for continuous, ``bdeu`` for discrete, ``block`` for mixed
        ones and where columns are grouped.
    data : Dataset
    **options
        Options of the score, by the names of its class: ``alpha_mu``, ``alpha_w`` and ``mean_obs`` of ``bge``, the
        first two of ``block`` too; ``equivalent_sample_size`` of ``bdeu`` and ``bde``; ``noise_variance`` and
        ``weight_variance`` of ``linear_gaussian``. None is the same as leaving one out.

    Raises
    ------
    OptionError
        If the name is unknown, an option belongs to another score or has an impossible value, or the score
        does not go with the data.
    DataError
        If the data do not determine the score (BIC with too few rows or collinear columns).
    TypeError
        If no score has an option of this name.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import make_score
    >>> data = from_array(np.random.default_rng(0).normal(size=(50, 3)))
    >>> make_score(None, data).name
    'bge'
    >>> make_score("linear_gaussian", data, noise_variance=0.5).hyperparameters
    {'noise_variance': 0.5, 'weight_variance': 1.0}
    """
    owners: dict[str, list[str]] = {}
    for score in SCORE_CLASSES:
        for option in score_options(score):
            owners.setdefault(option, []).append(score.name)
    for option in options:
        if option not in owners:
            raise TypeError(f"make_score() got an unexpected keyword argument {option!r}")
    if name is None:
        name = BlockBGe.name if data.groups else scores_of_kind(data.kind)[0]
    if name not in SCORES:
        raise OptionError(f"unknown score {name!r}: choose one of {', '.join(SCORES)}")
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if name not in owners[option]:
            raise OptionError(
                f"option {option!r} belongs to the score {' or '.join(map(repr, owners[option]))}, not to {name!r}: "
                "leave it out"
            )
    of_name = [score for score in SCORE_CLASSES if score.name == name]
    of_kind = [score for score in of_name if data.kind in score.kinds()]
    make: Callable[..., LocalScore] = (of_kind or of_name)[0]  # a score of the other kind refuses the data
    return make(data, **given)
