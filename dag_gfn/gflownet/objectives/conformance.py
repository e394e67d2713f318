"""Whether an objective keeps its protocol, checked on terms that the caller supplies."""

import copy
from collections.abc import Callable
from dataclasses import fields, replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from dag_gfn.gflownet.objectives.objective import NEEDS, FlowTerms, Objective

_OUTPUTS = ("log_pf", "log_stop", "log_inflow")
"""What the forward policy has a say in; it must learn from one of them at least."""


def check_objective(objective: Objective, terms: FlowTerms, *, tolerance: float = 1e-5) -> None:
    """Hold an objective to its protocol on a batch of whole trajectories.

    The loss is one finite number that depends on neither padding nor the order of trajectories nor on what the
    objective has not asked for, and its gradient is finite and reaches the forward policy at the steps that were taken.

    Parameters
    ----------
    objective : Objective
        Is left as it is: what it may carry from one batch to the next begins anew at each call.
    terms : FlowTerms
        With all that the objective needs, several trajectories of different lengths, and at least one step whose
        loss is not at its minimum.
    tolerance : float
        Relative difference allowed between two computations of the loss.

    Raises
    ------
    AssertionError
        If the objective does not do what its protocol says.
    """
    assert isinstance(objective.name, str), "an objective has a name"
    assert isinstance(objective.needs, frozenset), "needs is no frozenset"
    assert objective.needs <= NEEDS, f"needs has {sorted(objective.needs - NEEDS)}, which nobody provides"
    assert isinstance(objective.learns_backward, bool), "learns_backward is no bool"
    wanted = objective.needs | ({"log_flow_next"} if "log_flow" in objective.needs else set())
    terms = replace(terms, **{name: None for name in _optional(terms) if name not in wanted})
    terms = _map(terms, Tensor.detach)

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
            gradient[~terms.mask] = 0.0  # padding is constant: sums over whole rows may count it in
    assert any(name in reached for name in _OUTPUTS), "the loss does not depend on the forward policy"
    assert any(reached[name].any() for name in _OUTPUTS if name in reached), (
        "the gradient of the forward policy is zero everywhere"
    )


def _optional(terms: FlowTerms) -> list[str]:
    return [field.name for field in fields(terms) if field.default is None]


def _map(terms: FlowTerms, function: Callable[[Tensor], Tensor]) -> FlowTerms:
    values = {field.name: getattr(terms, field.name) for field in fields(terms)}
    return FlowTerms(**{name: None if value is None else function(value) for name, value in values.items()})


def _require_close(found: Tensor, expected: Tensor, tolerance: float, message: str) -> None:
    error = abs(float(found) - float(expected))
    assert error <= tolerance * max(1.0, abs(float(expected))), f"{message}, by {error:.3g}"
