"""Modified detailed balance: no flows and no partition function, because every state is terminal."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.huber import mean_huber
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


def modified_db_residual(
    log_pf: Float[Tensor, "*shape"],
    log_pb: Float[Tensor, "*shape"],
    log_stop: Float[Tensor, "*shape"],
    log_stop_next: Float[Tensor, "*shape"],
    delta_log_reward: Float[Tensor, "*shape"],
) -> Float[Tensor, "*shape"]:
    r"""Return the log-ratio of backward to forward flow on each transition, zero at the posterior's policy.

    .. math:: \delta = \log\frac{R(s')\,P_B(s\mid s')\,P_F(\top\mid s)}
                                {R(s)\,P_F(s'\mid s)\,P_F(\top\mid s')}

    Parameters
    ----------
    log_pf, log_pb : Tensor
        :math:`\log P_F(s'\mid s)` and :math:`\log P_B(s\mid s')` of the edge that was added.
    log_stop, log_stop_next : Tensor
        :math:`\log P_F(\top\mid s)` and :math:`\log P_F(\top\mid s')`.
    delta_log_reward : Tensor
        :math:`\log R(s') - \log R(s)` in nats.

    References
    ----------
    Deleu et al., Bayesian Structure Learning with Generative Flow Networks, UAI 2022, section 5.2.
    """
    return delta_log_reward + log_pb + log_stop - log_pf - log_stop_next


@dataclass(frozen=True)
class ModifiedDetailedBalance:
    """Huber loss of `modified_db_residual`, averaged over the transitions that add an edge.

    Parameters
    ----------
    huber_delta : float
        Where the loss turns from quadratic to linear, in nats.
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "modified_db"
    needs: ClassVar[frozenset[str]] = frozenset({"every_state_terminal"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean Huber loss; 0 where no trajectory added an edge."""
        residual = modified_db_residual(
            terms.log_pf, terms.log_pb, terms.log_stop, terms.log_stop_next, terms.delta_log_reward
        )
        return mean_huber(residual, terms.mask & ~terms.stops, self.huber_delta)
