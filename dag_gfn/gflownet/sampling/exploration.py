"""How training strays from the policy that it learns."""

import math
from dataclasses import dataclass
from numbers import Real

from jaxtyping import Bool, Float
from torch import Tensor

from dag_gfn.errors import OptionError


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

    start: float | int = 1.0
    end: float | int = 0.1
    until: float | int = 0.5

    def __post_init__(self):
        for name in ("start", "end", "until"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= value <= 1 or (name == "until" and value == 0):
                raise OptionError(f"exploration's {name} must be a share in [0, 1], not {value!r}")

    def __call__(self, progress: float) -> float:
        """Return the probability at `progress`, a share of training in [0, 1]."""
        return self.start + (self.end - self.start) * min(progress / self.until, 1.0)


def tempered(log_p: Float[Tensor, "b a"], temperature: float | int) -> Float[Tensor, "b a"]:
    r"""Return :math:`P^{1/T}`, normalised: above 1 flatter than the policy, below 1 more peaked."""
    return log_p if temperature == 1 else (log_p / temperature).log_softmax(dim=1)


def uniform(legal: Bool[Tensor, "b a"]) -> Float[Tensor, "b a"]:
    """Return log-probabilities, all alike, of the legal actions."""
    return legal.float().log() - legal.sum(dim=1, keepdim=True).log()


def epsilon_uniform(
    log_p: Float[Tensor, "b a"], legal: Bool[Tensor, "b a"], epsilon: float
) -> Float[Tensor, "b a"]:
    r"""Return the log of the mixture :math:`(1 - \epsilon) P + \epsilon U`, U uniform over legal actions."""
    if epsilon == 0.0:
        return log_p
    alike = uniform(legal).to(log_p.dtype)
    if epsilon == 1.0:
        return alike
    return (log_p + math.log1p(-epsilon)).logaddexp(alike + math.log(epsilon))
