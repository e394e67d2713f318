"""Baselines that leave the expectation of a score-function gradient as it is and lower its variance."""

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.errors import OptionError

CONTROL_VARIATES = ("none", "batch", "leave_one_out", "running")


class ControlVariate:
    r"""What is subtracted from the cost of each trajectory before it multiplies :math:`\nabla\log P(\tau)`.

    Parameters
    ----------
    kind : {"none", "batch", "leave_one_out", "running"}
        Nothing; the weighted mean cost of the batch, which as it contains the trajectory itself shrinks the gradient by
        1/b; that of the others in the batch, which does not; or a running mean over the batches before this one.
    momentum : float
        Share of the running mean that each batch leaves in place.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 2.3.
    """

    def __init__(self, kind: str, momentum: float | int = 0.9):
        if kind not in CONTROL_VARIATES:
            raise OptionError(f"unknown control variate '{kind}': choose {', '.join(CONTROL_VARIATES)}")
        self.kind = kind
        self.momentum = momentum
        self.mean: Tensor | None = None

    def __call__(self, cost: Float[Tensor, " b"], weight: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
        """Return the cost less the baseline, without gradient; ``weight`` sums to one."""
        cost, weight = cost.detach(), weight.detach()
        if self.kind == "none":
            return cost
        mean = (weight * cost).sum()
        if self.kind == "batch":
            return cost - mean
        if self.kind == "leave_one_out":
            others = (1 - weight).clamp_min(torch.finfo(weight.dtype).eps)
            return (cost - mean) / others  # = cost - mean cost of the others, by their weights
        before = mean if self.mean is None else self.mean
        self.mean = before.lerp(mean, 1 - self.momentum)
        return cost - before
