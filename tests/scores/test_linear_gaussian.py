"""The linear-Gaussian score against the density of the marginal."""

import numpy as np
import oracles
import pytest
from score_data import continuous, correlated, families, score_family

from dag_gfn.scores import LinearGaussian


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"noise_variance": 2, "weight_variance": 0.25},
        {"noise_variance": 1e-4, "weight_variance": 10.0},
        {"noise_variance": 1.0, "weight_variance": 1e-6},
    ],
)
def test_equals_the_density_of_the_marginal(options, rng):
    """Regression: the log-determinant had the wrong sign, which ranked denser graphs higher."""
    values = correlated(rng, 15, 4)
    values[:, 2] = values[:, 0] - 0.5 * values[:, 1] + 0.01 * rng.normal(size=15)
    score = LinearGaussian(continuous(values), **options)
    table = score.complete_table()
    for node, parents in families(4):
        expected = oracles.linear_gaussian(values, node, parents, **options)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-8, abs=1e-8)
        index = sum(1 << (p - (p > node)) for p in parents)
        assert table[node, index] == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_an_independent_parent_costs(rng):
    score = LinearGaussian(continuous(rng.normal(size=(1000, 2))))
    assert score_family(score, 1, [0]) < score_family(score, 1, [])


def test_uses_the_values_as_they_are(rng):
    values = correlated(rng, 20, 2)
    data = continuous(values + 3.0)
    assert score_family(LinearGaussian(data), 0, []) == pytest.approx(
        oracles.linear_gaussian(np.array(values + 3.0), 0, []), rel=1e-10
    )
