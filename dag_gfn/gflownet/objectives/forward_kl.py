r"""Forward Kullback-Leibler divergence of hierarchical variational inference, KL(P_B R / Z || P_F), by its gradient."""

from dataclasses import dataclass, field
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.control_variate import ControlVariate
from dag_gfn.gflownet.objectives.importance_weights import normalized_weights
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


def posterior_weights(terms: FlowTerms, largest: float | int) -> Float[Tensor, " b"]:
    r"""Return the self-normalised importance weights of the posterior.

    They are :math:`\omega(\tau) \propto R(x) P_B(\tau\mid x) / \pi(\tau)`, where :math:`\pi` is the mixture that the
    trajectory was drawn from (`FlowTerms.log_behaviour`). On-policy they are proportional to :math:`\exp(-c(\tau))`.

    Parameters
    ----------
    terms : FlowTerms
    largest : float
        Weights above this multiple of their mean are clipped to it.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.forward_kl import posterior_weights
    >>> stop, zero = torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1)  # two trajectories that stop at once
    >>> log_pf = torch.tensor([[0.75], [0.25]]).log()
    >>> terms = FlowTerms(stop, stop, stop, log_pf, zero, zero, zero, zero, zero, log_behaviour=log_pf)
    >>> [round(weight, 3) for weight in posterior_weights(terms, float("inf")).tolist()]  # equal rewards: 1 : 3
    [0.25, 0.75]
    """
    wanted = terms.final_log_reward + terms.log_pb.sum(1)
    return normalized_weights(wanted - terms.filled("log_behaviour").sum(1), largest=largest)


@dataclass
class ForwardKL:
    r"""A surrogate loss whose gradient estimates that of :math:`KL(P_B(\tau\mid x) R(x) / Z\,\|\,P_F(\tau))`.

    With the weights :math:`\omega` of `posterior_weights` and a baseline b, the gradients are

    .. math:: -\sum\nolimits_\tau \omega\,\nabla\log P_F(\tau)
        \quad\text{and}\quad -\sum\nolimits_\tau \omega\,(c(\tau) - b)\,\nabla\log P_B(\tau\mid x),
        \quad c(\tau) = \log P_F(\tau) - \log R(x) - \log P_B(\tau\mid x).

    Parameters
    ----------
    control_variate : {"leave_one_out", "batch", "running", "none"}
        The baseline b; it has an effect only if the backward policy is learned.
    largest_weight : float
        Weights above this multiple of their mean are clipped to it; infinity for no limit.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 2.2.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.forward_kl import ForwardKL
    >>> stop, zero = torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1)  # two trajectories that stop at once
    >>> log_pf = torch.tensor([[0.75], [0.25]]).log()
    >>> terms = FlowTerms(stop, stop, stop, log_pf, zero, zero, zero, zero, zero, log_behaviour=log_pf)
    >>> _ = log_pf.requires_grad_()
    >>> ForwardKL()(terms).backward()
    >>> [round(gradient, 3) for gradient in log_pf.grad.flatten().tolist()]  # minus the posterior weights
    [-0.25, -0.75]
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
        """Return the surrogate loss: only its gradient has a meaning."""
        weight = posterior_weights(terms, self.largest_weight)
        cost = self._baseline(terms.log_ratio, weight)
        return -(weight * (terms.log_pf.sum(1) + cost * terms.log_pb.sum(1))).sum()
