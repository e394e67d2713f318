"""Figure of a GFlowNet's training: its loss, and how near it came to the exact posterior."""

from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.plots.axes import axes_for


def training_curve(posterior: GraphPosterior, ax: Any = None) -> Any:
    """Draw the loss over the iterations and, on the right-hand scale, divergence or effective sample size.

    Parameters
    ----------
    posterior : GraphPosterior
        Of the method ``gflownet``.
    ax : matplotlib Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        If nothing was trained.
    """
    history = posterior.info.get("training", {}).get("history") or []
    if not history:
        raise OptionError(
            f"this posterior (method {posterior.info.get('method')}) has no record of training: "
            "a GFlowNet's has one (method='gflownet')"
        )
    ax = axes_for(ax, (6.0, 3.6))
    iterations = [at["iteration"] for at in history]
    ax.plot(iterations, [at.get("loss") for at in history], color="#124a8c", marker=".", label="loss")
    ax.set(xlabel="iteration", yscale="log")
    ax.set_ylabel("loss", color="#124a8c")
    names = {
        "jsd": "JSD from the exact posterior, nats",
        "ess": "effective share of samples",
    }
    measured = next((name for name in names if any(at.get(name) is not None for at in history)), None)
    if measured is not None:
        right = ax.twinx()
        right.plot(iterations, [at.get(measured) for at in history], color="#b35900", marker=".")
        right.set_ylim(bottom=0)
        right.set_ylabel(names[measured], color="#b35900")
    return ax
