"""What a network that adds edges reads: of each edge, of each node and of the whole graph."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from dag_gfn.gflownet.policies.edge_observation import EdgeObservation

EDGE_FEATURES = 7
NODE_FEATURES = 13
GRAPH_FEATURES = 7
_FLOOR = 1e-3
"""Share of the odds by scores alone in where the logits begin: parent sets that chains never met remain possible."""
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class EdgeFeatures:
    """The features of a batch of DAGs under construction, all of the order of one.

    Attributes
    ----------
    base : Tensor, shape (b, d, d)
        Where the logits of edges begin: log of the probability that further parents include the source.
    edges : Tensor, shape (b, d, d, 7)
    nodes : Tensor, shape (b, d, 13)
        Sums over the edges into each node and out of it, and how likely it is to have all its parents.
    graph : Tensor, shape (b, 7)

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_features import EdgeFeatures
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> empty, legal = torch.zeros(1, 2, 2, dtype=torch.bool), ~torch.eye(2, dtype=torch.bool)[None]
    >>> further = torch.tensor([[[0.0, 0.9], [0.1, 0.0]]])
    >>> features = EdgeFeatures.of(EdgeObservation(empty, legal, torch.zeros(1, 2, 2)), further, torch.ones(1, 2))
    >>> features.base[0, 0, 1].exp().item() > 0.9, features.nodes.shape
    (True, torch.Size([1, 2, 13]))
    """

    base: Float[Tensor, "b d d"]
    edges: Float[Tensor, "b d d f"]
    nodes: Float[Tensor, "b d g"]
    graph: Float[Tensor, "b h"]

    @classmethod
    def of(
        cls,
        observation: EdgeObservation,
        further: Float[Tensor, "b d d"],
        complete: Float[Tensor, "b d"],
    ) -> "EdgeFeatures":
        """Return the features.

        Parameters
        ----------
        observation : EdgeObservation
        further, complete : Tensor, shapes (b, d, d) and (b, d)
            As `dag_gfn.layerings.family_posterior.FamilyPosterior.given` returns them.
        """
        legal, present = observation.legal.float(), observation.adjacency.float()
        gains, further = observation.gains, further * legal
        odds = torch.sigmoid(gains) * legal  # of the edge against none, if no other could be added
        base = (further + _FLOOR * (odds + 0.01)).log()
        soft = softplus(gains.clamp_max(10.0)) * legal / 5
        tanh = torch.tanh(gains / 6) * legal
        edges = torch.stack([present, legal, base / 4 * legal, further, tanh, odds, soft], dim=3)
        summed = torch.stack([present, legal, further, odds, soft], dim=3)
        log_complete = complete.clamp_min(_LEAST).log()
        agreed = (odds * further).sum(1)
        nodes = torch.cat(
            [
                summed.sum(1) / 3,
                summed.sum(2) / 3,
                torch.stack([complete, log_complete / 6, agreed], dim=2),
            ],
            dim=2,
        )
        count, expected, by_odds, gained = (total.sum((1, 2)) for total in (present, further, odds, 5 * soft))
        graph = torch.stack(
            [
                *(count / 10, expected / 5, by_odds / 10, gained / 50),
                *((count + 1).log(), expected.log1p(), by_odds.log1p()),
            ],
            dim=1,
        )
        return cls(base, edges, nodes, graph)

    def flat(self) -> Float[Tensor, "b f"]:
        """Return all features but the sums over edges, in one row for each graph: shape (b, 7 d*d + 2 d + 7)."""
        return torch.cat([self.edges.flatten(1), self.nodes[:, :, -3:-1].flatten(1), self.graph], dim=1)
