"""The loss of a residual: quadratic near zero, linear beyond."""

from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import huber_loss


def huber(residual: Float[Tensor, "*shape"], delta: float | int) -> Float[Tensor, "*shape"]:
    r"""Return :math:`\tfrac12 r^2`, and beyond delta :math:`\delta(|r| - \tfrac12\delta)`.

    The minimum is where that of the square is. Rewards differ by hundreds of nats at first, and the gradient of
    a square would be that of the few worst steps.

    Parameters
    ----------
    residual : Tensor
        In nats.
    delta : float
        Where the loss turns from quadratic to linear, in nats; may be infinite.
    """
    if delta == float("inf"):
        return residual.square() / 2
    return huber_loss(residual, residual.new_zeros(()).expand_as(residual), reduction="none", delta=delta)


def mean_huber(
    residual: Float[Tensor, "*shape"], where: Bool[Tensor, "*shape"], delta: float | int
) -> Float[Tensor, ""]:
    """Return the mean of `huber` over the residuals that count; 0 where none does."""
    return huber(residual.where(where, 0.0), delta).sum() / where.sum().clamp_min(1)
