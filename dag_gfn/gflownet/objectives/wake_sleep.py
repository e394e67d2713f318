"""Wake-sleep: forward and backward policy minimise different Kullback-Leibler divergences."""

from dataclasses import dataclass, field
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.control_variate import ControlVariate
from dag_gfn.gflownet.objectives.forward_kl import posterior_weights
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive
from dag_gfn.gflownet.objectives.reverse_kl import forward_weights


@dataclass
class WakeSleep:
    r"""A surrogate loss: the forward policy minimises the forward KL, the backward policy the reverse KL.

    With the weights :math:`\omega` of `posterior_weights` and v of `forward_weights` the gradients are

    .. math:: -\sum\nolimits_\tau \omega\,\nabla\log P_F(\tau)
        \quad\text{and}\quad -\sum\nolimits_\tau v\,\nabla\log P_B(\tau\mid x).

    Neither is a score-function gradient, so there is no baseline. With a uniform backward policy this is `ForwardKL`.

    Parameters
    ----------
    largest_weight : float
        Weights above this multiple of their mean are clipped to it; infinity for no limit.

    References
    ----------
    Hinton et al., The "wake-sleep" algorithm for unsupervised neural networks, Science 268 (1995); Malkin et al.,
    GFlowNets and Variational Inference, ICLR 2023, section 2.2.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.wake_sleep import WakeSleep
    >>> stop, zero = torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1)  # two trajectories that stop at once
    >>> log_pf = torch.tensor([[0.75], [0.25]]).log()
    >>> terms = FlowTerms(stop, stop, stop, log_pf, zero, zero, zero, zero, zero, log_behaviour=log_pf)
    >>> _ = log_pf.requires_grad_()
    >>> WakeSleep()(terms).backward()
    >>> [round(gradient, 3) for gradient in log_pf.grad.flatten().tolist()]  # minus the posterior weights
    [-0.25, -0.75]
    """

    largest_weight: float | int = float("inf")
    name: ClassVar[str] = "wake_sleep"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_behaviour"})
    learns_backward: ClassVar[bool] = True

    def __post_init__(self):
        check_positive(largest_weight=self.largest_weight)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the surrogate loss: only its gradient has a meaning."""
        posterior = posterior_weights(terms, self.largest_weight)
        forward = forward_weights(terms, self.largest_weight)
        return -(posterior * terms.log_pf.sum(1) + forward * terms.log_pb.sum(1)).sum()


@dataclass
class ReverseWakeSleep:
    r"""A surrogate loss: the forward policy minimises the reverse KL, the backward policy the forward KL.

    With the weights :math:`\omega` of `posterior_weights`, v of `forward_weights` and baselines b, b' the gradients are

    .. math:: \sum\nolimits_\tau v\,(c(\tau) - b)\,\nabla\log P_F(\tau)
        \quad\text{and}\quad -\sum\nolimits_\tau \omega\,(c(\tau) - b')\,\nabla\log P_B(\tau\mid x),
        \quad c(\tau) = \log P_F(\tau) - \log R(x) - \log P_B(\tau\mid x).

    With a uniform backward policy this is `ReverseKL`.

    Parameters
    ----------
    control_variate : {"leave_one_out", "batch", "running", "none"}
        The kind of both baselines.
    largest_weight : float
        Weights above this multiple of their mean are clipped to it.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 2.2.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.wake_sleep import ReverseWakeSleep
    >>> stop, zero = torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1)  # two trajectories that stop at once
    >>> log_pf = torch.tensor([[0.75], [0.25]]).log()
    >>> terms = FlowTerms(stop, stop, stop, log_pf, zero, zero, zero, zero, zero, log_behaviour=log_pf)
    >>> _ = log_pf.requires_grad_()
    >>> ReverseWakeSleep(control_variate="none")(terms).backward()
    >>> [round(gradient, 3) for gradient in log_pf.grad.flatten().tolist()]  # log_pf / 2, as for `ReverseKL`
    [-0.144, -0.693]
    """

    control_variate: str = "leave_one_out"
    largest_weight: float | int = 10.0
    _forward_baseline: ControlVariate = field(init=False, repr=False)
    _posterior_baseline: ControlVariate = field(init=False, repr=False)
    name: ClassVar[str] = "reverse_wake_sleep"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_behaviour"})
    learns_backward: ClassVar[bool] = True

    def __post_init__(self):
        check_positive(largest_weight=self.largest_weight)
        self._forward_baseline = ControlVariate(self.control_variate)
        self._posterior_baseline = ControlVariate(self.control_variate)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the surrogate loss: only its gradient has a meaning."""
        ratio = terms.log_ratio
        forward = forward_weights(terms, self.largest_weight)
        posterior = posterior_weights(terms, self.largest_weight)
        forward_cost = self._forward_baseline(ratio, forward)
        posterior_cost = self._posterior_baseline(ratio, posterior)
        return (
            forward * forward_cost * terms.log_pf.sum(1) - posterior * posterior_cost * terms.log_pb.sum(1)
        ).sum()
