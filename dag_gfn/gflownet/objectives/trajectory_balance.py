"""Balance over whole trajectories, with a learned or an estimated partition function."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.huber import huber
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


@dataclass(frozen=True)
class TrajectoryBalance:
    r"""Mean of :math:`(\log Z + c(\tau))^2`, linear beyond ``huber_delta``.

    Parameters
    ----------
    huber_delta : float
        Where the loss turns from quadratic to linear, in nats.

    References
    ----------
    Malkin et al., Trajectory Balance, NeurIPS 2022, equation 14.
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "trajectory_balance"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_z"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean over trajectories."""
        residual = terms.log_z + terms.log_ratio
        return 2 * huber(residual, self.huber_delta).mean()


@dataclass(frozen=True)
class LogPartitionVariance:
    r"""Variance of :math:`c(\tau)` over the batch: trajectory balance at the batch's own best log Z.

    Beyond ``huber_delta`` from their middle, deviations count linearly.

    Parameters
    ----------
    huber_delta : float
        In nats.

    References
    ----------
    Richter et al., VarGrad, NeurIPS 2020; Zhang et al., Robust Scheduling with GFlowNets, ICLR 2023.
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "log_partition_variance"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean over trajectories.

        The middle gets no gradient. For squares that is the gradient of the variance all the same; beyond
        ``huber_delta`` it is not, but is zero where all are equal as it should be.
        """
        ratio = terms.log_ratio
        middle = ratio.detach().mean() if self.huber_delta == float("inf") else ratio.detach().median()
        return 2 * huber(ratio - middle, self.huber_delta).mean()
