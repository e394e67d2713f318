"""A batch of trajectories, stored as the flat list of the states that they visit."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.policy import Observation

NO_ACTION = -1
"""Marks a state that is listed only as the end of a single step."""


@dataclass(frozen=True)
class Trajectories:
    """The m states that b trajectories visit, each with the action taken there.

    Trajectories differ in length; the flat list spares the network the padding.

    Attributes
    ----------
    observation : Observation of m states
    action : Tensor, shape (m,), int64
        `NO_ACTION` where a single step ends.
    log_pb : Tensor, shape (m,), float32
        Log-probability of undoing the action under the uniform backward policy; 0 for the stop.
    log_reward : Tensor, shape (m,), float32
        Log-reward of the state less that of the initial state, in nats.
    delta_log_reward : Tensor, shape (m,), float32
        Log-reward of the next state less that of this one, in nats; 0 for the stop.
    log_behaviour, log_branch : Tensor, shape (m,), float32
        Log-probability of the action under the mixture that it was drawn from, and under the component of that mixture
        which was followed; NaN if it was not drawn by a forward policy.
    position : Tensor, shape (m,), int64
        Row-major index in the padded (b, t) grid.
    shape : tuple of int
        (b, t), where t is the longest trajectory's number of steps, the stop included.
    final : State of b finished objects, or None
        The end of each whole trajectory; None for single steps.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> table = ScoreTable.build(make_score("bge", from_array(rows)), None)
    >>> import torch
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.rollouts import rollout
    >>> walks = rollout(EdgeAddition(table), UniformPolicy(), 4, generator=torch.Generator().manual_seed(0))
    >>> walks.shape[0], bool(walks.pad(walks.action == 9).any(1).all())  # every walk ends with the stop, action 9
    (4, True)
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

    @property
    def ends(self) -> State:
        """The states in which whole trajectories end.

        Raises
        ------
        ValueError
            If these are single steps.
        """
        if self.final is None:
            raise ValueError("these are single steps, not whole trajectories")
        return self.final

    def pad(self, flat: Float[Tensor, " m"] | Int[Tensor, " m"] | Bool[Tensor, " m"]) -> Tensor:
        """Return values of the m states on the (b, t) grid; 0 or False where there is no step."""
        grid = flat.new_zeros(self.shape[0] * self.shape[1])
        return grid.index_put((self.position,), flat).view(self.shape)

    def select(self, rows: Int[Tensor, " k"]) -> "Trajectories":
        """Return the trajectories of the given rows, which must be different, as a batch."""
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
        """Return the single steps from the given states, stops included, as rows of two columns.

        A stop is a row too: in a state without legal edges it is all that can be learned.
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
        single.action[k:] = NO_ACTION  # in place: `_of_states` has copied the tensor
        return single

    def _of_states(
        self,
        states: Int[Tensor, " k"],
        *,
        position: Int[Tensor, " k"],
        shape: tuple[int, int],
        final: State | None,
    ) -> "Trajectories":
        """Return the chosen states, at new places of a new grid."""
        of_each = {
            field.name: getattr(self, field.name)[states]
            for field in fields(self)
            if field.name not in ("position", "shape", "final")
        }
        return Trajectories(**of_each, position=position, shape=shape, final=final)

    def distinct_states(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " m"]]:
        """Return the index of one copy of each distinct state, and for each of the m states which one it is."""
        return self.observation.distinct()

    @property
    def num_bytes(self) -> int:
        """Memory of the observations, nearly all of the memory, in bytes."""
        return self.observation.num_bytes
