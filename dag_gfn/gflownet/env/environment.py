"""The protocol of an environment: states, legal actions, steps forwards and backwards, rewards."""

from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor

from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.policy import Observation

S = TypeVar("S", bound=State)
"""The states of an environment."""
Seen = TypeVar("Seen", bound=Observation)
"""What its policies see of them."""
Seen_co = TypeVar("Seen_co", bound=Observation, covariant=True)


@runtime_checkable
class Environment(Protocol[S, Seen_co]):
    """A process that builds objects, such as DAGs or root layerings, one action at a time.

    Actions are integers; the last one, ``stop_action``, ends a trajectory. Every method works on a batch, returns new
    tensors and changes none of its inputs. `dag_gfn.gflownet.env.conformance.check_environment` checks an
    implementation; `dag_gfn.gflownet.env.edge_conformance` checks more for environments that add edges.
    """

    num_nodes: int
    num_actions: int
    stop_action: int
    every_state_terminal: bool
    device: torch.device

    def initial_state(self, batch_size: int) -> S:
        """Return `batch_size` copies of the state in which every trajectory begins."""
        ...

    def observe(self, state: S) -> Seen_co:
        """Return what a policy sees of each state, including its legal actions."""
        ...

    def step(self, state: S, action: Int[Tensor, " b"]) -> S:
        """Apply one action to each state; stopping does not change the state."""
        ...

    def num_parents_of_state(self, state: S) -> Int[Tensor, " b"]:
        """Return how many states lead to this one in a single step (0 for the initial one)."""
        ...

    def backward_actions(
        self, state: S, *, generator: torch.Generator
    ) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
        """Draw a trajectory to each state from the uniform backward policy.

        Returns
        -------
        actions : Tensor, shape (b, t), int64
            From the initial state on, padded with ``stop_action``.
        lengths : Tensor, shape (b,), int64
            Number of actions of each row.
        """
        ...

    def undo(self, state: S, action: Int[Tensor, " b"]) -> S:
        """Return the states in which the actions were taken that led to the given states."""
        ...


@runtime_checkable
class EnvironmentWithPredecessors(Environment[S, Seen], Protocol[S, Seen]):
    """An environment that lists the predecessors of a state, as objectives need that sum the flow into a state."""

    def predecessors(self, seen: Seen) -> tuple[S, Int[Tensor, " p"], Int[Tensor, " p"]]:
        """Return every state that leads to one of the given states in a single step.

        Returns
        -------
        before : State of p predecessors
        action : Tensor, shape (p,), int64
            The action that leads on from each.
        which : Tensor, shape (p,), int64
            The row of the given state that it leads to.
        """
        ...
