import numpy as np
import pytest
from effect_cases import certain
from scipy import stats

from dag_gfn.data import from_array, from_frame
from dag_gfn.errors import NotTractable
from dag_gfn.parameters import LinearGaussianBatch, parameter_posterior

PRIOR = {"alpha_mu": 0.8, "alpha_w": 6.5, "mean_obs": np.array([0.5, -1.0, 2.0])}
CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 1 → 2
COMPLETE = np.triu(np.ones((3, 3), dtype=bool), 1)
DRAWS = 4000


def rows(rng, n=40):
    mixing = np.array([[1.0, 0.8, 0.3], [0.0, 1.0, -0.6], [0.0, 0.0, 0.5]])
    return rng.normal(size=(n, 3)) @ mixing + [1.0, 0.0, -2.0]


def bge_matrix(values, alpha_mu, alpha_w, mean_obs):
    """Return R and the posterior mean, from the definition."""
    n, d = values.shape
    mean = values.mean(axis=0)
    t = alpha_mu * (alpha_w - d - 1) / (alpha_mu + 1)
    scatter = sum(np.outer(row - mean, row - mean) for row in values)
    shift = mean - mean_obs
    matrix = t * np.eye(d) + scatter + n * alpha_mu / (n + alpha_mu) * np.outer(shift, shift)
    return matrix, (alpha_mu * mean_obs + n * mean) / (alpha_mu + n)


def sampled(posterior, adjacency, rng, k=DRAWS):
    return parameter_posterior(posterior).sample(np.repeat(adjacency[None], k, axis=0), rng=rng)


def test_one_coefficient_has_a_student_distribution(rng):
    values = rows(rng)
    posterior = certain(from_array(values), CHAIN, "bge", **PRIOR)
    networks = sampled(posterior, CHAIN, rng)
    matrix, _ = bge_matrix(values, **PRIOR)
    degrees = len(values) + PRIOR["alpha_w"] - 3 + 1 + 1
    residual = matrix[1, 1] - matrix[0, 1] ** 2 / matrix[0, 0]
    student = stats.t(degrees, matrix[0, 1] / matrix[0, 0], np.sqrt(residual / degrees / matrix[0, 0]))
    assert stats.kstest(networks.coefficients[:, 0, 1], student.cdf).pvalue > 0.001
    inverse_gamma = stats.invgamma(degrees / 2, scale=residual / 2)
    assert stats.kstest(networks.noise_variances[:, 1], inverse_gamma.cdf).pvalue > 0.001
    expected = parameter_posterior(posterior).expected(CHAIN[None])
    assert expected.coefficients[0, 0, 1] == pytest.approx(student.mean())
    assert expected.noise_variances[0, 1] == pytest.approx(inverse_gamma.mean())


def test_complete_graph_agrees_with_the_normal_wishart_distribution(rng):
    """The parameters of a complete DAG are a change of variables of (mean, precision matrix)."""
    values = rows(rng)
    networks = sampled(certain(from_array(values), COMPLETE, "bge", **PRIOR), COMPLETE, rng)
    matrix, centre = bge_matrix(values, **PRIOR)
    n = len(values)
    precisions = stats.wishart(PRIOR["alpha_w"] + n, np.linalg.inv(matrix)).rvs(DRAWS, random_state=rng)
    covariances = np.linalg.inv(precisions)
    wide = covariances / (PRIOR["alpha_mu"] + n)
    means = np.stack([rng.multivariate_normal(centre, part) for part in wide])
    b = np.linalg.solve(covariances[:, :2, :2], covariances[:, :2, 2:])[:, :, 0]
    others = {
        "coefficient": (networks.coefficients[:, 1, 2], b[:, 1]),
        "intercept": (networks.intercepts[:, 2], means[:, 2] - (b * means[:, :2]).sum(axis=1)),
        "variance": (
            networks.noise_variances[:, 2],
            covariances[:, 2, 2] - np.einsum("kp,kp->k", covariances[:, 2, :2], b),
        ),
        "mean": (networks.means()[:, 2], means[:, 2]),
    }
    worst = {name: stats.ks_2samp(*pair).pvalue for name, pair in others.items()}
    assert min(worst.values()) > 0.001, worst


