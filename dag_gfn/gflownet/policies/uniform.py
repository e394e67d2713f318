"""The policy that knows nothing: every legal action alike."""

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.gflownet.policies.policy import Observation


class UniformPolicy(torch.nn.Module):
    """Gives the same logit to every action."""

    def forward(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return zeros of shape (b, a)."""
        return torch.zeros_like(observation.legal_actions, dtype=torch.float32)
