"""A multilayer perceptron on the adjacency matrix and the score gains of the legal edges."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from dag_gfn.policies.policy import Observation

_NATS = 10.0
"""Gains of this size are of order one to the network, and so are logits."""


class MLPPolicy(nn.Module):
    r"""Logits of all actions from what is seen of the whole graph.

    Score gains reach over hundreds of nats and so must logits, since that of stop is about minus the gain
    still to be had. So gains come twice, squashed by asinh (where they are near zero) and as
    :math:`\log(1 + e^{gain})` in tens of nats (how much they promise), and beside the perceptron a linear map
    takes the latter straight to the logits.

    Parameters
    ----------
    num_nodes : int
    hidden_size : int
        Units of a hidden layer.
    num_layers : int
        Hidden layers.
    """

    def __init__(self, num_nodes: int, *, hidden_size: int = 256, num_layers: int = 2):
        super().__init__()
        pairs, actions = num_nodes**2, num_nodes**2 + 1
        widths = [4 * pairs] + [hidden_size] * num_layers
        hidden = [
            layer
            for width, following in pairwise(widths)
            for layer in (nn.Linear(width, following), nn.ReLU())
        ]
        self.body = nn.Sequential(*hidden)
        self.head = nn.Linear(hidden_size, actions)
        self.skip = nn.Linear(3 * pairs, actions, bias=False)
        with torch.no_grad():  # begin near the uniform policy
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()
            self.skip.weight.zero_()

    def forward(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d*d + 1), stop last."""
        adjacency = observation.adjacency.flatten(1).float()
        legal = observation.legal.flatten(1).float()
        gains = observation.gains.flatten(1)
        promise = softplus(gains) * legal / _NATS
        hidden = self.body(torch.cat([adjacency, legal, gains.asinh(), promise], dim=1))
        straight = self.skip(torch.cat([adjacency, gains / _NATS, promise], dim=1))
        return self.head(hidden) + _NATS * straight
