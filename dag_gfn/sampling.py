"""Trajectories: forwards from a policy, backwards from given graphs; and their terms for an objective."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dag_gfn.env.dag_state import DagState
from dag_gfn.env.environment import Environment
from dag_gfn.env.trajectories import Trajectories
from dag_gfn.exploration import epsilon_uniform
from dag_gfn.objectives.objective import FlowTerms
from dag_gfn.policies.masking import masked_log_softmax, sample_actions, with_stop
from dag_gfn.policies.policy import Observation, Policy


class _Recorder:
    """Collects the steps of a batch whose rows end at different times."""

    def __init__(self, environment: Environment, batch_size: int):
        self.environment = environment
        self.batch_size = batch_size
        self.columns: list[tuple] = []
        self.ended: list[tuple[Tensor, DagState]] = []

    def record(self, rows: Tensor, state: DagState, observation: Observation, action: Tensor) -> DagState:
        """Note one step of the given rows and return the states after it."""
        following = self.environment.step(state, action)
        stops = action == self.environment.stop_action
        log_pb = -self.environment.num_parents_of_state(following).to(torch.float32).log()
        delta = (following.log_reward - state.log_reward).to(torch.float32)
        self.columns.append((rows, observation, action, log_pb.where(~stops, 0.0), delta))
        if stops.any():
            self.ended.append((rows[stops], following[stops]))
        return following

    def trajectories(self) -> Trajectories:
        """Return everything noted, in the order of the rows."""
        rows, observations, actions, log_pb, delta = zip(*self.columns, strict=True)
        steps = len(self.columns)
        place = torch.cat([row * steps + t for t, row in enumerate(rows)])
        order = torch.cat([row for row, _ in self.ended]).argsort()
        ends = [state for _, state in self.ended]
        names = DagState.__dataclass_fields__
        final = DagState(*(torch.cat([getattr(end, name) for end in ends])[order] for name in names))
        return Trajectories(
            observation=Observation.concatenate(list(observations)),
            action=torch.cat(actions),
            log_pb=torch.cat(log_pb),
            delta_log_reward=torch.cat(delta),
            position=place,
            shape=(self.batch_size, steps),
            final=final,
        )


@torch.no_grad()
def rollout(
    environment: Environment,
    policy: Policy,
    batch_size: int,
    *,
    generator: torch.Generator,
    epsilon: float = 0.0,
) -> Trajectories:
    """Follow the policy, straying with probability `epsilon` a step, until every trajectory has stopped."""
    recorder = _Recorder(environment, batch_size)
    rows = torch.arange(batch_size, device=environment.device)
    state = environment.initial_state(batch_size)
    while len(rows):
        observation = environment.observe(state)
        legal = with_stop(observation.legal)
        log_p = masked_log_softmax(policy(observation), legal)
        action = sample_actions(epsilon_uniform(log_p, legal, epsilon), generator=generator)
        state = recorder.record(rows, state, observation, action)
        going = action != environment.stop_action
        rows, state = rows[going], state[going]
    return recorder.trajectories()


@torch.no_grad()
def backward_rollout(
    environment: Environment, graphs: DagState, *, generator: torch.Generator
) -> Trajectories:
    """Return trajectories that end at the given graphs, drawn from the uniform backward policy."""
    actions, lengths = environment.backward_actions(graphs, generator=generator)
    recorder = _Recorder(environment, len(graphs))
    rows = torch.arange(len(graphs), device=environment.device)
    state = environment.initial_state(len(graphs))
    for t in range(actions.shape[1] + 1):
        action = actions[rows, t] if t < actions.shape[1] else torch.full_like(rows, environment.stop_action)
        state = recorder.record(rows, state, environment.observe(state), action)
        going = t < lengths[rows]
        rows, state = rows[going], state[going]
    return recorder.trajectories()


@dataclass(frozen=True)
class GraphSample:
    r"""Graphs drawn from a policy; row k is the k-th draw.

    Attributes
    ----------
    parents : Tensor, shape (k, d), int64
        Bit i of ``parents[k, j]`` is set where i -> j in graph k.
    log_reward : Tensor, shape (k,), float64
        log R of each graph, in nats.
    log_weight : Tensor, shape (k,), float64
        :math:`\log R(x) + \log P_B(\tau\mid x) - \log P_F(\tau)` of the trajectory that built it, in nats.
    """

    parents: Int[Tensor, "k d"]
    log_reward: Float[Tensor, " k"]
    log_weight: Float[Tensor, " k"]


@torch.no_grad()
def sample_graphs(
    environment: Environment,
    policy: Policy,
    num_samples: int,
    *,
    generator: torch.Generator,
    batch_size: int = 2048,
) -> GraphSample:
    """Draw graphs from the policy, keeping no trajectory."""
    device = environment.device
    parents = torch.zeros(num_samples, environment.num_nodes, dtype=torch.long, device=device)
    log_reward = torch.zeros(num_samples, dtype=torch.float64, device=device)
    log_path = torch.zeros(num_samples, dtype=torch.float64, device=device)  # log P_B - log P_F so far
    for rows in torch.arange(num_samples, device=device).split(batch_size):
        state = environment.initial_state(len(rows))
        while len(rows):
            observation = environment.observe(state)
            log_p = masked_log_softmax(policy(observation), with_stop(observation.legal))
            action = sample_actions(log_p, generator=generator)
            log_path[rows] -= log_p.gather(1, action.unsqueeze(1)).squeeze(1).double()
            stops = action == environment.stop_action
            # in the order of the draws: small graphs end first, and the first n draws are a sample too
            parents[rows[stops]] = state.parents[stops]
            log_reward[rows[stops]] = state.log_reward[stops]
            rows, state = rows[~stops], environment.step(state[~stops], action[~stops])
            log_path[rows] -= environment.num_parents_of_state(state).double().log()
    return GraphSample(parents, log_reward, log_reward + log_path)


def evaluate(policy: Policy, trajectories: Trajectories, *, target: Policy | None = None) -> FlowTerms:
    """Return the terms of an objective under the policy, with its gradients.

    Parameters
    ----------
    policy : Policy
    trajectories : Trajectories
    target : Policy, optional
        Slowly following copy of the policy, which then gives the stop probability of the next state,
        without gradient.
    """
    legal = with_stop(trajectories.observation.legal)
    log_p = masked_log_softmax(policy(trajectories.observation), legal)
    stops = trajectories.action == legal.shape[1] - 1
    log_stop = trajectories.pad(log_p[:, -1])
    if target is None:
        next_source = log_stop
    else:
        with torch.no_grad():
            aimed = masked_log_softmax(target(trajectories.observation), legal)
        next_source = trajectories.pad(aimed[:, -1])
    log_stop_next = torch.cat([next_source[:, 1:], next_source.new_zeros(next_source.shape[0], 1)], dim=1)
    padded_stops = trajectories.pad(stops)
    return FlowTerms(
        mask=trajectories.pad(torch.ones_like(stops)),
        stops=padded_stops,
        log_pf=trajectories.pad(log_p.gather(1, trajectories.action.unsqueeze(1)).squeeze(1)),
        log_pb=trajectories.pad(trajectories.log_pb),
        log_stop=log_stop,
        log_stop_next=log_stop_next.where(~padded_stops, 0.0),
        delta_log_reward=trajectories.pad(trajectories.delta_log_reward),
        log_reward=trajectories.final.log_reward,
    )
