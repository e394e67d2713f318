r"""Reverse Kullback-Leibler divergence of hierarchical variational inference, KL(P_F || P_B R / Z)."""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.control_variate import ControlVariate
from dag_gfn.gflownet.objectives.importance_weights import normalized_weights
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


def forward_weights(terms: FlowTerms, largest: float | int) -> Float[Tensor, " b"]:
    r"""Return weights that turn the batch into one of the forward policy: :math:`P_F(\tau) / \pi(\tau)`.

    All equal on-policy, where both are the same.
    """
    return normalized_weights((terms.log_pf - terms.log_behaviour).sum(1), largest=largest)


@dataclass
class ReverseKL:
    r"""Surrogate whose gradient is that of :math:`KL(P_F(\tau)\,\|\,P_B(\tau\mid x) R(x) / Z)`.

    For the forward policy :math:`(c(\tau) - b)\nabla\log P_F(\tau)`, for the backward policy
    :math:`-\nabla\log P_B(\tau\mid x)`. Off-policy, trajectories are weighted by
    :math:`P_F(\tau) / \pi(\tau)`, where :math:`\pi` is the mixture that they were drawn from.

    Parameters
    ----------
    control_variate : {"leave_one_out", "batch", "running", "none"}
    largest_weight : float
        Trajectories count at most this many times the average one.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, sections 2.2 and 2.3.
    """

    control_variate: str = "leave_one_out"
    largest_weight: float | int = 10.0
    _baseline: ControlVariate = field(init=False, repr=False)
    name: ClassVar[str] = "reverse_kl"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_behaviour"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(largest_weight=self.largest_weight)
        self._baseline = ControlVariate(self.control_variate)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the surrogate; its value means nothing, its gradient does."""
        weight = forward_weights(terms, self.largest_weight)
        cost = self._baseline(terms.log_ratio, weight)
        return (weight * (cost * terms.log_pf.sum(1) - terms.log_pb.sum(1))).sum()


@dataclass
class PublishedOffPolicyKL:
    r"""Reverse KL off-policy as in the code of the paper that compared it with GFlowNets: a weak estimator.

    The weights are the raw ratios of the forward policy to the branch that the exploring policy happened to
    follow, as of the time when the trajectory was stored; neither normalised nor clipped. It is here so that the
    published figures can be reproduced; `ReverseKL` is the better estimator of the same.

    Parameters
    ----------
    control_variate : {"batch", "leave_one_out", "running", "none"}

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 4.2 and the code that goes with it.
    """

    control_variate: str = "batch"
    _baseline: ControlVariate = field(init=False, repr=False)
    name: ClassVar[str] = "published_off_policy_kl"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_branch"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        self._baseline = ControlVariate(self.control_variate)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the surrogate; its value means nothing, its gradient does."""
        ratio = (terms.log_pf - terms.log_branch).sum(1).detach()
        raw = ratio.clamp_max(_LARGEST_LOG_RATIO).exp()
        even = torch.full_like(raw, 1 / len(raw))
        cost = self._baseline(terms.log_ratio, even)
        return (raw * (cost * terms.log_pf.sum(1) - terms.log_pb.sum(1))).mean()


_LARGEST_LOG_RATIO = 80.0
"""Beyond this, single precision would overflow."""
