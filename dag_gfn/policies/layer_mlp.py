"""A perceptron on where nodes are and what they have left, for root layerings."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dag_gfn.policies.independent_nodes import (
    action_log_probabilities,
    log_available,
)
from dag_gfn.policies.layer_observation import LayerObservation

_NATS = 10.0


class LayerMLP(nn.Module):
    """Logits and flows of root layerings, as a correction of what independent nodes would do."""

    def __init__(
        self,
        log_all: Float[Tensor, " d"],
        log_without: Float[Tensor, "d d"],
        *,
        hidden_size: int = 256,
        num_layers: int = 2,
        conflict=(1.0, 1.0),
    ):
        super().__init__()
        d = len(log_all)
        self.d = d
        self.register_buffer("log_all", log_all.float(), persistent=False)
        self.register_buffer("log_without", log_without.float(), persistent=False)
        nf = 11
        widths = [nf * d] + [hidden_size] * num_layers
        self.body = nn.Sequential(
            *(m for a, b in pairwise(widths) for m in (nn.Linear(a, b), nn.ReLU()))
        )
        self.ready = nn.Linear(hidden_size, d)
        self.value = nn.Linear(hidden_size, 1)
        self.ready_skip = nn.Linear(nf * d, d, bias=False)
        self.value_skip = nn.Linear(nf * d, 1, bias=False)
        self.pairs = nn.Parameter(torch.zeros(d, d))
        self.conflict = nn.Parameter(torch.tensor(conflict))
        with torch.no_grad():
            for head in (self.ready, self.value):
                head.weight.mul_(0.1)
                head.bias.zero_()
            self.ready_skip.weight.zero_()
            self.value_skip.weight.zero_()

    def both(self, o: LayerObservation):
        d = self.d
        left = ~(o.placed | o.open)
        addable = o.legal[:, :d]
        avail = log_available(o)
        conflicts = o.clash
        odds = (o.now - o.later).clamp(-100, 100)
        f = torch.cat(
            [
                o.placed.float(), o.last.float(), o.open.float(), addable.float(),
                o.now.clamp_min(-200) / _NATS * left, o.later.clamp_min(-200) / _NATS * left, o.beyond.clamp_min(-200) / _NATS * left,
                o.now.exp() * left, o.later.exp() * left, o.beyond.exp() * left,
                conflicts / _NATS,
            ],
            dim=1,
        )
        h = self.body(f)
        ready = odds - self.conflict[0] * conflicts + _NATS * (self.ready(h) + self.ready_skip(f))
        logits = action_log_probabilities(ready, addable)
        l = left.float()
        value = self.value(h).squeeze(1) + self.value_skip(f).squeeze(1) + ((l @ self.pairs) * l).sum(1)
        flow = (left * (self.log_all + avail)).sum(1) + self.conflict[1] * conflicts.sum(1) / 2
        flow = flow + left.any(1) * value * _NATS
        return logits, flow

    def forward(self, o: LayerObservation) -> Float[Tensor, "b a"]:
        return self.both(o)[0]


class Flow(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, o):
        return self.net.both(o)[1]
