"""Checks that a policy, a backward policy or a state flow keeps its protocol, on observations of the caller."""

from collections.abc import Callable
from dataclasses import fields

import torch
from jaxtyping import Bool
from torch import Tensor

from dag_gfn.gflownet.policies.flow_model import BackwardPolicy
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.policy import Observation, Policy


def check_policy(policy: Policy, observation: Observation, *, tolerance: float = 1e-4) -> None:
    """Check that a policy keeps its protocol on a batch of states.

    Logits must have shape (b, a) for a actions and be finite for legal actions. They must be the same for a state in a
    batch and alone, and from call to call. The probabilities of the legal actions must sum to one.

    Parameters
    ----------
    policy : Policy
        On the observation's device; a network in the mode (training or evaluation) in which it will be used.
    observation : Observation
    tolerance : float
        Difference allowed between a batch and single rows, in nats.

    Raises
    ------
    AssertionError
        If the policy breaks its protocol.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.conformance import check_policy
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> empty = torch.zeros(3, 2, 2, dtype=torch.bool)
    >>> seen = EdgeObservation(empty, ~empty, torch.zeros(3, 2, 2))
    >>> check_policy(lambda observation: torch.ones(len(observation), 4), seen)
    Traceback (most recent call last):
        ...
    AssertionError: logits have shape (3, 4), not (3, 5)
    """
    legal = observation.legal_actions
    b, a = legal.shape
    before = [tensor.clone() for tensor in observation.tensors]
    with torch.no_grad():
        logits = policy(observation)
        again = policy(observation)
        singles = torch.cat([policy(observation[k : k + 1]) for k in range(b)])
        no_states = policy(observation[:0])
    assert logits.shape == (b, a), f"logits have shape {tuple(logits.shape)}, not {(b, a)}"
    assert no_states.shape == (0, a), f"a batch of no states does not give logits of shape (0, {a})"
    assert logits.is_floating_point(), f"logits are {logits.dtype}, not floating-point"
    assert logits.device == legal.device, f"logits are on {logits.device}"
    for field, tensor, given in zip(fields(observation), observation.tensors, before, strict=True):
        assert torch.equal(tensor, given), f"the policy changes the {field.name} that it is given"

    assert logits[legal].isfinite().all(), "the logit of a legal action is not a finite number"
    assert torch.equal(logits[legal], again[legal]), "two calls give different logits"
    log_p, alone = masked_log_softmax(logits, legal), masked_log_softmax(singles, legal)
    error = float((log_p - alone)[legal].abs().max()) if b else 0.0
    assert error <= tolerance, f"a batch differs from single states by {error:.3g} nats"
    assert (log_p.exp().masked_select(~legal) == 0).all(), "an illegal action has a probability"
    total = log_p.double().exp().sum(1)
    assert ((total - 1).abs() < 1e-5).all(), "probabilities do not sum to one"


def check_backward_policy(
    backward: BackwardPolicy,
    observation: Observation,
    removable: Bool[Tensor, "b *a"],
    *,
    tolerance: float = 1e-4,
) -> None:
    """Check that a backward policy keeps its protocol on a batch of states.

    Log-probabilities must have shape (b, a), where a is d*d over edges, be -inf for every action that cannot be undone,
    and sum to one as probabilities. They must be the same for a state in a batch and alone, and from call to call. If
    nothing can be undone in a state, they must not be NaN.

    Parameters
    ----------
    backward : BackwardPolicy
    observation : Observation
    removable : Tensor, shape (b, a) or (b, d, d), bool
        Whether each action, but for the stop, can have been the last; over edges ``removable[k, i, j]`` is True where
        i -> j can be the last edge that was added to graph k.
    tolerance : float
        Difference allowed between a batch and single rows, in nats.

    Raises
    ------
    AssertionError
        If the backward policy breaks its protocol.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.conformance import check_backward_policy
    >>> from dag_gfn.gflownet.policies.edge_mlp import MLPBackward
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> adjacency = torch.tensor([[[False, True], [False, False]]])
    >>> seen = EdgeObservation(adjacency, torch.zeros_like(adjacency), torch.zeros(1, 2, 2))
    >>> check_backward_policy(MLPBackward(2), seen, removable=~adjacency)
    Traceback (most recent call last):
        ...
    AssertionError: an edge that cannot be undone has a probability
    """
    log_pb, singles = _evaluated(backward, observation)
    can_be_undone = removable.flatten(1)
    expected = tuple(can_be_undone.shape)
    assert log_pb.shape == expected, f"log-probabilities have shape {tuple(log_pb.shape)}, not {expected}"
    assert not log_pb.isnan().any(), "a log-probability is NaN"
    some = can_be_undone.any(1)
    assert (log_pb[some][~can_be_undone[some]] == -torch.inf).all(), (
        "an edge that cannot be undone has a probability"
    )
    error = (log_pb - singles)[can_be_undone].abs().amax() if some.any() else 0.0
    assert error <= tolerance, f"a batch differs from single states by {error:.3g} nats"
    total = log_pb[some].double().exp().sum(1)
    assert ((total - 1).abs() < 1e-5).all(), "probabilities do not sum to one"


def check_state_flow(
    state_flow: Callable[[Observation], Tensor], observation: Observation, *, tolerance: float = 1e-4
) -> None:
    """Check that a state flow gives one finite number for each state, the same in a batch and alone, at every call.

    Parameters
    ----------
    state_flow : callable
        As `FlowModel` takes it.
    observation : Observation
    tolerance : float
        Difference allowed between a batch and single rows, in nats.

    Raises
    ------
    AssertionError
        If it does not.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.conformance import check_state_flow
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> empty = torch.zeros(3, 2, 2, dtype=torch.bool)
    >>> seen = EdgeObservation(empty, ~empty, torch.zeros(3, 2, 2))
    >>> check_state_flow(lambda observation: torch.full((len(observation),), torch.inf), seen)
    Traceback (most recent call last):
        ...
    AssertionError: a flow is not a finite number
    """
    log_flow, singles = _evaluated(state_flow, observation)
    assert log_flow.shape == (len(observation),), f"flows have shape {tuple(log_flow.shape)}"
    assert log_flow.isfinite().all(), "a flow is not a finite number"
    error = (log_flow - singles).abs().amax() if len(observation) else 0.0
    assert error <= tolerance, f"a batch differs from single states by {error:.3g} nats"


def _evaluated(network: Callable[[Observation], Tensor], observation: Observation) -> tuple[Tensor, Tensor]:
    """Return the values of the batch and of its states one by one, having checked that two calls agree."""
    with torch.no_grad():
        values, again = network(observation), network(observation)
        singles = torch.cat([network(observation[k : k + 1]) for k in range(len(observation))])
        assert len(network(observation[:0])) == 0, "a batch of no states gives something"
    assert values.is_floating_point(), f"what is returned is {values.dtype}, not floating-point"
    assert torch.equal(values.nan_to_num(), again.nan_to_num()), "two calls differ"
    return values, singles
