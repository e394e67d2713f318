"""Every score by its name: one line for each."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from dag_gfn.data.contexts import without_contexts
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.messages import quoted
from dag_gfn.data.row_weights import can_repeat_rows
from dag_gfn.errors import OptionError
from dag_gfn.scores.additive import Additive
from dag_gfn.scores.bde import BDe, BDeu
from dag_gfn.scores.bge import BGe
from dag_gfn.scores.bic import DiscreteBIC, GaussianBIC
from dag_gfn.scores.block import BlockBGe
from dag_gfn.scores.contexts import ContextScore, refuse_contexts
from dag_gfn.scores.copula import Copula
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
    Copula,
    Additive,
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
    ('bdeu', 'bde', 'bic', 'block', 'copula')
    """
    return tuple(score.name for score in SCORE_CLASSES if kind in score.kinds())


class ScoreChoice(NamedTuple):
    """A score that was chosen for a table.

    Attributes
    ----------
    name : str
    reason : str
        Why, in a sentence without its beginning and end: "all columns are numbers".

    Examples
    --------
    See `score_for`.
    """

    name: str
    reason: str


def score_for(data: Dataset) -> ScoreChoice:
    """Return the score that a table gets where none is asked for, and why.

    Numbers alone get ``bge``, categories alone ``bdeu``, both ``block``, and so do groups of columns. A table with an
    ordinal column gets ``copula``, if its normal variables can be drawn: rows with weights that are no counts, and
    ordinal cells that an experimenter set, have no such draws.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import score_for
    >>> score_for(from_array(np.random.default_rng(0).normal(size=(50, 3))))
    ScoreChoice(name='bge', reason='all columns are numbers')
    """
    beside = ""
    if data.contexts:
        data, beside = without_contexts(data), f", beside {quoted(data.contexts)}"
    ordered = [name for name, kind in zip(data.names, data.kinds, strict=True) if kind == "ordinal"]
    without_order = beside
    if ordered and beside:
        without_order += (
            f"; {quoted(ordered)} {'has' if len(ordered) == 1 else 'have'} ordered levels, whose order is "
        )
        without_order += "not used, since there are contexts"
    elif ordered:
        is_set = (
            data.intervened is not None
            and data.intervened[:, [kind == "ordinal" for kind in data.kinds]].any()
        )
        whose = f"{quoted(ordered)} {'has' if len(ordered) == 1 else 'have'} ordered levels"
        if can_repeat_rows(data) and not is_set and not data.groups:
            return ScoreChoice(Copula.name, whose)
        why = (
            "columns are grouped"
            if data.groups
            else "an experimenter set some of them"
            if is_set
            else "the weights of the rows are no counts"
        )
        without_order = f"; {whose}, whose order is not used, since {why}"
    if data.groups:
        return ScoreChoice(BlockBGe.name, f"columns are grouped{without_order}")
    reason = {
        "continuous": "all columns are numbers",
        "discrete": "all columns are categories",
        "mixed": "there are numbers and categories",
    }[data.kind]
    return ScoreChoice(scores_of_kind(data.kind)[0], reason + without_order)


def needs_completion(score: str, data: Dataset) -> bool:
    """Return whether cells of the data are drawn before a score of this name applies.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.scores import needs_completion
    >>> needs_completion("bge", dag_gfn.load_example("wine"))
    False
    """
    of_name = [each for each in SCORE_CLASSES if each.name == score and data.kind in each.kinds()]
    return any(each.needs_completion(data) for each in of_name)


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
    name : {"bge", "bdeu", "bde", "bic", "linear_gaussian", "block", "copula", "additive"} or None
        None chooses by the kinds of the columns; see `score_for`.
    data : Dataset
    **options
        Options of the score, by the names of its class: ``alpha_mu``, ``alpha_w`` and ``mean_obs`` of ``bge``, the
        first two of ``block``, ``copula`` and ``additive`` too; ``num_curves``, ``curve_weight`` and
        ``line_probability`` of ``additive``; ``equivalent_sample_size`` of ``bdeu`` and ``bde``;
        ``noise_variance`` and ``weight_variance`` of ``linear_gaussian``. None is the same as leaving one out.

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
    name = score_for(data).name if name is None else name
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
    kind = without_contexts(data).kind if data.contexts else data.kind
    of_kind = [score for score in of_name if kind in score.kinds()]
    make: Callable[..., LocalScore] = (of_kind or of_name)[0]  # a score of the other kind refuses the data
    if data.contexts:
        refuse_contexts(name)
        return ContextScore(data, name, partial(make, **given))
    return make(data, **given)
