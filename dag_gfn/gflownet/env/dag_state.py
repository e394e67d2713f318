"""A batch of DAGs under construction, with all that the next step needs."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.rows import distinct_words


def unpack_bits(masks: Int[Tensor, "b d"]) -> Bool[Tensor, "b d d"]:
    """Return ``bits[k, i, j]``, whether bit i of ``masks[k, j]`` is set."""
    nodes = torch.arange(masks.shape[1], device=masks.device)
    return ((masks.unsqueeze(1) >> nodes[:, None]) & 1).bool()


@dataclass(frozen=True)
class DagState(State):
    """A batch of DAGs, as bitmasks, with their ancestor closure and the score gain of every edge.

    Attributes
    ----------
    parents : Tensor, shape (b, d), int64
        Bit i of ``parents[k, j]`` is set where i -> j in graph k.
    ancestors : Tensor, shape (b, d), int64
        Bit i of ``ancestors[k, j]`` is set where i = j or i reaches j: reflexive reachability.
    gains : Tensor, shape (b, d, d), float64
        ``gains[k, i, j] = log R(G_k + i->j) - log R(G_k)`` in nats, -inf where the edge is present, i = j, or
        the larger parent set has no support. A cycle is not looked at here.
    """

    parents: Int[Tensor, "b d"]
    ancestors: Int[Tensor, "b d"]
    gains: Float[Tensor, "b d d"]

    @property
    def outcome(self) -> Int[Tensor, "b d"]:
        """The parents, which are all that is to be known of a finished graph."""
        return self.parents

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return a row of each distinct graph, and which of these each row is.

        Up to 7 nodes, where they fit in one word; beyond, all count as distinct.
        """
        d = self.parents.shape[1]
        if d * d > 63:
            return super().distinct()
        places = d * torch.arange(d, device=self.parents.device)
        return distinct_words((self.parents << places).sum(1))

    @property
    def adjacency(self) -> Bool[Tensor, "b d d"]:
        """``adjacency[k, i, j]`` is True where i -> j in graph k."""
        return unpack_bits(self.parents)

    @property
    def ancestor(self) -> Bool[Tensor, "b d d"]:
        """``ancestor[k, i, j]`` is True where i = j or i reaches j in graph k."""
        return unpack_bits(self.ancestors)


def add_edge(
    ancestors: Int[Tensor, "b d"], source: Int[Tensor, " b"], target: Int[Tensor, " b"]
) -> Int[Tensor, "b d"]:
    """Return the reflexive ancestor masks after adding ``source -> target`` to each graph.

    Whoever has the target among its ancestors gains the source's: O(d) words for the O(d^2) closure. With
    ``source == target`` nothing changes.
    """
    descends = (ancestors >> target.unsqueeze(1)) & 1  # (b, d), 1 where the node is the target or below it
    return ancestors | (-descends & ancestors.gather(1, source.unsqueeze(1)))


def closure(parents: Int[Tensor, "b d"]) -> Int[Tensor, "b d"]:
    """Return the reflexive ancestor masks of graphs given by their parent masks (Warshall on words)."""
    ancestors = parents | (1 << torch.arange(parents.shape[1], device=parents.device))
    for k in range(parents.shape[1]):
        below = (ancestors >> k) & 1  # (b, d), 1 where k is among the node's ancestors
        ancestors = ancestors | (-below & ancestors[:, k : k + 1])
    return ancestors
