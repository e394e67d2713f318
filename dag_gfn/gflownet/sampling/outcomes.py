"""Finished objects drawn from a policy, with their importance weights but without their trajectories."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.flow_model import BackwardPolicy, FlowModel
from dag_gfn.gflownet.policies.masking import masked_log_softmax, sample_actions
from dag_gfn.gflownet.policies.policy import Observation, Policy


@dataclass(frozen=True)
class OutcomeSample:
    r"""Finished objects drawn from a policy; row k is the k-th draw.

    Attributes
    ----------
    outcome : Tensor, shape (k, d), int64
        As in the states of the environment: parent masks of graphs, layers of layerings.
    log_reward : Tensor, shape (k,), float64
        log R(x) in nats; -inf where the trajectory ended in a dead end, and likewise `log_weight`.
    log_weight : Tensor, shape (k,), float64
        :math:`\log R(x) + \log P_B(\tau\mid x) - \log P_F(\tau)` of the trajectory, in nats.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.sampling.outcomes import OutcomeSample
    >>> parents = torch.tensor([[0, 0], [0, 1]])  # the empty graph, and 0 -> 1
    >>> sample = OutcomeSample(parents, torch.zeros(2).double(), torch.tensor([1.0, 3.0]).double().log())
    >>> sample.log_weight.exp().mean().item()  # estimates the evidence
    2.0
    """

    outcome: Int[Tensor, "k d"]
    log_reward: Float[Tensor, " k"]
    log_weight: Float[Tensor, " k"]


@torch.no_grad()
def sample_outcomes(
    environment: Environment,
    policy: Policy,
    num_samples: int,
    *,
    generator: torch.Generator,
    batch_size: int | None = None,
    on_share: Callable[[float], None] | None = None,
) -> OutcomeSample:
    """Draw finished objects from the policy; trajectories are not kept.

    Parameters
    ----------
    environment : Environment
    policy : Policy
        The weights use the backward policy of a `FlowModel`, or the uniform one.
    num_samples : int
    generator : torch.Generator
    batch_size : int, optional
        Objects that are built at a time; by default as many as have a million pairs of nodes together.
    on_share : callable, optional
        Is called with the share of the objects that are finished, in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.outcomes import sample_outcomes
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> generator = torch.Generator().manual_seed(0)
    >>> sample = sample_outcomes(environment, UniformPolicy(), 700, generator=generator)
    >>> round(float((sample.outcome == 0).all(1).double().mean()), 1)  # the empty graph: probability 1/7
    0.1
    """
    device = environment.device
    if batch_size is None:
        batch_size = max(2**20 // environment.num_nodes**2, 1)
    backward = policy.backward if isinstance(policy, FlowModel) else None
    outcome = torch.zeros(num_samples, environment.num_nodes, dtype=torch.long, device=device)
    log_reward = torch.zeros(num_samples, dtype=torch.float64, device=device)
    log_path = torch.zeros(num_samples, dtype=torch.float64, device=device)  # log P_B - log P_F so far
    finished = 0
    for rows in torch.arange(num_samples, device=device).split(batch_size):
        state = environment.initial_state(len(rows))
        action = None
        while len(rows):
            place, which = state.distinct()  # the policy evaluates each distinct state once
            observation = environment.observe(state[place])
            if action is not None:
                log_path[rows] += _log_pb(environment, backward, state, observation, which, action)
            log_p = masked_log_softmax(policy(observation), observation.legal_actions)[which]
            action = sample_actions(log_p, generator=generator)
            log_path[rows] -= log_p.gather(1, action.unsqueeze(1)).squeeze(1).double()
            stops = action == environment.stop_action
            ended, going = stops.nonzero().squeeze(1), (~stops).nonzero().squeeze(1)
            # at their own rows: small objects finish first, and the first n rows must be a sample too
            outcome[rows[ended]] = state.outcome[ended]
            log_reward[rows[ended]] = state.log_final_reward[ended]
            rows, action = rows[going], action[going]
            state = environment.step(state[going], action)
        if on_share is not None:
            finished += batch_size
            on_share(min(finished / num_samples, 1.0))
    return OutcomeSample(outcome, log_reward, log_reward + log_path)


def _log_pb(
    environment: Environment,
    backward: BackwardPolicy | None,
    state: State,
    observation: Observation,
    which: Int[Tensor, " b"],
    action: Int[Tensor, " b"],
) -> Float[Tensor, " b"]:
    """Return the backward log-probability of the last action; `observation[which]` are the states."""
    if backward is None:
        return -environment.num_parents_of_state(state).double().log()
    return backward(observation)[which].gather(1, action.unsqueeze(1)).squeeze(1).double()
