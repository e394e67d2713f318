"""What every environment's states have in common."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dag_gfn.gflownet.policies.rows import Rows


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
    def log_final_reward(self) -> Float[Tensor, " b"]:
        """Return log R of finished objects, in nats; -inf of what has ended and is none."""
        return self.log_reward

    @property
    def outcome(self) -> Int[Tensor, "b d"]:
        """What is to be known of a finished object, one number for each node."""
        raise NotImplementedError

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return a row of each state that a policy can tell from others, and which of these each row is.

        Here all count as distinct.
        """
        every = torch.arange(len(self), device=self.log_reward.device)
        return every, every
