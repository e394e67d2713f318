"""What a policy is: the protocol, and the base class of the observations that it reads."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.policies.rows import Rows


@dataclass(frozen=True)
class Observation(Rows):
    """A batch of states as a policy sees them; each environment has its own subclass.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> from dag_gfn.gflownet.policies.policy import Observation
    >>> empty = torch.zeros(1, 2, 2, dtype=torch.bool)
    >>> seen = EdgeObservation(empty, ~torch.eye(2, dtype=torch.bool)[None], torch.zeros(1, 2, 2))
    >>> isinstance(seen, Observation), len(seen)
    (True, 1)
    """

    @property
    def legal_actions(self) -> Bool[Tensor, "b a"]:
        """Whether each action is legal; the last action is the stop."""
        raise NotImplementedError

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return the row of one copy of each distinct state, and for every row which distinct state it is.

        This default treats all rows as distinct.
        """
        every = torch.arange(len(self), device=self.tensors[0].device)
        return every, every


@runtime_checkable
class Policy(Protocol):
    """Maps observations to unnormalised log-probabilities of the actions; the last action is the stop."""

    def __call__(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, a) for the a actions. The logits of illegal actions are never used."""
        ...


@runtime_checkable
class PolicyWithFlow(Policy, Protocol):
    """A policy that computes state flows with the same network."""

    def logits_and_flow(self, observation: Observation) -> tuple[Float[Tensor, "b a"], Float[Tensor, " b"]]:
        """Return logits, shape (b, a), and log F(s) or log F(s) - log R(s), shape (b,)."""
        ...
