"""Balance over all parts of a trajectory, between detailed and trajectory balance."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from dag_gfn.gflownet.objectives.huber import huber
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


def subtrajectory_residuals(
    terms: FlowTerms,
) -> tuple[Float[Tensor, "b t1 t1"], Bool[Tensor, "b t1 t1"]]:
    r"""Return the residuals of all sub-trajectories and which of them there are.

    Entry (m, n), m < n, is :math:`\log F(s_m) + \sum_{m\le t<n} \log P_F - \log F(s_n) - \sum_{m\le t<n} \log P_B`,
    with :math:`R(x)` for the flow where the trajectory has ended. The flow of the first state is Z.
    """
    steps = (terms.log_pf - terms.log_pb).cumsum(1)
    before = pad(steps, (1, 0))  # (b, t + 1): of the steps before each state
    flow = pad(terms.log_flow, (0, 1))
    lengths = terms.mask.sum(1, keepdim=True)
    place = torch.arange(flow.shape[1], device=flow.device)
    ended = place == lengths
    flow = torch.where(ended, terms.final_log_reward.unsqueeze(1), flow)
    value = flow - before
    exists = place <= lengths
    pairs = exists.unsqueeze(2) & exists.unsqueeze(1) & (place.unsqueeze(1) < place)
    return value.unsqueeze(2) - value.unsqueeze(1), pairs


@dataclass(frozen=True)
class SubtrajectoryBalance:
    r"""Huber loss of all sub-trajectories' residuals, weighted by :math:`\lambda^{n-m}` within each trajectory.

    Parameters
    ----------
    lambda_ : float
        Near 0 only single steps count, as in detailed balance; as it grows, only whole trajectories.
    huber_delta : float
        Where the loss turns from quadratic to linear, in nats.

    References
    ----------
    Madan et al., Learning GFlowNets from Partial Episodes, ICML 2023, equation 8.
    """

    lambda_: float | int = 0.9
    huber_delta: float | int = 1.0
    name: ClassVar[str] = "subtrajectory_balance"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_flow", "forward_looking_flow"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(lambda_=self.lambda_, huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean over trajectories of the weighted means."""
        residual, pairs = subtrajectory_residuals(terms)
        place = torch.arange(residual.shape[1], device=residual.device)
        # relative to the largest, which is that of the longest or of the shortest: no overflow for any lambda
        log_weight = (place - place.unsqueeze(1)).double() * math.log(self.lambda_)
        log_weight = log_weight.expand_as(residual).masked_fill(~pairs, -torch.inf)
        weight = log_weight.flatten(1).softmax(1).view_as(residual).to(residual.dtype)
        return 2 * (weight * huber(residual.where(pairs, 0.0), self.huber_delta)).sum() / len(residual)
