"""Figures of edge probabilities: as a matrix, against another posterior, against a true graph."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from dag_gfn.errors import OptionError
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.plots.axes import axes_for, label

MAX_NUMBERED = 15
"""Largest number of variables for which the cells of the matrix show their numbers."""


def edge_heat_map(posterior: GraphPosterior, ax: Any = None, *, feature: str = "edge") -> Any:
    """Draw the matrix of a feature's probabilities for all pairs, row → column.

    Parameters
    ----------
    posterior : GraphPosterior
    ax : matplotlib Axes, optional
    feature : str
        As for `GraphPosterior.marginal`.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.plots import edge_heat_map
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [True, False]]])
    >>> ax = edge_heat_map(GraphPosterior.from_samples(("a", "b"), graphs[[0, 0, 0, 1]]))
    >>> [text.get_text() for text in ax.texts]  # of a → b and b → a
    ['0.75', '0.25']
    """
    d, values = posterior.d, posterior.marginal(feature).values
    side = 2.5 + 0.42 * d
    ax = axes_for(ax, (side + 0.8, side))
    shown = np.where(np.eye(d, dtype=bool), np.nan, values)
    image = ax.imshow(shown, cmap="Blues", vmin=0, vmax=1)
    names = [label(name) for name in posterior.names]
    ax.set_xticks(range(d), names, rotation=90)
    ax.set_yticks(range(d), names)
    words = {"edge": "P(row → column)", "path": "P(row ⇝ column)"}
    ax.set_xlabel("effect" if feature in words else "")
    ax.set_ylabel("cause" if feature in words else "")
    if d <= MAX_NUMBERED:
        for i, j in np.argwhere(~np.eye(d, dtype=bool)):
            color = "white" if values[i, j] > 0.6 else "black"
            ax.text(j, i, f"{values[i, j]:.2f}", ha="center", va="center", color=color, fontsize=7)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.7)
    bar.set_label(words.get(feature, f"P({feature.replace('_', ' ')})"))
    return ax


def agreement(posterior: GraphPosterior, reference: GraphPosterior, ax: Any = None) -> Any:
    """Draw edge probabilities against those of another posterior, for example the exact one.

    Parameters
    ----------
    posterior, reference : GraphPosterior
        Of the same variables, in any order.
    ax : matplotlib Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        If the variables differ.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.plots import agreement
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [True, False]]])
    >>> one = GraphPosterior.from_samples(("a", "b"), graphs[[0, 0, 0, 1]])
    >>> other = GraphPosterior.from_samples(("a", "b"), graphs)
    >>> agreement(one, other).get_title()  # 0.75 and 0.25 against 0.5 and 0.5
    'largest difference 0.250, RMSE 0.250'
    """
    if set(posterior.names) != set(reference.names):
        differ = sorted(set(posterior.names) ^ set(reference.names))
        raise OptionError(
            f"two posteriors are compared edge by edge, but only one has {', '.join(differ)}: fit the same columns"
        )
    order = [reference.names.index(name) for name in posterior.names]
    off_diagonal = ~np.eye(posterior.d, dtype=bool)
    own = posterior.marginal("edge").values[off_diagonal]
    other = reference.marginal("edge").values[np.ix_(order, order)][off_diagonal]
    ax = axes_for(ax, (4.8, 4.8))
    ax.plot([0, 1], [0, 1], color="0.7", linewidth=1, zorder=0)
    error = posterior.standard_errors("edge").to_numpy()[off_diagonal]
    if np.isfinite(error).all() and error.any():
        ax.errorbar(other, own, yerr=2 * error, fmt="none", ecolor="0.75", elinewidth=0.8, zorder=1)
    ax.scatter(other, own, s=18, color="#124a8c", alpha=0.7, zorder=2)
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    ax.set_xlabel(f"edge probability, {reference.info.get('method') or 'reference'}")
    ax.set_ylabel(f"edge probability, {posterior.info.get('method') or 'posterior'}")
    worst, rms = np.abs(own - other).max(initial=0.0), np.sqrt(np.mean((own - other) ** 2))
    ax.set_title(f"largest difference {worst:.3f}, RMSE {rms:.3f}", fontsize=10)
    return ax


def calibration(
    posterior: GraphPosterior, true_graph: Bool[np.ndarray, "d d"], ax: Any = None, *, bins: int = 10
) -> Any:
    """Draw the share of true edges among those of similar probability; a point's area grows with their number.

    One true graph gives a rough picture. The bars span two binomial standard errors; points within them agree with
    calibrated probabilities.

    Parameters
    ----------
    posterior : GraphPosterior
    true_graph : ndarray, shape (d, d), bool
        Entry (i, j) is True for the edge i → j (row → column), in the order of `posterior.names`.
    ax : matplotlib Axes, optional
    bins : int

    Returns
    -------
    Axes

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.plots import calibration
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [True, False]]])
    >>> posterior = GraphPosterior.from_samples(("a", "b"), graphs[[0, 0, 0, 1]])
    >>> ax = calibration(posterior, graphs[0])
    >>> [text.get_text() for text in ax.texts]  # one edge of probability 0.25, one of 0.75
    ['1', '1']
    """
    if true_graph.shape != (posterior.d, posterior.d):
        raise OptionError(
            f"the true graph must have shape {(posterior.d, posterior.d)}, not {true_graph.shape}"
        )
    off_diagonal = ~np.eye(posterior.d, dtype=bool)
    probability = np.clip(posterior.marginal("edge").values[off_diagonal], 0.0, 1.0)
    true = true_graph[off_diagonal]
    which = np.minimum((probability * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    filled = count > 0
    mean = np.bincount(which, probability, bins)[filled] / count[filled]
    share = np.bincount(which, true, bins)[filled] / count[filled]
    error = 2 * np.sqrt(np.clip(mean * (1 - mean), 0.0, None) / count[filled])
    ax = axes_for(ax, (4.8, 4.8))
    ax.plot([0, 1], [0, 1], color="0.7", linewidth=1, zorder=0)
    bars = [np.minimum(error, mean), np.minimum(error, 1 - mean)]
    ax.errorbar(mean, mean, yerr=bars, fmt="none", ecolor="0.75", capsize=3, zorder=1)
    ax.scatter(mean, share, s=20 + 160 * count[filled] / count.max(), color="#124a8c", alpha=0.8, zorder=2)
    for x, y, number in zip(mean, share, count[filled], strict=True):
        ax.annotate(str(number), (x, y), textcoords="offset points", xytext=(9, -3), fontsize=8, color="0.35")
    ax.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05), aspect="equal")
    ax.set_xlabel("edge probability")
    ax.set_ylabel("share of such edges in the true graph")
    return ax
