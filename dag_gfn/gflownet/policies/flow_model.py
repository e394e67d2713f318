"""A forward policy together with the backward policy, the state flows and log Z that an objective learns."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dag_gfn.gflownet.policies.policy import Observation, Policy, PolicyWithFlow


@runtime_checkable
class BackwardPolicy(Protocol):
    """Maps observations to log-probabilities of the action that led to each state."""

    def __call__(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return log-probabilities of all actions but the stop; they sum to one over those that can be undone."""
        ...


@runtime_checkable
class EdgeBackwardPolicy(BackwardPolicy, Protocol):
    """A backward policy over edges, whose log-probabilities have shape (b, d*d)."""

    def keeping(self, required: Bool[Tensor, "d d"]) -> "EdgeBackwardPolicy":
        """Return the policy of trajectories that begin with the given edges, which are never undone."""
        ...


class FlowModel(nn.Module):
    r"""Everything that training learns; called as a policy, it is its forward policy.

    Flows are relative to the reward of the state in which trajectories begin.

    Parameters
    ----------
    policy : Policy
        The forward policy.
    backward : BackwardPolicy, optional
        None for the uniform one.
    state_flow : nn.Module, optional
        Maps observations to log F(s), or if ``forward_looking`` to log F(s) - log R(s); shape (b,).
    forward_looking : bool
        Whether the learned flow is log F(s) - log R(s).
    shared_flow : bool
        Whether the forward policy's own network gives the flow, by ``policy.logits_and_flow(observation)``.
    log_z : float, optional
        Initial value of log Z, if it is learned.

    Raises
    ------
    TypeError
        If ``shared_flow`` and the policy has no ``logits_and_flow``.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.flow_model import FlowModel
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> model = FlowModel(UniformPolicy(), log_z=2.5)
    >>> [(name, value.item()) for name, value in model.named_parameters()]
    [('log_z', 2.5)]
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
        if shared_flow and not isinstance(policy, PolicyWithFlow):
            raise TypeError(
                f"shared_flow needs a policy with logits_and_flow, which {type(policy).__name__} lacks"
            )
        self.policy = policy
        self.backward = backward
        self.state_flow = state_flow
        self.forward_looking = forward_looking
        self.shared_flow = shared_flow
        self.log_z = None if log_z is None else nn.Parameter(torch.tensor(float(log_z)))

    @staticmethod
    def of(policy: Policy) -> "FlowModel":
        """Return a `FlowModel` unchanged, and any other policy as a model that learns nothing else."""
        return policy if isinstance(policy, FlowModel) else FlowModel(policy)

    def forward(self, observation: Observation) -> Float[Tensor, "b a"]:
        """Return the forward policy's logits."""
        return self.policy(observation)

    def logits_and_flow(
        self, observation: Observation
    ) -> tuple[Float[Tensor, "b a"], Float[Tensor, " b"] | None]:
        """Return the forward policy's logits, and the flow that is learned: log F(s), log F(s) - log R(s), or None."""
        if self.shared_flow and isinstance(self.policy, PolicyWithFlow):
            return self.policy.logits_and_flow(observation)
        flow = None if self.state_flow is None else self.state_flow(observation)
        return self.policy(observation), flow

    def log_flow(self, observation: Observation, log_reward: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
        """Return log F(s) of states whose log-rewards are given, both relative to the first state's reward.

        Raises
        ------
        ValueError
            If the model learns no flow.
        """
        flow = self.logits_and_flow(observation)[1]
        if flow is None:
            raise ValueError("this model learns no state flow")
        return flow + log_reward if self.forward_looking else flow
