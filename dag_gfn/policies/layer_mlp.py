"""A multilayer perceptron for root layerings."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dag_gfn.policies.independent_nodes import action_logits, log_available
from dag_gfn.policies.layer_observation import LayerObservation

_NATS = 10.0
"""What is learned is in units of this, and shares are shown in them."""
_SQUASHED = 3.0
"""Log-odds are kept up to about this size; beyond, they grow like their logarithm only."""
_LEAST_SHARE = -200.0
_RIDGE = 1e-2


class LayerMLP(nn.Module):
    r"""Logits and flows of root layerings, as a correction of what independent nodes would do.

    The log-odds that a node belongs to the open layer start from those of :mod:`dag_gfn.policies.independent_nodes`
    with the cost of cycles of two, squashed by asinh, since with peaked data they reach over hundreds of nats. To them
    the perceptron, and a linear map beside it, add what they learn. The flow is linear in the features and in which
    pairs of nodes are left out, which `start_from` fits, and has a perceptron's correction.

    Parameters
    ----------
    log_all : Tensor, shape (d,)
        log ŵ_v of all parent sets of each node.
    hidden_size : int
        Units of a hidden layer.
    num_layers : int
        Hidden layers.
    """

    def __init__(self, log_all: Float[Tensor, " d"], *, hidden_size: int = 256, num_layers: int = 2):
        super().__init__()
        d = len(log_all)
        self.register_buffer("log_all", log_all.float(), persistent=False)
        self.register_buffer("pairs", torch.triu_indices(d, d, 1), persistent=False)
        widths = [11 * d] + [hidden_size] * num_layers
        self.body = nn.Sequential(
            *(layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU()))
        )
        self.ready = nn.Linear(hidden_size, d)
        self.ready_skip = nn.Linear(11 * d, d, bias=False)
        self.value = nn.Linear(hidden_size, 1)
        self.value_skip = nn.Parameter(torch.zeros(11 * d + self.pairs.shape[1] + 2))
        self.clash_scale = nn.Parameter(torch.ones(()))
        with torch.no_grad():  # begin near what independent nodes would do
            for head in (self.ready, self.value):
                head.weight.mul_(0.1)
                head.bias.zero_()
            self.ready_skip.weight.zero_()
            self.value_skip[-2] = 1.0

    def forward(self, observation: LayerObservation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d + 2): nodes, closing, stopping."""
        features = _features(observation)
        return self._logits(observation, features, self.body(features))

    def logits_and_flow(
        self, observation: LayerObservation
    ) -> tuple[Float[Tensor, "b a"], Float[Tensor, " b"]]:
        """Return logits, and the log of the flow through each state less the log of its reward so far."""
        features = _features(observation)
        hidden = self.body(features)
        value = self.value(hidden).squeeze(1) + self._linear_value(observation, features)
        flow = _NATS * value * observation.left.any(1)
        return self._logits(observation, features, hidden), flow

    def _logits(
        self, observation: LayerObservation, features: Float[Tensor, "b f"], hidden: Float[Tensor, "b h"]
    ) -> Float[Tensor, "b a"]:
        odds = observation.now - observation.later - self.clash_scale * observation.clash
        ready = _SQUASHED * (odds / _SQUASHED).asinh() + _NATS * (
            self.ready(hidden) + self.ready_skip(features)
        )
        return action_logits(ready, observation.addable)

    def _linear_value(
        self, observation: LayerObservation, features: Float[Tensor, "b f"]
    ) -> Float[Tensor, " b"]:
        """Return ``_linear @ value_skip`` without listing the pairs."""
        left, d = observation.left.float(), observation.left.shape[1]
        of_features, of_pairs, of_rest = self.value_skip.split([features.shape[1], self.pairs.shape[1], 2])
        of_both = of_pairs.new_zeros(d, d).index_put(tuple(self.pairs), of_pairs)
        independent = self._independent(observation) / _NATS
        return features @ of_features + (left @ of_both * left).sum(1) + independent * of_rest[0] + of_rest[1]

    def _independent(self, observation: LayerObservation) -> Float[Tensor, " b"]:
        """Return the log-flow of independent nodes."""
        available = log_available(observation.now, observation.later, observation.addable)
        return (observation.left * (self.log_all + available)).sum(1) + observation.clash.sum(1) / 2

    def _linear(self, observation: LayerObservation, features: Float[Tensor, "b f"]) -> Float[Tensor, "b g"]:
        """Return what the flow is linear in, the flow of independent nodes last but one."""
        left, independent = observation.left, self._independent(observation)
        i, j = self.pairs
        both = (left[:, i] & left[:, j]).float()
        constant = torch.ones_like(independent)
        return torch.cat([features, both, torch.stack([independent / _NATS, constant], dim=1)], dim=1)

    @torch.no_grad()
    def start_from(self, observation: LayerObservation, gain: Float[Tensor, " b"]) -> None:
        """Fit the flow to what was gained from some states on, in nats, by ridge regression.

        Along draws from the posterior the flow is not far from what they gain: it lacks the choice between ways on.
        """
        inputs = self._linear(observation, _features(observation)).double()
        penalty = _RIDGE * torch.eye(inputs.shape[1], dtype=inputs.dtype, device=inputs.device)
        moments = inputs.T @ (gain.double() / _NATS)
        self.value_skip.copy_(torch.linalg.solve(inputs.T @ inputs + penalty, moments))


def _features(observation: LayerObservation) -> Float[Tensor, "b f"]:
    """Return what the perceptron sees of each state, shape (b, 11 d)."""
    left = observation.left
    shares = (observation.now, observation.later, observation.beyond)
    return torch.cat(
        [
            observation.placed.float(),
            observation.last.float(),
            observation.open.float(),
            observation.addable.float(),
            *(share.clamp_min(_LEAST_SHARE) / _NATS * left for share in shares),
            *(share.exp() * left for share in shares),
            observation.clash.clamp_min(_LEAST_SHARE) / _NATS,
        ],
        dim=1,
    )
