"""A batch of root layerings under construction."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.rows import distinct_words


@dataclass(frozen=True)
class LayerState(State):
    """A batch of root layerings under construction, and what each node may still contribute.

    U are the nodes of closed layers, Q those of the last of these, C those of the open layer.

    Attributes
    ----------
    layer_of : Tensor, shape (b, d), int64
        Number of each node's layer, 0 for the roots; -1 where it has not been placed.
    closed : Tensor, shape (b,), int64
        Number of closed layers.
    log_now : Tensor, shape (b, d), float64
        log g_v(U, Q), what placing the node in the open layer contributes, in nats. A bound where
        :class:`dag_gfn.gflownet.env.root_layers.RootLayers` says so.
    log_within : Tensor, shape (b, d), float64
        log ŵ_v(U), the weight of all parent sets in closed layers.
    log_next : Tensor, shape (b, d), float64
        log ŵ_v(U ∪ C), the same once the open layer is closed.
    dead : Tensor, shape (b,), bool
        Whether no DAG can come of it: nodes are left that can never be placed, or one was placed where it has no
        possible parent set.
    legal : Tensor, shape (b, d + 2), bool
        Legal actions: to add each node to the open layer, to close it, to stop.
    """

    layer_of: Int[Tensor, "b d"]
    closed: Int[Tensor, " b"]
    log_now: Float[Tensor, "b d"]
    log_within: Float[Tensor, "b d"]
    log_next: Float[Tensor, "b d"]
    dead: Bool[Tensor, " b"]
    legal: Bool[Tensor, "b a"]

    @property
    def log_final_reward(self) -> Float[Tensor, " b"]:
        """Return log R of each layering; -inf of dead ends, whose `log_reward` is finite for training's sake."""
        return self.log_reward.masked_fill(self.dead, -torch.inf)

    @property
    def outcome(self) -> Int[Tensor, "b d"]:
        """The layers, which are all that is to be known of a finished layering."""
        return self.layer_of

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return a row of each distinct (U, Q, C), and which of these each row is; up to 31 nodes.

        By these three all that a policy sees is determined. Each node is in one of four places, two bits: in U but
        not in Q, in Q, in C, or in none. Where these do not fit in one word all count as distinct.
        """
        d = self.layer_of.shape[1]
        if 2 * d > 63:
            return super().distinct()
        closed = self.closed.unsqueeze(1)
        where = (self.layer_of - closed + 2).clamp_min(0)  # 0: earlier, 1: Q, 2: C
        where = where.where(self.layer_of >= 0, 3)
        return distinct_words((where << 2 * torch.arange(d, device=where.device)).sum(1))
