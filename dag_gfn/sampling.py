"""Trajectories: forwards from a policy, backwards from given graphs; and their terms for an objective."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.env.environment import Environment
from dag_gfn.env.state import State
from dag_gfn.env.trajectories import NO_ACTION, Trajectories
from dag_gfn.exploration import epsilon_uniform, tempered, uniform
from dag_gfn.objectives.objective import FlowTerms
from dag_gfn.policies.flow_model import BackwardPolicy, FlowModel
from dag_gfn.policies.masking import masked_log_softmax, sample_actions
from dag_gfn.policies.policy import Observation, Policy


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


@dataclass(frozen=True)
class OutcomeSample:
    r"""Finished objects drawn from a policy; row k is the k-th draw.

    Attributes
    ----------
    outcome : Tensor, shape (k, d), int64
        As in the environment's states: the parents of graphs, the layers of layerings.
    log_reward : Tensor, shape (k,), float64
        log R of each, in nats.
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
    """
    device = environment.device
    if batch_size is None:
        batch_size = max(2**20 // environment.num_nodes**2, 1)
    backward = policy.backward if isinstance(policy, FlowModel) else None
    outcome = torch.zeros(num_samples, environment.num_nodes, dtype=torch.long, device=device)
    log_reward = torch.zeros(num_samples, dtype=torch.float64, device=device)
    log_path = torch.zeros(num_samples, dtype=torch.float64, device=device)  # log P_B - log P_F so far
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
            log_reward[rows[stops]] = state.log_reward[stops]
            rows, action = rows[~stops], action[~stops]
            state = environment.step(state[~stops], action)
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


def evaluate(
    policy: Policy,
    trajectories: Trajectories,
    *,
    target: Policy | None = None,
    environment: Environment | None = None,
) -> FlowTerms:
    """Return the terms of an objective under the policy, with its gradients.

    Parameters
    ----------
    policy : Policy
        A `FlowModel` gives whatever else it has: flows, a backward policy, log Z.
    trajectories : Trajectories
    target : Policy, optional
        Slowly following copy of the policy, which then gives the stop probability and the flow of the next
        state, without gradient.
    environment : Environment, optional
        Where it is given, the flow into each state is computed, for which the states before it are built.
    """
    model = FlowModel.of(policy)
    # few states are distinct among few nodes, and the network need not see one twice: all that it sees is the same
    place, which = trajectories.distinct_states()
    seen = trajectories.observation[place]
    legal = seen.legal_actions
    logits, flow = model.logits_and_flow(seen)
    log_p = masked_log_softmax(logits, legal)
    left = trajectories.action != NO_ACTION
    stops = trajectories.action == legal.shape[1] - 1
    mask = trajectories.pad(left)
    padded_stops = trajectories.pad(stops)
    goes_on = mask & ~padded_stops

    def of_states(values: Tensor) -> Tensor:
        return trajectories.pad(values[which])

    def log_flow(flow_model: FlowModel, values: Tensor) -> Tensor:
        # states that look alike may have come by different rewards, as layerings do
        of_each = values[which]
        return trajectories.pad(of_each + trajectories.log_reward if flow_model.forward_looking else of_each)

    def of_next(values: Tensor) -> Tensor:
        following = torch.cat([values[:, 1:], values.new_zeros(values.shape[0], 1)], dim=1)
        return following.where(goes_on, 0.0)

    can_stop = legal[:, -1]
    log_stop = of_states(log_p[:, -1].where(can_stop, 0.0))
    aimed_stop, aimed, aimed_flow = log_stop, model, flow
    if target is not None:
        with torch.no_grad():
            aimed = FlowModel.of(target)
            aimed_logits, aimed_flow = aimed.logits_and_flow(seen)
            aimed_stop = of_states(masked_log_softmax(aimed_logits, legal)[:, -1].where(can_stop, 0.0))
    taken = trajectories.action.clamp_min(0).unsqueeze(1)
    log_pf = trajectories.pad(log_p[which].gather(1, taken).squeeze(1).where(left, 0.0))
    log_pb = trajectories.pad(trajectories.log_pb.where(left, 0.0))
    if model.backward is not None:
        # undoing the step from a state is a matter of the next one's, a place further in the grid
        index = trajectories.pad(which)
        following = torch.cat([index[:, 1:], index[:, :1]], dim=1)
        edge = trajectories.pad(taken.squeeze(1)).clamp_max(legal.shape[1] - 2)
        log_pb = torch.where(goes_on, model.backward(seen)[following, edge], 0.0)
    flows = {}
    if flow is not None:
        flows = {
            "log_flow": log_flow(model, flow).where(mask, 0.0),
            "log_flow_next": of_next(log_flow(aimed, aimed_flow)),
        }
    if environment is not None:
        flows["log_inflow"] = of_states(log_inflow(environment, model, seen)).where(mask, 0.0)
    return FlowTerms(
        mask=mask,
        stops=padded_stops,
        can_stop=mask & of_states(can_stop),
        log_pf=log_pf,
        log_pb=log_pb,
        log_stop=log_stop.where(mask, 0.0),
        log_stop_next=of_next(aimed_stop),
        delta_log_reward=trajectories.pad(trajectories.delta_log_reward.where(left, 0.0)),
        log_reward=trajectories.pad(trajectories.log_reward.where(left, 0.0)),
        log_behaviour=trajectories.pad(trajectories.log_behaviour.where(left, 0.0)),
        log_branch=trajectories.pad(trajectories.log_branch.where(left, 0.0)),
        log_z=model.log_z,
        **flows,
    )


def log_inflow(environment: Environment, policy: Policy, seen: Observation) -> Float[Tensor, " m"]:
    r"""Return the log of the flow into each state, -inf where no state leads to it.

    The flow of a stop is the reward, so that of an action a in s is :math:`R(s) P_F(a\mid s) / P_F(\top\mid s)`,
    here relative to the reward of the state in which trajectories begin.
    """
    return _inflow(environment, policy, seen)[0]


def _inflow(
    environment: Environment, policy: Policy, seen: Observation
) -> tuple[Float[Tensor, " m"], Float[Tensor, " p"], Int[Tensor, " p"], Int[Tensor, " p"]]:
    """Return `log_inflow`, and of each predecessor the log-flow, its action, and which state it leads to."""
    before, action, which = environment.predecessors(seen)
    observation = environment.observe(before)
    place, shared = observation.distinct()  # graphs that differ in an edge have predecessors in common
    log_p = masked_log_softmax(policy(observation[place]), observation.legal_actions[place])
    flow = log_p[shared, action] - log_p[shared, -1]
    flow = flow + (before.log_reward - environment.initial_state(1).log_reward).to(flow.dtype)
    largest = flow.new_full((len(seen),), -torch.inf).scatter_reduce(0, which, flow.detach(), "amax")
    base = largest.nan_to_num(neginf=0.0)
    total = flow.new_zeros(len(seen)).index_add(0, which, (flow - base[which]).exp())
    # where there is an inflow, its largest part makes the total at least 1
    log_total = total.clamp_min(torch.finfo(total.dtype).tiny).log() + base
    return torch.where(largest > -torch.inf, log_total, -torch.inf), flow, action, which


class FlowBackward:
    """The backward policy that a forward policy implies where flows match: each way in by its share of the inflow.

    Parameters
    ----------
    environment : Environment
    policy : Policy
    """

    def __init__(self, environment: Environment, policy: Policy):
        self.environment = environment
        self.policy = policy

    def keeping(self, required: Bool[Tensor, "d d"]) -> "FlowBackward":
        """Return the policy of trajectories that begin with the given edges."""
        return FlowBackward(self.environment.starting_from(required), self.policy)

    @torch.no_grad()
    def __call__(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return log-probabilities, shape (b, d*d); -inf where there is no such edge to undo."""
        inflow, flow, action, which = _inflow(self.environment, self.policy, observation)
        share = flow.new_full((len(observation), self.environment.num_actions - 1), -torch.inf)
        return share.index_put((which, action), flow - inflow[which])
