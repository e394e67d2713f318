"""Whole trajectories of a batch, as the flat list of the states that they visit."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.env.dag_state import DagState
from dag_gfn.policies.policy import Observation


@dataclass(frozen=True)
class Trajectories:
    """The states that `b` trajectories visit, `m` in all, each listed once with the action taken there.

    Flat, since trajectories differ in length: a network sees the m states and no padding.

    Attributes
    ----------
    observation : Observation of m states
    action : Tensor, shape (m,), int64
    log_pb : Tensor, shape (m,), float32
        Log-probability of undoing the action; 0 for the stop.
    delta_log_reward : Tensor, shape (m,), float32
        Log-reward of the next state less that of this one, in nats; 0 for the stop.
    position : Tensor, shape (m,), int64
        Place in the padded (b, t) grid, row-major.
    shape : tuple of int
        (b, t), where t is the longest trajectory's number of steps, the stop included.
    final : DagState of b graphs
        Where each trajectory ended.
    """

    observation: Observation
    action: Int[Tensor, " m"]
    log_pb: Float[Tensor, " m"]
    delta_log_reward: Float[Tensor, " m"]
    position: Int[Tensor, " m"]
    shape: tuple[int, int]
    final: DagState

    def pad(self, flat: Float[Tensor, " m"] | Bool[Tensor, " m"]) -> Tensor:
        """Return values of the m states on the (b, t) grid, zero (False) where there is no step."""
        grid = flat.new_zeros(self.shape[0] * self.shape[1])
        return grid.index_put((self.position,), flat).view(self.shape)

    def select(self, rows: Int[Tensor, " k"]) -> "Trajectories":
        """Return the trajectories of the given rows, each named once, as a batch of their own."""
        row, step = self.position // self.shape[1], self.position % self.shape[1]
        place = torch.full((self.shape[0],), -1, device=rows.device)
        place[rows] = torch.arange(len(rows), device=rows.device)
        kept = (place[row] >= 0).nonzero().squeeze(1)
        return Trajectories(
            observation=self.observation[kept],
            action=self.action[kept],
            log_pb=self.log_pb[kept],
            delta_log_reward=self.delta_log_reward[kept],
            position=place[row[kept]] * self.shape[1] + step[kept],
            shape=(len(rows), self.shape[1]),
            final=self.final[rows],
        )

    @property
    def num_bytes(self) -> int:
        """Memory that the observations take, which is nearly all of it."""
        seen = self.observation
        return sum(tensor.nbytes for tensor in (seen.adjacency, seen.legal, seen.gains))
