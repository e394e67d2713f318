"""A transformer for adding edges, whose tokens are the nodes of the DAG under construction."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu, softplus

from dag_gfn.gflownet.policies.attention import AttentionBlock, in_parts
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.independent_pairs import independent_pairs
from dag_gfn.gflownet.policies.perceptron import start_small

_NATS = 10.0
"""The network reads gains and returns logits in this unit."""
_NUM_PAIR_FEATURES = 8


class EdgeTransformer(nn.Module):
    r"""A transformer that corrects the logits of independent pairs of nodes.

    Like `EdgeMLP` it starts from `dag_gfn.gflownet.policies.independent_pairs`. The features of a pair are, in both
    directions, the adjacency, whether the edge is legal, and its gain g as asinh g and :math:`\log(1 + e^g)`. A token
    is the embedded mean over the pairs of a node, plus an embedding of that node. Attention is biased by the features
    of the pairs. The logit of i -> j comes from a hidden layer on both tokens and on the features of their pair.

    Parameters
    ----------
    num_nodes : int
    width : int
        Features of a token; the hidden layer of a pair has half as many units.
    num_layers, num_heads : int

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> from dag_gfn.gflownet.policies.edge_transformer import EdgeTransformer
    >>> from dag_gfn.gflownet.policies.masking import masked_log_softmax
    >>> empty, legal = torch.zeros(1, 2, 2, dtype=torch.bool), ~torch.eye(2, dtype=torch.bool)[None]
    >>> seen = EdgeObservation(empty, legal, torch.tensor([[[0.0, 5.0], [0.0, 0.0]]]))  # 0 -> 1 gains 5 nats
    >>> _ = torch.manual_seed(0)
    >>> log_p = masked_log_softmax(EdgeTransformer(2, width=16)(seen), seen.legal_actions)
    >>> log_p.shape, log_p.exp()[0, 1].item() > 0.9
    (torch.Size([1, 5]), True)
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
        self.stop_scale = nn.Parameter(torch.ones(()))  # pairs share nodes, so their gains do not add up
        start_small(self.edge, self.stop, skip=self.edge_skip)  # near the logits of independent pairs

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
    """Return the features of i -> j, then those of j -> i, at ``[k, :, i, j]``."""
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
