r"""Root layerings if the nodes chose their parents independently: the closed form from which layer policies start.

Suppose that every node draws a parent set with probability proportional to its weight, without regard to cycles, and
is placed as soon as its parents are placed. Let :math:`now_v` be the share of its parent sets with which node v belongs
to the open layer, and :math:`later_v` the share with which it belongs to a later one. The nodes have their turn in
increasing order: v is added to the open layer with probability :math:`now_v / (now_v + later_v)`, and otherwise left
for later.

The flow through a state is then the reward so far times a factor for each unplaced node v:
:math:`\hat w_v(V \setminus v)`, the weight of all its parent sets, times :math:`now_v + later_v` if v can still be
added to the open layer, or times :math:`later_v` if its turn has passed. These flows balance in every state except
where no node is ready: the draw then contains a cycle, and the layer would stay empty, which is not allowed. The true
flow is therefore this one times the probability that the drawn parent sets form no cycle. The factor for cycles of two
nodes is computed here (`log_no_pair`); the networks learn the rest.
"""

import math
from typing import no_type_check

import numpy as np
import torch
from jaxtyping import Bool, Float
from numba import njit
from torch import Tensor
from torch.nn.functional import logsigmoid

_LEAST = 1e-30  # share, so that its logarithm is finite in single precision
_TINY = 1e-300  # the same in double precision
_NEVER = -1000.0  # nats, in place of log 0
_LARGEST_SHARE = -1e-6  # nats: keeps log(1 - share) finite where a node surely is no parent
_SPARED = 1e-3  # least share, of the parent sets without a node, that is taken to be still possible


def log_available(
    now: Float[Tensor, "b d"], later: Float[Tensor, "b d"], addable: Bool[Tensor, "b d"]
) -> Float[Tensor, "b d"]:
    """Return the log-share of the parent sets that each unplaced node may still have.

    Parameters
    ----------
    now, later : Tensor, shape (b, d)
        Log-shares of the parent sets that put the node into the open layer, and into a later one.
    addable : Tensor, shape (b, d), bool
        Whether the node can still be added to the open layer.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.independent_nodes import log_available
    >>> now, later = torch.tensor([[0.25, 0.25]]).log(), torch.tensor([[0.5, 0.5]]).log()
    >>> [round(float(share), 3) for share in log_available(now, later, torch.tensor([[True, False]])).exp()[0]]
    [0.75, 0.5]
    """
    return torch.logaddexp(now, later).where(addable, later)


def log_spare(
    log_available: Float[Tensor, "b d"], log_without: Float[Tensor, "d d"]
) -> Float[Tensor, "b d d"]:
    """Return, at [u, w], the log-share of the parent sets that u may still have which do not contain w.

    The value means something only where w is unplaced: parent sets with w are then all still possible.

    Parameters
    ----------
    log_available : Tensor, shape (b, d)
        Log-share of the parent sets that each node may still have, as `log_available` gives it.
    log_without : Tensor, shape (d, d)
        ``[u, w]`` is the log-share of all parent sets of u that do not contain w.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.independent_nodes import log_spare
    >>> half = torch.full((2, 2), 0.5).log()  # half of the parent sets of each node lack the other
    >>> round(log_spare(torch.tensor([[0.75, 0.75]]).log(), half)[0, 0, 1].exp().item(), 3)  # 0.25 / 0.75
    0.333
    """
    gone = (-torch.expm1(log_available)).clamp_min(_LEAST).log().unsqueeze(2) - log_without
    # the sets that are no longer possible all lack w, since w is unplaced
    spare = log_without + torch.log1p(-gone.clamp_max(-_SPARED).exp()) - log_available.unsqueeze(2)
    return spare.clamp_max(_LARGEST_SHARE)


def log_no_pair(
    left: Bool[Tensor, "b d"], log_available: Float[Tensor, "b d"], log_without: Float[Tensor, "d d"]
) -> Float[Tensor, "b d"]:
    """Return, for each unplaced node, the log-probability that it is in no cycle of two with another unplaced node.

    Pairs are treated as independent, and each node draws among the parent sets that it may still have. On a CPU the
    sums are computed by compiled code in double precision.

    Parameters
    ----------
    left : Tensor, shape (b, d), bool
        The unplaced nodes.
    log_available : Tensor, shape (b, d)
    log_without : Tensor, shape (d, d)
        As for `log_spare`.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.independent_nodes import log_no_pair
    >>> half = torch.full((2, 2), 0.5).log()  # each node is a parent of the other with probability 1/2
    >>> log_no_pair(torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, 2), half).exp().tolist()  # 1 - 1/4
    [[0.75, 0.75]]
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
    """Return `log_no_pair` with operations of torch, on any device."""
    spare = log_spare(log_available, log_without)
    # a and b are the probabilities that the one is no parent of the other; not both: 1 - (1 - a)(1 - b) = a + b(1 - a)
    neither = torch.logaddexp(spare, spare.transpose(1, 2) + torch.log1p(-spare.exp())).clamp(_NEVER, 0.0)
    return (neither * (left.unsqueeze(2) & left.unsqueeze(1))).sum(2)


def action_logits(ready: Float[Tensor, "b d"], addable: Bool[Tensor, "b d"]) -> Float[Tensor, "b a"]:
    """Return the log-probabilities of adding each node and of closing the layer, and 0 for the stop.

    The nodes have their turn in increasing order. Node v is the next to be added if it is ready and no addable node
    before it is; the layer is closed if none is ready.

    Parameters
    ----------
    ready : Tensor, shape (b, d)
        Log-odds that a node belongs to the open layer, at its turn.
    addable : Tensor, shape (b, d), bool

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.independent_nodes import action_logits
    >>> action_logits(torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool)).exp()  # 1/2, 1/2 * 1/2, neither; stop
    tensor([[0.5000, 0.2500, 0.2500, 1.0000]])
    """
    skip = logsigmoid(-ready) * addable
    skipped = skip.cumsum(1)
    close = skipped[:, -1:]
    return torch.cat([logsigmoid(ready) + skipped - skip, close, torch.zeros_like(close)], dim=1)


# @no_type_check: the annotation checker of the tests would wrap these functions, and Numba could not compile them.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _sum_no_pairs(left, log_available, without, sums):
    """Add to ``sums``, for each unplaced node, the log-probability of no cycle of two with each other one."""
    b, d = left.shape
    nodes, available = np.empty(d, dtype=np.int64), np.empty(d)
    for s in range(b):
        m = 0  # number of unplaced nodes, which are listed first
        for u in range(d):
            if left[s, u]:
                nodes[m], available[m] = u, max(math.exp(np.float64(log_available[s, u])), _TINY)
                m += 1
        for i in range(m):
            for j in range(i + 1, m):
                u, w = nodes[i], nodes[j]
                # as in `_batched_no_pair`: a + b (1 - a)
                first = _spare(without[u, w], available[i])
                neither = first + _spare(without[w, u], available[j]) * (1.0 - first)
                cost = max(math.log(neither), _NEVER) if neither > 0.0 else _NEVER
                sums[s, u] += cost
                sums[s, w] += cost


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _spare(without, available):
    """Return `log_spare` for one pair, of shares instead of their logarithms."""
    return min(max(without - (1.0 - available), _SPARED * without) / available, 1.0 + _LARGEST_SHARE)
