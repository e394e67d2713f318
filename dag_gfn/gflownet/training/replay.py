"""Past trajectories, kept to learn from more than once."""

from collections import deque

import torch

from dag_gfn.gflownet.env.trajectories import Trajectories


class TrajectoryReplay:
    """The most recent batches of trajectories; training draws rows of one of them at a time.

    Off-policy objectives are right for trajectories of any origin. Learning from each batch several times
    costs less than building a new one, and drawing from many batches breaks the correlation between steps.

    Parameters
    ----------
    max_batches : int
        Batches kept, the oldest going first.
    max_bytes : int
        Memory that they may take; the newest batch is kept in any case.
    """

    def __init__(self, max_batches: int, *, max_bytes: int = 2**29):
        self.max_bytes = max_bytes
        self.batches: deque[Trajectories] = deque(maxlen=max_batches)

    def __len__(self) -> int:
        return len(self.batches)

    def add(self, trajectories: Trajectories) -> None:
        """Keep one more batch, and forget the oldest beyond the limits."""
        self.batches.append(trajectories)
        while len(self.batches) > 1 and sum(batch.num_bytes for batch in self.batches) > self.max_bytes:
            self.batches.popleft()

    def sample(self, num_rows: int, *, generator: torch.Generator) -> Trajectories:
        """Return up to `num_rows` different trajectories out of one batch, both drawn uniformly."""
        device = generator.device
        chosen = self.batches[int(torch.randint(len(self.batches), (1,), generator=generator, device=device))]
        rows = torch.randperm(chosen.shape[0], generator=generator, device=device)[:num_rows]
        return chosen.select(rows)

    def sample_transitions(self, num_rows: int, *, generator: torch.Generator) -> Trajectories:
        """Return single steps out of one batch, about as many as `num_rows` of its trajectories have."""
        device = generator.device
        chosen = self.batches[int(torch.randint(len(self.batches), (1,), generator=generator, device=device))]
        steps = len(chosen.action)
        wanted = max(1, num_rows * steps // chosen.shape[0])
        return chosen.transitions(torch.randperm(steps, generator=generator, device=device)[:wanted])
