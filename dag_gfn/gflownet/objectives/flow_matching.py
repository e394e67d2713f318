"""Flow matching: what flows into a state flows out of it."""

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
    r"""Return :math:`\log\sum_{s'} F(s'\to s) - \log\bigl(R(s) + \sum_{s''} F(s\to s'')\bigr)`.

    The flow of the stop is the reward, which fixes all others: those out of s sum to
    :math:`R(s) / P_F(\top\mid s)` with the stop's own.

    References
    ----------
    Bengio et al., Flow Network based Generative Models, NeurIPS 2021, equation 12.
    """
    return log_inflow + log_stop - log_reward


@dataclass(frozen=True)
class FlowMatching:
    """Huber loss of `flow_matching_residual`, averaged over the visited states but the first.

    The backward policy is that of the flows themselves, so there is none to choose.

    Parameters
    ----------
    huber_delta : float
        Where the loss turns from quadratic to linear, in nats.
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "flow_matching"
    needs: ClassVar[frozenset[str]] = frozenset({"every_state_terminal", "log_inflow"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean; 0 where no state but the first was visited."""
        entered = terms.mask & (terms.log_inflow > -torch.inf)
        log_inflow = terms.log_inflow.where(entered, 0.0)
        residual = flow_matching_residual(log_inflow, terms.log_stop, terms.log_reward)
        return mean_huber(residual, entered, self.huber_delta)
