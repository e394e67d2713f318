"""A transformer whose tokens are the nodes of a root layering."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import relu

from dag_gfn.gflownet.policies.attention import AttentionBlock, in_parts
from dag_gfn.gflownet.policies.independent_nodes import log_available, log_spare
from dag_gfn.gflownet.policies.layer_network import NUM_FEATURES, LayerNetwork, node_features
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.gflownet.policies.perceptron import start_small

_NUM_PAIR_FEATURES = 4


class LayerTransformer(LayerNetwork):
    """A transformer whose tokens are nodes; a linear map of the features is added to its log-odds.

    A token is the embedded features of a node, plus an embedding of that node.

    Attention is biased by four features of each pair of nodes: the share of the parent sets of either node that contain
    the other, among all its parent sets, and, if both are unplaced, among the parent sets that it may still have.

    Parameters
    ----------
    log_all : Tensor, shape (d,)
    log_without : Tensor, shape (d, d)
        As for `LayerNetwork`.
    width : int
        Features of a token.
    num_layers, num_heads : int

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.policies.layer_transformer import LayerTransformer
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> environment = RootLayers(LayerWeights.of(np.zeros((2, 2))))
    >>> _ = torch.manual_seed(0)
    >>> network = LayerTransformer(environment.log_all, environment.log_without, width=8)
    >>> network(environment.observe(environment.initial_state(1))).shape  # two nodes, closing, stopping
    torch.Size([1, 4])
    """

    def __init__(
        self,
        log_all: Float[Tensor, " d"],
        log_without: Float[Tensor, "d d"],
        *,
        width: int = 64,
        num_layers: int = 2,
        num_heads: int = 4,
    ):
        super().__init__(log_all, log_without)
        d = len(log_all)
        self.embedding = nn.Linear(NUM_FEATURES, width)
        self.identity = nn.Parameter(0.3 * torch.randn(d, width))
        self.blocks = nn.ModuleList(
            AttentionBlock(width, num_heads, _NUM_PAIR_FEATURES) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(width)
        self.ready = nn.Linear(width, 1)
        self.ready_skip = nn.Linear(NUM_FEATURES * d, d, bias=False)
        self.pool = nn.Linear(2 * width, width)
        self.value = nn.Linear(width, 1)
        start_small(self.ready, self.value, skip=self.ready_skip)

    def corrections(
        self, observation: LayerObservation, features: Float[Tensor, "b f d"]
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, " b"]]:
        """Return the corrections of the log-odds of each node and of the log-flow, in tens of nats."""
        # each part computes its features itself, so that checkpointing need not keep them
        ready, value = zip(*in_parts(self._corrections, observation, len(self.identity)), strict=True)
        return torch.cat(ready), torch.cat(value)

    def _corrections(self, observation: LayerObservation) -> tuple[Float[Tensor, "b d"], Float[Tensor, " b"]]:
        features = node_features(observation)
        nodes = self.embedding(features.transpose(1, 2)) + self.identity
        pairs = self._pair_features(observation)
        for block in self.blocks:
            nodes = block(nodes, pairs)
        nodes = self.norm(nodes)
        pooled = torch.cat([nodes.mean(1), (nodes * observation.left.unsqueeze(2)).mean(1)], dim=1)
        ready = self.ready(nodes).squeeze(2) + self.ready_skip(features.flatten(1))
        return ready, self.value(relu(self.pool(pooled))).squeeze(1)

    @torch.no_grad()
    def _pair_features(self, observation: LayerObservation) -> Float[Tensor, "b f d d"]:
        left = observation.left
        available = log_available(observation.now, observation.later, observation.addable)
        both = left.unsqueeze(2) & left.unsqueeze(1)
        needs = -torch.expm1(log_spare(available, self.log_without)) * both
        ever = -torch.expm1(self.log_without).expand_as(needs)
        return torch.stack([needs, needs.transpose(1, 2), ever, ever.transpose(1, 2)], dim=1)
