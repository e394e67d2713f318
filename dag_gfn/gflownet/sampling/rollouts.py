"""Trajectories drawn forwards from a policy, or backwards from finished objects."""

import math
from typing import NamedTuple

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


class _Step(NamedTuple):
    """One step of the rows that have not stopped; the fields from `action` on are those of `Trajectories`."""

    rows: Tensor
    observation: Observation
    action: Tensor
    log_pb: Tensor
    log_reward: Tensor
    delta_log_reward: Tensor
    log_behaviour: Tensor
    log_branch: Tensor


class _Recorder:
    """Collects the steps of a batch whose rows stop at different times."""

    def __init__(self, environment: Environment, batch_size: int):
        self.environment = environment
        self.batch_size = batch_size
        self.first_log_reward = environment.initial_state(1).log_reward
        self.steps: list[_Step] = []
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
        """Record one step of the given rows, and return the states after it."""
        following = self.environment.step(state, action)
        stops = action == self.environment.stop_action
        log_pb = -self.environment.num_parents_of_state(following).to(torch.float32).log()
        delta = (following.log_reward - state.log_reward).to(torch.float32)
        log_reward = (state.log_reward - self.first_log_reward).to(torch.float32)
        unknown = torch.full_like(delta, torch.nan)
        self.steps.append(
            _Step(
                rows,
                observation,
                action,
                log_pb=log_pb.where(~stops, 0.0),
                log_reward=log_reward,
                delta_log_reward=delta,
                log_behaviour=unknown if log_behaviour is None else log_behaviour,
                log_branch=unknown if log_branch is None else log_branch,
            )
        )
        # found once: each use of a mask would find them again, and wait for a GPU
        ended = stops.nonzero().squeeze(1)
        if len(ended):
            self.ended.append((rows[ended], following[ended]))
        return following

    def trajectories(self) -> Trajectories:
        """Return the trajectories recorded, with their ends in the order of the rows."""
        steps, length = self.steps, len(self.steps)
        order = torch.cat([row for row, _ in self.ended]).argsort()
        ends = [state for _, state in self.ended]
        final = State.concatenate(ends)[order]
        return Trajectories(
            observation=Observation.concatenate([step.observation for step in steps]),
            action=torch.cat([step.action for step in steps]),
            log_pb=torch.cat([step.log_pb for step in steps]),
            log_reward=torch.cat([step.log_reward for step in steps]),
            delta_log_reward=torch.cat([step.delta_log_reward for step in steps]),
            log_behaviour=torch.cat([step.log_behaviour for step in steps]),
            log_branch=torch.cat([step.log_branch for step in steps]),
            position=torch.cat([step.rows * length + t for t, step in enumerate(steps)]),
            shape=(self.batch_size, length),
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
    """Draw trajectories from the policy, with exploration if asked for.

    Parameters
    ----------
    environment : Environment
    policy : Policy
    batch_size : int
    generator : torch.Generator
    epsilon : float
        Probability, at each step, of a uniformly random action instead of one of the policy.
    temperature : float
        The log-probabilities of the policy are divided by it.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.rollouts import rollout
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> generator = torch.Generator().manual_seed(0)
    >>> walks = rollout(environment, UniformPolicy(), 4, generator=generator)
    >>> len(walks.ends), walks.pad(walks.action == environment.stop_action).sum(1).tolist()  # each stops once
    (4, [1, 1, 1, 1])
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
            # draw the component of the mixture given the action: the same as drawing the component first
            alike = uniform(legal).gather(1, taken).squeeze(1)
            strayed = (
                torch.rand(len(rows), generator=generator, device=environment.device).log()
                < alike + math.log(epsilon) - log_behaviour
            )
            log_branch = torch.where(strayed, alike, log_p.gather(1, taken).squeeze(1))
        state = recorder.record(rows, state, observation, action, log_behaviour.float(), log_branch.float())
        going = (action != environment.stop_action).nonzero().squeeze(1)
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
    """Draw trajectories that end in the given graphs from the backward policy, by default the uniform one.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.rollouts import backward_rollout, rollout
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> generator = torch.Generator().manual_seed(0)
    >>> graphs = rollout(environment, UniformPolicy(), 6, generator=generator).ends
    >>> backwards = backward_rollout(environment, graphs, generator=generator)
    >>> torch.equal(backwards.ends.outcome, graphs.outcome)
    True
    """
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
        going = (t < lengths[rows]).nonzero().squeeze(1)
        rows, state = rows[going], state[going]
    return recorder.trajectories()


def _undone(
    environment: Environment, backward: BackwardPolicy, graphs: State, generator: torch.Generator
) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
    """Undo one action at a time down to the initial state; return the actions in forward order and their numbers."""
    columns = []
    rows, state = torch.arange(len(graphs), device=environment.device), graphs
    lengths = torch.zeros_like(rows)
    while True:
        left = (environment.num_parents_of_state(state) > 0).nonzero().squeeze(1)
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
    actions = torch.stack(columns, dim=1)  # in backward order
    steps = torch.arange(len(columns), device=lengths.device)
    order = (lengths.unsqueeze(1) - 1 - steps).clamp_min(0)
    return actions.gather(1, order).where(steps < lengths.unsqueeze(1), environment.stop_action), lengths
