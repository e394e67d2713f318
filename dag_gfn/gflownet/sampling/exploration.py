"""Exploration: policies that training samples from in place of the policy that it learns."""

import math
from dataclasses import dataclass
from numbers import Real

from jaxtyping import Bool, Float
from torch import Tensor

from dag_gfn.errors import OptionError


@dataclass(frozen=True)
class EpsilonSchedule:
    """Probability of a uniformly random legal action, which falls linearly from `start` to `end`.

    Parameters
    ----------
    start, end : float
        Probabilities at the beginning of training and from `until` on.
    until : float
        Share of training, in (0, 1], after which the probability is `end`.

    Raises
    ------
    OptionError
        If a value is outside its range.

    Examples
    --------
    >>> from dag_gfn.gflownet.sampling.exploration import EpsilonSchedule
    >>> schedule = EpsilonSchedule(start=1.0, end=0.25, until=0.5)
    >>> schedule(0.0), schedule(0.25), schedule(0.9)
    (1.0, 0.625, 0.25)
    """

    start: float | int = 1.0
    end: float | int = 0.1
    until: float | int = 0.5

    def __post_init__(self):
        for name in ("start", "end", "until"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= float(value) <= 1 or (name == "until" and value == 0):
                raise OptionError(f"exploration's {name} must be a share in [0, 1], not {value!r}")

    def __call__(self, progress: float) -> float:
        """Return the probability at `progress`, a share of training in [0, 1]."""
        return self.start + (self.end - self.start) * min(progress / self.until, 1.0)


def tempered(log_p: Float[Tensor, "b a"], temperature: float | int) -> Float[Tensor, "b a"]:
    r"""Return the log of :math:`P^{1/T}`, normalised: flatter than P for T > 1, more peaked for T < 1.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.sampling.exploration import tempered
    >>> p = tempered(torch.tensor([[0.8, 0.2]]).log(), 2.0).exp()  # square roots 2 : 1
    >>> [round(float(share), 3) for share in p[0]]
    [0.667, 0.333]
    """
    return log_p if temperature == 1 else (log_p / temperature).log_softmax(dim=1)


def uniform(legal: Bool[Tensor, "b a"]) -> Float[Tensor, "b a"]:
    """Return the log-probabilities of the uniform policy over legal actions.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.sampling.exploration import uniform
    >>> uniform(torch.tensor([[True, False, True]])).exp().tolist()
    [[0.5, 0.0, 0.5]]
    """
    return legal.float().log() - legal.sum(dim=1, keepdim=True).log()


def epsilon_uniform(
    log_p: Float[Tensor, "b a"], legal: Bool[Tensor, "b a"], epsilon: float
) -> Float[Tensor, "b a"]:
    r"""Return the log of the mixture :math:`(1 - \epsilon) P + \epsilon U`, with U uniform over legal actions.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.sampling.exploration import epsilon_uniform
    >>> p = epsilon_uniform(torch.tensor([[0.9, 0.1]]).log(), torch.ones(1, 2, dtype=torch.bool), 0.5).exp()
    >>> [round(float(share), 3) for share in p[0]]
    [0.7, 0.3]
    """
    if epsilon == 0.0:
        return log_p
    alike = uniform(legal).to(log_p.dtype)
    if epsilon == 1.0:
        return alike
    return (log_p + math.log1p(-epsilon)).logaddexp(alike + math.log(epsilon))
