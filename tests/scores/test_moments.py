"""Moments of rows, weighted or not."""

import numpy as np
import pytest

from dag_gfn.scores.moments import Moments


def test_moments_are_those_of_numpy(rng):
    x = rng.normal(size=(30, 3)) + 1e3
    moments = Moments.of(x)
    assert moments.num_rows == 30
    np.testing.assert_allclose(moments.mean, x.mean(0))
    np.testing.assert_allclose(moments.scatter, 30 * np.cov(x, rowvar=False, ddof=0), rtol=1e-9)


def test_integer_weights_are_repeated_rows(rng):
    x, weights = rng.normal(size=(30, 3)) + 1e6, rng.integers(1, 5, 30)
    weighted, repeated = Moments.of(x, weights.astype(float)), Moments.of(np.repeat(x, weights, axis=0))
    assert weighted.num_rows == repeated.num_rows
    np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=1e-14)
    np.testing.assert_allclose(weighted.scatter, repeated.scatter, rtol=1e-9)


@pytest.mark.parametrize("weights", [None, np.zeros(0)])
def test_no_rows_have_no_scatter(weights):
    moments = Moments.of(np.zeros((0, 2)), weights)
    assert (moments.num_rows, moments.mean.tolist(), moments.scatter.tolist()) == (
        0,
        [0, 0],
        [[0, 0], [0, 0]],
    )
