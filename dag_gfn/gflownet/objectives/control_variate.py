"""Baselines that lower the variance of a score-function gradient."""

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.errors import OptionError

CONTROL_VARIATES = ("none", "batch", "leave_one_out", "running")


class ControlVariate:
    r"""Subtracts a baseline b from the cost of each trajectory, which then multiplies :math:`\nabla\log P(\tau)`.

    Since :math:`E[\nabla\log P(\tau)] = 0`, a baseline that does not depend on the trajectory leaves the expected
    gradient unchanged.

    Parameters
    ----------
    kind : {"none", "batch", "leave_one_out", "running"}
        The baseline. ``"none"``: zero. ``"batch"``: the weighted mean cost of the batch; it contains the trajectory
        itself, which shrinks the gradient by 1/b for b trajectories. ``"leave_one_out"``: the weighted mean cost of the
        other trajectories, without bias. ``"running"``: a running mean over the batches before this one.
    momentum : float
        Weight of the old value when the running mean is updated.

    Raises
    ------
    OptionError
        If the kind is unknown.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 2.3.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives.control_variate import ControlVariate
    >>> cost, weight = torch.tensor([1.0, 2.0, 6.0]), torch.full((3,), 1 / 3)
    >>> [round(value, 3) for value in ControlVariate("batch")(cost, weight).tolist()]
    [-2.0, -1.0, 3.0]
    >>> [round(value, 3) for value in ControlVariate("leave_one_out")(cost, weight).tolist()]
    [-3.0, -1.5, 4.5]
    """

    def __init__(self, kind: str, momentum: float | int = 0.9):
        if kind not in CONTROL_VARIATES:
            raise OptionError(f"unknown control variate '{kind}': choose {', '.join(CONTROL_VARIATES)}")
        self.kind = kind
        self.momentum = momentum
        self.mean: Tensor | None = None

    def __call__(self, cost: Float[Tensor, " b"], weight: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
        """Return the costs less the baseline, without gradient.

        Parameters
        ----------
        cost : Tensor, shape (b,)
        weight : Tensor, shape (b,)
            Sums to one.
        """
        cost, weight = cost.detach(), weight.detach()
        if self.kind == "none":
            return cost
        mean = (weight * cost).sum()
        if self.kind == "batch":
            return cost - mean
        if self.kind == "leave_one_out":
            others = (1 - weight).clamp_min(torch.finfo(weight.dtype).eps)
            return (cost - mean) / others  # = cost - weighted mean cost of the others
        before = mean if self.mean is None else self.mean
        self.mean = before.lerp(mean, 1 - self.momentum)
        return cost - before
