"""What simulated networks say when nodes are set: outcomes at settings, averaged over graphs and parameters.

Where causes act through curves there is no slope, and no closed form. A setting is a point of the nodes that are set;
the outcomes are means of numbers and probabilities of levels there.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.effects.contrasts import Contrast
from dag_gfn.effects.drawn_networks import drawn_networks
from dag_gfn.errors import OptionError
from dag_gfn.parameters import AdditiveParameters
from dag_gfn.parameters.from_posterior import parameter_posterior
from dag_gfn.parameters.node_columns import Feature
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.features import chunks

LOW, HIGH = 0.25, 0.75
"""Quantiles of a number between which it is raised."""


class Settings(NamedTuple):
    """Settings of one node, and the contrasts between them.

    Attributes
    ----------
    names : tuple of str, length s
        Levels, or values in words.
    points : ndarray, shape (s, w), float64
        The node's design columns.
    contrasts : tuple of Contrast
    pairs : tuple of (int, int)
        The setting that each contrast starts from, and the one that it ends at.
    rise : float
        How far a number is raised, in its own units; 1 for a category.

    Examples
    --------
    See `node_settings`.
    """

    names: tuple[str, ...]
    points: Float64[np.ndarray, "s w"]
    contrasts: tuple[Contrast, ...]
    pairs: tuple[tuple[int, int], ...]
    rise: float


class Question(NamedTuple):
    """Which nodes are set, to what, and which are looked at.

    Attributes
    ----------
    sources : tuple of int
    points : ndarray, shape (s, W), float64
        The design columns of the sources, side by side, at each setting.
    targets : tuple of int

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.simulated_settings import Question
    >>> Question((0,), np.array([[-1.0], [1.0]]), (1, 2)).targets
    (1, 2)
    """

    sources: tuple[int, ...]
    points: Float64[np.ndarray, "s W"]
    targets: tuple[int, ...]


def node_settings(parameters: AdditiveParameters, node: int, *, reference: str | None = None) -> Settings:
    """Return the settings of a node and their contrasts: quartiles of a number, levels of a category.

    A number is raised from its 25 % to its 75 % quantile; where these are equal, from its lowest value to its highest.
    Each level of a category is compared with a reference level.

    Raises
    ------
    OptionError
        If the node is a group of columns, or there is no such level.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.simulated_settings import node_settings
    >>> from dag_gfn.parameters import parameter_posterior
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(60, 2)), ["dose", "pain"])
    >>> found = node_settings(parameter_posterior(dag_gfn.fit(data, score="additive", progress=False)), 0)
    >>> str(found.contrasts[0])
    'dose raised from -0.6566 to 0.6413 (its 25 % to its 75 % quantile)'
    """
    columns, margin = parameters.columns, parameters.margins[node]
    name, kind = columns.nodes[node], columns.kind(node)
    if kind == "group":
        raise OptionError(
            f"'{name}' is a group of columns, whose effects are not told where causes act through curves: fit with "
            "--score block (score='block')"
        )
    if margin is not None:
        if reference is not None:
            raise OptionError(
                f"'{name}' is a number, which is raised between its quartiles: leave the reference level out"
            )
        low, high = margin.at_share(LOW), margin.at_share(HIGH)
        words = "its 25 % to its 75 % quantile"
        if low == high:
            low, high, words = float(margin.own[0]), float(margin.own[-1]), "its lowest to its highest value"
        points = parameters.points(node, np.array([low, high]))
        told = f"raised from {low:.4g} to {high:.4g} ({words})"
        contrast = Contrast(name, "", told, points[1] - points[0])
        return Settings((f"{low:.4g}", f"{high:.4g}"), points, (contrast,), ((0, 1),), high - low)
    own = columns.features_of(node).tolist()
    levels = [str(columns.features[f].level) for f in own]
    points = np.stack([columns.point(node, {f: 1.0}) for f in own])
    shares = columns.feature_means[own]
    base = int(np.flatnonzero(shares >= shares.max() - 1e-12)[0])
    if reference is not None:
        if reference not in levels:
            raise OptionError(
                f"there is no level '{reference}' of '{name}': its levels are {', '.join(levels)}"
            )
        base = levels.index(reference)
    others = [s for s in range(len(levels)) if s != base]
    return Settings(
        tuple(levels),
        points,
        tuple(Contrast(name, levels[base], levels[s], points[s] - points[base]) for s in others),
        tuple((base, s) for s in others),
        1.0,
    )


def require_no_group(parameters: AdditiveParameters, node: int) -> None:
    """Raise OptionError where a node that is looked at is a group of columns.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.simulated_settings import require_no_group
    >>> from dag_gfn.parameters import parameter_posterior
    >>> data = np.random.default_rng(0).normal(size=(60, 2))
    >>> require_no_group(parameter_posterior(dag_gfn.fit(data, score="additive", progress=False)), 0)
    """
    if parameters.columns.kind(node) == "group":
        node_settings(parameters, node)


def outcomes_of(parameters: AdditiveParameters, node: int) -> tuple[Feature, ...]:
    """Return what is looked at of a node: the number itself, or the levels of a category.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.simulated_settings import outcomes_of
    >>> from dag_gfn.parameters import parameter_posterior
    >>> data = np.random.default_rng(0).normal(size=(60, 2))
    >>> outcomes_of(parameter_posterior(dag_gfn.fit(data, score="additive", progress=False)), 1)
    (Feature(column='x1', level=None),)
    """
    return tuple(parameters.columns.features[f] for f in parameters.columns.features_of(node))


def additive_parameters(posterior: GraphPosterior) -> AdditiveParameters:
    """Return the parameters of a posterior of the score ``additive``.

    Raises
    ------
    OptionError
        If it is of another score, or does not hold what parameters need.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.simulated_settings import additive_parameters
    >>> data = np.random.default_rng(0).normal(size=(60, 2))
    >>> additive_parameters(dag_gfn.fit(data, score="additive", progress=False)).d
    2
    """
    found = parameter_posterior(posterior)
    if not isinstance(found, AdditiveParameters):
        raise OptionError(
            f"curves are of the score 'additive', not of '{posterior.info.get('score')}': fit with --score additive "
            "(score='additive'), or use the effects of this score"
        )
    return found


def simulated_outcomes(
    posterior: GraphPosterior, questions: Sequence[Question], *, num_draws: int, rng: np.random.Generator
) -> tuple[Bool[np.ndarray, "k d d"], list[list[np.ndarray]]]:
    """Return drawn graphs, and for each question and target the outcomes at each setting, shape (k, s, o).

    Parameters
    ----------
    posterior : GraphPosterior
        Of the score ``additive``.
    questions : sequence of Question
        All are answered with the same draws of graphs and parameters.
    num_draws : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.simulated_settings import Question, simulated_outcomes
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(60, 2)), score="additive", progress=False)
    >>> question = Question((0,), np.array([[-1.0], [1.0]]), (1,))
    >>> graphs, ((found,),) = simulated_outcomes(posterior, [question], num_draws=5, rng=np.random.default_rng(0))
    >>> found.shape, bool((np.diff(found[:, :, 0]) == 0).ravel()[~graphs[:, 0, 1]].all())  # no path: no change
    ((5, 2, 1), True)
    """
    drawn = drawn_networks(posterior, num_draws, rng, AdditiveParameters, "curves need the score additive")
    (parameters,) = drawn.parameters
    found: list[list[np.ndarray]] = [
        [
            np.zeros((len(drawn.graphs), len(question.points), len(outcomes_of(parameters, target))))
            for target in question.targets
        ]
        for question in questions
    ]
    for part in chunks(len(drawn.graphs), parameters.num_columns):
        networks = parameters.sample(drawn.graphs[part], rng=rng)
        for question, arrays in zip(questions, found, strict=True):
            means = networks.means(question.sources, question.points, question.targets, rng=rng)
            for array, of_target in zip(arrays, means, strict=True):
                array[part] = of_target
    return drawn.graphs, found
