"""Weighted means of edges and their variance, against the definition and against repeated samples."""

import numpy as np
import pytest

from dag_gfn.layerings.edge_sums import EdgeSums


@pytest.fixture
def given(rng):
    return rng.random((50, 3, 3))


def sums_of(shares, given, step):
    parts = [slice(start, start + step) for start in range(0, len(given), step)]
    return EdgeSums.of(shares, [(part, given[part]) for part in parts], given.shape[1])


@pytest.mark.parametrize("step", [7, 50])
def test_mean_and_variance_are_those_of_the_definition(rng, given, step):
    shares = rng.dirichlet(np.ones(50), size=2)
    sums = sums_of(shares, given, step)
    for row, share in enumerate(shares):
        mean = sum(s * p for s, p in zip(share, given, strict=True))
        variance = sum(s**2 * (p - mean) ** 2 for s, p in zip(share, given, strict=True))
        np.testing.assert_allclose(sums.mean[row], mean, rtol=1e-12)
        np.testing.assert_allclose(sums.variance()[row], variance, rtol=1e-9)


def test_deviations_from_another_mean(given):
    share, mean = np.full((1, 50), 0.01), np.full((1, 3, 3), 0.4)  # half of the weight is elsewhere
    found = sums_of(share, given, 50).variance(mean)
    np.testing.assert_allclose(found[0], (0.01**2 * (given - 0.4) ** 2).sum(axis=0), rtol=1e-9)


def test_the_variance_is_that_of_the_estimate_in_repeated_samples(rng):
    """Ratio estimates of E_p[x] = 0.6 from draws by q, with weights p / q."""
    p, q, x = np.array([0.4, 0.6]), np.array([0.7, 0.3]), np.array([0.0, 1.0])
    estimates, variances = [], []
    for _ in range(400):
        drawn = (rng.random(500) >= q[0]).astype(int)
        share = (p / q)[drawn]
        sums = sums_of((share / share.sum())[None], x[drawn][:, None, None], 500)
        estimates.append(sums.mean.item())
        variances.append(sums.variance().item())
    # 400 samples tell a variance to within a factor 1 ± 4 sqrt(2 / 400)
    assert np.var(estimates) / np.mean(variances) == pytest.approx(1.0, abs=0.3)


def test_no_draws():
    sums = EdgeSums.of(np.zeros((2, 0)), [], 3)
    assert sums.mean.shape == (2, 3, 3)
    assert not sums.variance().any()
