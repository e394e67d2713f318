"""What a policy sees and what it returns."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Observation:
    """A batch of states as a policy sees them.

    Attributes
    ----------
    adjacency : Tensor, shape (b, d, d), bool
        ``adjacency[k, i, j]`` is True where i -> j in graph k.
    legal : Tensor, shape (b, d, d), bool
        Edges that may be added. Stopping is always legal and is not listed.
    gains : Tensor, shape (b, d, d), float32
        Score gain of each legal edge in nats, 0 elsewhere.
    """

    adjacency: Bool[Tensor, "b d d"]
    legal: Bool[Tensor, "b d d"]
    gains: Float[Tensor, "b d d"]

    def __len__(self) -> int:
        return self.legal.shape[0]

    def __getitem__(self, rows: Tensor | slice) -> "Observation":
        """Return the chosen rows."""
        return Observation(self.adjacency[rows], self.legal[rows], self.gains[rows])

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return a row of each distinct graph, and which of these each row is.

        Where graphs do not fit in one word (from 8 nodes on) hardly two are alike, and all count as distinct.
        """
        adjacency = self.adjacency.flatten(1)
        if adjacency.shape[1] > 63:
            every = torch.arange(len(adjacency), device=adjacency.device)
            return every, every
        bits = 1 << torch.arange(adjacency.shape[1], device=adjacency.device)
        keys, which = (adjacency * bits).sum(1).unique(return_inverse=True)
        first = torch.empty_like(keys)
        first[which] = torch.arange(len(which), device=which.device)
        return first, which

    @staticmethod
    def concatenate(parts: "list[Observation]") -> "Observation":
        """Join batches end to end."""
        return Observation(
            torch.cat([part.adjacency for part in parts]),
            torch.cat([part.legal for part in parts]),
            torch.cat([part.gains for part in parts]),
        )


@runtime_checkable
class Policy(Protocol):
    """Maps observations to unnormalised log-probabilities of the actions, stop last."""

    def __call__(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d*d + 1); those of illegal edges may be anything."""
        ...
