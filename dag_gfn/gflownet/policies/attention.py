"""One transformer layer whose tokens are nodes, with attention biased by features of each pair of nodes."""

from collections.abc import Callable
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from dag_gfn.gflownet.policies.policy import Observation

_SMALL = 0.5
"""Factor on the initial weights of the residual branches."""
_PAIRS_TOGETHER = 2**20
"""Pairs of nodes that pass the network at once; their features take some hundred megabytes."""

Seen = TypeVar("Seen", bound=Observation)
Outcome = TypeVar("Outcome")


class AttentionBlock(nn.Module):
    r"""One transformer layer whose tokens are nodes.

    Each head attends from node u to node w with weights
    :math:`\mathrm{softmax}_w(q_u \cdot k_w / \sqrt{m} + \beta \cdot e_{uw})`, where :math:`e_{uw}` are features of the
    pair and m is the size of a head. A perceptron on each node follows. Both read layer-normalised inputs, and their
    results are added to the inputs (residual connections). The layer is equivariant: a permutation of the nodes
    permutes its output.

    Parameters
    ----------
    width : int
        Features of a node; a multiple of `num_heads`.
    num_heads : int
    num_pair_features : int
        Features of a pair of nodes.

    References
    ----------
    Xiong et al., On Layer Normalization in the Transformer Architecture, ICML 2020 (layer norm before each
    branch); Ying et al., Do Transformers Really Perform Bad for Graph Representation?, NeurIPS 2021, section 3.1.2
    (attention biases from pairs).

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.attention import AttentionBlock
    >>> _ = torch.manual_seed(0)
    >>> block = AttentionBlock(width=8, num_heads=2, num_pair_features=3)
    >>> nodes, pairs = torch.randn(1, 4, 8), torch.randn(1, 3, 4, 4)
    >>> swapped = block(nodes[:, [1, 0, 2, 3]], pairs[:, :, [1, 0, 2, 3]][..., [1, 0, 2, 3]])
    >>> torch.allclose(swapped, block(nodes, pairs)[:, [1, 0, 2, 3]], atol=1e-5)  # equivariant
    True
    """

    def __init__(self, width: int, num_heads: int, num_pair_features: int):
        super().__init__()
        self.num_heads = num_heads
        self.before_attention, self.before_body = nn.LayerNorm(width), nn.LayerNorm(width)
        self.read = nn.Linear(width, 3 * width, bias=False)
        self.bias = nn.Linear(num_pair_features, num_heads, bias=False)
        self.write = nn.Linear(width, width)
        widen, narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.body = nn.Sequential(widen, nn.ReLU(), narrow)
        with torch.no_grad():
            self.write.weight.mul_(_SMALL)
            narrow.weight.mul_(_SMALL)

    def forward(
        self, nodes: Float[Tensor, "b d w"], pairs: Float[Tensor, "b f d d"]
    ) -> Float[Tensor, "b d w"]:
        """Return the new features of each node, shape (b, d, width).

        Parameters
        ----------
        nodes : Tensor, shape (b, d, width)
        pairs : Tensor, shape (b, f, d, d)
            ``[k, :, u, w]`` are the features of the pair by which node u attends to node w.
        """
        b, d, width = nodes.shape
        heads = self.read(self.before_attention(nodes)).view(b, d, 3, self.num_heads, width // self.num_heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        bias = (self.bias.weight @ pairs.flatten(2)).view(b, self.num_heads, d, d)
        seen = scaled_dot_product_attention(query, key, value, attn_mask=bias)
        nodes = nodes + self.write(seen.transpose(1, 2).reshape(b, d, width))
        return nodes + self.body(self.before_body(nodes))


def in_parts(network: Callable[[Seen], Outcome], states: Seen, num_nodes: int) -> list[Outcome]:
    """Apply a network to a large batch in parts that fit in some hundred megabytes, and return the results.

    With several parts and gradients, each part is recomputed in the backward pass (activation checkpointing).

    Parameters
    ----------
    network : callable
    states : Observation
    num_nodes : int
        A state has this number squared of pairs, which decides how many states make a part.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.attention import in_parts
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> empty = torch.zeros(300, 64, 64, dtype=torch.bool)
    >>> in_parts(len, EdgeObservation(empty, empty, empty.float()), num_nodes=64)
    [256, 44]
    """
    size = max(_PAIRS_TOGETHER // num_nodes**2, 1)
    parts = [states[first : first + size] for first in range(0, max(len(states), 1), size)]
    if len(parts) == 1 or not torch.is_grad_enabled():
        return [network(part) for part in parts]
    return [checkpoint(network, part, use_reentrant=False, preserve_rng_state=False) for part in parts]
