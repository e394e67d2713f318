"""Modified detailed balance: a loss on transitions without flows and log Z, if every state is terminal."""

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
    r"""Return the log-ratio of backward to forward flow of each transition; it is 0 if the policy samples R / Z.

    .. math:: \delta_t = \log\frac{R(s_{t+1})\,P_B(s_t\mid s_{t+1})\,P_F(\top\mid s_t)}
                                  {R(s_t)\,P_F(s_{t+1}\mid s_t)\,P_F(\top\mid s_{t+1})}

    Parameters
    ----------
    log_pf, log_pb : Tensor
        :math:`\log P_F(s_{t+1}\mid s_t)` and :math:`\log P_B(s_t\mid s_{t+1})` of the edge that was added.
    log_stop, log_stop_next : Tensor
        :math:`\log P_F(\top\mid s_t)` and :math:`\log P_F(\top\mid s_{t+1})`.
    delta_log_reward : Tensor
        :math:`\log R(s_{t+1}) - \log R(s_t)` in nats.

    References
    ----------
    Deleu et al., Bayesian Structure Learning with Generative Flow Networks, UAI 2022, section 5.2.

    Examples
    --------
    Two nodes where only 0 -> 1 can be added, with R(0 -> 1) = 3 R(empty): the edge has probability 3/4.

    >>> import torch
    >>> from dag_gfn.gflownet.objectives.modified_db import modified_db_residual
    >>> log_pf, log_stop = torch.tensor(0.75).log(), torch.tensor(0.25).log()
    >>> certain = torch.tensor(0.0)
    >>> residual = modified_db_residual(log_pf, certain, log_stop, certain, torch.tensor(3.0).log())
    >>> round(residual.abs().item(), 6)
    0.0
    """
    return delta_log_reward + log_pb + log_stop - log_pf - log_stop_next


@dataclass(frozen=True)
class ModifiedDetailedBalance:
    """Huber loss of `modified_db_residual`, averaged over the transitions that add an edge.

    Parameters
    ----------
    huber_delta : float
        Residual at which the loss turns from quadratic to linear, in nats; may be infinite.

    References
    ----------
    Deleu et al., Bayesian Structure Learning with Generative Flow Networks, UAI 2022, section 5.2 (with a Huber
    loss).

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance
    >>> step, zero = torch.tensor([[True, True]]), torch.zeros(1, 2)  # one edge of gain 2, then the stop
    >>> terms = FlowTerms(step, torch.tensor([[False, True]]), step, zero, zero, zero, zero,
    ...     delta_log_reward=torch.tensor([[2.0, 0.0]]), log_reward=torch.tensor([[0.0, 2.0]]))
    >>> ModifiedDetailedBalance()(terms).item()  # the residual is 2: 2 - 1/2
    1.5
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
