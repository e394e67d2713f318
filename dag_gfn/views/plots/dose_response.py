"""Figure of a dose-response curve: the mean of one variable when another is set, with credible bands."""

from typing import Any

import numpy as np

from dag_gfn.effects import DoseResponse
from dag_gfn.effects import dose_response as curve_of
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.plots.axes import axes_for, label

MAX_DRAWS = 20
"""Curves of single draws that are drawn thinly."""
_COLOURS = ("#124a8c", "#b35900", "#2f6b2f", "#7a2f7a", "#555555")


def dose_response(
    posterior: GraphPosterior | DoseResponse,
    ax: Any = None,
    *,
    source: str | None = None,
    target: str | None = None,
    num_draws: int = 1000,
    rng: int | np.random.Generator = 0,
) -> Any:
    """Draw the posterior of the mean of one variable when another is set to each value.

    The line is the posterior mean. The wide band holds 90 % of the draws at each value, the narrow one 50 %. Graphs in
    which there is no effect have their part in both. Thin lines are single draws. Of a category each level has a line
    and a band.

    Parameters
    ----------
    posterior : GraphPosterior or DoseResponse
        Of the score ``additive``; a posterior needs `source` and `target`, the columns' names.
    ax : matplotlib Axes, optional
    source, target : str
    num_draws, rng
        As for `dag_gfn.effects.dose_response`.

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        If a column is unknown, or the score has no curves.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects import DoseResponse
    >>> from dag_gfn.parameters.node_columns import Feature
    >>> from dag_gfn.views.plots import dose_response
    >>> values, graphs = np.array([-1.0, 0.0, 1.0]), np.repeat(np.array([[[False, True], [False, False]]]), 9, axis=0)
    >>> samples = (values**2 + np.linspace(-1.0, 1.0, 9)[:, None])[:, :, None]
    >>> pain = (Feature("pain", None),)
    >>> ax = dose_response(DoseResponse(("dose", "pain"), "dose", "pain", values, pain, samples, graphs, 0.0))
    >>> ax.get_title()
    'mean, 50 % and 90 % bands; no effect 0.00'
    """
    if isinstance(posterior, GraphPosterior):
        if source is None or target is None:
            raise TypeError("give source and target, the names of two columns: a posterior has many effects")
        curve = curve_of(posterior, source, target, num_draws=num_draws, rng=rng)
    else:
        curve = posterior
    ax = axes_for(ax, (6.0, 3.8))
    several = len(curve.outcomes) > 1
    for o, outcome in enumerate(curve.outcomes):
        colour = _COLOURS[o % len(_COLOURS)]
        for level, shade in ((0.9, 0.15), (0.5, 0.25)):
            low, high = curve.band(level)
            ax.fill_between(curve.values, low[:, o], high[:, o], color=colour, alpha=shade, linewidth=0)
        if not several:
            thin = curve.samples[:: max(1, len(curve.samples) // MAX_DRAWS), :, o]
            ax.plot(curve.values, thin.T, color=colour, linewidth=0.4, alpha=0.4)
        ax.plot(
            curve.values,
            curve.mean[:, o],
            color=colour,
            linewidth=2,
            label=label(str(outcome.level or outcome)),
        )
    if several:
        ax.legend(title=label(curve.target), fontsize=8)
    x, y = label(curve.source), label(curve.target)
    ax.set_xlabel(f"{x}, set to this value")
    ax.set_ylabel(f"probabilities of {y}" if several else f"mean of {y}")
    ax.set_title(f"mean, 50 % and 90 % bands; no effect {curve.probability_zero:.2f}", fontsize=9)
    return ax
