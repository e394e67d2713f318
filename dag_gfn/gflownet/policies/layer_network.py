"""Base class of the networks for root layerings: they correct the closed form of independent nodes."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dag_gfn.gflownet.policies.independent_nodes import action_logits, log_available
from dag_gfn.gflownet.policies.layer_observation import LayerObservation

NUM_FEATURES = 11
"""Features of a node, the inputs of the networks."""
_NATS = 10.0
"""The networks read log-shares and return corrections in this unit."""
_SQUASHED = 3.0
"""Log-odds up to about this size are kept; larger ones grow like their logarithm."""
_LEAST_SHARE = -200.0
"""Least log-share that a network reads, in nats."""
_RIDGE = 1e-2
"""Penalty of the ridge regression that fits the flow."""
_MOST_PAIRED = 63
"""Nodes from which on the flow has no terms of pairs: with 100 there would be 4,950, too many to fit."""
_FITTED_TOGETHER = 4096
"""States that enter the regression at once; with 60 nodes each has 2,432 features."""


class LayerNetwork(nn.Module):
    r"""Logits and flows of root layerings: the closed form of independent nodes plus learned corrections.

    The log-odds that a node belongs to the open layer start from those of
    :mod:`dag_gfn.gflownet.policies.independent_nodes`, with the factor for cycles of two nodes. Peaked data make them
    hundreds of nats, so they are squashed by asinh. The log-flow starts from a function that is linear in the features
    of the nodes and, up to 63 nodes, in the indicators of unplaced pairs of nodes; `start_from` fits it. A subclass
    computes `corrections`, which are added to both.

    Parameters
    ----------
    log_all : Tensor, shape (d,)
        log ŵ_v: log-weight of all parent sets of each node, in nats.
    log_without : Tensor, shape (d, d)
        ``[u, w]`` is the log-share of the parent sets of u that do not contain w.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.policies.layer_network import LayerNetwork
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> class Uncorrected(LayerNetwork):
    ...     def corrections(self, observation, features):
    ...         return torch.zeros_like(observation.now), torch.zeros(len(observation))
    >>> environment = RootLayers(LayerWeights.of(np.zeros((2, 2))))  # two nodes, each parent set of weight 1
    >>> network = Uncorrected(environment.log_all, environment.log_without)
    >>> flow = network.logits_and_flow(environment.observe(environment.initial_state(1)))[1]
    >>> round(flow.exp().item(), 3)  # there are three DAGs
    3.0
    """

    log_all: Tensor
    log_without: Tensor
    pairs: Tensor

    def __init__(self, log_all: Float[Tensor, " d"], log_without: Float[Tensor, "d d"]):
        super().__init__()
        d = len(log_all)
        self.register_buffer("log_all", log_all.float(), persistent=False)
        self.register_buffer("log_without", log_without.float(), persistent=False)
        pairs = torch.triu_indices(d, d, 1) if d <= _MOST_PAIRED else torch.zeros(2, 0, dtype=torch.long)
        self.register_buffer("pairs", pairs, persistent=False)
        self.value_skip = nn.Parameter(torch.zeros(NUM_FEATURES * d + self.pairs.shape[1] + 2))
        self.clash_scale = nn.Parameter(torch.ones(()))
        with torch.no_grad():
            self.value_skip[-2] = 1.0

    def corrections(
        self, observation: LayerObservation, features: Float[Tensor, "b f d"]
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, " b"]]:
        """Return the corrections of the log-odds of each node and of the log-flow, in tens of nats."""
        raise NotImplementedError

    def forward(self, observation: LayerObservation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, d + 2): adding each node, closing the layer, stopping."""
        ready, _ = self.corrections(observation, node_features(observation))
        return action_logits(self.log_odds(observation, ready), observation.addable)

    def logits_and_flow(
        self, observation: LayerObservation
    ) -> tuple[Float[Tensor, "b a"], Float[Tensor, " b"]]:
        """Return the logits, and log F(s) - log R(s) of each state with its reward so far, in nats."""
        features = node_features(observation)
        ready, value = self.corrections(observation, features)
        value = value + self._linear_value(observation, features)
        logits = action_logits(self.log_odds(observation, ready), observation.addable)
        return logits, _NATS * value * observation.left.any(1)

    def log_odds(self, observation: LayerObservation, ready: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        """Return the corrected log-odds that each node belongs to the open layer, at its turn."""
        odds = observation.now - observation.later - self.clash_scale * observation.clash
        return _SQUASHED * (odds / _SQUASHED).asinh() + _NATS * ready

    def _linear_value(
        self, observation: LayerObservation, features: Float[Tensor, "b f d"]
    ) -> Float[Tensor, " b"]:
        """Return ``_linear @ value_skip`` without a column for each pair."""
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
        """Return the regressors of the flow: features, unplaced pairs, the flow of independent nodes, and 1."""
        left, independent = observation.left, self._independent(observation)
        i, j = self.pairs
        both = (left[:, i] & left[:, j]).float()
        last = torch.stack([independent / _NATS, torch.ones_like(independent)], dim=1)
        return torch.cat([features.flatten(1), both, last], dim=1)

    @torch.no_grad()
    def start_from(
        self, observation: LayerObservation, gain: Float[Tensor, " b"], *, beside_corrections: bool = False
    ) -> None:
        """Fit the linear part of the flow by ridge regression.

        Along draws from the posterior, the log-reward that is still to come is close to log F(s) - log R(s); the
        difference is that F sums over all ways to go on.

        Parameters
        ----------
        observation : LayerObservation
            States on the way to draws from the posterior.
        gain : Tensor, shape (b,)
            Log-reward at the end of the trajectory less that of the state, in nats.
        beside_corrections : bool
            Whether the learned corrections are taken into account, as in a network that was trained on another table.
            Those of a new one are as good as nothing.
        """
        place, size = self.value_skip.device, len(self.value_skip)
        products = _RIDGE * torch.eye(size, dtype=torch.float64, device=place)
        moments = torch.zeros(size, dtype=torch.float64, device=place)
        for first in range(0, len(gain), _FITTED_TOGETHER):
            part = slice(first, first + _FITTED_TOGETHER)
            seen = observation[part]
            features = node_features(seen)
            inputs, wanted = self._linear(seen, features).double(), gain[part].double() / _NATS
            if beside_corrections:
                wanted = wanted - self.corrections(seen, features)[1].double()
            products.addmm_(inputs.T, inputs)
            moments.addmv_(inputs.T, wanted)
        self.value_skip.copy_(torch.linalg.solve(products, moments))


def node_features(observation: LayerObservation) -> Float[Tensor, "b f d"]:
    """Return the `NUM_FEATURES` features of each node: where it is, and the shares of its weight that are left.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.policies.layer_network import node_features
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> environment = RootLayers(LayerWeights.of(np.zeros((2, 2))))
    >>> node_features(environment.observe(environment.initial_state(5))).shape
    torch.Size([5, 11, 2])
    """
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
