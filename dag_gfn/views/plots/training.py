"""Figure of a GFlowNet's training: the loss, and a measure of accuracy."""

from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.plots.axes import axes_for


def training_curve(posterior: GraphPosterior, ax: Any = None) -> Any:
    """Draw the loss over the iterations and, on the right-hand scale, the divergence or the effective sample size.

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

    Examples
    --------
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.plots import training_curve
    >>> import numpy as np
    >>> history = [{"iteration": 1, "loss": 4.0, "ess": 0.1}, {"iteration": 2, "loss": 0.5, "ess": 0.6}]
    >>> empty = np.zeros((1, 2, 2), dtype=bool)
    >>> posterior = GraphPosterior.from_samples(("a", "b"), empty, info={"training": {"history": history}})
    >>> training_curve(posterior).lines[0].get_ydata().tolist()
    [4.0, 0.5]
    """
    history = posterior.info.get("training", {}).get("history") or []
    if not history:
        raise OptionError(
            f"this posterior (method {posterior.info.get('method')}) has no record of training: "
            "only those of GFlowNets have one (method='gflownet')"
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
