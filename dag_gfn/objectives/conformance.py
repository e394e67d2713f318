"""Whether an objective keeps its protocol, checked on terms that the caller supplies."""

from dataclasses import fields, replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from dag_gfn.objectives.objective import FlowTerms, Objective


def check_objective(objective: Objective, terms: FlowTerms, *, tolerance: float = 1e-5) -> None:
    """Hold an objective to its protocol on a batch of trajectories.

    The loss is one finite number that depends on neither padding nor the order of trajectories, and whose
    gradient reaches the policy's log-probabilities, at steps that were taken only.

    Parameters
    ----------
    objective : Objective
    terms : FlowTerms
        With at least one step whose loss is not at its minimum.
    tolerance : float
        Relative difference allowed between two computations of the loss.

    Raises
    ------
    AssertionError
        If the objective does not do what its protocol says.
    """
    assert isinstance(objective.name, str), "an objective has a name"
    assert isinstance(objective.needs_every_state_terminal, bool), "needs_every_state_terminal is no bool"
    before = _map(terms, lambda tensor: tensor.clone())
    loss = objective(terms)
    assert loss.shape == (), f"the loss has shape {tuple(loss.shape)}, not ()"
    assert loss.isfinite(), f"the loss is {float(loss)}"
    for field in fields(terms):
        same = torch.equal(getattr(terms, field.name), getattr(before, field.name))
        assert same, f"the objective changes {field.name}"

    padded = _map(terms, lambda tensor: pad(tensor, (0, 3)) if tensor.ndim == 2 else tensor)
    _require_close(objective(padded), loss, tolerance, "more padding changes the loss")
    reversed_rows = _map(terms, lambda tensor: tensor.flip(0))
    _require_close(objective(reversed_rows), loss, tolerance, "the order of trajectories changes the loss")

    log_pf = terms.log_pf.detach().clone().requires_grad_()
    objective(replace(terms, log_pf=log_pf)).backward()
    assert log_pf.grad is not None, "the loss does not depend on log_pf"
    assert log_pf.grad.isfinite().all(), "the gradient of log_pf is not finite"
    assert log_pf.grad.any(), "the gradient of log_pf is zero everywhere"
    assert not log_pf.grad[~terms.mask].any(), "padding has a gradient"


def _map(terms: FlowTerms, function) -> FlowTerms:
    return FlowTerms(*(function(getattr(terms, field.name)) for field in fields(terms)))


def _require_close(found: Tensor, expected: Tensor, tolerance: float, message: str) -> None:
    error = abs(float(found) - float(expected))
    assert error <= tolerance * max(1.0, abs(float(expected))), f"{message}, by {error:.3g}"
