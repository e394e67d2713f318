"""The one record that objectives read, and what an objective is."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class FlowTerms:
    r"""Log-probabilities and log-rewards along a batch of trajectories, padded to the longest.

    Column t belongs to the state s_t and the step taken there; the last step of a trajectory is the stop.
    On-policy, replayed and enumerated data all take this form, so that an objective needs to know neither
    environment nor network. A single transition is a row with t = 1 and no stop.

    Attributes
    ----------
    mask : Tensor, shape (b, t), bool
        True where a step was taken.
    stops : Tensor, shape (b, t), bool
        True where that step was to stop.
    log_pf : Tensor, shape (b, t)
        Log-probability of the step under the forward policy.
    log_pb : Tensor, shape (b, t)
        :math:`\log P_B(s_t \mid s_{t+1})`; 0 for the stop.
    log_stop, log_stop_next : Tensor, shape (b, t)
        :math:`\log P_F(\top \mid s_t)` and :math:`\log P_F(\top \mid s_{t+1})`; the latter 0 for the stop.
    delta_log_reward : Tensor, shape (b, t)
        :math:`\log R(s_{t+1}) - \log R(s_t)` in nats; 0 for the stop.
    log_reward : Tensor, shape (b,), float64
        Log-reward of the graph at which the trajectory ended, in nats.

    Padding holds zeros everywhere.
    """

    mask: Bool[Tensor, "b t"]
    stops: Bool[Tensor, "b t"]
    log_pf: Float[Tensor, "b t"]
    log_pb: Float[Tensor, "b t"]
    log_stop: Float[Tensor, "b t"]
    log_stop_next: Float[Tensor, "b t"]
    delta_log_reward: Float[Tensor, "b t"]
    log_reward: Float[Tensor, " b"]


@runtime_checkable
class Objective(Protocol):
    """Maps the record to the loss that training lowers.

    ``needs_every_state_terminal`` says that the objective compares rewards of unfinished states; an
    environment that has none is refused by name.
    """

    name: str
    needs_every_state_terminal: bool

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean loss over the batch."""
        ...
