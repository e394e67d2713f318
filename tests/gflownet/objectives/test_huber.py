import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.gflownet.objectives.huber import huber, mean_huber


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_by_the_definition(residual, delta):
    r = abs(residual)
    expected = r**2 / 2 if r <= delta else delta * (r - delta / 2)
    assert float(huber(torch.tensor(residual, dtype=torch.float64), delta)) == pytest.approx(
        expected, rel=1e-9
    )


def test_without_limit_it_is_half_the_square():
    residual = torch.tensor([-300.0, 0.0, 7.0])
    assert huber(residual, math.inf).tolist() == [45_000.0, 0.0, 24.5]
    torch.testing.assert_close(huber(residual, 1e6), huber(residual, math.inf))


def test_the_gradient_is_the_residual_clipped():
    residual = torch.tensor([-5.0, -0.5, 0.0, 0.25, 9.0], requires_grad=True)
    huber(residual, 2.0).sum().backward()
    assert residual.grad.tolist() == [-2.0, -0.5, 0.0, 0.25, 2.0]


def test_the_mean_is_over_what_counts():
    residual = torch.tensor([[1.0, 9.0], [-1.0, torch.nan]], requires_grad=True)
    where = torch.tensor([[True, False], [True, False]])
    loss = mean_huber(residual, where, 1.0)
    assert loss.item() == 0.5
    loss.backward()
    assert residual.grad.tolist() == [[0.5, 0.0], [-0.5, 0.0]]
    nothing = mean_huber(residual, torch.zeros_like(where), 1.0)
    assert nothing.item() == 0.0
    nothing.backward()
