"""What a policy sees and what it returns."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.policies.rows import Rows


@dataclass(frozen=True)
class Observation(Rows):
    """A batch of states as a policy sees them; each environment has its own kind."""

    @property
    def legal_actions(self) -> Bool[Tensor, "b a"]:
        """The actions that may be taken, stop last."""
        raise NotImplementedError

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return a row of each distinct state, and which of these each row is; here all count as distinct."""
        every = torch.arange(len(self), device=self.tensors[0].device)
        return every, every


@dataclass(frozen=True)
class EdgeObservation(Observation):
    """DAGs under construction by edges.

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

    @property
    def legal_actions(self) -> Bool[Tensor, "b a"]:
        """The edges in row-major order and stop, always legal, last."""
        return with_stop(self.legal)

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return a row of each distinct graph, and which of these each row is.

        Where graphs do not fit in one word (from 8 nodes on) hardly two are alike, and all count as distinct.
        """
        adjacency = self.adjacency.flatten(1)
        if adjacency.shape[1] > 63:
            return super().distinct()
        return distinct_bits(adjacency)


def distinct_bits(bits: Bool[Tensor, "b k"]) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
    """Return a row of each distinct one, and which of these each row is; rows of at most 63 bits."""
    return distinct_words((bits * (1 << torch.arange(bits.shape[1], device=bits.device))).sum(1))


def distinct_words(words: Int[Tensor, " b"]) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
    """Return a row of each distinct number, and which of these each row is."""
    words, which = words.unique(return_inverse=True)
    place = torch.empty_like(words)
    place[which] = torch.arange(len(which), device=which.device)
    return place, which


def with_stop(legal: Bool[Tensor, "b d d"]) -> Bool[Tensor, "b a"]:
    """Return the legal actions of each row, the edges in row-major order and stop, always legal, last."""
    return torch.cat([legal.flatten(1), legal.new_ones(legal.shape[0], 1)], dim=1)


@runtime_checkable
class Policy(Protocol):
    """Maps observations to unnormalised log-probabilities of the actions, stop last."""

    def __call__(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, a), where a is the number of actions; those of illegal ones may be anything."""
        ...
