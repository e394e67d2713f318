"""`FlowTerms`, the record that objectives read, and the protocol of an objective."""

from dataclasses import dataclass
from numbers import Real
from typing import ClassVar, Protocol, runtime_checkable

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
"""What an objective may need beside the terms that every batch has; `Objective` explains them."""


@dataclass(frozen=True)
class FlowTerms:
    r"""Log-probabilities and log-rewards along a batch of trajectories, padded to the longest.

    Column t belongs to the state s_t and to the step from s_t to s_{t+1}; the last step of a trajectory is the stop.
    On-policy, replayed and enumerated data all have this form, so an objective depends on neither the environment nor
    the network. A row can also be a single step.

    Rewards and flows are relative to the initial state s_0: log R(s) stands for log R(s) - log R(s_0), and likewise
    log F(s) and log Z. A network learns such differences more easily, and single precision can hold them.

    Padding holds zeros everywhere.

    Attributes
    ----------
    mask : Tensor, shape (b, t), bool
        True where a step was taken.
    stops : Tensor, shape (b, t), bool
        True where that step was to stop.
    can_stop : Tensor, shape (b, t), bool
        True where s_t is a finished graph.
    log_pf : Tensor, shape (b, t)
        :math:`\log P_F(s_{t+1} \mid s_t)`; for the stop :math:`\log P_F(\top \mid s_t)`.
    log_pb : Tensor, shape (b, t)
        :math:`\log P_B(s_t \mid s_{t+1})`; 0 for the stop.
    log_stop, log_stop_next : Tensor, shape (b, t)
        :math:`\log P_F(\top \mid s_t)` and :math:`\log P_F(\top \mid s_{t+1})`; the latter 0 for the stop.
    delta_log_reward : Tensor, shape (b, t)
        :math:`\log R(s_{t+1}) - \log R(s_t)` in nats; 0 for the stop.
    log_reward : Tensor, shape (b, t)
        :math:`\log R(s_t)` in nats.
    log_behaviour : Tensor, shape (b, t), optional
        Log-probability of the step under the mixture of policies that it was drawn from.
    log_branch : Tensor, shape (b, t), optional
        Log-probability of the step under the component of that mixture which was followed.
    log_flow, log_flow_next : Tensor, shape (b, t), optional
        :math:`\log F(s_t)` and :math:`\log F(s_{t+1})`; the latter 0 for the stop.
    log_inflow : Tensor, shape (b, t), optional
        Log of the sum of the flows into s_t; -inf where no state leads to s_t.
    log_z : Tensor, shape (), optional
        Log of the total flow Z.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import FlowTerms
    >>> step, zero = torch.tensor([[True, True]]), torch.zeros(1, 2)  # one edge, then the stop
    >>> terms = FlowTerms(
    ...     mask=step, stops=torch.tensor([[False, True]]), can_stop=step,
    ...     log_pf=torch.tensor([[-1.0, -0.5]]), log_pb=zero, log_stop=torch.tensor([[-0.7, -0.5]]),
    ...     log_stop_next=torch.tensor([[-0.5, 0.0]]), delta_log_reward=torch.tensor([[2.0, 0.0]]),
    ...     log_reward=torch.tensor([[0.0, 2.0]]),
    ... )
    >>> terms.log_ratio.item()  # log P_F - log R - log P_B = -1.5 - 2 - 0
    -3.5
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
        """log R(x) of the object x in which each whole trajectory ends, in nats, relative to that of s_0."""
        return self.delta_log_reward.sum(1)

    @property
    def log_ratio(self) -> Float[Tensor, " b"]:
        r""":math:`c(\tau) = \log P_F(\tau) - \log R(x) - \log P_B(\tau\mid x)` of whole trajectories."""
        return self.log_pf.sum(1) - self.log_pb.sum(1) - self.final_log_reward

    def filled(self, name: str) -> Tensor:
        """Return an optional field that the objective needs.

        Raises
        ------
        ValueError
            If nobody has filled it.
        """
        value: Tensor | None = getattr(self, name)
        if value is None:
            raise ValueError(
                f"these terms have no {name}: an objective that reads it must list it in `needs`"
            )
        return value


@runtime_checkable
class Objective(Protocol):
    """Maps `FlowTerms` to the loss that training minimises.

    Attributes
    ----------
    name : str
        By which users choose it.
    needs : frozenset of str
        A subset of `NEEDS`. ``every_state_terminal``: every state must have a reward, as the objective compares them;
        other environments are refused. ``whole_trajectories``: single transitions are refused.
        ``forward_looking_flow``: the network gives log F(s) - log R(s). The others are optional fields of `FlowTerms`
        to fill; ``log_inflow`` needs an environment that lists the predecessors of a state, and others are refused.
    learns_backward : bool
        Whether the backward policy is learned unless the user chooses; if not it is uniform.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    learns_backward: ClassVar[bool]

    def __call__(self, terms: FlowTerms) -> Float[Tensor, ""]:
        """Return the mean loss over the batch, a tensor of shape ()."""
        ...


def check_positive(**options: object) -> None:
    """Check that options of an objective are positive numbers; infinity is allowed.

    Raises
    ------
    OptionError
        If one is not.

    Examples
    --------
    >>> from dag_gfn.gflownet.objectives.objective import check_positive
    >>> check_positive(huber_delta=1.0)
    >>> check_positive(huber_delta=-1.0)
    Traceback (most recent call last):
        ...
    dag_gfn.errors.OptionError: huber_delta must be a positive number, not -1.0
    """
    for name, value in options.items():
        if not isinstance(value, Real) or not float(value) > 0:
            raise OptionError(f"{name} must be a positive number, not {value!r}")
