"""Detailed balance: a loss on transitions and stops, with a learned flow through every state."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.huber import mean_huber
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


def detailed_balance_residual(
    log_flow: Float[Tensor, "*shape"],
    log_pf: Float[Tensor, "*shape"],
    log_flow_next: Float[Tensor, "*shape"],
    log_pb: Float[Tensor, "*shape"],
) -> Float[Tensor, "*shape"]:
    r"""Return :math:`\log F(s_t) P_F(s_{t+1}\mid s_t) - \log F(s_{t+1}) P_B(s_t\mid s_{t+1})` of each transition.

    Parameters
    ----------
    log_flow, log_flow_next : Tensor
        :math:`\log F(s_t)` and :math:`\log F(s_{t+1})`, in nats.
    log_pf, log_pb : Tensor
        :math:`\log P_F(s_{t+1}\mid s_t)` and :math:`\log P_B(s_t\mid s_{t+1})`.

    References
    ----------
    Bengio et al., GFlowNet Foundations, JMLR 24 (2023), definition 17.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives.detailed_balance import detailed_balance_residual
    >>> flow, flow_next, pf, pb = torch.tensor([4.0, 6.0, 0.75, 0.5]).log()  # 4 * 0.75 = 6 * 0.5
    >>> round(detailed_balance_residual(flow, pf, flow_next, pb).abs().item(), 6)
    0.0
    """
    return log_flow + log_pf - log_flow_next - log_pb


def stop_residual(
    log_flow: Float[Tensor, "*shape"],
    log_stop: Float[Tensor, "*shape"],
    log_reward: Float[Tensor, "*shape"],
) -> Float[Tensor, "*shape"]:
    r"""Return :math:`\log F(s_t) P_F(\top\mid s_t) - \log R(s_t)` of each finished graph.

    If this residual is 0, then :math:`\log F(s_t) = \log R(s_t) - \log P_F(\top\mid s_t)`; put into
    `detailed_balance_residual`, it gives modified detailed balance.

    Parameters
    ----------
    log_flow, log_stop, log_reward : Tensor
        :math:`\log F(s_t)`, :math:`\log P_F(\top\mid s_t)` and :math:`\log R(s_t)`, in nats.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives.detailed_balance import stop_residual
    >>> flow, stop, reward = torch.tensor([4.0, 0.25, 1.0]).log()  # 4 * 0.25 = 1
    >>> round(stop_residual(flow, stop, reward).abs().item(), 6)
    0.0
    """
    return log_flow + log_stop - log_reward


@dataclass(frozen=True)
class DetailedBalance:
    """Mean Huber loss of `detailed_balance_residual` over transitions plus that of `stop_residual` over stops.

    The stop enters in every state of a trajectory that is a finished graph, not only in the last one.

    Parameters
    ----------
    huber_delta : float
        Residual at which the loss turns from quadratic to linear, in nats; may be infinite.

    References
    ----------
    Bengio et al., GFlowNet Foundations, JMLR 24 (2023), definition 17 (with a Huber loss).

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.detailed_balance import DetailedBalance
    >>> step, zero = torch.tensor([[True, True]]), torch.zeros(1, 2)  # one edge, then the stop
    >>> terms = FlowTerms(step, torch.tensor([[False, True]]), step, zero, zero, zero, zero, zero, zero,
    ...     log_flow=torch.tensor([[2.0, 0.0]]), log_flow_next=zero)
    >>> DetailedBalance()(terms).item()  # 1.5 for the transition, 1.5 and 0 for the two stops
    2.25
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "detailed_balance"
    needs: ClassVar[frozenset[str]] = frozenset({"log_flow"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the sum of the two means."""
        log_flow, log_flow_next = terms.filled("log_flow"), terms.filled("log_flow_next")
        steps = detailed_balance_residual(log_flow, terms.log_pf, log_flow_next, terms.log_pb)
        stops = stop_residual(log_flow, terms.log_stop, terms.log_reward)
        return mean_huber(steps, terms.mask & ~terms.stops, self.huber_delta) + mean_huber(
            stops, terms.mask & terms.can_stop, self.huber_delta
        )


@dataclass(frozen=True)
class ForwardLookingDetailedBalance(DetailedBalance):
    r"""Detailed balance where the network learns :math:`\log F(s) - \log R(s)`, the gain that is still to come.

    The residuals and the loss are those of `DetailedBalance`.

    References
    ----------
    Pan et al., Better Training of GFlowNets with Local Credit and Incomplete Trajectories, ICML 2023.

    Examples
    --------
    >>> from dag_gfn.gflownet.objectives.detailed_balance import ForwardLookingDetailedBalance
    >>> sorted(ForwardLookingDetailedBalance(huber_delta=2.0).needs)
    ['forward_looking_flow', 'log_flow']
    """

    name: ClassVar[str] = "forward_looking_db"
    needs: ClassVar[frozenset[str]] = frozenset({"log_flow", "forward_looking_flow"})
