"""Whether a policy keeps its protocol, checked on observations that the caller supplies."""

import torch

from dag_gfn.policies.masking import masked_log_softmax, with_stop
from dag_gfn.policies.policy import Observation, Policy


def check_policy(policy: Policy, observation: Observation, *, tolerance: float = 1e-4) -> None:
    """Hold a policy to its protocol on a batch of states.

    Logits have shape (b, d*d + 1), are finite on legal actions, do not change with the company a state is in,
    nor from call to call, and turn into probabilities of legal actions that sum to one.

    Parameters
    ----------
    policy : Policy
        On the observation's device; a network in the mode in which it is to be used.
    observation : Observation
    tolerance : float
        Difference allowed between a batch and single rows, in nats.

    Raises
    ------
    AssertionError
        If the policy does not do what its protocol says.
    """
    b, d, _ = observation.legal.shape
    before = Observation(*(t.clone() for t in (observation.adjacency, observation.legal, observation.gains)))
    with torch.no_grad():
        logits = policy(observation)
        again = policy(observation)
        singles = torch.cat([policy(observation[k : k + 1]) for k in range(b)])
        no_states = policy(observation[:0])
    assert logits.shape == (b, d * d + 1), f"logits have shape {tuple(logits.shape)}, not {(b, d * d + 1)}"
    assert no_states.shape == (0, d * d + 1), (
        "a batch of no states does not give logits of shape (0, d*d + 1)"
    )
    assert logits.is_floating_point(), f"logits are {logits.dtype}, not floating-point"
    assert logits.device == observation.legal.device, f"logits are on {logits.device}"
    for name in ("adjacency", "legal", "gains"):
        same = torch.equal(getattr(observation, name), getattr(before, name))
        assert same, f"the policy changes the {name} that it is given"

    legal = with_stop(observation.legal)
    assert logits[legal].isfinite().all(), "the logit of a legal action is not a finite number"
    assert torch.equal(logits[legal], again[legal]), "two calls give different logits"
    log_p, alone = masked_log_softmax(logits, legal), masked_log_softmax(singles, legal)
    error = float((log_p - alone)[legal].abs().max()) if b else 0.0
    assert error <= tolerance, f"a batch differs from single states by {error:.3g} nats"
    assert (log_p.exp().masked_select(~legal) == 0).all(), "an illegal action has a probability"
    total = log_p.double().exp().sum(1)
    assert ((total - 1).abs() < 1e-5).all(), "probabilities do not sum to one"
