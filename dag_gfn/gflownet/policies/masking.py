"""From logits to log-probabilities over the legal actions only."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def masked_log_softmax(logits: Float[Tensor, "b a"], legal: Bool[Tensor, "b a"]) -> Float[Tensor, "b a"]:
    """Return log-probabilities over the legal actions: -inf elsewhere, exactly 0 where one alone is legal.

    Every row needs a legal action, which an environment's conformance test makes sure of.
    """
    log_p = logits.masked_fill(~legal, -torch.inf).log_softmax(dim=1)
    only = legal & (legal.sum(dim=1, keepdim=True) == 1)
    return log_p.masked_fill(only, 0.0)


def sample_actions(log_p: Float[Tensor, "b a"], *, generator: torch.Generator) -> Int[Tensor, " b"]:
    """Draw one action a row; an action of probability zero is never drawn, whatever the rounding.

    Raises
    ------
    FloatingPointError
        If a row holds NaN, as when training has diverged.
    """
    clocks = torch.empty_like(log_p).exponential_(generator=generator)
    # the first of competing exponential clocks rings for a with probability p_a; -inf never wins
    action = (log_p - clocks.clamp_min(torch.finfo(log_p.dtype).tiny).log()).argmax(dim=1)
    if not (log_p.gather(1, action.unsqueeze(1)) > -torch.inf).all():
        # NaN counts as the largest; the illegal action that it stands for might never end a trajectory
        raise FloatingPointError("the policy's logits are not finite numbers: training has diverged")
    return action
