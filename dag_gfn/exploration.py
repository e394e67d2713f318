"""How training strays from the policy that it learns."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class EpsilonSchedule:
    """Probability of a uniformly random legal action, falling linearly from `start` to `end`.

    Parameters
    ----------
    start, end : float
        Probabilities at the beginning and from `until` on.
    until : float
        Share of training, in (0, 1], after which it stays at `end`.
    """

    start: float = 1.0
    end: float = 0.1
    until: float = 0.5

    def __call__(self, progress: float) -> float:
        """Return the probability at `progress`, a share of training in [0, 1]."""
        return self.start + (self.end - self.start) * min(progress / self.until, 1.0)


def epsilon_uniform(
    log_p: Float[Tensor, "b a"], legal: Bool[Tensor, "b a"], epsilon: float
) -> Float[Tensor, "b a"]:
    r"""Return the log of the mixture :math:`(1 - \epsilon) P + \epsilon U`, U uniform over legal actions."""
    if epsilon == 0.0:
        return log_p
    uniform = legal.to(log_p.dtype).log() - legal.sum(dim=1, keepdim=True).log()
    if epsilon == 1.0:
        return uniform
    return torch.logaddexp(log_p + math.log1p(-epsilon), uniform + math.log(epsilon))
