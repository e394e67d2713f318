"""The flow into a state, and the backward policy that the flows imply."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.environment import EnvironmentWithPredecessors
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.policy import Observation, Policy


def log_inflow(
    environment: EnvironmentWithPredecessors, policy: Policy, seen: Observation
) -> Float[Tensor, " m"]:
    r"""Return the log of the flow into each state, -inf where no state leads to it.

    The flow of the stop is the reward, so the flow of an action a in s is
    :math:`R(s) P_F(a\mid s) / P_F(\top\mid s)`, relative to the reward of the initial state.

    Examples
    --------
    Only 0 -> 1 leads to a graph with that edge alone, from the empty graph of reward 1. The uniform policy gives the
    edge and the stop the same probability, so the inflow is 1:

    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.inflow import log_inflow
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> state = environment.step(environment.initial_state(1), torch.tensor([1]))
    >>> log_inflow(environment, UniformPolicy(), environment.observe(state)).tolist()
    [0.0]
    """
    return _inflow(environment, policy, seen)[0]


def _inflow(
    environment: EnvironmentWithPredecessors, policy: Policy, seen: Observation
) -> tuple[Float[Tensor, " m"], Float[Tensor, " p"], Int[Tensor, " p"], Int[Tensor, " p"]]:
    """Return `log_inflow`, and for each predecessor its log-flow, its action, and the state that it leads to."""
    before, action, which = environment.predecessors(seen)
    observation = environment.observe(before)
    place, shared = observation.distinct()  # graphs that differ in one edge share predecessors
    log_p = masked_log_softmax(policy(observation[place]), observation.legal_actions[place])
    flow = log_p[shared, action] - log_p[shared, -1]
    flow = flow + (before.log_reward - environment.initial_state(1).log_reward).to(flow.dtype)
    largest = flow.new_full((len(seen),), -torch.inf).scatter_reduce(0, which, flow.detach(), "amax")
    base = largest.nan_to_num(neginf=0.0)
    total = flow.new_zeros(len(seen)).index_add(0, which, (flow - base[which]).exp())
    # the largest part of an inflow contributes 1 to the total, so the clamp acts only where there is none
    log_total = total.clamp_min(torch.finfo(total.dtype).tiny).log() + base
    return torch.where(largest > -torch.inf, log_total, -torch.inf), flow, action, which


class FlowBackward:
    """The backward policy that a forward policy implies if flows match: each predecessor by its share of the inflow.

    Parameters
    ----------
    environment : EdgeAddition
    policy : Policy

    Examples
    --------
    Graphs with two edges have two predecessors; the share of each follows from its reward:

    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.inflow import FlowBackward
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> environment = EdgeAddition(ScoreTable.build(make_score("bge", from_array(rows)), None))
    >>> state = environment.initial_state(1)
    >>> for edge in (1, 5):  # 0 -> 1, then 1 -> 2
    ...     state = environment.step(state, torch.tensor([edge]))
    >>> log_pb = FlowBackward(environment, UniformPolicy())(environment.observe(state))
    >>> (log_pb > -torch.inf).nonzero()[:, 1].tolist(), round(log_pb.exp().sum().item(), 4)
    ([1, 5], 1.0)
    """

    def __init__(self, environment: EdgeAddition, policy: Policy):
        self.environment = environment
        self.policy = policy

    def keeping(self, required: Bool[Tensor, "d d"]) -> "FlowBackward":
        """Return the policy of trajectories that begin with the given edges, which are never undone."""
        return FlowBackward(self.environment.starting_from(required), self.policy)

    @torch.no_grad()
    def __call__(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return log-probabilities, shape (b, d*d); -inf where the edge is absent or required."""
        inflow, flow, action, which = _inflow(self.environment, self.policy, observation)
        share = flow.new_full((len(observation), self.environment.num_actions - 1), -torch.inf)
        return share.index_put((which, action), flow - inflow[which])
