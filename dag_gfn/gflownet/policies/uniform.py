"""The uniform policy: all legal actions are equally probable."""

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.policies.policy import Observation


class UniformPolicy(torch.nn.Module):
    """Gives the same logit to every action.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> empty = torch.zeros(1, 2, 2, dtype=torch.bool)
    >>> UniformPolicy()(EdgeObservation(empty, ~empty, torch.zeros(1, 2, 2))).tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.0]]
    """

    def forward(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return zeros of shape (b, a)."""
        return torch.zeros_like(observation.legal_actions, dtype=torch.float32)
