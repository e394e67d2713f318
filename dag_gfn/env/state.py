"""What every environment's states have in common."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from dag_gfn.policies.rows import Rows


@dataclass(frozen=True)
class State(Rows):
    """A batch of objects under construction, with all that the next step needs.

    Attributes
    ----------
    log_reward : Tensor, shape (b,), float64
        What has been gained so far, in nats; log R of a finished object.
    """

    log_reward: Float[Tensor, " b"]

    @property
    def outcome(self) -> Int[Tensor, "b d"]:
        """What is to be known of a finished object, one number for each node."""
        raise NotImplementedError
