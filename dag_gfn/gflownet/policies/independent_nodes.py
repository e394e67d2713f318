r"""What a layering's weight would be if nodes chose their parents independently of one another, cycles and all.

Were cycles no matter, each node would take a parent set by its weight, and be placed as soon as these parents are: in
the open layer with the share :math:`now_v` of its parent sets, in a later one with :math:`later_v`. Going through the
nodes in increasing order, v would be added with probability :math:`now_v / (now_v + later_v)` and left for later
otherwise, and the flow through a state be the reward so far times the product over the nodes left out of their weights
:math:`\hat w_v(V \setminus v)` and of :math:`now_v + later_v` for those that can still be added to the open layer,
:math:`later_v` for those whose turn has passed. These flows match in every state but those where no node is ready: a
layer may not be empty, and there cycles go by the board. So the true flow is this one times the probability that
parent sets so chosen close no cycle, and that is what is left to learn.
"""

import math
from typing import no_type_check

import numpy as np
import torch
from jaxtyping import Bool, Float
from numba import njit
from torch import Tensor
from torch.nn.functional import logsigmoid

_LEAST = 1e-30
_NEVER = -1000.0  # nats
_TINY = 1e-300
_LARGEST_SHARE = -1e-6  # nats: a pair of nodes that surely does without an edge costs nothing
_SPARED = 1e-3  # of the sets without a node, that are taken to be left at least


def log_available(
    now: Float[Tensor, "b d"], later: Float[Tensor, "b d"], addable: Bool[Tensor, "b d"]
) -> Float[Tensor, "b d"]:
    """Return the log-share of the parent sets that each node left out may still have."""
    return torch.logaddexp(now, later).where(addable, later)


def log_spare(
    log_available: Float[Tensor, "b d"], log_without: Float[Tensor, "d d"]
) -> Float[Tensor, "b d d"]:
    """Return, at [u, w], the log-share without w of the parent sets that u may still have, where w is left out.

    Parameters
    ----------
    log_available : Tensor, shape (b, d)
    log_without : Tensor, shape (d, d)
        ``[u, w]`` is the log-share of the parent sets of u that do not hold w.
    """
    gone = (-torch.expm1(log_available)).clamp_min(_LEAST).log().unsqueeze(2) - log_without
    # of the sets without w, those that are gone cannot be had either
    spare = log_without + torch.log1p(-gone.clamp_max(-_SPARED).exp()) - log_available.unsqueeze(2)
    return spare.clamp_max(_LARGEST_SHARE)


def log_no_pair(
    left: Bool[Tensor, "b d"], log_available: Float[Tensor, "b d"], log_without: Float[Tensor, "d d"]
) -> Float[Tensor, "b d"]:
    """Return, for each node left out, the log-probability that no other left out is both its parent and its child.

    Pairs are taken as independent, and nodes as choosing among the parent sets that they may still have. On a CPU the
    sums are compiled, in double precision.

    Parameters
    ----------
    left : Tensor, shape (b, d), bool
    log_available : Tensor, shape (b, d)
    log_without : Tensor, shape (d, d)
        As for `log_spare`.
    """
    if log_available.device.type == "cpu":
        sums = np.zeros(log_available.shape, dtype=np.float32)
        without = log_without.double().exp().numpy()
        _sum_no_pairs(left.numpy(), log_available.numpy(), without, sums)
        return torch.from_numpy(sums)
    return _batched_no_pair(left, log_available, log_without)


def _batched_no_pair(
    left: Bool[Tensor, "b d"], log_available: Float[Tensor, "b d"], log_without: Float[Tensor, "d d"]
) -> Float[Tensor, "b d"]:
    """Return the same on any device."""
    spare = log_spare(log_available, log_without)
    # 1 - (1 - a)(1 - b) = a + b (1 - a), where a and b are the shares without each other
    neither = torch.logaddexp(spare, spare.transpose(1, 2) + torch.log1p(-spare.exp())).clamp(_NEVER, 0.0)
    return (neither * (left.unsqueeze(2) & left.unsqueeze(1))).sum(2)


def action_logits(ready: Float[Tensor, "b d"], addable: Bool[Tensor, "b d"]) -> Float[Tensor, "b a"]:
    """Return log-probabilities of adding each node and of closing the layer, and 0 for stopping.

    Parameters
    ----------
    ready : Tensor, shape (b, d)
        Log-odds that a node belongs to the open layer, when its turn has come.
    addable : Tensor, shape (b, d), bool
    """
    skip = logsigmoid(-ready) * addable
    skipped = skip.cumsum(1)
    close = skipped[:, -1:]
    return torch.cat([logsigmoid(ready) + skipped - skip, close, torch.zeros_like(close)], dim=1)


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _sum_no_pairs(left, log_available, without, sums):
    """Add up, for each node left out, the log-probabilities that it and another do without one another."""
    b, d = left.shape
    nodes, available = np.empty(d, dtype=np.int64), np.empty(d)
    for s in range(b):
        m = 0
        for u in range(d):
            if left[s, u]:
                nodes[m], available[m] = u, max(math.exp(np.float64(log_available[s, u])), _TINY)
                m += 1
        for i in range(m):
            for j in range(i + 1, m):
                u, w = nodes[i], nodes[j]
                first = _spare(without[u, w], available[i])
                neither = first + _spare(without[w, u], available[j]) * (1.0 - first)
                cost = max(math.log(neither), _NEVER) if neither > 0.0 else _NEVER
                sums[s, u] += cost
                sums[s, w] += cost


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _spare(without, available):
    """Return the share without a node of the parent sets that are available; those that are gone may be without it."""
    return min(max(without - (1.0 - available), _SPARED * without) / available, 1.0 + _LARGEST_SHARE)
