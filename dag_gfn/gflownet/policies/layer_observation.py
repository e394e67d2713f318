"""Root layerings under construction, as a policy sees them."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.policies.policy import Observation, distinct_bits


@dataclass(frozen=True)
class LayerObservation(Observation):
    """Which nodes are where, and what share of its weight each has left.

    The weight of a node is that of all its parent sets. U are the nodes of closed layers, Q those of the last of these,
    C those of the open layer.

    Attributes
    ----------
    legal : Tensor, shape (b, d + 2), bool
        Legal actions: to add each node to the open layer, to close it, to stop.
    placed, last, open : Tensor, shape (b, d), bool
        Membership of U, Q and C.
    now : Tensor, shape (b, d), float32
        Log-share of the parent sets that the node would have in the open layer: those within U that meet Q.
    later : Tensor, shape (b, d), float32
        Log-share of those that it can only have in a later layer: not within U.
    beyond : Tensor, shape (b, d), float32
        Log-share of those not within U and C together, which only layers after the next allow.
    clash : Tensor, shape (b, d), float32
        What cycles of two will cost each node that is left out, in nats, at most 0; see
        `dag_gfn.gflownet.policies.independent_nodes.log_no_pair`.
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
        """Return a row of each distinct (U, Q, C), by which all else is determined, and which of these each row is.

        Where the three do not fit in one word (from 22 nodes on) hardly two are alike, and all count as distinct.
        """
        if 3 * self.placed.shape[1] > 63:
            return super().distinct()
        return distinct_bits(torch.cat([self.placed, self.last, self.open], dim=1))

    @property
    def left(self) -> Bool[Tensor, "b d"]:
        """The nodes that are in no layer yet."""
        return ~(self.placed | self.open)

    @property
    def addable(self) -> Bool[Tensor, "b d"]:
        """The nodes that can be added to the open layer."""
        return self.legal[:, : self.now.shape[1]]
