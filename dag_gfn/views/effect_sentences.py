"""Effects in words: the sentences that the command `dag-gfn effect` prints."""

from collections.abc import Sequence

import pandas as pd

from dag_gfn.effects.contrast_posterior import ContrastEffect
from dag_gfn.effects.dose_response import DoseResponse
from dag_gfn.effects.interventional_distribution import InterventionalDistribution
from dag_gfn.effects.several_causes import SeveralCauses
from dag_gfn.effects.thresholds import Share, Signs
from dag_gfn.effects.total_effect import TotalEffect

NEGLIGIBLE = 0.005
"""Probabilities below this get no line."""
MAX_CHANGES = 30
"""Changes of pairs of categories with many levels that are told one by one."""
STANDARD_DEVIATIONS = (
    "Units: standard deviations of the normal variable behind each column. The score read ranks, so that the columns' "
    "own units are lost."
)
LINEAR_PROBABILITIES = (
    "Changes of probabilities are a linear approximation: the same step from wherever one starts. A probability near 0 "
    "or 1 cannot move so far."
)

SEEN_RANGE = (
    "The score read ranks; the quantiles of the rows lead back to the columns' own units. Nothing is told "
    "beyond the range that was seen."
)
UNBOUNDED_PROBABILITIES = (
    "Probabilities are means of the levels' indicators in a model that keeps them between 0 and 1 only as far as the "
    "rows do."
)
CURVES_IN_QUERIES = (
    "Causes act through curves: effect(a, b) is the change of b per unit of a, on average from the 25 % to the 75 % "
    "quantile of a."
)


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
    higher = f"Setting {x} one unit higher changes the mean of {y} by {effect.mean:.4g} "
    units = "in the columns' own units"
    if effect.in_standard_deviations:
        higher = f"Setting {x} one standard deviation higher changes the mean of {y} by {effect.mean:.4g} "
        units = "in standard deviations"
    lines = [
        f"{higher}(90 % interval {_interval(low, high)}), {units}.",
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
    if effect.in_standard_deviations:
        lines.append(STANDARD_DEVIATIONS)
    if adjusted is not None:
        low, high = adjusted.interval()
        lines.append(
            f"Adjusting for the parents of {x} alone, an approximation, gives {adjusted.mean:.4g} "
            f"({_interval(low, high)})."
        )
    return lines


def contrast_sentences(effect: ContrastEffect) -> list[str]:
    r"""Return sentences about an effect in which a category or a group may take part, one for each line.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects import ContrastEffect
    >>> from dag_gfn.effects.contrasts import Contrast
    >>> from dag_gfn.parameters.node_columns import Feature
    >>> from dag_gfn.views.effect_sentences import contrast_sentences
    >>> effect = ContrastEffect(
    ...     names=("drug", "pain"),
    ...     source="drug",
    ...     target="pain",
    ...     contrasts=(Contrast("drug", "no", "yes", np.array([2.0])),),
    ...     outcomes=(Feature("pain", None),),
    ...     samples=np.linspace(-4.0, -2.0, 100)[:, None, None],
    ...     graphs=np.repeat(np.array([[[False, True], [False, False]]]), 100, axis=0),
    ...     mean=np.array([[-3.0]]),
    ...     probability_zero=0.0,
    ...     settings=("no", "yes"),
    ...     expected=np.array([[5.0], [2.0]]),
    ... )
    >>> print(*contrast_sentences(effect)[:4], sep="\n")
    Changes of pain when drug is set (mean, 90 % interval):
      drug = yes instead of no: mean of pain changes by -3 (-3.9 to -2.1)
    With probability 0.00 there is no effect: pain does not descend from drug.
    Expected: drug = no: pain 5; drug = yes: pain 2.
    """
    x, y = effect.source, effect.target
    hidden = _complements(effect)
    lines = [f"Changes of {y} when {x} is set (mean, 90 % interval):", *_changes(effect.summary(), hidden)]
    lines.append(_no_effect(x, y, effect.probability_zero))
    present = effect.where_present()
    if NEGLIGIBLE < effect.probability_zero < 1 - NEGLIGIBLE and len(present):
        lines += ["Where there is an effect:", *_changes(present, hidden)]
    numbers = all(outcome.level is None for outcome in effect.outcomes)
    if (
        numbers
        and len(effect.settings) > 0
        and (effect.contrasts[0].from_ or effect.by_curves)
        and not effect.in_standard_deviations
    ):
        told = [
            f"{x} = {setting}: "
            + ", ".join(f"{o} {v:.4g}" for o, v in zip(effect.outcomes, values, strict=True))
            for setting, values in zip(effect.settings, effect.expected, strict=True)
        ]
        lines.append(f"Expected: {'; '.join(told[:MAX_CHANGES])}.")
    of_classes = []
    for _, of_class in effect.by_class(top=3).groupby("edges", sort=False):
        edges, share, zero = of_class[["edges", "probability", "probability_zero"]].iloc[0]
        if share >= NEGLIGIBLE:
            of_classes.append(f"  probability {share:.2f}, no effect {zero:.2f}; {str(edges) or 'no edges'}")
            by_spread = of_class["change"].str.contains("standard deviation (", regex=False)
            told = (
                of_class[by_spread] if by_spread.any() else of_class
            )  # not by a unit too: classes are compared
            of_classes += [f"  {line}" for line in _changes(told, hidden)]
    lines += _of_classes(of_classes, by_curves=effect.by_curves)
    if effect.by_curves and not effect.contrasts[0].from_:
        lines.append(
            f"{x} acts through a curve, so another step of it has another effect, perhaps of the other sign."
        )
    if not all(outcome.level is None for outcome in effect.outcomes):
        lines.append(UNBOUNDED_PROBABILITIES if effect.by_curves else LINEAR_PROBABILITIES)
    if effect.in_standard_deviations:
        lines.append(STANDARD_DEVIATIONS)
    return lines + [f"warning: {warning}" for warning in effect.warnings]


def _changes(summary: pd.DataFrame, hidden: set[str]) -> list[str]:
    """Return a line for each change of a mean or of the probability of a level."""
    rows = [row for row in summary.to_dict(orient="records") if row["outcome"] not in hidden]
    lines = [
        f"  {row['change']}: {'probability' if row['is_level'] else 'mean'} of {row['outcome']} changes by "
        f"{row['mean']:.4g} ({_interval(row['5%'], row['95%'])})"
        for row in rows[:MAX_CHANGES]
    ]
    if len(rows) > MAX_CHANGES:
        lines.append(f"  and {len(rows) - MAX_CHANGES} more (--json has all)")
    return lines


def _complements(effect: ContrastEffect) -> set[str]:
    """Return the first level of each category of two: its probability changes by as much the other way."""
    levels: dict[str, list[str]] = {}
    for outcome in effect.outcomes:
        if outcome.level is not None:
            levels.setdefault(outcome.column, []).append(str(outcome))
    return {of_column[0] for of_column in levels.values() if len(of_column) == 2}


def dose_response_sentences(curve: DoseResponse) -> list[str]:
    r"""Return the means of one variable when another is set to each of a few values, one line for each.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects import DoseResponse
    >>> from dag_gfn.parameters.node_columns import Feature
    >>> from dag_gfn.views.effect_sentences import dose_response_sentences
    >>> samples, graphs = np.array([[[4.0], [0.0], [5.0]]]), np.array([[[False, True], [False, False]]])
    >>> values, outcomes = np.array([-2.0, 0.0, 2.0]), (Feature("pain", None),)
    >>> curve = DoseResponse(("dose", "pain"), "dose", "pain", values, outcomes, samples, graphs, 0.0)
    >>> print(*dose_response_sentences(curve), sep="\n")
    Mean of pain when dose is set (mean, 90 % interval):
      dose = -2: 4 (4 to 4)
      dose = 0: 0 (0 to 0)
      dose = 2: 5 (5 to 5)
    """
    low, high = curve.band()
    numbers = all(outcome.level is None for outcome in curve.outcomes)
    lines = [
        f"{'Mean' if numbers else 'Probabilities'} of {curve.target} when {curve.source} is set (mean, 90 % interval):"
    ]
    for value, at, below, above in zip(curve.values, curve.mean, low, high, strict=True):
        told = [
            f"{'' if numbers else f'{outcome} '}{m:.4g} ({_interval(a, b)})"
            for outcome, m, a, b in zip(curve.outcomes, at, below, above, strict=True)
        ]
        lines.append(f"  {curve.source} = {value:.4g}: {', '.join(told)}")
    if curve.is_bent:
        lines.append(SEEN_RANGE)
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


def several_causes_sentences(effect: SeveralCauses) -> list[str]:
    r"""Return sentences about setting several variables at once, one for each line.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects import SeveralCauses
    >>> from dag_gfn.views.effect_sentences import several_causes_sentences
    >>> graphs = np.repeat(np.array([[[0, 0, 1], [0, 0, 1], [0, 0, 0]]], dtype=bool), 100, axis=0)
    >>> samples = np.full((100, 1, 1), 2.0)
    >>> settings = ("a one unit higher, b held",)
    >>> effect = SeveralCauses(("a", "b", "y"), ("a", "b"), "y", settings, ("y",), samples, False, graphs)
    >>> print(*several_causes_sentences(effect)[:2], sep="\n")
    Changes of y when a and b are set at once (mean, 90 % interval):
      a one unit higher, b held: y changes by 2 (2 to 2)
    """
    sources = " and ".join(effect.sources)
    what = "Probabilities" if effect.are_probabilities else "Changes"
    lines = [f"{what} of {effect.target} when {sources} are set at once (mean, 90 % interval):"]
    rows = effect.summary().to_dict(orient="records")
    verb = "with" if effect.are_probabilities else "changes by"
    lines += [
        f"  {row['setting']}: {row['outcome']} {verb} {row['mean']:.4g} ({_interval(row['5%'], row['95%'])})"
        for row in rows[:MAX_CHANGES]
    ]
    if len(rows) > MAX_CHANGES:
        lines.append(f"  and {len(rows) - MAX_CHANGES} more (--json has all)")
    lines.append(
        f"With probability {effect.probability_zero:.2f} there is no effect: {effect.target} descends from none of "
        "them."
    )
    if not effect.are_probabilities and any(" = " in outcome for outcome in effect.outcomes):
        lines.append(LINEAR_PROBABILITIES)
    if effect.in_standard_deviations:
        lines.append(STANDARD_DEVIATIONS)
    return lines


def threshold_sentences(
    questions: Sequence[tuple[str, str, float, Share]], signs: Sequence[tuple[str, Signs]]
) -> list[str]:
    """Return how probable it is that effects are above or below a number, and which sign they have.

    Parameters
    ----------
    questions : sequence of (str, str, float, Share)
        The effect in words, "above" or "below", the number, and the probability.
    signs : sequence of (str, Signs)
        The effect in words, and the probabilities of its signs.

    Examples
    --------
    >>> from dag_gfn.effects.thresholds import Share
    >>> from dag_gfn.views.effect_sentences import threshold_sentences
    >>> threshold_sentences([("the effect of dose", "above", 0.2, Share(0.9, 0.01))], [])
    ['Probability that the effect of dose is above 0.2: 0.9 ± 0.01.']
    """
    lines = [
        f"Probability that {what} is {side} {value:g}: {share}." for what, side, value, share in questions
    ]
    lines += [
        f"Sign of {what}: positive {found.positive}, negative {found.negative}, none {found.none}."
        for what, found in signs
    ]
    return lines


def _of_classes(lines: list[str], *, by_curves: bool = False) -> list[str]:
    """Return the lines about equivalence classes below their heading, or one line that says there are none."""
    if by_curves:
        title = "Within the most probable Markov classes, whose graphs differ in the shapes they imply alone:"
        return [title, *lines] if lines else ["No Markov class is probable enough to be shown alone."]
    if not lines:
        return [
            "No class of graphs that observations cannot tell apart is probable enough to be shown alone."
        ]
    return ["Within the most probable classes of graphs that observations cannot tell apart:", *lines]


def _no_effect(x: str, y: str, probability: float) -> str:
    return f"With probability {max(probability, 0.0):.2f} there is no effect: {y} does not descend from {x}."


def _interval(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}"
