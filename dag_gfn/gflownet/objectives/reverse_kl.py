r"""Reverse Kullback-Leibler divergence of hierarchical variational inference, KL(P_F || P_B R / Z), by its gradient."""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.control_variate import ControlVariate
from dag_gfn.gflownet.objectives.importance_weights import normalized_weights
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive

_LARGEST_LOG_RATIO = 80.0
"""Larger log-ratios are clipped, since exp would overflow in single precision."""


def forward_weights(terms: FlowTerms, largest: float | int) -> Float[Tensor, " b"]:
    r"""Return the self-normalised importance weights of the forward policy.

    They are :math:`v(\tau) \propto P_F(\tau) / \pi(\tau)`, where :math:`\pi` is the mixture that the trajectory was
    drawn from (`FlowTerms.log_behaviour`). On-policy all weights are equal.

    Parameters
    ----------
    terms : FlowTerms
    largest : float
        Weights above this multiple of their mean are clipped to it.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.reverse_kl import forward_weights
    >>> stop, zero = torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1)  # two trajectories that stop at once
    >>> log_pf = torch.tensor([[0.75], [0.25]]).log()
    >>> terms = FlowTerms(stop, stop, stop, log_pf, zero, zero, zero, zero, zero, log_behaviour=log_pf)
    >>> forward_weights(terms, 10.0).tolist()
    [0.5, 0.5]
    """
    return normalized_weights((terms.log_pf - terms.filled("log_behaviour")).sum(1), largest=largest)


@dataclass
class ReverseKL:
    r"""A surrogate loss whose gradient estimates that of :math:`KL(P_F(\tau)\,\|\,P_B(\tau\mid x) R(x) / Z)`.

    With the weights v of `forward_weights` and a baseline b, the gradients are

    .. math:: \sum\nolimits_\tau v\,(c(\tau) - b)\,\nabla\log P_F(\tau)
        \quad\text{and}\quad -\sum\nolimits_\tau v\,\nabla\log P_B(\tau\mid x),
        \quad c(\tau) = \log P_F(\tau) - \log R(x) - \log P_B(\tau\mid x).

    Parameters
    ----------
    control_variate : {"leave_one_out", "batch", "running", "none"}
        The baseline b.
    largest_weight : float
        Weights above this multiple of their mean are clipped to it.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, sections 2.2 and 2.3.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.reverse_kl import ReverseKL
    >>> stop, zero = torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1)  # two trajectories that stop at once
    >>> log_pf = torch.tensor([[0.75], [0.25]]).log()
    >>> terms = FlowTerms(stop, stop, stop, log_pf, zero, zero, zero, zero, zero, log_behaviour=log_pf)
    >>> _ = log_pf.requires_grad_()
    >>> ReverseKL(control_variate="none")(terms).backward()
    >>> [round(gradient, 3) for gradient in log_pf.grad.flatten().tolist()]  # log_pf / 2
    [-0.144, -0.693]
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
        """Return the surrogate loss: only its gradient has a meaning."""
        weight = forward_weights(terms, self.largest_weight)
        cost = self._baseline(terms.log_ratio, weight)
        return (weight * (cost * terms.log_pf.sum(1) - terms.log_pb.sum(1))).sum()


@dataclass
class PublishedOffPolicyKL:
    r"""The off-policy reverse KL of the published code; use it only to reproduce the published figures.

    `ReverseKL` estimates the same gradient with less variance. The weights here are
    :math:`P_F(\tau) / \pi_z(\tau)`, where :math:`\pi_z` is the component of the exploring mixture that was followed in
    each step (`FlowTerms.log_branch`), at the time when the trajectory was stored. They are neither normalised nor
    clipped.

    Parameters
    ----------
    control_variate : {"batch", "leave_one_out", "running", "none"}
        The baseline b.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 4.2 and the published code.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.reverse_kl import PublishedOffPolicyKL
    >>> stop, zero = torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1)  # two trajectories that stop at once
    >>> log_pf, log_branch = torch.tensor([[0.75], [0.25]]).log().requires_grad_(), torch.tensor([[0.5], [0.5]]).log()
    >>> terms = FlowTerms(stop, stop, stop, log_pf, zero, zero, zero, zero, zero, log_branch=log_branch)
    >>> PublishedOffPolicyKL(control_variate="none")(terms).backward()
    >>> [round(gradient, 3) for gradient in log_pf.grad.flatten().tolist()]  # weights 1.5 and 0.5
    [-0.216, -0.347]
    """

    control_variate: str = "batch"
    _baseline: ControlVariate = field(init=False, repr=False)
    name: ClassVar[str] = "published_off_policy_kl"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_branch"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        self._baseline = ControlVariate(self.control_variate)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the surrogate loss: only its gradient has a meaning."""
        ratio = (terms.log_pf - terms.filled("log_branch")).sum(1).detach()
        raw = ratio.clamp_max(_LARGEST_LOG_RATIO).exp()
        even = torch.full_like(raw, 1 / len(raw))
        cost = self._baseline(terms.log_ratio, even)
        return (raw * (cost * terms.log_pf.sum(1) - terms.log_pb.sum(1))).mean()
