"""How much each trajectory of a batch counts where it was not drawn from the distribution it is to stand for."""

from jaxtyping import Float
from torch import Tensor


def normalized_weights(
    log_weight: Float[Tensor, " b"], *, largest: float | int = float("inf")
) -> Float[Tensor, " b"]:
    """Return self-normalised importance weights, which sum to one.

    Parameters
    ----------
    log_weight : Tensor, shape (b,)
        Log-ratios of wanted to actual probability, up to a constant. No gradient goes through.
    largest : float
        No trajectory is given more than this many times the mean before the last normalisation: it bounds the
        variance and costs a bias.
    """
    weight = log_weight.detach().double().softmax(0)
    weight = weight.clamp_max(largest / len(weight))
    return (weight / weight.sum()).to(log_weight.dtype)


def effective_share(log_weight: Float[Tensor, " b"]) -> Float[Tensor, ""]:
    r"""Return :math:`(\sum w)^2 / (b \sum w^2)`, the share of the batch that the weights are worth, in (0, 1].

    0 where all weights are 0.
    """
    weight = log_weight.detach().double().softmax(0)
    # softmax of -inf alone is NaN
    return (1 / (weight.square().sum() * len(weight))).nan_to_num(nan=0.0)
