"""A transformer on the nodes of a DAG under construction, for adding edges."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu, softplus

from dag_gfn.gflownet.policies.attention import AttentionBlock, in_parts
from dag_gfn.gflownet.policies.mlp import independent_pairs
from dag_gfn.gflownet.policies.policy import EdgeObservation

_NATS = 10.0
"""Gains of this size are of order one to the network, and so are logits."""
_NUM_PAIR_FEATURES = 8


class TransformerPolicy(nn.Module):
    r"""Logits of all actions as a correction of what the scores say, by attention among the nodes.

    It starts where `MLPPolicy` does, as if pairs of nodes were independent, and sees the same of each pair, in both
    directions: adjacency, whether the edge is legal, and its gain g as asinh g and :math:`\log(1 + e^g)`. Nodes
    begin as means over their pairs, each with an embedding of its own added, and attend to one another with biases of
    the pairs. Of i -> j the head is a hidden layer, on what the nodes carry and on the pair.

    Parameters
    ----------
    num_nodes : int
    width : int
        Numbers that a node carries, and twice the units of the pairs' hidden layer.
    num_layers, num_heads : int
    """

    def __init__(
        self,
        num_nodes: int,
        *,
        width: int = 64,
        num_layers: int = 2,
        num_heads: int = 4,
    ):
        super().__init__()
        self.embedding = nn.Linear(_NUM_PAIR_FEATURES, width)
        self.identity = nn.Parameter(0.3 * torch.randn(num_nodes, width))
        self.blocks = nn.ModuleList(
            AttentionBlock(width, num_heads, _NUM_PAIR_FEATURES) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(width)
        self.source, self.target = nn.Linear(width, width // 2), nn.Linear(width, width // 2, bias=False)
        self.pair = nn.Linear(_NUM_PAIR_FEATURES, width // 2, bias=False)
        self.edge = nn.Linear(width // 2, 1)
        self.edge_skip = nn.Linear(_NUM_PAIR_FEATURES, 1, bias=False)
        self.pool = nn.Linear(width, width)
        self.stop = nn.Linear(width, 1)
        self.stop_scale = nn.Parameter(torch.ones(()))  # pairs that share nodes promise less than their sum
        with torch.no_grad():  # begin near what the scores say
            for head in (self.edge, self.stop):
                head.weight.mul_(0.1)
                head.bias.zero_()
            self.edge_skip.weight.zero_()

    def forward(self, observation: EdgeObservation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d*d + 1), stop last."""
        return torch.cat(in_parts(self._logits, observation, len(self.identity)))

    def _logits(self, observation: EdgeObservation) -> Float[Tensor, "b a"]:
        pairs = _pair_features(observation)
        nodes = self.embedding(pairs.mean(3).transpose(1, 2)) + self.identity
        for block in self.blocks:
            nodes = block(nodes, pairs)
        nodes = self.norm(nodes)
        pairs = pairs.permute(0, 2, 3, 1)
        hidden = self.source(nodes).unsqueeze(2) + self.target(nodes).unsqueeze(1) + self.pair(pairs)
        edges = self.edge(relu(hidden)) + _NATS * self.edge_skip(pairs)
        stop = self.stop(relu(self.pool(nodes.mean(1))))
        return independent_pairs(observation, self.stop_scale) + torch.cat([edges.flatten(1), stop], dim=1)


def _pair_features(observation: EdgeObservation) -> Float[Tensor, "b f d d"]:
    """Return what is seen of i -> j, and of j -> i, at [k, :, i, j]."""
    gains = observation.gains
    seen = torch.stack(
        [
            observation.adjacency.float(),
            observation.legal.float(),
            gains.asinh(),
            softplus(gains) * observation.legal / _NATS,
        ],
        dim=1,
    )
    return torch.cat([seen, seen.transpose(2, 3)], dim=1)
