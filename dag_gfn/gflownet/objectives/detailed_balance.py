"""Detailed balance with a learned flow through every state."""

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
    r"""Return :math:`\log F(s) P_F(s'\mid s) - \log F(s') P_B(s\mid s')` of each transition.

    References
    ----------
    Bengio et al., GFlowNet Foundations, JMLR 24 (2023), definition 17.
    """
    return log_flow + log_pf - log_flow_next - log_pb


def stop_residual(
    log_flow: Float[Tensor, "*shape"],
    log_stop: Float[Tensor, "*shape"],
    log_reward: Float[Tensor, "*shape"],
) -> Float[Tensor, "*shape"]:
    r"""Return :math:`\log F(s) P_F(\top\mid s) - \log R(s)` of each finished graph.

    With log F from here in `detailed_balance_residual` one has modified detailed balance.
    """
    return log_flow + log_stop - log_reward


@dataclass(frozen=True)
class DetailedBalance:
    """Huber loss of the residuals of transitions and of stops, each averaged.

    Stopping is judged in every finished graph on the way, not only where the trajectory did stop.

    Parameters
    ----------
    huber_delta : float
        Where the loss turns from quadratic to linear, in nats.
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "detailed_balance"
    needs: ClassVar[frozenset[str]] = frozenset({"log_flow"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the sum of the two means."""
        steps = detailed_balance_residual(terms.log_flow, terms.log_pf, terms.log_flow_next, terms.log_pb)
        stops = stop_residual(terms.log_flow, terms.log_stop, terms.log_reward)
        return mean_huber(steps, terms.mask & ~terms.stops, self.huber_delta) + mean_huber(
            stops, terms.mask & terms.can_stop, self.huber_delta
        )


@dataclass(frozen=True)
class ForwardLookingDetailedBalance(DetailedBalance):
    r"""Detailed balance where the network learns :math:`\log F(s) - \log R(s)`.

    The residuals are the same functions of log F. What a state has gained already need not be learned, only what
    is still to come.

    References
    ----------
    Pan et al., Better Training of GFlowNets with Local Credit and Incomplete Trajectories, ICML 2023.
    """

    name: ClassVar[str] = "forward_looking_db"
    needs: ClassVar[frozenset[str]] = frozenset({"log_flow", "forward_looking_flow"})
