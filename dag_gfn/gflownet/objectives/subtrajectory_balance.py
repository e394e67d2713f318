"""Sub-trajectory balance: a loss on all parts of a trajectory, between detailed and trajectory balance."""

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
    r"""Return the residuals of all sub-trajectories, and which of them exist.

    The residual of the part from s_m to s_n, m < n, is

    .. math:: \log F(s_m) + \sum_{t=m}^{n-1} \log P_F(s_{t+1}\mid s_t)
              - \log F(s_n) - \sum_{t=m}^{n-1} \log P_B(s_t\mid s_{t+1})

    where :math:`F(s_n) = R(x)` after the stop. The flow of the initial state is Z.

    Returns
    -------
    residual : Tensor, shape (b, t + 1, t + 1)
        Entry [k, m, n] is of the part from s_m to s_n of trajectory k.
    pairs : Tensor, shape (b, t + 1, t + 1), bool
        True where m < n and trajectory k has both states.

    References
    ----------
    Madan et al., Learning GFlowNets from Partial Episodes, ICML 2023, equation 8.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.subtrajectory_balance import subtrajectory_residuals
    >>> step, zero = torch.tensor([[True, True]]), torch.zeros(1, 2)  # one edge of gain 2, then the stop
    >>> terms = FlowTerms(step, torch.tensor([[False, True]]), step, zero, zero, zero, zero,
    ...     delta_log_reward=torch.tensor([[2.0, 0.0]]), log_reward=zero, log_flow=torch.tensor([[3.0, 2.0]]))
    >>> residual, pairs = subtrajectory_residuals(terms)  # flows 3, 2 and log R = 2
    >>> residual[pairs].tolist()  # s_0 to s_1, s_0 to the end, s_1 to the end
    [1.0, 1.0, 0.0]
    """
    steps = (terms.log_pf - terms.log_pb).cumsum(1)
    before = pad(steps, (1, 0))  # (b, t + 1): sum over the steps before each state
    flow = pad(terms.filled("log_flow"), (0, 1))
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
    r"""Twice the Huber loss of `subtrajectory_residuals`, a weighted mean in each trajectory.

    The weight of the part from s_m to s_n is :math:`\lambda^{n-m}`.

    Parameters
    ----------
    lambda_ : float
        Near 0 single steps dominate, as in detailed balance; for large values whole trajectories do.
    huber_delta : float
        Residual at which the loss turns from quadratic to linear, in nats; may be infinite.

    References
    ----------
    Madan et al., Learning GFlowNets from Partial Episodes, ICML 2023, equation 8 (with a Huber loss).

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.subtrajectory_balance import SubtrajectoryBalance
    >>> step, zero = torch.tensor([[True, True]]), torch.zeros(1, 2)
    >>> terms = FlowTerms(step, torch.tensor([[False, True]]), step, zero, zero, zero, zero,
    ...     delta_log_reward=torch.tensor([[2.0, 0.0]]), log_reward=zero, log_flow=torch.tensor([[3.0, 2.0]]))
    >>> loss = SubtrajectoryBalance(lambda_=1.0)(terms)
    >>> round(loss.item(), 4)  # mean square of the residuals 1, 1, 0
    0.6667
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
        # the softmax divides by the largest weight: no overflow for any lambda
        log_weight = (place - place.unsqueeze(1)).double() * math.log(self.lambda_)
        log_weight = log_weight.expand_as(residual).masked_fill(~pairs, -torch.inf)
        weight = log_weight.flatten(1).softmax(1).view_as(residual).to(residual.dtype)
        return 2 * (weight * huber(residual.where(pairs, 0.0), self.huber_delta)).sum() / len(residual)
