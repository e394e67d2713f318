"""Multilayer perceptrons on the adjacency matrix and the score gains of the legal edges."""

import copy
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from dag_gfn.gflownet.policies.policy import EdgeObservation

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
        self.body = _perceptron(num_nodes, hidden_size, num_layers)
        self.head = nn.Linear(hidden_size, actions)
        # d^4 weights: beyond this size they would be most of the network
        self.skip = nn.Linear(3 * pairs, actions, bias=False) if num_nodes <= _MAX_NODES_WITH_SKIP else None
        self.stop_scale = nn.Parameter(torch.ones(()))  # pairs that share nodes promise less than their sum
        with torch.no_grad():  # begin near what the scores say
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()
            if self.skip is not None:
                self.skip.weight.zero_()

    def forward(self, observation: EdgeObservation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d*d + 1), stop last."""
        hidden = self.body(_features(observation))
        logits = independent_pairs(observation, self.stop_scale) + self.head(hidden)
        if self.skip is not None:
            gains = observation.gains.flatten(1)
            linear = torch.cat(
                [observation.adjacency.flatten(1).float(), gains / _NATS, _promise(observation)], dim=1
            )
            logits = logits + _NATS * self.skip(linear)
        return logits


class MLPBackward(nn.Module):
    r"""Log-probabilities of which edge was added last; it starts from the uniform backward policy.

    Parameters
    ----------
    num_nodes : int
    required : ndarray, shape (d, d), bool, optional
        ``required[i, j]`` is True where i -> j is in every graph: such edges were never added.
    hidden_size, num_layers : int
        As for `MLPPolicy`.
    """

    def __init__(
        self,
        num_nodes: int,
        required: Bool[np.ndarray, "d d"] | None = None,
        *,
        hidden_size: int = 256,
        num_layers: int = 2,
    ):
        super().__init__()
        self.body = _perceptron(num_nodes, hidden_size, num_layers)
        self.head = nn.Linear(hidden_size, num_nodes**2)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        if required is None:
            required = np.zeros((num_nodes, num_nodes), dtype=bool)
        self.register_buffer("required", torch.from_numpy(required.copy()), persistent=False)

    def keeping(self, required: Bool[Tensor, "d d"]) -> "MLPBackward":
        """Return the same policy, weights shared, that never undoes the given edges."""
        other = copy.copy(self)
        other._buffers = {**self._buffers, "required": required.to(self.required.device)}
        return other

    def forward(self, observation: EdgeObservation) -> Float[Tensor, "b a"]:
        """Return log-probabilities, shape (b, d*d); -inf where there is no such edge to undo."""
        present = (observation.adjacency & ~self.required).flatten(1)
        logits = self.head(self.body(_features(observation))).masked_fill(~present, -torch.inf)
        some = present.any(dim=1, keepdim=True)  # the state in which trajectories begin has nothing to undo
        return logits.where(some, 0.0).log_softmax(dim=1)


class MLPStateFlow(nn.Module):
    """The log of the flow through a state, as a correction of what the scores say.

    Parameters
    ----------
    num_nodes : int
    forward_looking : bool
        Whether what is learned is log F - log R. It starts from what independent pairs of nodes promise in this
        state; if not, from `start` in every state.
    start : float
    hidden_size, num_layers : int
        As for `MLPPolicy`.
    """

    def __init__(
        self,
        num_nodes: int,
        *,
        forward_looking: bool = True,
        start: float | int = 0.0,
        hidden_size: int = 256,
        num_layers: int = 2,
    ):
        super().__init__()
        self.body = _perceptron(num_nodes, hidden_size, num_layers)
        self.head = nn.Linear(hidden_size, 1)
        self.forward_looking = forward_looking
        self.scale = nn.Parameter(torch.ones(()))
        self.start = nn.Parameter(torch.tensor(0.0 if forward_looking else float(start)))
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            self.head.bias.zero_()

    def forward(self, observation: EdgeObservation) -> Float[Tensor, " b"]:
        """Return values of shape (b,), in nats."""
        flow = self.start + self.head(self.body(_features(observation))).squeeze(1)
        if self.forward_looking:
            flow = flow - independent_pairs(observation, self.scale)[:, -1]
        return flow


def _perceptron(num_nodes: int, hidden_size: int, num_layers: int) -> nn.Sequential:
    widths = [4 * num_nodes**2] + [hidden_size] * num_layers
    return nn.Sequential(
        *(
            layer
            for width, following in pairwise(widths)
            for layer in (nn.Linear(width, following), nn.ReLU())
        )
    )


def _promise(observation: EdgeObservation) -> Float[Tensor, "b e"]:
    return softplus(observation.gains.flatten(1)) * observation.legal.flatten(1) / _NATS


def _features(observation: EdgeObservation) -> Float[Tensor, "b f"]:
    """Return what a perceptron sees of each state, shape (b, 4*d*d)."""
    return torch.cat(
        [
            observation.adjacency.flatten(1).float(),
            observation.legal.flatten(1).float(),
            observation.gains.flatten(1).asinh(),
            _promise(observation),
        ],
        dim=1,
    )


def independent_pairs(observation: EdgeObservation, stop_scale: Float[Tensor, ""]) -> Float[Tensor, "b a"]:
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
