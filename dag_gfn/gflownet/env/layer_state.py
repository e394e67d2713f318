"""States of the environment of root layerings: the layers, and what each node may still contribute."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.rows import distinct_words


@dataclass(frozen=True)
class LayerState(State):
    """A batch of root layerings under construction, and what each node may still contribute to the reward.

    U are the nodes of closed layers, Q those of the last closed layer, C those of the open layer.

    Attributes
    ----------
    layer_of : Tensor, shape (b, d), int64
        Layer of each node, 0 for the roots; -1 if it is not placed yet.
    closed : Tensor, shape (b,), int64
        Number of closed layers.
    log_now : Tensor, shape (b, d), float64
        log g_v(U, Q), the gain of placing the node in the open layer, in nats. Where the difference of weights that
        defines it nearly cancels, this is an upper bound; `RootLayers.step` then computes the exact gain.
    log_within : Tensor, shape (b, d), float64
        log ŵ_v(U), the log-weight of all parent sets in closed layers.
    log_next : Tensor, shape (b, d), float64
        log ŵ_v(U ∪ C), the log-weight once the open layer is closed.
    dead : Tensor, shape (b,), bool
        Whether no DAG has this layering: some nodes can never be placed, or one has no possible parent set.
    legal : Tensor, shape (b, d + 2), bool
        Legal actions: adding each node to the open layer, closing it, stopping.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> environment = RootLayers(LayerWeights.of(np.zeros((2, 2))))
    >>> state = environment.step(environment.initial_state(1), torch.tensor([1]))  # node 1 is a root
    >>> state.layer_of.tolist(), state.closed.tolist()
    ([[-1, 0]], [0])
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
        """log R of each layering; -inf of dead ends, whose `log_reward` is finite because training needs it."""
        return self.log_reward.masked_fill(self.dead, -torch.inf)

    @property
    def outcome(self) -> Int[Tensor, "b d"]:
        """The field `layer_of`."""
        return self.layer_of

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return the row of one copy of each distinct (U, Q, C), and for every row which distinct one it is.

        The three sets determine everything that a policy sees. A node takes two bits: it is in U but not in Q, in Q,
        in C, or unplaced. From 32 nodes on these do not fit in one word: all rows count as distinct.
        """
        d = self.layer_of.shape[1]
        if 2 * d > 63:
            return super().distinct()
        closed = self.closed.unsqueeze(1)
        where = (self.layer_of - closed + 2).clamp_min(0)  # 0: earlier, 1: Q, 2: C
        where = where.where(self.layer_of >= 0, 3)
        return distinct_words((where << 2 * torch.arange(d, device=where.device)).sum(1))
