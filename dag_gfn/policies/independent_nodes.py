r"""What a layering's weight would be if nodes chose their parents independently of one another, cycles and all.

Were cycles no matter, each node would take a parent set by its weight, and be placed as soon as these parents are: in the open
layer with the share :math:`now_v` of its parent sets, in a later one with :math:`later_v`. Going through the nodes in
increasing order, v is added with probability :math:`now_v / (now_v + later_v)` and left for later otherwise, and the
flow through a state is the reward so far times :math:`\prod_v avail_v` over the nodes left out, where :math:`avail_v` is
:math:`now_v + later_v` if v can still be added to the open layer, and :math:`later_v` if its turn has passed. These flows match at
every state except where no node would be ready, since a layer may not be empty: there cycles go by the board.
So the true flow is the product times the probability that the parent sets close no cycle, which is what is left to learn.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from dag_gfn.policies.layer_observation import LayerObservation



def log_available(observation: LayerObservation) -> Float[Tensor, "b d"]:
    """Return the log-share of the parent sets that each node may still have; 0 where it is placed."""
    addable = observation.legal[:, : observation.now.shape[1]]
    return available(observation.now, observation.later, addable).masked_fill(
        observation.placed | observation.open, 0.0
    )


def available(
    now: Float[Tensor, "b d"], later: Float[Tensor, "b d"], addable: Bool[Tensor, "b d"]
) -> Float[Tensor, "b d"]:
    """Return log(now + later) where the node can be added to the open layer, else log(later)."""
    return torch.logaddexp(now, later).where(addable, later)


def action_log_probabilities(
    ready: Float[Tensor, "b d"], addable: Bool[Tensor, "b d"]
) -> Float[Tensor, "b a"]:
    """Return log-probabilities of adding each node, of closing the layer and of stopping.

    Parameters
    ----------
    ready : Tensor, shape (b, d)
        Log-odds that a node belongs to the open layer, given that its turn has come.
    addable : Tensor, shape (b, d), bool
    """
    skip = torch.nn.functional.logsigmoid(-ready) * addable
    skipped = skip.cumsum(1)
    adds = torch.nn.functional.logsigmoid(ready) + skipped - skip
    ends = skipped[:, -1:]
    return torch.cat([adds, ends, torch.zeros_like(ends)], dim=1)


def log_no_pair(
    left: Bool[Tensor, "b d"], log_available: Float[Tensor, "b d"], log_without: Float[Tensor, "d d"]
) -> Float[Tensor, "b d"]:
    """Return, for each node left out, the log-probability that it and another left out are not each other's parent.

    Summed over the others, as if pairs were independent. ``log_without[u, w]`` is the log-share of node u's parent sets that
    do not hold w.
    """
    used = -torch.expm1(log_available)  # share of the parent sets that are not available any more
    part = used.clamp_min(1e-30).log().unsqueeze(2) - log_without
    spare = log_without + torch.log1p(-part.clamp_max(-1e-3).exp()) - log_available.unsqueeze(2)
    spare = spare.clamp_max(-1e-6)
    # not both: 1 - (1 - a)(1 - b) = a + b - ab
    neither = torch.logaddexp(spare, spare.transpose(1, 2) + torch.log1p(-spare.exp())).clamp_max(0.0)
    return (neither * (left.unsqueeze(2) & left.unsqueeze(1))).sum(2)
