"""Effects in words: the sentences that the command `dag-gfn effect` prints."""

from dag_gfn.effects.interventional_distribution import InterventionalDistribution
from dag_gfn.effects.total_effect import TotalEffect

NEGLIGIBLE = 0.005
"""Probabilities below this get no line."""


def total_effect_sentences(effect: TotalEffect, adjusted: TotalEffect | None = None) -> list[str]:
    """Return sentences about the effect of one continuous variable on another, one for each line.

    Parameters
    ----------
    effect : TotalEffect
    adjusted : TotalEffect, optional
        The same effect by adjustment for parents, to be shown too.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects import TotalEffect
    >>> from dag_gfn.views.effect_sentences import total_effect_sentences
    >>> graphs = np.repeat(np.array([[[False, True], [False, False]]]), 100, axis=0)
    >>> effect = TotalEffect(("dose", "effect"), "dose", "effect", np.linspace(1.0, 2.0, 100), graphs, 1.5, 0.0)
    >>> total_effect_sentences(effect)[0][:91]
    'Setting dose one unit higher changes the mean of effect by 1.5 (90 % interval 1.05 to 1.95)'
    """
    x, y = effect.source, effect.target
    low, high = effect.interval()
    lines = [
        f"Setting {x} one unit higher changes the mean of {y} by {effect.mean:.4g} "
        f"(90 % interval {_interval(low, high)}), in the columns' own units.",
        _no_effect(x, y, effect.probability_zero),
    ]
    for row in effect.by_direction().to_dict(orient="records"):
        if row["direction"] == f"{x} ⇝ {y}" and effect.probability_zero > NEGLIGIBLE:
            interval = _interval(row["5%"], row["95%"])
            lines.append(f"Where there is one it is {row['mean']:.4g} (90 % interval {interval}).")
        elif row["direction"] == f"{y} ⇝ {x}":
            lines.append(f"With probability {row['probability']:.2f} {y} is a cause of {x} instead.")
    lines += _of_classes(
        [
            f"  probability {row['probability']:.2f}: mean {row['mean']:.4g} "
            f"({_interval(row['5%'], row['95%'])}), no effect {row['probability_zero']:.2f}; "
            f"{row['edges'] or 'no edges'}"
            for row in effect.by_class().to_dict(orient="records")
            if row["probability"] >= NEGLIGIBLE
        ]
    )
    if adjusted is not None:
        low, high = adjusted.interval()
        lines.append(
            f"Adjusting for the parents of {x} alone, an approximation, gives {adjusted.mean:.4g} "
            f"({_interval(low, high)})."
        )
    return lines


def distribution_sentences(effect: InterventionalDistribution) -> list[str]:
    r"""Return sentences about the distribution of one discrete variable when another is set, one for each line.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects import InterventionalDistribution
    >>> from dag_gfn.views.effect_sentences import distribution_sentences
    >>> graphs = np.repeat(np.array([[[False, True], [False, False]]]), 100, axis=0)
    >>> samples, states = np.full((100, 2, 2), 0.5), ("no", "yes")
    >>> effect = InterventionalDistribution(
    ...     ("rain", "wet"), "rain", "wet", states, states, samples, graphs, samples[0], 0.0
    ... )
    >>> print(*distribution_sentences(effect)[:3], sep="\n")
    Probabilities of wet when rain is set (mean, 90 % interval):
      rain = no: wet = no with 0.500 (0.500 to 0.500)
      rain = no: wet = yes with 0.500 (0.500 to 0.500)
    """
    x, y = effect.source, effect.target
    lines = [f"Probabilities of {y} when {x} is set (mean, 90 % interval):"]
    for row in effect.summary().to_dict(orient="records"):
        lines.append(
            f"  {x} = {row['set_to']}: {y} = {row['state']} with {row['mean']:.3f} "
            f"({row['5%']:.3f} to {row['95%']:.3f})"
        )
    lines.append(_no_effect(x, y, effect.probability_zero))
    of_classes = []
    for _, rows in effect.by_class(top=3).groupby("edges", sort=False):
        edges, share, zero = rows[["edges", "probability", "probability_zero"]].iloc[0]
        if share >= NEGLIGIBLE:
            of_classes.append(f"  probability {share:.2f}, no effect {zero:.2f}; {str(edges) or 'no edges'}")
            of_classes += [
                f"    {x} = {row['set_to']}: {y} = {row['state']} with {row['mean']:.3f}"
                for row in rows.to_dict(orient="records")
            ]
    return lines + _of_classes(of_classes)


def _of_classes(lines: list[str]) -> list[str]:
    """Return the lines about equivalence classes below their heading, or one line that says there are none."""
    if not lines:
        return [
            "No class of graphs that observations cannot tell apart is probable enough to be shown alone."
        ]
    return ["Within the most probable classes of graphs that observations cannot tell apart:", *lines]


def _no_effect(x: str, y: str, probability: float) -> str:
    return f"With probability {max(probability, 0.0):.2f} there is no effect: {y} does not descend from {x}."


def _interval(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}"
