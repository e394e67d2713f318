"""z-scores of residuals are standard normal under the model."""

import numpy as np
import pytest

from dag_gfn.criticism.residual_checks import bends, neighbours, residuals_of, skewness, spread, tails


@pytest.mark.parametrize("n", [40, 300])
def test_they_are_standard_normal_for_normal_residuals(n, rng):
    drawn = []
    for _ in range(400):
        x = rng.normal(size=(n, 2)) ** 2
        residuals, basis = residuals_of(x @ [1.0, -1.0] + rng.normal(size=n), x)
        other = rng.normal(size=(n, 1))
        checks = [
            skewness(residuals),
            tails(residuals),
            spread(residuals, x @ [1.0, -1.0]),
            neighbours(residuals, np.arange(n) > 0),
            *bends(residuals, basis, np.column_stack([x[:, 0], other])),
        ]
        drawn.append([check.z for check in checks])
    z = np.array(drawn)
    assert (np.abs(z.mean(axis=0)) < 0.25).all()
    assert (np.abs(z.std(axis=0) - 1.0) < 0.2).all()


def test_residuals_are_those_of_least_squares(rng):
    x, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    whole = np.column_stack([np.ones(30), x])
    expected = y - whole @ np.linalg.lstsq(whole, y, rcond=None)[0]
    np.testing.assert_allclose(residuals_of(y, x)[0], expected, atol=1e-12)
    np.testing.assert_allclose(residuals_of(y, np.column_stack([x, x[:, 0]]))[0], expected, atol=1e-12)


def test_a_bend_is_the_partial_correlation_with_the_square(rng):
    x = rng.normal(size=60)
    y = x**2 + rng.normal(size=60)
    residuals, basis = residuals_of(y, x[:, None])
    square = residuals_of(x**2, x[:, None])[0]
    expected = np.corrcoef(residuals, square)[0, 1] ** 2
    np.testing.assert_allclose(bends(residuals, basis, x[:, None])[0].size, expected)