def test_linear_gaussian_score_is_ridge_regression_with_known_noise(rng):
    values = rows(rng)
    options = {"noise_variance": 0.3, "weight_variance": 2.0}
    posterior = certain(from_array(values), COMPLETE, "linear_gaussian", **options)
    networks = sampled(posterior, COMPLETE, rng)
    x, y = values[:, :2], values[:, 2]
    precision = x.T @ x / 0.3 + np.eye(2) / 2.0
    mean, covariance = np.linalg.solve(precision, x.T @ y / 0.3), np.linalg.inv(precision)
    drawn = networks.coefficients[:, :2, 2]
    whitened = (drawn - mean) @ np.linalg.cholesky(np.linalg.inv(covariance))
    assert stats.kstest(whitened.ravel(), "norm").pvalue > 0.001
    np.testing.assert_allclose(networks.intercepts, 0.0, atol=1e-12)
    np.testing.assert_allclose(networks.noise_variances, 0.3)
    expected = parameter_posterior(posterior).expected(COMPLETE[None])
    np.testing.assert_allclose(expected.coefficients[0, :2, 2], mean)


def test_a_batch_equals_its_members(rng):
    parameters = parameter_posterior(certain(from_array(rows(rng)), CHAIN))
    graphs = np.stack([CHAIN, COMPLETE, CHAIN.T, np.zeros_like(CHAIN), CHAIN])
    batch = parameters.expected(graphs)
    for k, adjacency in enumerate(graphs):
        single = parameters.expected(adjacency[None])
        np.testing.assert_allclose(batch.coefficients[k], single.coefficients[0])
        np.testing.assert_allclose(batch.intercepts[k], single.intercepts[0])
        np.testing.assert_allclose(batch.noise_variances[k], single.noise_variances[0])
    draws = parameters.sample(graphs, rng=1)
    assert draws.coefficients[0, 0, 1] != draws.coefficients[4, 0, 1]
    again = parameters.sample(graphs, rng=1)
    np.testing.assert_array_equal(draws.coefficients, again.coefficients)


def test_parameters_are_in_original_units(rng):
    values = rows(rng)
    plain = parameter_posterior(certain(from_array(values).standardize(), COMPLETE)).sample(
        COMPLETE[None], rng=3
    )
    scale, shift = np.array([10.0, 1.0, 0.01]), np.array([5.0, 0.0, -3.0])
    scaled = parameter_posterior(certain(from_array(values * scale + shift).standardize(), COMPLETE)).sample(
        COMPLETE[None], rng=3
    )
    np.testing.assert_allclose(scaled.coefficients, plain.coefficients * scale / scale[:, None], rtol=1e-8)
    np.testing.assert_allclose(scaled.noise_variances, plain.noise_variances * scale**2, rtol=1e-8)
    np.testing.assert_allclose(scaled.means(), plain.means() * scale + shift, rtol=1e-8)


def test_rows_in_which_a_node_was_set_do_not_count_for_it(rng):
    values = rows(rng)
    intervened = np.zeros(values.shape, dtype=bool)
    intervened[:15, 1] = True
    posterior = certain(from_array(values, intervened=intervened), CHAIN, "bge", **PRIOR)
    expected = parameter_posterior(posterior).expected(CHAIN[None])
    rest = parameter_posterior(certain(from_array(values[15:]), CHAIN, "bge", **PRIOR)).expected(CHAIN[None])
    full = parameter_posterior(certain(from_array(values), CHAIN, "bge", **PRIOR)).expected(CHAIN[None])
    for node, other in ((0, full), (1, rest), (2, full)):
        np.testing.assert_allclose(expected.coefficients[0, :, node], other.coefficients[0, :, node])
        np.testing.assert_allclose(expected.intercepts[0, node], other.intercepts[0, node])
        np.testing.assert_allclose(expected.noise_variances[0, node], other.noise_variances[0, node])


def test_a_node_that_was_always_set_keeps_its_prior(rng):
    values = rows(rng)
    intervened = np.zeros(values.shape, dtype=bool)
    intervened[:, 1] = True
    posterior = certain(from_array(values, intervened=intervened), CHAIN, "bge", **PRIOR)
    expected = parameter_posterior(posterior).expected(CHAIN[None])
    assert expected.coefficients[0, 0, 1] == 0.0
    assert expected.intercepts[0, 1] == pytest.approx(PRIOR["mean_obs"][1])


