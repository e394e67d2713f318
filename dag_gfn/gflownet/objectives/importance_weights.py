"""Self-normalised importance weights of the trajectories of a batch, and their effective sample size."""

from jaxtyping import Float
from torch import Tensor


def normalized_weights(
    log_weight: Float[Tensor, " b"], *, largest: float | int = float("inf")
) -> Float[Tensor, " b"]:
    """Return self-normalised importance weights, which sum to one.

    Parameters
    ----------
    log_weight : Tensor, shape (b,)
        Log-ratios of target to proposal probability, up to a constant. No gradient passes through the weights.
    largest : float
        Weights above this multiple of their mean are clipped to it, and then normalised again. Clipping bounds the
        variance at the price of a bias.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives.importance_weights import normalized_weights
    >>> ratios = torch.tensor([1.0, 1.0, 2.0])
    >>> normalized_weights(ratios.log()).tolist()
    [0.25, 0.25, 0.5]
    >>> [round(weight, 3) for weight in normalized_weights(ratios.log(), largest=1.2).tolist()]  # at most 1.2 / 3
    [0.278, 0.278, 0.444]
    """
    weight = log_weight.detach().double().softmax(0)
    weight = weight.clamp_max(largest / len(weight))
    return (weight / weight.sum()).to(log_weight.dtype)


def effective_share(log_weight: Float[Tensor, " b"]) -> Float[Tensor, ""]:
    r"""Return the effective sample size of b weights as a share of b, :math:`(\sum w)^2 / (b \sum w^2)`, in (0, 1].

    It is 0 if all weights are 0.

    References
    ----------
    Kong, Liu and Wong, Sequential imputations and Bayesian missing data problems, JASA 89 (1994).

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives.importance_weights import effective_share
    >>> round(effective_share(torch.tensor([1.0, 3.0]).log()).item(), 6)  # 16 / (2 * 10)
    0.8
    """
    weight = log_weight.detach().double().softmax(0)
    # the softmax is NaN if all log-weights are -inf
    return (1 / (weight.square().sum() * len(weight))).nan_to_num(nan=0.0)
