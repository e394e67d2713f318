"""Wake-sleep: forward and backward policy follow different divergences."""

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
    r"""The forward policy follows the forward KL, the backward policy the reverse KL.

    With a uniform backward policy this is `ForwardKL`. Neither policy needs a score-function gradient.

    Parameters
    ----------
    largest_weight : float
        Trajectories count at most this many times the average one; infinity for no limit.

    References
    ----------
    Hinton et al., Science 268 (1995); Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 2.2.
    """

    largest_weight: float | int = float("inf")
    name: ClassVar[str] = "wake_sleep"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_behaviour"})
    learns_backward: ClassVar[bool] = True

    def __post_init__(self):
        check_positive(largest_weight=self.largest_weight)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the surrogate; its value means nothing, its gradient does."""
        posterior = posterior_weights(terms, self.largest_weight)
        forward = forward_weights(terms, self.largest_weight)
        return -(posterior * terms.log_pf.sum(1) + forward * terms.log_pb.sum(1)).sum()


@dataclass
class ReverseWakeSleep:
    r"""The forward policy follows the reverse KL, the backward policy the forward KL.

    With a uniform backward policy this is `ReverseKL`.

    Parameters
    ----------
    control_variate : {"leave_one_out", "batch", "running", "none"}
        Of both score-function gradients.
    largest_weight : float
        Trajectories count at most this many times the average one.

    References
    ----------
    Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 2.2.
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
        """Return the surrogate; its value means nothing, its gradient does."""
        ratio = terms.log_ratio
        forward = forward_weights(terms, self.largest_weight)
        posterior = posterior_weights(terms, self.largest_weight)
        forward_cost = self._forward_baseline(ratio, forward)
        posterior_cost = self._posterior_baseline(ratio, posterior)
        return (
            forward * forward_cost * terms.log_pf.sum(1) - posterior * posterior_cost * terms.log_pb.sum(1)
        ).sum()
