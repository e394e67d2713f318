"""The method that a fit takes where none is asked for, and why."""

from importlib.util import find_spec
from typing import NamedTuple

from dag_gfn.exact.dag_dp import Estimate
from dag_gfn.exact.posterior import fit_estimate
from dag_gfn.exact.reference import reference_bytes, reference_seconds
from dag_gfn.fitting.exact_check import REFERENCE_MEMORY
from dag_gfn.scores.score_table import MAX_COMPLETE_NODES, MEMORY_LIMIT, table_bytes

AUTO_SECONDS = 60.0
"""What an exact posterior may take for auto to choose it, without a time budget."""


class MethodChoice(NamedTuple):
    """A method and what is known of its cost before it runs.

    Attributes
    ----------
    name : {"exact", "gflownet", "mcmc"}
    reason : str
        Why, in a sentence without its beginning and end.
    exact : Estimate
        What the exact posterior takes, or would take.

    Examples
    --------
    See `method_for`.
    """

    name: str
    reason: str
    exact: Estimate


def method_for(
    d: int, num_samples: int, time_budget: float | int | None = None, *, contexts: int = 0
) -> MethodChoice:
    """Return the method that auto takes for d nodes: exact where that is quick, else a GFlowNet.

    Where PyTorch is not installed, chains take the place of a GFlowNet. Of these nodes `contexts` can only be parents,
    and are summed out before the exact recursion.

    Examples
    --------
    >>> from dag_gfn.fitting.method_choice import method_for
    >>> method_for(5, 20_000).name, method_for(40, 20_000).name
    ('exact', 'gflownet')
    """
    limit = AUTO_SECONDS if time_budget is None else float(time_budget)
    needed = fit_estimate(d, num_samples)
    if d - contexts > 1:
        needed = fit_estimate(d - contexts, num_samples)
    complete = d <= MAX_COMPLETE_NODES and table_bytes(d) <= MEMORY_LIMIT
    if (
        complete
        and needed.seconds <= limit
        and reference_seconds(max(d - contexts, 2)) <= limit
        and reference_bytes(max(d - contexts, 2)) <= REFERENCE_MEMORY
    ):
        return MethodChoice("exact", f"the exact posterior of {d} columns is quick", needed)
    reason = (
        f"the exact posterior of {d} columns would take {needed}, beyond the {limit:g} seconds, "
        f"{REFERENCE_MEMORY / 1e9:g} GB or {MAX_COMPLETE_NODES} columns that auto allows it"
    )
    if find_spec("torch") is None:
        return MethodChoice("mcmc", f"{reason}, and GFlowNets need PyTorch, which is not installed", needed)
    return MethodChoice("gflownet", reason, needed)
