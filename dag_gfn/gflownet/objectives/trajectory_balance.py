"""Trajectory balance: losses on whole trajectories, with a learned log Z or with the variance over the batch."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.objectives.huber import huber
from dag_gfn.gflownet.objectives.objective import FlowTerms, check_positive


@dataclass(frozen=True)
class TrajectoryBalance:
    r"""Mean of :math:`(\log Z + c(\tau))^2` over trajectories, with twice the Huber loss in place of the square.

    .. math:: c(\tau) = \sum_t \log P_F(s_{t+1}\mid s_t) - \log R(x) - \sum_t \log P_B(s_t\mid s_{t+1})

    Parameters
    ----------
    huber_delta : float
        Residual at which the loss turns from quadratic to linear, in nats; may be infinite.

    References
    ----------
    Malkin et al., Trajectory Balance: Improved Credit Assignment in GFlowNets, NeurIPS 2022, equation 14.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.trajectory_balance import TrajectoryBalance
    >>> step, zero = torch.tensor([[True, True]]), torch.zeros(1, 2)
    >>> terms = FlowTerms(step, torch.tensor([[False, True]]), step, zero, zero, zero, zero,
    ...     delta_log_reward=torch.tensor([[2.0, 0.0]]), log_reward=zero, log_z=torch.tensor(5.0))
    >>> TrajectoryBalance(huber_delta=float("inf"))(terms).item()  # (5 - 2)^2
    9.0
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "trajectory_balance"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories", "log_z"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean over trajectories."""
        residual = terms.filled("log_z") + terms.log_ratio
        return 2 * huber(residual, self.huber_delta).mean()


@dataclass(frozen=True)
class LogPartitionVariance:
    r"""Variance of :math:`c(\tau)` over the batch: `TrajectoryBalance` with the log Z that fits the batch best.

    The loss is the mean of :math:`(c(\tau) - \bar c)^2` with the mean :math:`\bar c` of the batch. If ``huber_delta``
    is finite, twice the Huber loss replaces the square, and the median replaces the mean.

    Parameters
    ----------
    huber_delta : float
        Residual at which the loss turns from quadratic to linear, in nats; may be infinite.

    References
    ----------
    Richter et al., VarGrad: A Low-Variance Gradient Estimator for Variational Inference, NeurIPS 2020; Zhang et al.,
    Robust Scheduling with GFlowNets, ICLR 2023.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> from dag_gfn.gflownet.objectives.trajectory_balance import LogPartitionVariance
    >>> stop, zero = torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1)  # two trajectories that stop at once
    >>> terms = FlowTerms(stop, stop, stop, torch.tensor([[-1.0], [-5.0]]), zero, zero, zero, zero, zero)
    >>> LogPartitionVariance(huber_delta=float("inf"))(terms).item()  # c is -1 and -5
    4.0
    """

    huber_delta: float | int = 1.0
    name: ClassVar[str] = "log_partition_variance"
    needs: ClassVar[frozenset[str]] = frozenset({"whole_trajectories"})
    learns_backward: ClassVar[bool] = False

    def __post_init__(self):
        check_positive(huber_delta=self.huber_delta)

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean over trajectories.

        No gradient passes through the mean or median. For squares the gradient is still that of the variance. With a
        finite ``huber_delta`` it is not, but it is zero where all c are equal, as it must be.
        """
        ratio = terms.log_ratio
        center = ratio.detach().mean() if self.huber_delta == float("inf") else ratio.detach().median()
        return 2 * huber(ratio - center, self.huber_delta).mean()
