"""The Huber loss: quadratic near zero, linear beyond."""

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import huber_loss


def huber(residual: Float[Tensor, "*shape"], delta: float | int) -> Float[Tensor, "*shape"]:
    r"""Return :math:`\tfrac12 r^2` where :math:`|r| \le \delta`, and :math:`\delta(|r| - \tfrac12\delta)` elsewhere.

    Early in training residuals are hundreds of nats, and a few of them would dominate the gradient of the square. The
    minimum is the same.

    Parameters
    ----------
    residual : Tensor
        In nats.
    delta : float
        Residual at which the loss turns from quadratic to linear, in nats; may be infinite.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives.huber import huber
    >>> huber(torch.tensor([0.0, 1.0, 3.0]), delta=1.0).tolist()
    [0.0, 0.5, 2.5]
    """
    if delta == float("inf"):
        return residual.square() / 2
    return huber_loss(residual, residual.new_zeros(()).expand_as(residual), reduction="none", delta=delta)


def mean_huber(
    residual: Float[Tensor, "*shape"], where: Bool[Tensor, "*shape"], delta: float | int
) -> Float[Tensor, ""]:
    """Return the mean of `huber` over the residuals where ``where`` is True; 0 if there are none.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives.huber import mean_huber
    >>> residual, counts = torch.tensor([1.0, 3.0, 100.0]), torch.tensor([True, True, False])
    >>> mean_huber(residual, counts, delta=1.0).item()  # of 0.5 and 2.5
    1.5
    """
    return huber(residual.where(where, 0.0), delta).sum() / where.sum().clamp_min(1)
