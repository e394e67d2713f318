"""A network for adding edges that begins with the posterior of each node's parent sets."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import relu, softplus

from dag_gfn.gflownet.policies.attention import in_parts
from dag_gfn.gflownet.policies.edge_features import EDGE_FEATURES, GRAPH_FEATURES, NODE_FEATURES, EdgeFeatures
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.independent_pairs import independent_pairs
from dag_gfn.gflownet.policies.perceptron import perceptron, start_small
from dag_gfn.layerings.family_posterior import FamilyPosterior

_MAX_NODES_WITH_SKIP = 20
"""The linear map from features to logits has 7 d^4 weights; with more nodes it would be most of the network."""
_FLOW_SIZE = 128
_SKIP = 3.0
_FLOW = 10.0
"""Units of nats in which the linear maps, and the network of the stop, return their results."""
_LEAST_CHANGE, _CHANGE = 2.0, 5.0
"""Nats by which the flow may exceed that of independent pairs: at least, and for each root of a nat."""
_LEAST = 1e-6


class FamilyNetwork(nn.Module):
    r"""A network that corrects what the posterior of single parent sets says of the next edge.

    The logit of i -> j begins with the log-probability that j has the further parent i, given the parents that it has
    and those that would close a cycle (`dag_gfn.layerings.family_posterior`). A perceptron that is shared by all edges
    and a perceptron on all features of the graph correct it; up to 20 nodes a linear map is added.

    Stopping has a network of its own: :math:`-\log P_F(\top \mid s) = \log F(s) / R(s)` is hundreds of nats in early
    states, where it decides nothing, and what it is adapted to must not disturb the edges. It begins with the
    sum of independent pairs of nodes (`dag_gfn.gflownet.policies.independent_pairs`).

    Parameters
    ----------
    num_nodes : int
    hidden_size, num_layers : int
        Of the perceptron on the whole graph.
    width : int
        Units of the perceptron on single edges.
    num_sets : int
        Parent sets of all nodes together; `with_families` says which these are.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> from dag_gfn.gflownet.policies.family_network import FamilyNetwork
    >>> from dag_gfn.gflownet.policies.masking import masked_log_softmax
    >>> from dag_gfn.layerings.family_posterior import FamilyPosterior
    >>> families = FamilyPosterior.of_sets(np.array([0, 0, 1]), np.array([1.0, 0.1, 0.9]), np.array([0, 1, 3]))
    >>> empty, legal = torch.zeros(1, 2, 2, dtype=torch.bool), ~torch.eye(2, dtype=torch.bool)[None]
    >>> seen = EdgeObservation(empty, legal, torch.tensor([[[0.0, 5.0], [0.0, 0.0]]]))  # 0 -> 1 gains 5 nats
    >>> _ = torch.manual_seed(0)
    >>> log_p = masked_log_softmax(FamilyNetwork.with_families(families)(seen), seen.legal_actions)
    >>> log_p.shape, log_p.exp()[0, 1].item() > 0.9
    (torch.Size([1, 5]), True)
    """

    sets: Tensor
    probabilities: Tensor
    start: Tensor

    def __init__(
        self,
        num_nodes: int,
        *,
        hidden_size: int = 256,
        num_layers: int = 2,
        width: int = 24,
        num_sets: int = 0,
    ):
        super().__init__()
        d, pairs = num_nodes, num_nodes**2
        inputs = EDGE_FEATURES * pairs + 2 * d + GRAPH_FEATURES
        self.num_nodes = d
        self.register_buffer("sets", torch.zeros(num_sets, dtype=torch.int64))
        self.register_buffer("probabilities", torch.zeros(num_sets, dtype=torch.float64))
        self.register_buffer("start", torch.zeros(d + 1, dtype=torch.int64))
        self.body = perceptron([inputs] + [hidden_size] * num_layers)
        self.head = nn.Linear(hidden_size, pairs)
        self.skip = nn.Linear(inputs, pairs, bias=False) if d <= _MAX_NODES_WITH_SKIP else None
        self.edge = nn.Linear(2 * EDGE_FEATURES, width)
        self.source = nn.Linear(NODE_FEATURES, width, bias=False)
        self.target = nn.Linear(NODE_FEATURES, width, bias=False)
        self.graph = nn.Linear(GRAPH_FEATURES, width, bias=False)
        self.between = nn.Linear(width, width)
        self.edge_head = nn.Linear(width, 1)
        self.stop_body = perceptron([inputs, _FLOW_SIZE, _FLOW_SIZE // 2])
        self.stop_head = nn.Linear(_FLOW_SIZE // 2, 1)
        self.stop_skip = nn.Linear(inputs, 1, bias=False)
        self.stop_scale = nn.Parameter(torch.ones(()))
        nothing = np.zeros(0, dtype=np.int64)
        self.families = FamilyPosterior.of_sets(nothing, np.zeros(0), self.start.numpy())
        start_small(self.head, self.edge_head, skip=self.skip)  # near the posterior of parent sets
        start_small(self.stop_head, skip=self.stop_skip)

    @classmethod
    def with_families(cls, families: FamilyPosterior, **sizes: int) -> "FamilyNetwork":
        """Return an untrained network that begins with this posterior of parent sets."""
        network = cls(len(families.start) - 1, num_sets=len(families.sets), **sizes)
        network.sets.copy_(torch.from_numpy(families.sets))
        network.probabilities.copy_(torch.from_numpy(families.probabilities))
        network.start.copy_(torch.from_numpy(families.start))
        network.families = families
        return network

    def _load_from_state_dict(self, *args: Any, **options: Any) -> None:
        super()._load_from_state_dict(*args, **options)
        self.families = self._stored_families()

    def _stored_families(self) -> FamilyPosterior:
        """Return the posterior of parent sets that the buffers hold; ValueError where they hold none."""
        return FamilyPosterior.of_sets(
            *(tensor.cpu().numpy().copy() for tensor in (self.sets, self.probabilities, self.start))
        )

    def forward(self, observation: EdgeObservation) -> Float[Tensor, "b a"]:
        """Return log-probabilities of shape (b, d*d + 1), stop last."""
        return torch.cat(in_parts(self._log_probabilities, observation, self.num_nodes))

    def _log_probabilities(self, observation: EdgeObservation) -> Float[Tensor, "b a"]:
        seen = EdgeFeatures.of(observation, *self._given(observation))
        legal, flat = observation.legal.flatten(1), seen.flat()
        some = legal.any(dim=1, keepdim=True)
        edges = (seen.base + self._shared(seen)).flatten(1) + self.head(self.body(flat))
        if self.skip is not None:
            edges = edges + _SKIP * self.skip(flat)
        edges = edges.masked_fill(~legal, -torch.inf).where(some, 0.0).log_softmax(dim=1)
        # h = -log P(stop) > 0, so that the edges together have the probability 1 - exp(-h)
        h = self._log_flow(observation, flat).unsqueeze(1)
        return torch.cat([edges + (-torch.expm1(-h)).log(), -h.where(some, 0.0)], dim=1)

    def _shared(self, seen: EdgeFeatures) -> Float[Tensor, "b d d"]:
        """Return the correction by the perceptron that is the same for every edge."""
        both = torch.cat([seen.edges, seen.edges.transpose(1, 2)], dim=3)
        target = self.target(seen.nodes) + self.graph(seen.graph).unsqueeze(1)
        hidden = self.edge(both) + self.source(seen.nodes).unsqueeze(2) + target.unsqueeze(1)
        return _SKIP * self.edge_head(relu(self.between(relu(hidden)))).squeeze(3)

    def _log_flow(self, observation: EdgeObservation, flat: Float[Tensor, "b f"]) -> Float[Tensor, " b"]:
        """Return log F(s) - log R(s), which is above zero."""
        pairs = -independent_pairs(observation, self.stop_scale)[:, -1]
        own = (self.stop_head(self.stop_body(flat)) + self.stop_skip(flat)).squeeze(1)
        # limited where few edges can be expected: the network must not go on in states that it has never seen
        expected = -independent_pairs(observation, self.stop_scale, count_orders=True)[:, -1].detach()
        most = expected + _LEAST_CHANGE + _CHANGE * expected.clamp_min(0.0).sqrt()
        return torch.minimum(softplus(pairs + _FLOW * own), most) + _LEAST

    def _given(self, observation: EdgeObservation) -> tuple[Float[Tensor, "b d d"], Float[Tensor, "b d"]]:
        bits = 1 << torch.arange(self.num_nodes, device=observation.adjacency.device)
        own, illegal = (
            (edges * bits.unsqueeze(1)).sum(1)
            for edges in (observation.adjacency, ~observation.legal & ~observation.adjacency)
        )
        if own.device.type == "cpu":
            further, complete = self.families.given(own.numpy(), illegal.numpy())
            return torch.from_numpy(further), torch.from_numpy(complete)
        return self.given_on_device(own, illegal)

    def given_on_device(
        self, own: Int[Tensor, "b d"], excluded: Int[Tensor, "b d"]
    ) -> tuple[Float[Tensor, "b d d"], Float[Tensor, "b d"]]:
        """Return what `FamilyPosterior.given` does, by tensors on the device of the network."""
        further = own.new_zeros(*own.shape, self.num_nodes, dtype=torch.float32)  # [k, j, i]
        complete = torch.ones_like(own, dtype=torch.float32)
        bounds = self.families.start.tolist()
        nodes = torch.arange(self.num_nodes, device=own.device)
        for node, (first, last) in enumerate(pairwise(bounds)):
            sets, mine = self.sets[first:last], own[:, [node]]
            complies = ((sets & mine) == mine) & ((sets & excluded[:, [node]]) == 0)
            weight = complies * self.probabilities[first:last]
            total = weight.sum(1, keepdim=True)
            share = weight / total.where(total > 0, 1.0)
            member = ((sets.unsqueeze(1) >> nodes) & 1).double()
            present = ((mine >> nodes) & 1).bool()
            further[:, node] = (share @ member).float().masked_fill(present, 0.0)
            alone = (share * (sets == mine)).sum(1)
            complete[:, node] = alone.where(total.squeeze(1) > 0, 1.0).float()
        return further.transpose(1, 2), complete
