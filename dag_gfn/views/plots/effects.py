"""Figure of a total effect's posterior: a density where there is one, and a point mass at zero."""

from typing import Any

import numpy as np

from dag_gfn.effects import TotalEffect, total_effects
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.plots.axes import axes_for, label


def effect_posterior(
    posterior: GraphPosterior | TotalEffect,
    ax: Any = None,
    *,
    source: str | None = None,
    target: str | None = None,
    num_draws: int = 4000,
    rng: int | np.random.Generator = 0,
    bins: int = 40,
) -> Any:
    """Draw the posterior of the total effect of one variable on another.

    The area of the bars is the probability that there is an effect. The stem at zero, on the right-hand scale, is the
    probability that there is none. The thick line at the bottom is the central 90 % interval of both together.

    Parameters
    ----------
    posterior : GraphPosterior or TotalEffect
        Of continuous columns; a posterior needs `source` and `target`, the columns' names.
    ax : matplotlib Axes, optional
    source, target : str
    num_draws, rng
        As for `dag_gfn.effects.total_effects`.
    bins : int

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        If a column is unknown, or the score has no effects.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects import TotalEffect
    >>> from dag_gfn.views.plots import effect_posterior
    >>> graphs = np.repeat(np.array([[[False, True], [False, False]]]), 100, axis=0)
    >>> effect = TotalEffect(("dose", "effect"), "dose", "effect", np.linspace(1.0, 2.0, 100), graphs, 1.5, 0.0)
    >>> effect_posterior(effect).get_title()
    'mean 1.5, 90 % interval 1.05 to 1.95, no effect 0.00'
    """
    if isinstance(posterior, GraphPosterior):
        if source is None or target is None:
            raise TypeError("give source and target, the names of two columns: a posterior has many effects")
        effect = total_effects(posterior, num_draws=num_draws, rng=rng).effect(source, target)
    else:
        effect = posterior
    ax = axes_for(ax, (6.0, 3.6))
    drawn = effect.samples[effect.samples != 0.0]
    if drawn.size:
        heights, edges = np.histogram(drawn, bins=bins)
        density = heights / (effect.samples.size * np.diff(edges))
        ax.bar(edges[:-1], density, np.diff(edges), align="edge", color="#124a8c", alpha=0.75)
    low, high = effect.interval()
    ax.plot([low, high], [0, 0], color="black", linewidth=4, solid_capstyle="butt", clip_on=False, zorder=4)
    ax.set_ylim(bottom=0)
    if not drawn.size:
        ax.set(xlim=(-1, 1), ylim=(0, 1))
    mass = ax.twinx()
    mass.vlines(0.0, 0.0, effect.probability_zero, color="#b35900", linewidth=3)
    mass.plot([0.0], [effect.probability_zero], "o", color="#b35900")
    mass.set_ylim(0, 1.05)
    mass.set_ylabel("P(no effect)", color="#b35900")
    x, y = label(effect.source), label(effect.target)
    ax.set_xlabel(f"change of the mean of {y} per unit of {x}")
    ax.set_ylabel("density")
    ax.set_title(
        f"mean {effect.mean:.3g}, 90 % interval {low:.3g} to {high:.3g}, no effect {effect.probability_zero:.2f}",
        fontsize=9,
    )
    return ax
