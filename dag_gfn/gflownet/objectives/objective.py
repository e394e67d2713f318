"""The one record that objectives read, and what an objective is."""

from dataclasses import dataclass
from numbers import Real
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor

from dag_gfn.errors import OptionError

NEEDS = frozenset(
    {
        "every_state_terminal",
        "whole_trajectories",
        "log_z",
        "log_flow",
        "forward_looking_flow",
        "log_inflow",
        "log_behaviour",
        "log_branch",
    }
)
"""What an objective may ask for beside the terms that every batch has."""


@dataclass(frozen=True)
class FlowTerms:
    r"""Log-probabilities and log-rewards along a batch of trajectories, padded to the longest.

    Column t belongs to the state s_t and the step taken there; the last step of a trajectory is the stop.
    On-policy, replayed and enumerated data all take this form, so that an objective needs to know neither
    environment nor network. A single step, a stop or not, can be a row of its own.

    Rewards and flows are relative to the state in which every trajectory begins: log R(s) stands for
    log R(s) - log R(s_0), and so do log F(s) and log Z. That is what the network can be expected to learn, and
    what single precision can hold.

    Attributes
    ----------
    mask : Tensor, shape (b, t), bool
        True where a step was taken.
    stops : Tensor, shape (b, t), bool
        True where that step was to stop.
    can_stop : Tensor, shape (b, t), bool
        True where s_t is a finished graph.
    log_pf : Tensor, shape (b, t)
        Log-probability of the step under the forward policy.
    log_pb : Tensor, shape (b, t)
        :math:`\log P_B(s_t \mid s_{t+1})`; 0 for the stop.
    log_stop, log_stop_next : Tensor, shape (b, t)
        :math:`\log P_F(\top \mid s_t)` and :math:`\log P_F(\top \mid s_{t+1})`; the latter 0 for the stop.
    delta_log_reward : Tensor, shape (b, t)
        :math:`\log R(s_{t+1}) - \log R(s_t)` in nats; 0 for the stop.
    log_reward : Tensor, shape (b, t)
        :math:`\log R(s_t)` in nats.
    log_behaviour : Tensor, shape (b, t), optional
        Log-probability of the step under the mixture that it was drawn from.
    log_branch : Tensor, shape (b, t), optional
        The same under the one component of the mixture that was followed.
    log_flow, log_flow_next : Tensor, shape (b, t), optional
        :math:`\log F(s_t)` and :math:`\log F(s_{t+1})`; the latter 0 for the stop.
    log_inflow : Tensor, shape (b, t), optional
        Log of the sum of the flows into s_t, -inf where no state leads to it.
    log_z : Tensor, shape (), optional
        Log of the total flow.

    Padding holds zeros everywhere.
    """

    mask: Bool[Tensor, "b t"]
    stops: Bool[Tensor, "b t"]
    can_stop: Bool[Tensor, "b t"]
    log_pf: Float[Tensor, "b t"]
    log_pb: Float[Tensor, "b t"]
    log_stop: Float[Tensor, "b t"]
    log_stop_next: Float[Tensor, "b t"]
    delta_log_reward: Float[Tensor, "b t"]
    log_reward: Float[Tensor, "b t"]
    log_behaviour: Float[Tensor, "b t"] | None = None
    log_branch: Float[Tensor, "b t"] | None = None
    log_flow: Float[Tensor, "b t"] | None = None
    log_flow_next: Float[Tensor, "b t"] | None = None
    log_inflow: Float[Tensor, "b t"] | None = None
    log_z: Float[Tensor, ""] | None = None

    @property
    def final_log_reward(self) -> Float[Tensor, " b"]:
        """Log-reward of the graph that each whole trajectory ends in, in nats, relative to the first state's."""
        return self.delta_log_reward.sum(1)

    @property
    def log_ratio(self) -> Float[Tensor, " b"]:
        r""":math:`c(\tau) = \log P_F(\tau) - \log R(x) - \log P_B(\tau\mid x)` of whole trajectories."""
        return self.log_pf.sum(1) - self.log_pb.sum(1) - self.final_log_reward


@runtime_checkable
class Objective(Protocol):
    """Maps the record to the loss that training lowers.

    Attributes
    ----------
    name : str
    needs : frozenset of str
        Out of `NEEDS`: ``every_state_terminal`` (the objective compares rewards of unfinished states; an
        environment that has none is refused by name), ``whole_trajectories`` (single transitions will not
        do), the optional fields of `FlowTerms` that are to be filled (``log_inflow`` by an environment that
        lists what leads to a state; others are refused by name), and ``forward_looking_flow`` (the network
        gives log F less log R).
    learns_backward : bool
        Whether the backward policy is learned where nobody chooses; uniform otherwise.
    """

    name: str
    needs: frozenset[str]
    learns_backward: bool

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean loss over the batch."""
        ...


def check_positive(**options: object) -> None:
    """Raise where an option of an objective is not a positive number; infinity is one."""
    for name, value in options.items():
        if not isinstance(value, Real) or not value > 0:
            raise OptionError(f"{name} must be a positive number, not {value!r}")
