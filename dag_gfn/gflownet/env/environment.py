"""What a sampler needs to know of the thing it builds, and nothing of how it is learned."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor

from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.policy import Observation


@runtime_checkable
class Environment(Protocol):
    """A generative process whose finished objects stand for DAGs.

    Actions are integers; the last one, ``stop_action``, ends a trajectory. Every method works on a
    batch, returns new tensors and changes none. `dag_gfn.gflownet.env.conformance.check_environment` holds any
    implementation to this; `dag_gfn.gflownet.env.edge_conformance` asks more of one that builds graphs by edges.
    """

    num_nodes: int
    num_actions: int
    stop_action: int
    every_state_terminal: bool
    device: torch.device

    def initial_state(self, batch_size: int) -> State:
        """Return `batch_size` copies of the state in which every trajectory begins."""
        ...

    def observe(self, state: State) -> Observation:
        """Return what a policy sees of the state, the legal actions among it."""
        ...

    def step(self, state: State, action: Int[Tensor, " b"]) -> State:
        """Apply one action to each state; stopping leaves the state as it is."""
        ...

    def num_parents_of_state(self, state: State) -> Int[Tensor, " b"]:
        """Return how many states lead to this one in a single step (0 for the initial one)."""
        ...

    def backward_actions(
        self, state: State, *, generator: torch.Generator
    ) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
        """Draw, from the uniform backward policy, the actions that build each state, in building order.

        Returns the actions, padded with ``stop_action``, and the number of them in each row.
        """
        ...

    def undo(self, state: State, action: Int[Tensor, " b"]) -> State:
        """Return the states that each action has led from."""
        ...


@runtime_checkable
class EnvironmentWithPredecessors(Environment, Protocol):
    """One whose states tell all that lead to them, as objectives ask that sum the flow into a state."""

    def predecessors(self, seen: Observation) -> tuple[State, Int[Tensor, " p"], Int[Tensor, " p"]]:
        """Return every state that leads to the given ones in a single step.

        Returns those states, the action that leads from each, and which of the given ones it leads to.
        """
        ...
