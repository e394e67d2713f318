r"""Root layerings drawn under a condition on parents, by a policy that was trained without it.

Given a layering, the sum over the parent sets that comply is as exact as the sum over all of them
(:mod:`dag_gfn.layerings.conditional_weights`). So only the distribution of the layerings needs importance weights.
Draws come from a mixture of three policies, whose probabilities of each layering are all known:

- the trained one. Its weights are bounded, but if the condition is rare, few of its draws comply.
- the trained one with the log-odds of each node's turn shifted by what the condition changes in them if the nodes chose
  their parents independently (:mod:`dag_gfn.gflownet.policies.independent_nodes`). Where the policy is exact and nodes
  are independent, this is the exact conditional policy.
- that of independent nodes under the condition, without anything that was trained.

A draw weighs :math:`R / \sum_c \alpha_c P_c`, whichever policy it came from.

References
----------
Owen and Zhou, Safe and effective importance sampling, JASA 95 (2000).
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from dag_gfn.gflownet.env.layer_state import LayerState
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies.independent_nodes import action_logits
from dag_gfn.gflownet.policies.layer_network import LayerNetwork, node_features
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.gflownet.policies.masking import masked_log_softmax, sample_actions
from dag_gfn.layerings.layer_weights import LayerWeights

_PARTS = (0, 1, 1, 2)
"""Which policy draws each of four layerings in turn: trained, shifted, independent nodes."""
_LARGEST_ODDS = 500.0  # nats
_PAIRS_AT_A_TIME = 2**20


@dataclass(frozen=True)
class ConditionalLayerings:
    """Layerings drawn under a condition.

    Attributes
    ----------
    layer_of : ndarray, shape (m, d), int64
        Those that comply.
    log_rewards : ndarray, shape (m,), float64
        Of each, the log of the sum of R(G) over the DAGs that comply.
    log_weights : ndarray, shape (m,), float64
        Such that the sum of the weights over `tried` is an unbiased estimate of the evidence of the graphs that comply.
    tried : int
        Layerings that were drawn; the others have no weight.

    Examples
    --------
    See `draw_given`.
    """

    layer_of: Int64[np.ndarray, "m d"]
    log_rewards: Float64[np.ndarray, " m"]
    log_weights: Float64[np.ndarray, " m"]
    tried: int


@torch.no_grad()
def draw_given(
    network: LayerNetwork,
    whole: RootLayers,
    given: LayerWeights,
    num_samples: int,
    *,
    generator: torch.Generator,
) -> ConditionalLayerings:
    """Draw layerings whose DAGs comply with a condition, with their importance weights.

    Parameters
    ----------
    network : LayerNetwork
        Trained without the condition.
    whole : RootLayers
        Where it was trained.
    given : LayerWeights
        Weights under the condition.
    num_samples : int
    generator : torch.Generator

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.layers.conditional import draw_given
    >>> from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> whole = RootLayers(LayerWeights.of(np.zeros((2, 2))))  # three DAGs of weight 1
    >>> network = LayerMLP(whole.log_all, whole.log_without)
    >>> given = LayerWeights.of(np.array([[0.0, 0.0], [-np.inf, 0.0]]))  # node 1 has the parent 0
    >>> drawn = draw_given(network, whole, given, 8, generator=torch.Generator().manual_seed(0))
    >>> np.unique(drawn.layer_of, axis=0).tolist()
    [[0, 1]]
    """
    part = RootLayers(given, device=whole.device)
    d, device = whole.num_nodes, whole.device
    kind = torch.tensor(_PARTS, device=device)[torch.arange(num_samples, device=device) % len(_PARTS)]
    shares = torch.bincount(kind, minlength=3).double() / max(num_samples, 1)
    layer_of = torch.zeros(num_samples, d, dtype=torch.long, device=device)
    log_weight = torch.full((num_samples,), -torch.inf, dtype=torch.float64, device=device)
    log_reward = torch.full_like(log_weight, -torch.inf)
    at_a_time = max(_PAIRS_AT_A_TIME // d**2, 1)
    for first in range(0, num_samples, at_a_time):
        rows = torch.arange(first, min(first + at_a_time, num_samples), device=device)
        ends, log_p, rows = _built(network, whole, part, kind[rows], rows, generator)
        layer_of[rows], log_reward[rows] = ends.outcome, ends.log_final_reward
        log_weight[rows] = log_reward[rows] - (log_p + shares.log()).logsumexp(1)
    complies = log_weight > -torch.inf
    placed, reward, weight = (values[complies].cpu().numpy() for values in (layer_of, log_reward, log_weight))
    return ConditionalLayerings(placed, reward, weight, num_samples)


def _built(
    network: LayerNetwork,
    whole: RootLayers,
    part: RootLayers,
    kind: Tensor,
    rows: Tensor,
    generator: torch.Generator,
) -> tuple[LayerState, Float[Tensor, "m 3"], Tensor]:
    """Return finished layerings, the log-probability of each by all three policies, and their rows."""
    inside, outside = part.initial_state(len(rows)), whole.initial_state(len(rows))
    log_p = torch.zeros(len(rows), 3, dtype=torch.float64, device=whole.device)
    finished: list[tuple[LayerState, Tensor, Tensor]] = []
    while len(rows):
        place, which = inside.distinct()  # each distinct state passes the network once
        seen, narrow = whole.observe(outside[place]), part.observe(inside[place])
        by_policy = _log_policies(network, seen, narrow)[which]  # (b, 3, a)
        action = sample_actions(by_policy[torch.arange(len(rows)), kind], generator=generator)
        taken = by_policy.gather(2, action.view(-1, 1, 1).expand(-1, 3, 1)).squeeze(2)
        log_p = log_p + taken.double()
        # the trained policy may choose what the condition excludes: such a layering has no weight
        complies = inside.legal.gather(1, action.unsqueeze(1)).squeeze(1)
        stops = complies & (action == part.stop_action)
        finished.append((inside[stops], log_p[stops], rows[stops]))
        goes_on = complies & ~stops
        rows, kind, log_p, action = rows[goes_on], kind[goes_on], log_p[goes_on], action[goes_on]
        inside, outside = part.step(inside[goes_on], action), whole.step(outside[goes_on], action)
    states, log_ps, places = zip(*finished, strict=True)
    return LayerState.concatenate(states), torch.cat(log_ps), torch.cat(places)


def _log_policies(
    network: LayerNetwork, seen: LayerObservation, narrow: LayerObservation
) -> Float[Tensor, "b 3 a"]:
    """Return log-probabilities of the actions by the trained policy, the shifted one, and independent nodes."""
    ready, _ = network.corrections(seen, node_features(seen))
    odds, scale = network.log_odds(seen, ready), network.clash_scale
    under = narrow.now - narrow.later - scale * narrow.clash
    shifted = odds + under - (seen.now - seen.later - scale * seen.clash)
    independent = network.log_odds(narrow, torch.zeros_like(ready))
    policies = [
        _log_probabilities(odds, seen.addable, seen.legal),
        _log_probabilities(shifted, narrow.addable, narrow.legal),
        _log_probabilities(independent, narrow.addable, narrow.legal),
    ]
    return torch.stack(policies, dim=1)


def _log_probabilities(
    odds: Float[Tensor, "b d"], addable: Bool[Tensor, "b d"], legal: Bool[Tensor, "b a"]
) -> Float[Tensor, "b a"]:
    bounded = odds.clamp(-_LARGEST_ODDS, _LARGEST_ODDS)
    return masked_log_softmax(action_logits(bounded, addable), legal)
