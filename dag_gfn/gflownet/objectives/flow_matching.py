"""Flow matching: a loss on the difference of inflow and outflow of each state."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.huber import mean_huber
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


def flow_matching_residual(
    log_inflow: Float[Tensor, "*shape"],
    log_stop: Float[Tensor, "*shape"],
    log_reward: Float[Tensor, "*shape"],
) -> Float[Tensor, "*shape"]:
    r"""Return :math:`\log\sum_{s'} F(s'\to s_t) - \log\bigl(R(s_t) + \sum_{s''} F(s_t\to s'')\bigr)`.

    The flow of the stop is defined to be the reward, which fixes all other flows: the outflow of s_t, stop included,
    is :math:`R(s_t) / P_F(\top\mid s_t)`.

    Parameters
    ----------
    log_inflow, log_stop, log_reward : Tensor
        Log of the inflow of s_t, :math:`\log P_F(\top\mid s_t)` and :math:`\log R(s_t)`, in nats.

    References
    ----------
    Bengio et al., Flow Network based Generative Models, NeurIPS 2021, equation 12.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives.flow_matching import flow_matching_residual
    >>> inflow, stop, reward = torch.tensor([8.0, 0.25, 2.0]).log()  # outflow 2 / 0.25
    >>> round(flow_matching_residual(inflow, stop, reward).abs().item(), 6)
    0.0
    """
    return log_inflow + log_stop - log_reward


@dataclass(frozen=True)
class FlowMatching:
    """Huber loss of `flow_matching_residual`, averaged over the visited states except the initial one.

    The flows determine the backward policy, so none is learned or chosen.

    Parameters
    ----------
    huber_delta : float
        Residual at which the loss turns from quadratic to linear, in nats; may be infinite.

    References
    ----------
    Bengio et al., Flow Network based Generative Models, NeurIPS 2021, equation 12 (with a Huber loss).

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.flow_matching import FlowMatching
    >>> step, zero = torch.tensor([[True, True]]), torch.zeros(1, 2)  # one edge, then the stop
    >>> terms = FlowTerms(step, torch.tensor([[False, True]]), step, zero, zero, zero, zero, zero, zero,
    ...     log_inflow=torch.tensor([[-torch.inf, 2.0]]))
    >>> FlowMatching()(terms).item()  # the second state has an inflow of 2 nats too much
    1.5
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "flow_matching"
    needs: ClassVar[frozenset[str]] = frozenset({"every_state_terminal", "log_inflow"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean; 0 if only the initial state was visited."""
        log_inflow = terms.filled("log_inflow")
        entered = terms.mask & (log_inflow > -torch.inf)
        log_inflow = log_inflow.where(entered, 0.0)
        residual = flow_matching_residual(log_inflow, terms.log_stop, terms.log_reward)
        return mean_huber(residual, entered, self.huber_delta)
