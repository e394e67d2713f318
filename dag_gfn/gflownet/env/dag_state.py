"""States of the environment that adds edges: DAGs as bitmasks, their ancestor closure, and the gains of all edges."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.rows import distinct_words


def unpack_bits(masks: Int[Tensor, "b d"]) -> Bool[Tensor, "b d d"]:
    """Return ``bits[k, i, j]``, whether bit i of ``masks[k, j]`` is set.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.dag_state import unpack_bits
    >>> unpack_bits(torch.tensor([[0, 0b01]])).int().tolist()  # node 1 has the parent 0
    [[[0, 1], [0, 0]]]
    """
    nodes = torch.arange(masks.shape[1], device=masks.device)
    return ((masks.unsqueeze(1) >> nodes[:, None]) & 1).bool()


@dataclass(frozen=True)
class DagState(State):
    """A batch of DAGs with their ancestor closure and the score gain of every edge.

    Attributes
    ----------
    parents : Tensor, shape (b, d), int64
        Bit i of ``parents[k, j]`` is set where i -> j in graph k.
    ancestors : Tensor, shape (b, d), int64
        Bit i of ``ancestors[k, j]`` is set where i = j or i reaches j: reflexive reachability.
    gains : Tensor, shape (b, d, d), float64
        ``gains[k, i, j] = log R(G_k + i->j) - log R(G_k)`` in nats, -inf where the edge is present, i = j, or the
        larger parent set has score -inf. Edges that would close a cycle are not excluded.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.dag_state import DagState, closure
    >>> parents = torch.tensor([[0, 0b001, 0b010]])  # 0 -> 1 -> 2
    >>> state = DagState(torch.zeros(1).double(), parents, closure(parents), torch.zeros(1, 3, 3).double())
    >>> state.ancestor[0].int().tolist()
    [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    """

    parents: Int[Tensor, "b d"]
    ancestors: Int[Tensor, "b d"]
    gains: Float[Tensor, "b d d"]

    @property
    def outcome(self) -> Int[Tensor, "b d"]:
        """The field `parents`."""
        return self.parents

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return the row of one copy of each distinct graph, and for every row which distinct graph it is.

        From 8 nodes on a graph does not fit in one word: all rows count as distinct.
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
    """Return the reflexive ancestor masks after ``source -> target`` has been added to each graph.

    The target and its descendants get the ancestors of the source: O(d) operations on words. With
    ``source == target`` nothing changes.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.dag_state import add_edge
    >>> ancestors = torch.tensor([[0b001, 0b010, 0b110]])  # 1 -> 2
    >>> [bin(mask) for mask in add_edge(ancestors, torch.tensor([0]), torch.tensor([1]))[0].tolist()]  # 0 -> 1 -> 2
    ['0b1', '0b11', '0b111']
    """
    descends = (
        ancestors >> target.unsqueeze(1)
    ) & 1  # (b, d), 1 where the node is the target or its descendant
    return ancestors | (-descends & ancestors.gather(1, source.unsqueeze(1)))


def closure(parents: Int[Tensor, "b d"]) -> Int[Tensor, "b d"]:
    """Return the reflexive ancestor masks of graphs that are given by their parent masks (Warshall's algorithm).

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.dag_state import closure
    >>> [bin(mask) for mask in closure(torch.tensor([[0, 0b001, 0b010]]))[0].tolist()]  # 0 -> 1 -> 2
    ['0b1', '0b11', '0b111']
    """
    ancestors = parents | (1 << torch.arange(parents.shape[1], device=parents.device))
    for k in range(parents.shape[1]):
        below = (ancestors >> k) & 1  # (b, d), 1 where k is among the node's ancestors
        ancestors = ancestors | (-below & ancestors[:, k : k + 1])
    return ancestors
