"""Finished objects drawn from a policy, without their trajectories."""

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
        As in the environment's states: the parents of graphs, the layers of layerings.
    log_reward : Tensor, shape (k,), float64
        log R of each, in nats; -inf where a trajectory has come to a dead end, as is its `log_weight`.
    log_weight : Tensor, shape (k,), float64
        :math:`\log R(x) + \log P_B(\tau\mid x) - \log P_F(\tau)` of the trajectory that built it, in nats.
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
    """Draw finished objects from the policy, keeping no trajectory.

    Parameters
    ----------
    environment : Environment
    policy : Policy
        A `FlowModel` with a learned backward policy is judged with that one, any other with the uniform.
    num_samples : int
    generator : torch.Generator
    batch_size : int, optional
        Objects that are built at a time; by default as many as have a million pairs of nodes.
    on_share : callable, optional
        Is told which share of the objects is finished, in [0, 1].
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
            place, which = state.distinct()  # no need to look at one twice
            observation = environment.observe(state[place])
            if action is not None:
                log_path[rows] += _log_pb(environment, backward, state, observation, which, action)
            log_p = masked_log_softmax(policy(observation), observation.legal_actions)[which]
            action = sample_actions(log_p, generator=generator)
            log_path[rows] -= log_p.gather(1, action.unsqueeze(1)).squeeze(1).double()
            stops = action == environment.stop_action
            # in the order of the draws: small objects end first, and the first n draws are a sample too
            outcome[rows[stops]] = state.outcome[stops]
            log_reward[rows[stops]] = state.log_final_reward[stops]
            rows, action = rows[~stops], action[~stops]
            state = environment.step(state[~stops], action)
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
    """Return the log-probability of undoing the action that led to each state, of which there are distinct ones."""
    if backward is None:
        return -environment.num_parents_of_state(state).double().log()
    return backward(observation)[which].gather(1, action.unsqueeze(1)).squeeze(1).double()
