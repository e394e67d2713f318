import numpy as np
import pytest
from scipy.special import logsumexp

from dag_gfn.errors import NotTractable
from dag_gfn.exact.scaled import scaled_weights, sum_over_subsets, sum_over_supersets


def log_of(mantissas, exponents):
    with np.errstate(divide="ignore"):
        return np.where(mantissas > 0, np.log(mantissas) + exponents * np.log(2), -np.inf)


@pytest.mark.parametrize("scale", [0.1, 30, 5000])
def test_weights_are_relative_to_the_largest(rng, scale):
    log_weights = scale * rng.normal(size=64)
    log_weights[::7] = -np.inf
    mantissas, exponents, largest = scaled_weights(log_weights)
    assert largest == log_weights.max()
    np.testing.assert_allclose(log_of(mantissas, exponents), log_weights - largest, rtol=1e-13, atol=1e-13)
    assert (mantissas[mantissas > 0] >= 0.9).all()
    assert (mantissas <= 2).all()


@pytest.mark.parametrize("transform", [sum_over_subsets, sum_over_supersets])
@pytest.mark.parametrize("scale", [0.1, 30, 5000])
def test_sums_span_any_range(rng, transform, scale):
    log_weights = scale * rng.normal(size=64)
    log_weights[rng.random(64) < 0.5] = -np.inf
    mantissas, exponents, largest = scaled_weights(log_weights)
    transform(mantissas, exponents)
    sets = np.arange(64)
    contained = sets[None, :] & ~sets[:, None] == 0  # row s, column t: t within s
    if transform is sum_over_supersets:
        contained = contained.T
    expected = np.array(
        [logsumexp(log_weights[row]) if np.isfinite(log_weights[row]).any() else -np.inf for row in contained]
    )
    np.testing.assert_allclose(log_of(mantissas, exponents), expected - largest, rtol=1e-13, atol=1e-13)
    positive = mantissas > 0
    assert ((mantissas[positive] >= 1) & (mantissas[positive] < 2)).all()


def test_a_span_beyond_double_precision_is_refused():
    with pytest.raises(NotTractable, match="span 1e\\+09 nats"):
        scaled_weights(np.array([0.0, -1e9]))
