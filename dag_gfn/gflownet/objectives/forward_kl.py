r"""Forward Kullback-Leibler divergence of hierarchical variational inference, KL(P_B R / Z || P_F)."""

from dataclasses import dataclass, field
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.control_variate import ControlVariate
from dag_gfn.gflownet.objectives.importance_weights import normalized_weights
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


def posterior_weights(terms: FlowTerms, largest: float | int) -> Float[Tensor, " b"]:
    r"""Return weights that turn the batch into one of the posterior: :math:`R(x) P_B(\tau\mid x) / \pi(\tau)`.

    On-policy they are :math:`\exp(-c(\tau))` up to a constant.
    """
    wanted = terms.final_log_reward + terms.log_pb.sum(1)
    return normalized_weights(wanted - terms.log_behaviour.sum(1), largest=largest)


@dataclass
class ForwardKL:
    r"""Surrogate whose gradient is that of :math:`KL(P_B(\tau\mid x) R(x) / Z\,\|\,P_F(\tau))`.

    For the forward policy :math:`-\omega\nabla\log P_F(\tau)`, for the backward policy
    :math:`-\omega(c(\tau) - b)\nabla\log P_B(\tau\mid x)`, with self-normalised weights :math:`\omega`.

    Parameters
    ----------
    control_variate : {"leave_one_out", "batch", "running", "none"}
        Matters where the backward policy is learned.
    largest_weight : float
        Trajectories count at most this many times the average one; infinity for no limit.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 2.2.
    """

    control_variate: str = "leave_one_out"
    largest_weight: float | int = float("inf")
    _baseline: ControlVariate = field(init=False, repr=False)
    name: ClassVar[str] = "forward_kl"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_behaviour"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(largest_weight=self.largest_weight)
        self._baseline = ControlVariate(self.control_variate)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the surrogate; its value means nothing, its gradient does."""
        weight = posterior_weights(terms, self.largest_weight)
        cost = self._baseline(terms.log_ratio, weight)
        return -(weight * (terms.log_pf.sum(1) + cost * terms.log_pb.sum(1))).sum()
