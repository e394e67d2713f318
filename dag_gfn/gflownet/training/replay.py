"""Replay: past trajectories that training learns from more than once."""

from collections import deque

import torch

from dag_gfn.gflownet.env.trajectories import Trajectories


class TrajectoryReplay:
    """The most recent batches of trajectories; a gradient step draws rows of one of them.

    Off-policy objectives hold for trajectories of any origin. To learn from a batch several times costs less than to
    build a new one, and drawing from many batches reduces the correlation between steps.

    Parameters
    ----------
    max_batches : int
        Batches that are kept; the oldest is dropped first.
    max_bytes : int
        Memory that they may take; the newest batch is always kept.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.rollouts import rollout
    >>> from dag_gfn.gflownet.training.replay import TrajectoryReplay
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> generator, replay = torch.Generator().manual_seed(0), TrajectoryReplay(max_batches=2)
    >>> for _ in range(3):
    ...     replay.add(rollout(environment, UniformPolicy(), 8, generator=generator))
    >>> len(replay), replay.sample(5, generator=generator).shape[0]
    (2, 5)
    """

    def __init__(self, max_batches: int, *, max_bytes: int = 2**29):
        self.max_bytes = max_bytes
        self.batches: deque[Trajectories] = deque(maxlen=max_batches)

    def __len__(self) -> int:
        return len(self.batches)

    def add(self, trajectories: Trajectories) -> None:
        """Add a batch, and drop the oldest ones beyond the limits."""
        self.batches.append(trajectories)
        while len(self.batches) > 1 and sum(batch.num_bytes for batch in self.batches) > self.max_bytes:
            self.batches.popleft()

    def sample(
        self, num_rows: int, *, generator: torch.Generator, choices: torch.Generator | None = None
    ) -> Trajectories:
        """Draw a batch, and return up to `num_rows` different trajectories of it.

        The batch is drawn by `choices`, on the CPU if training should not wait for a GPU; by default by `generator`.
        """
        chosen, device = self._batch(choices or generator), generator.device
        rows = torch.randperm(chosen.shape[0], generator=generator, device=device)[:num_rows]
        return chosen.select(rows)

    def sample_transitions(
        self, num_rows: int, *, generator: torch.Generator, choices: torch.Generator | None = None
    ) -> Trajectories:
        """Draw a batch, and return different single steps of it, as many as `num_rows` trajectories have on average."""
        chosen, device = self._batch(choices or generator), generator.device
        steps = len(chosen.action)
        wanted = max(1, num_rows * steps // chosen.shape[0])
        return chosen.transitions(torch.randperm(steps, generator=generator, device=device)[:wanted])

    def _batch(self, choices: torch.Generator) -> Trajectories:
        number = torch.randint(len(self.batches), (1,), generator=choices, device=choices.device)
        return self.batches[int(number)]
