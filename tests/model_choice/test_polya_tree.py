"""The marginal likelihood of a column of any shape, against sums by hand and integration."""

import numpy as np
import pytest
from scipy.special import beta, ndtr
from scipy.stats import norm

import dag_gfn
from dag_gfn.model_choice import polya_tree
from dag_gfn.model_choice.polya_tree import log_bend, normal_log_marginal, num_levels
from dag_gfn.scores import BGe


@pytest.mark.parametrize("n", [2, 50])
def test_the_normal_marginal_is_bge_without_parents(n, rng):
    data = dag_gfn.from_array(rng.normal(size=(n, 3))).standardize()
    expected = BGe(data).local_scores(1, np.array([0]))[0]
    np.testing.assert_allclose(normal_log_marginal(data.values[:, 1]), expected)


def test_weights_stand_for_rows(rng):
    values, weights = rng.normal(size=20), rng.integers(1, 4, size=20).astype(float)
    repeated = np.repeat(values, weights.astype(int))
    np.testing.assert_allclose(normal_log_marginal(values, weights), normal_log_marginal(repeated))
    np.testing.assert_allclose(log_bend(values, weights), log_bend(repeated))


def density_ratio(values, mean, deviation, levels):
    """Return the mean over concentrations of the tree's density over the normal one, branch by branch."""
    total = 0.0
    for concentration in polya_tree.CONCENTRATIONS:
        product = 1.0
        for level in range(1, levels + 1):
            place = np.floor(ndtr((values - mean) / deviation) * 2**level).astype(int)
            for branch in range(2 ** (level - 1)):
                left, right = (place == 2 * branch).sum(), (place == 2 * branch + 1).sum()
                own = concentration * level**2
                product *= 2.0 ** (left + right) * beta(own + left, own + right) / beta(own, own)
        total += product
    return total / len(polya_tree.CONCENTRATIONS)


def test_the_bend_is_the_posterior_mean_of_the_ratio_of_densities(rng):
    values = rng.normal(size=24) ** 2
    values = (values - values.mean()) / values.std()
    n, levels = len(values), num_levels(values)
    degrees, scatter = n + 3.0, 0.5 + values @ values

    variances = scatter / 2 / rng.gamma(degrees / 2, size=4000)
    means = np.sqrt(variances / (n + 1)) * rng.normal(size=4000)
    ratios = [density_ratio(values, *each, levels) for each in zip(means, np.sqrt(variances), strict=True)]
    np.testing.assert_allclose(log_bend(values), np.log(np.mean(ratios)), atol=0.2)


def test_the_tree_is_a_density(rng):
    """Given mean and deviation, the ratio averages to one over rows of the normal distribution."""
    ratios = [density_ratio(rng.normal(size=4), 0.0, 1.0, 2) for _ in range(4000)]
    assert abs(np.mean(ratios) - 1.0) < 4 * np.std(ratios) / np.sqrt(len(ratios))


def test_rounding_is_not_taken_for_shape():
    normal = norm.ppf((np.arange(400) + 0.5) / 400)
    rounded = np.round(normal * 4) / 4
    assert log_bend(normal) < 0
    assert log_bend((rounded - rounded.mean()) / rounded.std()) < 1.0


@pytest.mark.parametrize("bend", [np.exp, lambda x: x**3, lambda x: np.sign(x) * np.sqrt(np.abs(x))])
def test_bent_columns_are_told_from_normal_ones(bend, rng):
    values = bend(rng.normal(size=300))
    assert log_bend((values - values.mean()) / values.std()) > 10
