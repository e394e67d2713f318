"""From logits to log-probabilities of the legal actions, and to actions drawn from these."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def masked_log_softmax(logits: Float[Tensor, "b a"], legal: Bool[Tensor, "b a"]) -> Float[Tensor, "b a"]:
    """Return log-probabilities over the legal actions.

    They are -inf for illegal actions, and exactly 0 where only one action is legal. Every row needs a legal action;
    `dag_gfn.gflownet.env.conformance.check_environment` checks that an environment provides one.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.masking import masked_log_softmax
    >>> legal = torch.tensor([[True, False, True]])
    >>> masked_log_softmax(torch.zeros(1, 3), legal).exp().tolist()
    [[0.5, 0.0, 0.5]]
    """
    log_p = logits.masked_fill(~legal, -torch.inf).log_softmax(dim=1)
    only = legal & (legal.sum(dim=1, keepdim=True) == 1)
    return log_p.masked_fill(only, 0.0)


def sample_actions(log_p: Float[Tensor, "b a"], *, generator: torch.Generator) -> Int[Tensor, " b"]:
    """Draw one action for each row; an action of probability zero is never drawn, not even by rounding.

    Raises
    ------
    FloatingPointError
        If a row holds NaN, as when training has diverged.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.masking import sample_actions
    >>> log_p = torch.tensor([[0.25, 0.75, 0.0]]).log().repeat(1000, 1)
    >>> drawn = sample_actions(log_p, generator=torch.Generator().manual_seed(0))
    >>> [round(float((drawn == action).float().mean()), 1) for action in range(3)]
    [0.2, 0.8, 0.0]
    """
    clocks = torch.empty_like(log_p).exponential_(generator=generator)
    # the Gumbel-max trick: of exponential waiting times with rates p_a, that of a is the shortest with
    # probability p_a; an action with log_p = -inf never wins
    action = (log_p - clocks.clamp_min(torch.finfo(log_p.dtype).tiny).log()).argmax(dim=1)
    if not (log_p.gather(1, action.unsqueeze(1)) > -torch.inf).all():
        # argmax takes NaN for the largest number; the action may be illegal and the trajectory endless
        raise FloatingPointError("the policy's logits are not finite numbers: training has diverged")
    return action