def test_badly_scaled_columns_lose_no_digits(rng):
    scale = np.array([1e-6, 1.0, 1e3])
    values = rows(rng) * scale
    options = {
        "noise_variance": 1.0,
        "weight_variance": 1e24,
    }  # no shrinkage, and scores that keep their digits
    posterior = certain(from_array(values), COMPLETE, "linear_gaussian", **options)
    found = parameter_posterior(posterior).expected(COMPLETE[None]).coefficients[0, :2, 2] * scale[:2] / 1e3
    plain = values / scale
    direct = np.linalg.lstsq(plain[:, :2], plain[:, 2], rcond=None)[0]
    np.testing.assert_allclose(found, direct, rtol=1e-8)


@pytest.mark.parametrize("scale", [[1e-300, 1.0, 1.0], [1e-10, 1.0, 1e295], [1.0, 1.0, 1e160]])
def test_coefficients_beyond_what_numbers_hold_are_refused(rng, scale):
    data = from_array(rows(rng) * np.array(scale)).standardize()
    posterior = certain(data, COMPLETE, "bge")
    with pytest.raises(NotTractable, match="divide them by powers of ten"):
        parameter_posterior(posterior).expected(COMPLETE[None])


def three_equations():
    """x1 = 2 x0 + 1, x2 = 3 x1 - x0, in two copies; in the second only x2 → x0 with coefficient 5."""
    coefficients = np.zeros((2, 3, 3))
    coefficients[0, 0, 1], coefficients[0, 1, 2], coefficients[0, 0, 2] = 2.0, 3.0, -1.0
    coefficients[1, 2, 0] = 5.0
    intercepts = np.array([[10.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    return LinearGaussianBatch(coefficients, intercepts, np.ones((2, 3)))


def test_total_effects_sum_over_paths():
    effects = three_equations().total_effects()
    np.testing.assert_array_equal(effects[0], [[0, 2, 5], [0, 0, 3], [0, 0, 0]])
    np.testing.assert_array_equal(effects[1], [[0, 0, 0], [0, 0, 0], [5, 0, 0]])


def test_means_and_interventions_by_hand():
    networks = three_equations()
    np.testing.assert_allclose(networks.means(), [[10, 21, 53], [6, 1, 1]])
    # x0 stays 10 whatever x1 is; x2 = 3 · 4 - 10
    np.testing.assert_allclose(networks.interventional_means(1, 4.0), [[10, 4, 2], [6, 4, 1]])


def test_total_effects_are_the_neumann_series(rng):
    order = rng.permutation(6)
    coefficients = np.triu(rng.normal(size=(50, 6, 6)) * (rng.random((50, 6, 6)) < 0.5), 1)
    coefficients = coefficients[:, order][:, :, order]
    networks = LinearGaussianBatch(coefficients, np.zeros((50, 6)), np.ones((50, 6)))
    series = sum(np.linalg.matrix_power(coefficients, power) for power in range(1, 6))
    np.testing.assert_allclose(networks.total_effects(), series, atol=1e-12)
    reached = sum(np.linalg.matrix_power(abs(coefficients), power) for power in range(1, 6)) > 0
    assert (networks.total_effects()[~reached] == 0.0).all()


def test_scores_without_parameters_say_what_to_do(rng):
    from dag_gfn.errors import OptionError

    continuous = certain(from_array(rows(rng)), CHAIN, "bic")
    with pytest.raises(OptionError, match="score='bge'"):
        parameter_posterior(continuous)
    import pandas as pd

    frame = pd.DataFrame({name: list("abab") for name in "xyz"})
    with pytest.raises(OptionError, match="score='bdeu'"):
        parameter_posterior(certain(from_frame(frame), CHAIN, "bic"))


def test_statistics_are_asked_for(rng):
    from dataclasses import replace

    from dag_gfn.errors import OptionError

    bare = replace(certain(from_array(rows(rng)), CHAIN), statistics={})
    with pytest.raises(OptionError, match="no sufficient statistics"):
        parameter_posterior(bare)
