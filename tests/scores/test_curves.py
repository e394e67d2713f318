"""Curves are orthonormal at the rows, ordered by roughness, and the same functions wherever they are evaluated."""

import numpy as np
import pytest
from scipy.integrate import quad

from dag_gfn.scores.curves import Curves

COLUMNS = {
    "normal": lambda rng: rng.normal(size=150),
    "with an outlier": lambda rng: np.append(rng.normal(size=99), 30.0),
    "counts": lambda rng: rng.poisson(2.0, size=200).astype(float),
    "few values": lambda rng: rng.integers(0, 4, size=80).astype(float),
    "large units": lambda rng: 1e6 + 1e3 * rng.exponential(size=120),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_curves_are_orthonormal_and_have_nothing_of_the_line(name, rng):
    x = COLUMNS[name](rng)
    curves = Curves.of(x, 6)
    values = curves.at(x)
    assert values.shape == (len(x), curves.size)
    assert 0 < curves.size <= min(6, len(np.unique(x)) - 2)
    np.testing.assert_allclose(values.T @ values / len(x), np.eye(curves.size), atol=1e-7)
    np.testing.assert_allclose(values.mean(0), 0.0, atol=1e-7)
    np.testing.assert_allclose((x - x.mean()) @ values / len(x) / x.std(), 0.0, atol=1e-7)
    assert curves.roughness[0] == pytest.approx(1.0)
    assert (np.diff(curves.roughness) >= 0.0).all()


def test_the_roughness_is_the_integral_of_the_squared_second_derivative(rng):
    x = rng.uniform(-1.0, 1.0, size=4000)  # even: hardly anything of the line is in the curves
    curves = Curves.of(x, 3)

    def second(k):
        h = 1e-4

        def squared(t):
            before, here, after = curves.at(np.array([t - h, t, t + h]))[:, k]
            return ((before - 2.0 * here + after) / h**2) ** 2

        return squared

    low, high = x.min() + 1e-3, x.max() - 1e-3
    integrals = [quad(second(k), low, high, limit=200)[0] for k in range(3)]
    np.testing.assert_allclose(curves.roughness, np.array(integrals) / integrals[0], rtol=0.03)


def test_whole_weights_are_repeated_rows(rng):
    x, weights = rng.normal(size=40), 1.0 + np.arange(40) % 3
    one = Curves.of(x, 4, weights).at(x)
    other = Curves.of(np.repeat(x, weights.astype(int)), 4).at(x)
    np.testing.assert_allclose(np.abs(one), np.abs(other), atol=1e-7)  # the sign of a curve is free


def test_units_do_not_matter(rng):
    x = rng.normal(size=60)
    one, other = Curves.of(x, 4), Curves.of(5.0 - 1000.0 * x, 4)
    np.testing.assert_allclose(np.abs(one.at(x)), np.abs(other.at(5.0 - 1000.0 * x)), atol=1e-6)
    np.testing.assert_allclose(one.roughness, other.roughness, rtol=1e-6)


def test_two_values_have_no_curve():
    assert Curves.of(np.arange(10.0) % 2, 5).size == 0
    assert Curves.none().at(np.zeros(3)).shape == (3, 0)


def test_beyond_the_range_a_curve_keeps_its_last_value(rng):
    x = rng.normal(size=50)
    curves = Curves.of(x, 3)
    np.testing.assert_array_equal(curves.at(np.array([x.max() + 9.0])), curves.at(np.array([x.max()])))
