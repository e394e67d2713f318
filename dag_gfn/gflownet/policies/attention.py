"""Attention among the nodes of a graph, biased by what is known of each pair of them."""

from collections.abc import Callable
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from dag_gfn.gflownet.policies.policy import Observation

_SMALL = 0.5
_PAIRS_TOGETHER = 2**20

Outcome = TypeVar("Outcome")


class AttentionBlock(nn.Module):
    r"""A layer of a transformer whose tokens are nodes.

    Each head attends from node u to node w with weights
    :math:`\mathrm{softmax}_w(q_u \cdot k_w / \sqrt{m} + \beta \cdot e_{uw})`, where :math:`e_{uw}` are features of the
    pair and m is the size of a head; a perceptron on each node follows. Both are added to what they read, normalised.
    Relabelling the nodes relabels what comes out.

    Parameters
    ----------
    width : int
        Numbers that a node carries; a multiple of `num_heads`.
    num_heads : int
    num_pair_features : int

    References
    ----------
    Xiong et al., On Layer Normalization in the Transformer Architecture, ICML 2020 (normalised first); Ying et al., Do
    Transformers Really Perform Bad for Graph Representation?, NeurIPS 2021, section 3.1.2 (biases of pairs).
    """

    def __init__(self, width: int, num_heads: int, num_pair_features: int):
        super().__init__()
        self.num_heads = num_heads
        self.before_attention, self.before_body = nn.LayerNorm(width), nn.LayerNorm(width)
        self.read = nn.Linear(width, 3 * width, bias=False)
        self.bias = nn.Linear(num_pair_features, num_heads, bias=False)
        self.write = nn.Linear(width, width)
        self.body = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        with torch.no_grad():
            self.write.weight.mul_(_SMALL)
            self.body[-1].weight.mul_(_SMALL)

    def forward(
        self, nodes: Float[Tensor, "b d w"], pairs: Float[Tensor, "b f d d"]
    ) -> Float[Tensor, "b d w"]:
        """Return what each node carries afterwards.

        Parameters
        ----------
        nodes : Tensor, shape (b, d, width)
        pairs : Tensor, shape (b, f, d, d)
            ``[k, :, u, w]`` are the features of node w as node u sees it.
        """
        b, d, width = nodes.shape
        heads = self.read(self.before_attention(nodes)).view(b, d, 3, self.num_heads, width // self.num_heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        bias = (self.bias.weight @ pairs.flatten(2)).view(b, self.num_heads, d, d)
        seen = scaled_dot_product_attention(query, key, value, attn_mask=bias)
        nodes = nodes + self.write(seen.transpose(1, 2).reshape(b, d, width))
        return nodes + self.body(self.before_body(nodes))


def in_parts(network: Callable[[Observation], Outcome], states: Observation, num_nodes: int) -> list[Outcome]:
    """Return what a network makes of states, in parts whose pairs of nodes fit in some hundred megabytes.

    Where there are several and gradients are kept, each part is worked out anew when its gradients are taken.
    """
    size = max(_PAIRS_TOGETHER // num_nodes**2, 1)
    parts = [states[first : first + size] for first in range(0, max(len(states), 1), size)]
    if len(parts) == 1 or not torch.is_grad_enabled():
        return [network(part) for part in parts]
    return [checkpoint(network, part, use_reentrant=False, preserve_rng_state=False) for part in parts]
