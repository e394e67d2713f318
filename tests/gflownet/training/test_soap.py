import numpy as np
import pytest
import torch

from dag_gfn.gflownet.training.soap import SOAP


def regression(seed=0, condition=100.0):
    """Return a matrix to fit and a loss whose curvature differs between directions that no axis is along."""
    rng = np.random.default_rng(seed)
    rotate = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    inputs = torch.from_numpy(rng.normal(size=(200, 6)) @ np.diag(np.geomspace(1, 1 / condition, 6)) @ rotate)
    truth = torch.from_numpy(rng.normal(size=(4, 6)))
    weights = torch.zeros(4, 6, dtype=torch.float64, requires_grad=True)
    return weights, lambda: ((inputs @ (weights - truth).T) ** 2).mean()


def loss_after(make, steps=300):
    weights, loss = regression()
    optimizer = make([weights])
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * (1 - step / steps)
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    return float(loss().detach())


def test_it_needs_fewer_steps_than_adam_where_axes_are_rotated():
    adam = loss_after(lambda parameters: torch.optim.Adam(parameters, betas=(0.95, 0.95)))
    soap = loss_after(lambda parameters: SOAP(parameters, basis_every=5))
    assert soap < adam / 10
    assert soap < 1e-6


@pytest.mark.parametrize("shape", [(7,), ()])
def test_vectors_and_scalars_are_left_to_adam(shape):
    start, target = torch.randn(shape, generator=torch.Generator().manual_seed(0)), torch.ones(shape)
    ends = []
    for make in (torch.optim.Adam, SOAP):
        weights = start.clone().requires_grad_()
        optimizer = make([weights], lr=0.01, betas=(0.95, 0.95))
        for _ in range(50):
            optimizer.zero_grad()
            ((weights - target) ** 2).sum().backward()
            optimizer.step()
        ends.append(weights.detach())
    torch.testing.assert_close(*ends)


def test_rotating_the_problem_rotates_the_path():
    """The first step is along the singular vectors of the gradient, whatever basis it is given in."""
    gradient = torch.randn(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rotate = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(2)).double())[0]
    moved = []
    for turned in (gradient, rotate @ gradient):
        weights = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
        optimizer = SOAP([weights], lr=1.0, eps=1e-4)
        weights.grad = turned
        optimizer.step()
        moved.append(weights.detach())
    torch.testing.assert_close(rotate @ moved[0], moved[1], atol=1e-3, rtol=0)


def test_a_side_that_is_too_long_is_not_rotated():
    gradient = torch.randn(3, 7, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    ends = []
    for given, limit in ((gradient, 5), (gradient.T, 5), (gradient, 2)):
        weights = torch.zeros(given.shape, dtype=torch.float64, requires_grad=True)
        optimizer = SOAP([weights], lr=1.0, eps=1e-4, longest_side=limit)
        weights.grad = given.clone()
        optimizer.step()
        ends.append(weights.detach())
    left = torch.linalg.eigh(gradient @ gradient.T)[1]
    rotated = left.T @ gradient
    torch.testing.assert_close(ends[0], -left @ (rotated / (rotated.abs() + 1e-4)))
    torch.testing.assert_close(ends[1], ends[0].T)
    torch.testing.assert_close(ends[2], -gradient / (gradient.abs() + 1e-4))  # Adam


@pytest.mark.parametrize("longest_side", [512, 2])
def test_a_saved_state_goes_on_as_if_nothing_had_happened(longest_side):
    weights, loss = regression()
    optimizer = SOAP([weights], lr=0.05, basis_every=3, longest_side=longest_side)
    for step in range(20):
        if step == 10:
            fresh = SOAP([weights], lr=0.05, basis_every=3, longest_side=longest_side)
            fresh.load_state_dict(optimizer.state_dict())
            optimizer = fresh
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    again, loss = regression()
    reference = SOAP([again], lr=0.05, basis_every=3, longest_side=longest_side)
    for _ in range(20):
        reference.zero_grad()
        loss().backward()
        reference.step()
    torch.testing.assert_close(weights, again)


def test_a_closure_computes_the_gradients_and_its_loss_is_returned():
    ends = []
    for with_closure in (False, True):
        weights, loss_of = regression()
        optimizer = SOAP([weights], lr=0.1)

        def closure(weights=weights, loss_of=loss_of, optimizer=optimizer):
            optimizer.zero_grad()
            loss = loss_of()
            loss.backward()
            return float(loss.detach())

        for _ in range(5):
            if with_closure:
                before = float(loss_of().detach())
                assert optimizer.step(closure) == before
            else:
                closure()
                assert optimizer.step() is None
        ends.append(weights.detach())
    torch.testing.assert_close(*ends, rtol=0, atol=0)
