"""Check that an objective keeps its protocol, on terms of the caller."""

import copy
from collections.abc import Callable, Collection
from dataclasses import fields

import torch
from torch import Tensor
from torch.nn.functional import pad

from dag_gfn.gflownet.objectives.objective import NEEDS, FlowTerms, Objective

_OUTPUTS = ("log_pf", "log_stop", "log_inflow")
"""Terms that depend on the forward policy; the loss must depend on at least one of them."""

_ALWAYS = [field.name for field in fields(FlowTerms) if field.default is not None]
_OPTIONAL = [field.name for field in fields(FlowTerms) if field.default is None]


def check_objective(objective: Objective, terms: FlowTerms, *, tolerance: float = 1e-5) -> None:
    """Check that an objective keeps its protocol on a batch of whole trajectories.

    The loss must be one finite number. It must not depend on padding, on the order of the trajectories, or on optional
    terms that are not in the objective's `needs`. Its gradient must be finite, and not zero everywhere for the forward
    policy at the steps that were taken.

    Parameters
    ----------
    objective : Objective
        It is not changed: every computation uses a copy, with its state as it is now (a running mean, for example).
    terms : FlowTerms
        With all terms that the objective needs, several trajectories of different lengths, and at least one step whose
        loss is not at its minimum.
    tolerance : float
        Relative difference allowed between two computations of the loss.

    Raises
    ------
    AssertionError
        If the objective breaks its protocol.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.objectives import OBJECTIVES, FlowTerms
    >>> from dag_gfn.gflownet.objectives.conformance import check_objective
    >>> mask = torch.tensor([[True, True], [True, False]])  # one edge and the stop; the stop
    >>> stops, zero = torch.tensor([[False, True], [True, False]]), torch.zeros(2, 2)
    >>> gain = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    >>> terms = FlowTerms(mask, stops, mask, -0.5 * mask, zero, -0.7 * mask, zero, gain, zero)
    >>> check_objective(OBJECTIVES["modified_db"](), terms)
    """
    assert isinstance(objective.name, str), "an objective has a name"
    assert isinstance(objective.needs, frozenset), "needs is no frozenset"
    assert objective.needs <= NEEDS, f"needs has {sorted(objective.needs - NEEDS)}, which nobody provides"
    assert isinstance(objective.learns_backward, bool), "learns_backward is no bool"
    wanted = objective.needs | ({"log_flow_next"} if "log_flow" in objective.needs else frozenset())
    terms = _map(terms, Tensor.detach, without=frozenset(_OPTIONAL) - wanted)

    def loss_of(given: FlowTerms) -> Tensor:
        return copy.deepcopy(objective)(given)

    before = _map(terms, Tensor.clone)
    loss = loss_of(terms)
    assert loss.shape == (), f"the loss has shape {tuple(loss.shape)}, not ()"
    assert loss.isfinite(), f"the loss is {float(loss)}"
    for field in fields(terms):
        value, kept = getattr(terms, field.name), getattr(before, field.name)
        same = value is None or torch.equal(value.nan_to_num(), kept.nan_to_num())
        assert same, f"the objective changes {field.name}"

    padded = _map(terms, lambda tensor: pad(tensor, (0, 3)) if tensor.ndim == 2 else tensor)
    _require_close(loss_of(padded), loss, tolerance, "more padding changes the loss")
    reversed_rows = _map(terms, lambda tensor: tensor.flip(0) if tensor.ndim == 2 else tensor)
    _require_close(loss_of(reversed_rows), loss, tolerance, "the order of trajectories changes the loss")

    leaves = _map(terms, lambda tensor: tensor.detach().clone().requires_grad_(tensor.is_floating_point()))
    loss_of(leaves).backward()
    reached = {
        field.name: getattr(leaves, field.name).grad
        for field in fields(leaves)
        if getattr(leaves, field.name) is not None and getattr(leaves, field.name).grad is not None
    }
    for name, gradient in reached.items():
        assert gradient.isfinite().all(), f"the gradient of {name} is not finite"
        if gradient.ndim:
            gradient[~terms.mask] = 0.0  # sums over whole rows may include the padding, which is constant
    assert any(name in reached for name in _OUTPUTS), "the loss does not depend on the forward policy"
    assert any(reached[name].any() for name in _OUTPUTS if name in reached), (
        "the gradient of the forward policy is zero everywhere"
    )


def _map(
    terms: FlowTerms, function: Callable[[Tensor], Tensor], *, without: Collection[str] = ()
) -> FlowTerms:
    """Return the terms with the function applied to each, and without some of the optional ones."""
    always = {name: function(getattr(terms, name)) for name in _ALWAYS}
    there = {name: getattr(terms, name) for name in _OPTIONAL if name not in without}
    return FlowTerms(
        **always, **{name: function(value) for name, value in there.items() if value is not None}
    )


def _require_close(found: Tensor, expected: Tensor, tolerance: float, message: str) -> None:
    error = abs(float(found) - float(expected))
    assert error <= tolerance * max(1.0, abs(float(expected))), f"{message}, by {error:.3g}"
