"""A multilayer perceptron on the adjacency matrix and the score gains of the legal edges."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from dag_gfn.policies.policy import Observation

_MAX_NODES_WITH_SKIP = 20
_NATS = 10.0
"""Gains of this size are of order one to the network, and so are logits."""


class MLPPolicy(nn.Module):
    r"""Logits of all actions from what is seen of the whole graph, as a correction of what the scores say.

    Were the pairs of nodes independent of one another, a pair with gains g of i -> j and g' of j -> i would be linked
    by i -> j with probability :math:`e^g / (1 + e^g + e^{g'})`, and stopping right only if no pair were
    linked. The logs of these are where the network starts from, and it learns the difference, which is of moderate
    size. It sees adjacency, legal edges and their gains, squashed by asinh and, since gains reach
    over hundreds of nats, as :math:`\log(1 + e^g)` in tens of nats; beside the perceptron, up to 20 nodes, a linear map
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
        # d^4 weights: beyond this size they would be most of the network
        self.skip = nn.Linear(3 * pairs, actions, bias=False) if num_nodes <= _MAX_NODES_WITH_SKIP else None
        self.stop_scale = nn.Parameter(torch.ones(()))  # pairs that share nodes promise less than their sum
        with torch.no_grad():  # begin near what the scores say
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()
            if self.skip is not None:
                self.skip.weight.zero_()

    def forward(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d*d + 1), stop last."""
        adjacency = observation.adjacency.flatten(1).float()
        legal = observation.legal.flatten(1).float()
        gains = observation.gains.flatten(1)
        promise = softplus(gains) * legal / _NATS
        hidden = self.body(torch.cat([adjacency, legal, gains.asinh(), promise], dim=1))
        logits = independent_pairs(observation, self.stop_scale) + self.head(hidden)
        if self.skip is not None:
            logits = logits + _NATS * self.skip(torch.cat([adjacency, gains / _NATS, promise], dim=1))
        return logits


def independent_pairs(observation: Observation, stop_scale: Float[Tensor, ""]) -> Float[Tensor, "b a"]:
    r"""Return log-probabilities of each edge, and of no edge, as if pairs of nodes were independent.

    With gains g and g' of the two directions (-inf where illegal) and :math:`Z = 1 + e^g + e^{g'}`: that of i -> j is
    :math:`g - \log Z`, and that of stopping minus the sum of log Z over pairs, times `stop_scale`. No edge is put
    below -10: pairs are not independent, and what a poor direction loses other edges may bring back.
    """
    gains = observation.gains.masked_fill(~observation.legal, -torch.inf)
    either = torch.logaddexp(softplus(gains), gains.transpose(1, 2))  # (b, d, d), symmetric
    edges = (gains - either).clamp_min(-_NATS).masked_fill(~observation.legal, 0.0).flatten(1)
    promise = either.sum(dim=(1, 2)) / 2
    if gains.shape[1] > _MAX_NODES_WITH_SKIP:
        # m more edges can be added to k in C(k + m, m) ways' share of the backward paths: without this, thousands
        # of pairs that promise next to nothing each would keep a large graph growing
        k = observation.adjacency.sum(dim=(1, 2)) + 1.0
        m = (1 - (-either).exp()).sum(dim=(1, 2)) / 2
        promise = (promise - ((k + m + 1).lgamma() - (k + 1).lgamma() - (m + 1).lgamma())).clamp_min(0.0)
        edges = edges - k.log().unsqueeze(1)
    stop = -stop_scale * promise
    return torch.cat([edges, stop.unsqueeze(1)], dim=1)
