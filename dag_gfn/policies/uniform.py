"""The policy that knows nothing: every legal action alike."""

import torch
from jaxtyping import Float
from torch import Tensor

from dag_gfn.policies.policy import Observation


class UniformPolicy(torch.nn.Module):
    """Gives the same logit to every edge and to stop."""

    def forward(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return zeros of shape (b, d*d + 1)."""
        b, d, _ = observation.gains.shape
        return observation.gains.new_zeros(b, d * d + 1)
