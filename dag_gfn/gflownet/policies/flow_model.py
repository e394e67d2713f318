"""A forward policy with whatever else an objective asks a network for."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dag_gfn.gflownet.policies.policy import Observation, Policy


@runtime_checkable
class BackwardPolicy(Protocol):
    """Maps observations to log-probabilities of undoing each action that may have led there."""

    def __call__(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return log-probabilities, shape (b, d*d) for edges: they sum to one over those that can be undone."""
        ...

    def keeping(self, required: Bool[Tensor, "d d"]) -> "BackwardPolicy":
        """Return the policy of trajectories that begin with the given edges, which are then never undone."""
        ...


class FlowModel(nn.Module):
    r"""All that is learned. As a policy it is its forward policy.

    Flows are relative to the reward of the state in which trajectories begin.

    Parameters
    ----------
    policy : Policy
        The forward policy.
    backward : BackwardPolicy, optional
        None for the uniform one.
    state_flow : callable, optional
        Maps observations to log F(s), or where ``forward_looking`` to log F(s) - log R(s); shape (b,).
    forward_looking : bool
    shared_flow : bool
        The policy has the flow itself, and gives both at once: ``policy.logits_and_flow(observation)``.
    log_z : float, optional
        Where log Z starts, if it is learned.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        backward: BackwardPolicy | None = None,
        state_flow: nn.Module | None = None,
        forward_looking: bool = False,
        shared_flow: bool = False,
        log_z: float | int | None = None,
    ):
        super().__init__()
        self.policy = policy
        self.backward = backward
        self.state_flow = state_flow
        self.forward_looking = forward_looking
        self.shared_flow = shared_flow
        self.log_z = None if log_z is None else nn.Parameter(torch.tensor(float(log_z)))

    @staticmethod
    def of(policy: Policy) -> "FlowModel":
        """Return a model as it is, and any other policy as one that has nothing beside."""
        return policy if isinstance(policy, FlowModel) else FlowModel(policy)

    def forward(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return the forward policy's logits."""
        return self.policy(observation)

    def logits_and_flow(
        self, observation: Observation
    ) -> tuple[Float[Tensor, "b a"], Float[Tensor, " b"] | None]:
        """Return the forward policy's logits and, where flows are learned, log F(s), or log F(s) - log R(s)."""
        if self.shared_flow:
            logits, flow = self.policy.logits_and_flow(observation)
        else:
            logits = self.policy(observation)
            flow = None if self.state_flow is None else self.state_flow(observation)
        return logits, flow

    def log_flow(self, observation: Observation, log_reward: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
        """Return log F(s) of states whose log-rewards are given, both relative to the first state's reward."""
        flow = self.logits_and_flow(observation)[1]
        return flow + log_reward if self.forward_looking else flow
