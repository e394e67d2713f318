"""Contrasts where causes act through curves: what raising a number, or another level, does in simulated networks."""

from collections.abc import Mapping

import numpy as np

from dag_gfn.effects.contrast_posterior import ContrastEffect
from dag_gfn.effects.graph_draws import no_path
from dag_gfn.effects.simulated_settings import (
    Question,
    additive_parameters,
    node_settings,
    outcomes_of,
    require_no_group,
    simulated_outcomes,
)
from dag_gfn.posterior import GraphPosterior


def curve_contrasts(
    posterior: GraphPosterior,
    indices: list[tuple[int, int]],
    references: Mapping[str, str],
    num_draws: int,
    rng: np.random.Generator,
) -> list[ContrastEffect]:
    """Return effects where causes act through curves: differences between settings of simulated networks.

    Parameters
    ----------
    posterior : GraphPosterior
        Of the score ``additive``.
    indices : list of (int, int)
        Source and target of each effect, by position.
    references : mapping from str to str
        Reference levels of sources.
    num_draws : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.curve_contrasts import curve_contrasts
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> data = dag_gfn.from_array(np.column_stack([x[:, 0], x[:, 0] ** 2 + 0.3 * x[:, 1]]), ["dose", "pain"])
    >>> posterior = dag_gfn.fit(data, score="additive", required=[("dose", "pain")], progress=False)
    >>> (effect,) = curve_contrasts(posterior, [(0, 1)], {}, 50, np.random.default_rng(0))
    >>> str(effect.contrasts[0])
    'dose raised from -0.7824 to 0.5847 (its 25 % to its 75 % quantile)'
    """
    parameters, names = additive_parameters(posterior), posterior.names
    for _, j in indices:
        require_no_group(parameters, j)
    sources = list(dict.fromkeys(i for i, _ in indices))
    settings_of = {i: node_settings(parameters, i, reference=references.get(names[i])) for i in sources}
    targets_of = {i: tuple(dict.fromkeys(j for source, j in indices if source == i)) for i in sources}
    questions = [Question((i,), settings_of[i].points, targets_of[i]) for i in sources]
    graphs, found = simulated_outcomes(posterior, questions, num_draws=num_draws, rng=rng)
    zero, effects = no_path(posterior), []
    for i, j in indices:
        at, outcomes = settings_of[i], found[sources.index(i)][targets_of[i].index(j)]
        samples = np.stack([outcomes[:, to] - outcomes[:, start] for start, to in at.pairs], axis=1)
        effects.append(
            ContrastEffect(
                names=names,
                source=names[i],
                target=names[j],
                contrasts=at.contrasts,
                outcomes=outcomes_of(parameters, j),
                samples=samples,
                graphs=graphs,
                mean=samples.mean(axis=0),
                probability_zero=float(zero[i, j]),
                settings=at.names,
                expected=outcomes.mean(axis=0),
                oriented=posterior.oriented_pairs,
                rise=at.rise,
                by_curves=True,
            )
        )
    return effects


def several_curves(
    posterior: GraphPosterior, sources: list[int], target: int, num_draws: int, rng: np.random.Generator
) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Return what several nodes that act through curves do when they are set at once.

    One is changed while the others are held: a number at its median, a category at its most frequent level.

    Returns
    -------
    settings, outcomes : list of str
    samples : ndarray, shape (k, s, o), float64
        Changes of the outcomes.
    graphs : ndarray, shape (k, d, d), bool

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.curve_contrasts import several_curves
    >>> rows = np.random.default_rng(0).normal(size=(60, 3))
    >>> posterior = dag_gfn.fit(dag_gfn.from_array(rows, ["a", "b", "y"]), score="additive", progress=False)
    >>> settings, *_ = several_curves(posterior, [0, 1], 2, 20, np.random.default_rng(0))
    >>> settings[0]
    'a raised from -1.011 to 0.6867 (its 25 % to its 75 % quantile), b held at -0.002301'
    """
    parameters = additive_parameters(posterior)
    require_no_group(parameters, target)
    every = [node_settings(parameters, i) for i in sources]
    held, words = [], []
    for i, of_node in zip(sources, every, strict=True):
        margin = parameters.margins[i]
        if margin is None:
            held.append(of_node.points[of_node.pairs[0][0]])
            words.append(of_node.names[of_node.pairs[0][0]])
        else:
            middle = margin.at_share(0.5)
            held.append(parameters.points(i, np.array([middle]))[0])
            words.append(f"{middle:.4g}")
    settings, points = [], []
    for place, of_node in enumerate(every):
        others = " and ".join(
            f"{posterior.names[i]} held at {words[p]}" for p, i in enumerate(sources) if p != place
        )
        for contrast, pair in zip(of_node.contrasts, of_node.pairs, strict=True):
            settings.append(f"{contrast}, {others}")
            for end in pair:
                points.append([*held[:place], of_node.points[end], *held[place + 1 :]])
    if all(parameters.margins[i] is not None for i in sources):
        settings.append("all raised so at once")
        points += [[of_node.points[end] for of_node in every] for end in (0, 1)]
    question = Question(tuple(sources), np.array([np.concatenate(at) for at in points]), (target,))
    graphs, ((found,),) = simulated_outcomes(posterior, [question], num_draws=num_draws, rng=rng)
    outcomes = [str(outcome) for outcome in outcomes_of(parameters, target)]
    return settings, outcomes, found[:, 1::2] - found[:, ::2], graphs
