"""Whole trajectories of a batch, as the flat list of the states that they visit."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.policy import Observation

NO_ACTION = -1
"""Stands for the step from a state that was looked at and not left."""


@dataclass(frozen=True)
class Trajectories:
    """The states that `b` trajectories visit, `m` in all, each listed once with the action taken there.

    Flat, since trajectories differ in length: a network sees the m states and no padding.

    Attributes
    ----------
    observation : Observation of m states
    action : Tensor, shape (m,), int64
        `NO_ACTION` where a single step ends.
    log_pb : Tensor, shape (m,), float32
        Log-probability of undoing the action under the uniform backward policy; 0 for the stop.
    log_reward : Tensor, shape (m,), float32
        Log-reward of the state less that of the state in which every trajectory begins, in nats.
    delta_log_reward : Tensor, shape (m,), float32
        Log-reward of the next state less that of this one, in nats; 0 for the stop.
    log_behaviour, log_branch : Tensor, shape (m,), float32
        Log-probability of the action under the mixture that it was drawn from, and under the component of
        the mixture that was followed; nan where it was not drawn by a forward policy.
    position : Tensor, shape (m,), int64
        Place in the padded (b, t) grid, row-major.
    shape : tuple of int
        (b, t), where t is the longest trajectory's number of steps, the stop included.
    final : State of b finished objects, or None
        Where each trajectory ended; None of single steps.
    """

    observation: Observation
    action: Int[Tensor, " m"]
    log_pb: Float[Tensor, " m"]
    log_reward: Float[Tensor, " m"]
    delta_log_reward: Float[Tensor, " m"]
    log_behaviour: Float[Tensor, " m"]
    log_branch: Float[Tensor, " m"]
    position: Int[Tensor, " m"]
    shape: tuple[int, int]
    final: State | None

    def pad(self, flat: Float[Tensor, " m"] | Int[Tensor, " m"] | Bool[Tensor, " m"]) -> Tensor:
        """Return values of the m states on the (b, t) grid, zero (False) where there is no step."""
        grid = flat.new_zeros(self.shape[0] * self.shape[1])
        return grid.index_put((self.position,), flat).view(self.shape)

    def select(self, rows: Int[Tensor, " k"]) -> "Trajectories":
        """Return the trajectories of the given rows, each named once, as a batch of their own."""
        row, step = self.position // self.shape[1], self.position % self.shape[1]
        place = torch.full((self.shape[0],), -1, device=rows.device)
        place[rows] = torch.arange(len(rows), device=rows.device)
        kept = (place[row] >= 0).nonzero().squeeze(1)
        return self._of_states(
            kept,
            position=place[row[kept]] * self.shape[1] + step[kept],
            shape=(len(rows), self.shape[1]),
            final=None if self.final is None else self.final[rows],
        )

    def transitions(self, states: Int[Tensor, " k"]) -> "Trajectories":
        """Return the single steps out of the given states, each a row of its own, those that stop among them.

        What is asked of a state that is left by no edge can be learned from its stop alone.
        """
        place = torch.full((self.shape[0] * self.shape[1],), -1, device=states.device)
        place[self.position] = torch.arange(len(self.position), device=states.device)
        stop = self.observation.legal_actions.shape[1] - 1
        moves = (self.action[states] != stop).nonzero().squeeze(1)
        k = len(states)
        single = self._of_states(
            torch.cat([states, place[self.position[states[moves]] + 1]]),
            position=torch.cat([2 * torch.arange(k, device=states.device), 2 * moves + 1]),
            shape=(k, 2),
            final=None,
        )
        single.action[k:] = NO_ACTION  # a copy of its own
        return single

    def _of_states(self, states: Int[Tensor, " k"], **rest) -> "Trajectories":
        of_each = {
            field.name: getattr(self, field.name)[states]
            for field in fields(self)
            if field.name not in ("position", "shape", "final")
        }
        return Trajectories(**of_each, **rest)

    def distinct_states(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " m"]]:
        """Return one place of each distinct state, and which of them each of the m states is."""
        return self.observation.distinct()

    @property
    def num_bytes(self) -> int:
        """Memory that the observations take, which is nearly all of it."""
        return self.observation.num_bytes
