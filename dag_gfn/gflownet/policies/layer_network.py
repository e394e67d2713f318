"""What networks for root layerings have in common: where they start from, and a flow that can be fitted."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dag_gfn.gflownet.policies.independent_nodes import action_logits, log_available
from dag_gfn.gflownet.policies.layer_observation import LayerObservation

NUM_FEATURES = 11
"""Numbers that a network sees of each node."""
_NATS = 10.0
"""What is learned is in units of this, and shares are shown in them."""
_SQUASHED = 3.0
"""Log-odds are kept up to about this size; beyond, they grow like their logarithm only."""
_LEAST_SHARE = -200.0
_RIDGE = 1e-2
_FITTED_TOGETHER = 4096  # states: with 60 nodes each has 2,432 numbers


class LayerNetwork(nn.Module):
    r"""Logits and flows of root layerings, as a correction of what independent nodes would do.

    The log-odds that a node belongs to the open layer start from those of
    :mod:`dag_gfn.gflownet.policies.independent_nodes` with the cost of cycles of two, squashed by asinh, since with
    peaked data they reach over hundreds of nats. The flow is linear in the features and in which pairs of nodes are
    left out, which `start_from` fits. To both a network adds its
    `corrections`.

    Parameters
    ----------
    log_all : Tensor, shape (d,)
        log ŵ_v of all parent sets of each node.
    """

    def __init__(self, log_all: Float[Tensor, " d"]):
        super().__init__()
        d = len(log_all)
        self.register_buffer("log_all", log_all.float(), persistent=False)
        self.register_buffer("pairs", torch.triu_indices(d, d, 1), persistent=False)
        self.value_skip = nn.Parameter(torch.zeros(NUM_FEATURES * d + self.pairs.shape[1] + 2))
        self.clash_scale = nn.Parameter(torch.ones(()))
        with torch.no_grad():
            self.value_skip[-2] = 1.0

    def corrections(
        self, observation: LayerObservation, features: Float[Tensor, "b f d"]
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, " b"]]:
        """Return what is added to the log-odds of each node and to the flow, in tens of nats."""
        raise NotImplementedError

    def forward(self, observation: LayerObservation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d + 2): nodes, closing, stopping."""
        ready, _ = self.corrections(observation, node_features(observation))
        return action_logits(self.log_odds(observation, ready), observation.addable)

    def logits_and_flow(
        self, observation: LayerObservation
    ) -> tuple[Float[Tensor, "b a"], Float[Tensor, " b"]]:
        """Return logits, and the log of the flow through each state less the log of its reward so far."""
        features = node_features(observation)
        ready, value = self.corrections(observation, features)
        value = value + self._linear_value(observation, features)
        logits = action_logits(self.log_odds(observation, ready), observation.addable)
        return logits, _NATS * value * observation.left.any(1)

    def log_odds(self, observation: LayerObservation, ready: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        """Return the log-odds that each node belongs to the open layer, when its turn has come, as corrected."""
        odds = observation.now - observation.later - self.clash_scale * observation.clash
        return _SQUASHED * (odds / _SQUASHED).asinh() + _NATS * ready

    def _linear_value(
        self, observation: LayerObservation, features: Float[Tensor, "b f d"]
    ) -> Float[Tensor, " b"]:
        """Return ``_linear @ value_skip`` without listing the pairs."""
        left, d = observation.left.float(), observation.left.shape[1]
        of_nodes, of_pairs, of_rest = self.value_skip.split([NUM_FEATURES * d, self.pairs.shape[1], 2])
        of_both = of_pairs.new_zeros(d, d).index_put(tuple(self.pairs), of_pairs)
        independent = self._independent(observation) / _NATS
        of_flow = independent * of_rest[0] + of_rest[1]
        return features.flatten(1) @ of_nodes + (left @ of_both * left).sum(1) + of_flow

    def _independent(self, observation: LayerObservation) -> Float[Tensor, " b"]:
        """Return the log-flow of independent nodes."""
        available = log_available(observation.now, observation.later, observation.addable)
        return (observation.left * (self.log_all + available)).sum(1) + observation.clash.sum(1) / 2

    def _linear(
        self, observation: LayerObservation, features: Float[Tensor, "b f d"]
    ) -> Float[Tensor, "b g"]:
        """Return what the flow is linear in, the flow of independent nodes last but one."""
        left, independent = observation.left, self._independent(observation)
        i, j = self.pairs
        both = (left[:, i] & left[:, j]).float()
        last = torch.stack([independent / _NATS, torch.ones_like(independent)], dim=1)
        return torch.cat([features.flatten(1), both, last], dim=1)

    @torch.no_grad()
    def start_from(self, observation: LayerObservation, gain: Float[Tensor, " b"]) -> None:
        """Fit the flow to what was gained from some states on, in nats, by ridge regression.

        Along draws from the posterior the flow is not far from what they gain: it lacks the choice between ways on.
        """
        place, size = self.value_skip.device, len(self.value_skip)
        products = _RIDGE * torch.eye(size, dtype=torch.float64, device=place)
        moments = torch.zeros(size, dtype=torch.float64, device=place)
        for first in range(0, len(gain), _FITTED_TOGETHER):
            part = slice(first, first + _FITTED_TOGETHER)
            seen = observation[part]
            inputs = self._linear(seen, node_features(seen)).double()
            products.addmm_(inputs.T, inputs)
            moments.addmv_(inputs.T, gain[part].double() / _NATS)
        self.value_skip.copy_(torch.linalg.solve(products, moments))


@torch.no_grad()
def start_small(*heads: nn.Linear, skip: nn.Linear) -> None:
    """Let corrections begin small and those of a linear map at zero: near what independent nodes would do."""
    for head in heads:
        head.weight.mul_(0.1)
        head.bias.zero_()
    skip.weight.zero_()


def node_features(observation: LayerObservation) -> Float[Tensor, "b f d"]:
    """Return what a network sees of each node: where it is, and what share of its weight it has left."""
    left = observation.left
    shares = (observation.now, observation.later, observation.beyond)
    return torch.stack(
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
