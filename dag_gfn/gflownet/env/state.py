"""Base class of the states of all environments."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dag_gfn.gflownet.policies.rows import Rows


@dataclass(frozen=True)
class State(Rows):
    """A batch of objects under construction, with everything that the next step needs.

    Attributes
    ----------
    log_reward : Tensor, shape (b,), float64
        Log-reward so far, in nats; log R of a finished object.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.state import State
    >>> state = State(torch.tensor([0.5, 1.5, 2.5], dtype=torch.float64))
    >>> len(state), state[1:].log_reward.tolist()
    (3, [1.5, 2.5])
    """

    log_reward: Float[Tensor, " b"]

    @property
    def log_final_reward(self) -> Float[Tensor, " b"]:
        """log R of objects that have stopped, in nats; -inf of those that stand for no DAG."""
        return self.log_reward

    @property
    def outcome(self) -> Int[Tensor, "b d"]:
        """The object itself, one number for each node."""
        raise NotImplementedError

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return the row of one copy of each state that a policy can distinguish, and which of these each row is.

        This default treats all rows as distinct.
        """
        every = torch.arange(len(self), device=self.log_reward.device)
        return every, every
