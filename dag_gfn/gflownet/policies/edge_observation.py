"""DAGs under construction by edges, as a policy sees them."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.policies.policy import Observation
from dag_gfn.gflownet.policies.rows import distinct_bits


@dataclass(frozen=True)
class EdgeObservation(Observation):
    """A batch of DAGs under construction, with the edges that may be added and their score gains.

    Attributes
    ----------
    adjacency : Tensor, shape (b, d, d), bool
        ``adjacency[k, i, j]`` is True where i -> j in graph k.
    legal : Tensor, shape (b, d, d), bool
        Edges that may be added. Stopping is always legal and is not listed.
    gains : Tensor, shape (b, d, d), float32
        Score gain of each legal edge in nats, 0 elsewhere.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> adjacency = torch.tensor([[[False, True], [False, False]]])  # 0 -> 1, so that no edge may follow
    >>> seen = EdgeObservation(adjacency, torch.zeros_like(adjacency), torch.zeros(1, 2, 2))
    >>> seen.legal_actions.tolist()
    [[False, False, False, False, True]]
    """

    adjacency: Bool[Tensor, "b d d"]
    legal: Bool[Tensor, "b d d"]
    gains: Float[Tensor, "b d d"]

    @property
    def legal_actions(self) -> Bool[Tensor, "b a"]:
        """Whether each edge, in row-major order, may be added, and True for the stop, which is last."""
        return with_stop(self.legal)

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return the row of one copy of each distinct graph, and for every row which distinct graph it is.

        From 8 nodes on a graph does not fit in one word and duplicates are rare: all rows count as distinct.
        """
        adjacency = self.adjacency.flatten(1)
        if adjacency.shape[1] > 63:
            return super().distinct()
        return distinct_bits(adjacency)


def with_stop(legal: Bool[Tensor, "b d d"]) -> Bool[Tensor, "b a"]:
    """Return the legal actions of each row: the edges in row-major order, and the stop, always legal, last.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_observation import with_stop
    >>> with_stop(torch.tensor([[[False, True], [False, False]]])).int().tolist()
    [[0, 1, 0, 0, 1]]
    """
    return torch.cat([legal.flatten(1), legal.new_ones(legal.shape[0], 1)], dim=1)
