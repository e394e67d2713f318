"""Root layerings under construction, as a policy sees them: where the nodes are, and shares of their weights."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.policies.policy import Observation
from dag_gfn.gflownet.policies.rows import distinct_bits


@dataclass(frozen=True)
class LayerObservation(Observation):
    """A batch of root layerings under construction, with the share of its weight that each node may still have.

    The weight of a node is the sum over all its parent sets. U are the nodes of closed layers, Q those of the last
    closed layer, C those of the open layer. Shares are of the node's weight.

    Attributes
    ----------
    legal : Tensor, shape (b, d + 2), bool
        Legal actions: adding each node to the open layer, closing it, stopping.
    placed, last, open : Tensor, shape (b, d), bool
        Membership of U, Q and C.
    now : Tensor, shape (b, d), float32
        Log-share of the parent sets that the node would have in the open layer: subsets of U that contain a node
        of Q.
    later : Tensor, shape (b, d), float32
        Log-share of the parent sets that only a later layer allows: no subsets of U.
    beyond : Tensor, shape (b, d), float32
        Log-share of the parent sets that not even the next layer allows: no subsets of U and C together.
    clash : Tensor, shape (b, d), float32
        Log-probability that an unplaced node is in no cycle of two, in nats
        (`dag_gfn.gflownet.policies.independent_nodes.log_no_pair`).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> environment = RootLayers(LayerWeights.of(np.zeros((2, 2))))  # two nodes, each parent set of weight 1
    >>> seen = environment.observe(environment.initial_state(1))
    >>> seen.now.exp().tolist(), seen.later.exp().tolist(), seen.legal.int().tolist()
    ([[0.5, 0.5]], [[0.5, 0.5]], [[1, 1, 0, 0]])
    """

    legal: Bool[Tensor, "b a"]
    placed: Bool[Tensor, "b d"]
    last: Bool[Tensor, "b d"]
    open: Bool[Tensor, "b d"]
    now: Float[Tensor, "b d"]
    later: Float[Tensor, "b d"]
    beyond: Float[Tensor, "b d"]
    clash: Float[Tensor, "b d"]

    @property
    def legal_actions(self) -> Bool[Tensor, "b a"]:
        """The field `legal`."""
        return self.legal

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return the row of one copy of each distinct (U, Q, C), and for every row which distinct one it is.

        The three sets determine all other fields. From 22 nodes on they do not fit in one word and duplicates are
        rare: all rows count as distinct.
        """
        if 3 * self.placed.shape[1] > 63:
            return super().distinct()
        return distinct_bits(torch.cat([self.placed, self.last, self.open], dim=1))

    @property
    def left(self) -> Bool[Tensor, "b d"]:
        """The unplaced nodes."""
        return ~(self.placed | self.open)

    @property
    def addable(self) -> Bool[Tensor, "b d"]:
        """The nodes that can be added to the open layer."""
        return self.legal[:, : self.now.shape[1]]
