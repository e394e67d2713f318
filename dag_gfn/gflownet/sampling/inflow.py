"""What flows into a state, and the backward policy that such flows imply."""

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

    The flow of a stop is the reward, so that of an action a in s is :math:`R(s) P_F(a\mid s) / P_F(\top\mid s)`,
    here relative to the reward of the state in which trajectories begin.
    """
    return _inflow(environment, policy, seen)[0]


def _inflow(
    environment: EnvironmentWithPredecessors, policy: Policy, seen: Observation
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
    environment : EdgeAddition
    policy : Policy
    """

    def __init__(self, environment: EdgeAddition, policy: Policy):
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
