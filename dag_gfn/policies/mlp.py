"""A multilayer perceptron on the adjacency matrix and the score gains of the legal edges."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dag_gfn.policies.policy import Observation


class MLPPolicy(nn.Module):
    def __init__(self, num_nodes: int, *, hidden_size: int = 256, num_layers: int = 2, mode=0):
        super().__init__()
        d = num_nodes
        self.mode = mode
        sizes = [3 * d * d] + [hidden_size] * num_layers
        layers = []
        for a, b in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [nn.Linear(a, b), nn.SiLU() if mode & 8 else nn.ReLU()]
            if mode & 16: layers += [nn.LayerNorm(b)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(hidden_size, d * d + 1)
        with torch.no_grad():
            self.head.weight.mul_(0.1); self.head.bias.zero_()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, observation: Observation) -> Float[Tensor, "b a"]:
        adj = observation.adjacency.flatten(1).float()
        legal = observation.legal.flatten(1).float()
        gains = observation.gains.flatten(1)
        sq = torch.asinh(gains)
        x = torch.cat([adj, legal, sq], 1)
        out = self.head(self.body(x))
        if self.mode & 1:
            k = adj.sum(1, keepdim=True)
            base = gains - torch.log(k + 1)
            if self.mode & 2:
                pot = torch.logaddexp(observation.gains.masked_fill(~observation.legal, -torch.inf).logsumexp(1), gains.new_zeros(()))  # (b, d) per target column
                tot = pot.sum(1, keepdim=True)
                base = base + self.scale*((tot - pot).unsqueeze(1).expand(-1, pot.shape[1], -1).flatten(1))
            edges = out[:, :-1] + base
            stop = out[:, -1:] if self.mode & 4 else torch.zeros_like(out[:, -1:])
            return torch.cat([edges, stop], 1)
        return out
