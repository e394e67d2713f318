"""Trajectories: forwards from a policy, backwards from finished objects."""

import math

import torch
from jaxtyping import Int
from torch import Tensor

from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.env.trajectories import Trajectories
from dag_gfn.gflownet.policies.flow_model import BackwardPolicy
from dag_gfn.gflownet.policies.masking import masked_log_softmax, sample_actions
from dag_gfn.gflownet.policies.policy import Observation, Policy
from dag_gfn.gflownet.sampling.exploration import epsilon_uniform, tempered, uniform


class _Recorder:
    """Collects the steps of a batch whose rows end at different times."""

    def __init__(self, environment: Environment, batch_size: int):
        self.environment = environment
        self.batch_size = batch_size
        self.first_log_reward = environment.initial_state(1).log_reward
        self.columns: list[tuple] = []
        self.ended: list[tuple[Tensor, State]] = []

    def record(
        self,
        rows: Tensor,
        state: State,
        observation: Observation,
        action: Tensor,
        log_behaviour: Tensor | None = None,
        log_branch: Tensor | None = None,
    ) -> State:
        """Note one step of the given rows and return the states after it."""
        following = self.environment.step(state, action)
        stops = action == self.environment.stop_action
        log_pb = -self.environment.num_parents_of_state(following).to(torch.float32).log()
        delta = (following.log_reward - state.log_reward).to(torch.float32)
        log_reward = (state.log_reward - self.first_log_reward).to(torch.float32)
        unknown = torch.full_like(delta, torch.nan)
        self.columns.append(
            (
                rows,
                observation,
                action,
                log_pb.where(~stops, 0.0),
                log_reward,
                delta,
                unknown if log_behaviour is None else log_behaviour,
                unknown if log_branch is None else log_branch,
            )
        )
        if stops.any():
            self.ended.append((rows[stops], following[stops]))
        return following

    def trajectories(self) -> Trajectories:
        """Return everything noted, in the order of the rows."""
        rows, observations, *of_steps = zip(*self.columns, strict=True)
        steps = len(self.columns)
        place = torch.cat([row * steps + t for t, row in enumerate(rows)])
        order = torch.cat([row for row, _ in self.ended]).argsort()
        ends = [state for _, state in self.ended]
        final = State.concatenate(ends)[order]
        return Trajectories(
            Observation.concatenate(observations),
            *(torch.cat(values) for values in of_steps),
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
    temperature: float | int = 1.0,
) -> Trajectories:
    """Follow the policy until every trajectory has stopped.

    Parameters
    ----------
    environment : Environment
    policy : Policy
    batch_size : int
    generator : torch.Generator
    epsilon : float
        Probability, at each step, of a uniformly random action instead of the policy's.
    temperature : float
        The policy's log-probabilities are divided by it.
    """
    recorder = _Recorder(environment, batch_size)
    rows = torch.arange(batch_size, device=environment.device)
    state = environment.initial_state(batch_size)
    while len(rows):
        observation = environment.observe(state)
        legal = observation.legal_actions
        log_p = tempered(masked_log_softmax(policy(observation), legal), temperature)
        mixture = epsilon_uniform(log_p, legal, epsilon)
        action = sample_actions(mixture, generator=generator)
        taken = action.unsqueeze(1)
        log_behaviour = mixture.gather(1, taken).squeeze(1)
        log_branch = log_behaviour
        if epsilon > 0:
            # given the action, which component it came from: as if the component had been drawn first
            alike = uniform(legal).gather(1, taken).squeeze(1)
            strayed = (
                torch.rand(len(rows), generator=generator, device=environment.device).log()
                < alike + math.log(epsilon) - log_behaviour
            )
            log_branch = torch.where(strayed, alike, log_p.gather(1, taken).squeeze(1))
        state = recorder.record(rows, state, observation, action, log_behaviour.float(), log_branch.float())
        going = action != environment.stop_action
        rows, state = rows[going], state[going]
    return recorder.trajectories()


@torch.no_grad()
def backward_rollout(
    environment: Environment,
    graphs: State,
    *,
    generator: torch.Generator,
    backward: BackwardPolicy | None = None,
) -> Trajectories:
    """Return trajectories that end at the given graphs, drawn from the backward policy; None is the uniform one."""
    if backward is None:
        actions, lengths = environment.backward_actions(graphs, generator=generator)
    else:
        actions, lengths = _undone(environment, backward, graphs, generator)
    recorder = _Recorder(environment, len(graphs))
    rows = torch.arange(len(graphs), device=environment.device)
    state = environment.initial_state(len(graphs))
    for t in range(actions.shape[1] + 1):
        action = actions[rows, t] if t < actions.shape[1] else torch.full_like(rows, environment.stop_action)
        state = recorder.record(rows, state, environment.observe(state), action)
        going = t < lengths[rows]
        rows, state = rows[going], state[going]
    return recorder.trajectories()


def _undone(
    environment: Environment, backward: BackwardPolicy, graphs: State, generator: torch.Generator
) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
    """Undo one action at a time until nothing is left; return the actions in building order, padded at the end."""
    columns = []
    rows, state = torch.arange(len(graphs), device=environment.device), graphs
    lengths = torch.zeros_like(rows)
    while True:
        left = environment.num_parents_of_state(state) > 0
        rows, state = rows[left], state[left]
        if not len(rows):
            break
        action = sample_actions(backward(environment.observe(state)), generator=generator)
        column = torch.full_like(lengths, environment.stop_action)
        column[rows] = action
        columns.append(column)
        lengths[rows] += 1
        state = environment.undo(state, action)
    if not columns:
        return lengths.new_zeros(len(graphs), 0), lengths
    actions = torch.stack(columns, dim=1)  # the last action first
    steps = torch.arange(len(columns), device=lengths.device)
    order = (lengths.unsqueeze(1) - 1 - steps).clamp_min(0)
    return actions.gather(1, order).where(steps < lengths.unsqueeze(1), environment.stop_action), lengths
