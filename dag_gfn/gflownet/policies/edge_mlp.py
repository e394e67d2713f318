"""Perceptrons for adding edges: the forward policy, the backward policy and the state flow."""

import copy

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.independent_pairs import independent_pairs
from dag_gfn.gflownet.policies.perceptron import perceptron, start_small

_MAX_NODES_WITH_SKIP = 20
"""The linear map from gains to logits has d^4 weights; with more nodes it would be most of the network."""
_NATS = 10.0
"""The network reads gains and returns logits in this unit."""


class EdgeMLP(nn.Module):
    r"""A perceptron that corrects the logits of independent pairs of nodes.

    If the pairs of nodes were independent, a pair with gains g of i -> j and g' of j -> i would be linked by i -> j
    with probability :math:`e^g / (1 + e^g + e^{g'})`, and stopping would be right only if no pair were linked
    (`dag_gfn.gflownet.policies.independent_pairs`). The logits are the logs of these probabilities plus a correction
    of moderate size, which the network learns.

    The perceptron reads the adjacency matrix, the legal edges and their gains g. A gain can be hundreds of nats, so it
    enters as asinh g and as :math:`\log(1 + e^g)` in tens of nats. Up to 20 nodes a linear map from adjacency and gains
    to the logits is added.

    Parameters
    ----------
    num_nodes : int
    hidden_size : int
        Units of a hidden layer.
    num_layers : int
        Hidden layers.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> from dag_gfn.gflownet.policies.masking import masked_log_softmax
    >>> empty, legal = torch.zeros(1, 2, 2, dtype=torch.bool), ~torch.eye(2, dtype=torch.bool)[None]
    >>> seen = EdgeObservation(empty, legal, torch.tensor([[[0.0, 5.0], [0.0, 0.0]]]))  # 0 -> 1 gains 5 nats
    >>> _ = torch.manual_seed(0)
    >>> log_p = masked_log_softmax(EdgeMLP(2)(seen), seen.legal_actions)
    >>> log_p.shape, log_p.exp()[0, 1].item() > 0.9
    (torch.Size([1, 5]), True)
    """

    def __init__(self, num_nodes: int, *, hidden_size: int = 256, num_layers: int = 2):
        super().__init__()
        pairs, actions = num_nodes**2, num_nodes**2 + 1
        self.body = perceptron([4 * num_nodes**2] + [hidden_size] * num_layers)
        self.head = nn.Linear(hidden_size, actions)
        self.skip = nn.Linear(3 * pairs, actions, bias=False) if num_nodes <= _MAX_NODES_WITH_SKIP else None
        self.stop_scale = nn.Parameter(torch.ones(()))  # pairs share nodes, so their gains do not add up
        start_small(self.head, skip=self.skip)  # near the logits of independent pairs

    def forward(self, observation: EdgeObservation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d*d + 1), stop last."""
        hidden = self.body(_features(observation))
        logits = independent_pairs(observation, self.stop_scale) + self.head(hidden)
        if self.skip is not None:
            gains = observation.gains.flatten(1)
            linear = torch.cat(
                [observation.adjacency.flatten(1).float(), gains / _NATS, _soft_gains(observation)], dim=1
            )
            logits = logits + _NATS * self.skip(linear)
        return logits


class MLPBackward(nn.Module):
    r"""Log-probabilities of the edge that was added last; before training they are uniform.

    Parameters
    ----------
    num_nodes : int
    required : ndarray, shape (d, d), bool, optional
        ``required[i, j]`` is True where i -> j is in every graph: it is there from the start and never undone.
    hidden_size, num_layers : int
        As for `EdgeMLP`.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_mlp import MLPBackward
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> chain = torch.zeros(1, 3, 3, dtype=torch.bool)
    >>> chain[0, [0, 1], [1, 2]] = True  # 0 -> 1 -> 2
    >>> seen = EdgeObservation(chain, torch.zeros_like(chain), torch.zeros(1, 3, 3))
    >>> MLPBackward(3)(seen).exp().view(3, 3).tolist()
    [[0.0, 0.5, 0.0], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]]
    """

    required: Tensor

    def __init__(
        self,
        num_nodes: int,
        required: Bool[np.ndarray, "d d"] | None = None,
        *,
        hidden_size: int = 256,
        num_layers: int = 2,
    ):
        super().__init__()
        self.body = perceptron([4 * num_nodes**2] + [hidden_size] * num_layers)
        self.head = nn.Linear(hidden_size, num_nodes**2)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        if required is None:
            required = np.zeros((num_nodes, num_nodes), dtype=bool)
        self.register_buffer("required", torch.from_numpy(required.copy()), persistent=False)

    def keeping(self, required: Bool[Tensor, "d d"]) -> "MLPBackward":
        """Return the policy that never undoes the given edges; it shares the weights of this one."""
        other = copy.copy(self)
        other._buffers = {**self._buffers, "required": required.to(self.required.device)}
        return other

    def forward(self, observation: EdgeObservation) -> Float[Tensor, "b a"]:
        """Return log-probabilities, shape (b, d*d); -inf where the edge is absent or required."""
        present = (observation.adjacency & ~self.required).flatten(1)
        logits = self.head(self.body(_features(observation))).masked_fill(~present, -torch.inf)
        some = present.any(dim=1, keepdim=True)  # nothing can be undone in the initial state
        return logits.where(some, 0.0).log_softmax(dim=1)


class MLPStateFlow(nn.Module):
    """The log of the flow through a state: a perceptron that corrects the flow of independent pairs of nodes.

    Parameters
    ----------
    num_nodes : int
    forward_looking : bool
        If True, the network learns log F(s) - log R(s) and starts near the value that independent pairs of nodes
        give. If False, it learns log F(s) and starts near `start` in every state.
    start : float
        In nats.
    hidden_size, num_layers : int
        As for `EdgeMLP`.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_mlp import MLPStateFlow
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> complete = torch.tensor([[[False, True], [False, False]]])  # no edge may follow: F(s) = R(s)
    >>> _ = torch.manual_seed(0)
    >>> flow = MLPStateFlow(2)(EdgeObservation(complete, torch.zeros_like(complete), torch.zeros(1, 2, 2)))
    >>> abs(flow.item()) < 0.1  # a small random correction of 0
    True
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
        self.body = perceptron([4 * num_nodes**2] + [hidden_size] * num_layers)
        self.head = nn.Linear(hidden_size, 1)
        self.forward_looking = forward_looking
        self.scale = nn.Parameter(torch.ones(()))
        self.start = nn.Parameter(torch.tensor(0.0 if forward_looking else float(start)))
        start_small(self.head)

    def forward(self, observation: EdgeObservation) -> Float[Tensor, " b"]:
        """Return log F(s), or log F(s) - log R(s) if `forward_looking`: shape (b,), in nats."""
        flow = self.start + self.head(self.body(_features(observation))).squeeze(1)
        if self.forward_looking:
            flow = flow - independent_pairs(observation, self.scale)[:, -1]
        return flow


def _soft_gains(observation: EdgeObservation) -> Float[Tensor, "b e"]:
    """Return log(1 + exp(gain)) of each legal edge in tens of nats, 0 elsewhere."""
    return softplus(observation.gains.flatten(1)) * observation.legal.flatten(1) / _NATS


def _features(observation: EdgeObservation) -> Float[Tensor, "b f"]:
    """Return the inputs of a perceptron, shape (b, 4*d*d)."""
    return torch.cat(
        [
            observation.adjacency.flatten(1).float(),
            observation.legal.flatten(1).float(),
            observation.gains.flatten(1).asinh(),
            _soft_gains(observation),
        ],
        dim=1,
    )
