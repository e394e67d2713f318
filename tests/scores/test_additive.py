"""The additive score against integrals, a Gaussian process with the same kernel, and the linear score."""

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import invgamma, multivariate_t, norm
from score_data import continuous, correlated, dependent_codes, mixed

from dag_gfn.errors import OptionError
from dag_gfn.scores import Additive, BGe, BlockBGe
from dag_gfn.scores.additive import SHRINKAGES


def by_gaussian_process(score, node, parents):
    """The log evidence for each shrinkage from the n x n kernel: the rows are one draw of a multivariate t."""
    x, n = score.data.values, score.data.n
    kernel = np.eye(n) + 1.0 / score.alpha_mu
    for parent in parents:
        kernel += np.outer(x[:, parent], x[:, parent]) / score.t
    shape = 0.5 * (score.alpha_w - score.d + len(parents) + 1)
    evidences = [multivariate_t(np.zeros(n), score.t / 2 / shape * kernel, df=2 * shape).logpdf(x[:, node])]
    for shrinkage in SHRINKAGES:
        curved = kernel.copy()
        for parent in parents:
            curves = score.curves[parent]
            values = curves.at(x[:, parent])
            curved += (values / (shrinkage * curves.roughness)) @ values.T
        evidences.append(
            multivariate_t(np.zeros(n), score.t / 2 / shape * curved, df=2 * shape).logpdf(x[:, node])
        )
    return evidences


def bent(rng, n, d):
    x = rng.normal(size=(n, d))
    for j in range(1, d):
        x[:, j] += np.tanh(2.0 * x[:, j - 1]) + x[:, j - 1] ** 2
    return continuous(x).standardize()


@pytest.mark.parametrize("curve_weight", [1.0, 0.1])
def test_it_is_a_mixture_of_gaussian_processes_with_the_same_kernel(curve_weight, rng):
    score = Additive(bent(rng, 25, 3), num_curves=4, curve_weight=curve_weight, line_probability=0.7)
    for node, parents in ((0, []), (1, [0]), (2, [0, 1]), (0, [1, 2])):
        line, *curved = by_gaussian_process(score, node, parents)
        share = np.log([0.7] + [0.3 / len(SHRINKAGES)] * len(SHRINKAGES))
        mixture = logsumexp(np.array([line, *curved]) + share)
        expected = line + curve_weight * (mixture - line)
        found = score.local_scores(node, np.array([sum(1 << p for p in parents)]))[0]
        assert found == pytest.approx(expected, abs=1e-8)


@pytest.mark.slow
def test_it_is_the_integral_over_noise_mean_line_and_curve(rng):
    data = continuous(np.array([[-1.3, 0.9], [-0.4, -0.8], [0.1, -0.9], [0.5, -0.3], [1.1, 1.1]]))
    score = Additive(data, num_curves=1, curve_weight=1.0, alpha_w=6.0)
    x, y = data.values.T
    curve = score.curves[0].at(x)[:, 0]
    nodes, weights = hermegauss(36)
    weights = weights / weights.sum()
    mean, slope, bend = (grid.ravel() for grid in np.meshgrid(nodes, nodes, nodes, indexing="ij"))
    share = np.einsum("i,j,k->ijk", weights, weights, weights).ravel()
    shape, scale = 0.5 * (score.alpha_w - 2 + 2), 0.5 * score.t

    def evidence(shrinkage):
        def given(variance):
            sd = np.sqrt(variance)
            fitted = (sd * mean / np.sqrt(score.alpha_mu))[:, None] + (sd * slope / np.sqrt(score.t))[
                :, None
            ] * x
            if shrinkage is not None:
                fitted = fitted + (sd * bend / np.sqrt(shrinkage))[:, None] * curve
            likelihood = np.exp(norm.logpdf(y, fitted, sd).sum(1)) @ share
            return likelihood * invgamma.pdf(variance, shape, scale=scale)

        return quad(given, 0.0, 60.0, points=[0.05, 0.2, 1.0, 5.0], limit=60, epsrel=1e-5)[0]

    expected = 0.5 * evidence(None) + 0.5 * np.mean([evidence(each) for each in SHRINKAGES])
    assert score.local_scores(1, np.array([0b01]))[0] == pytest.approx(np.log(expected), abs=2e-4)


def test_without_curves_it_is_the_linear_score(rng):
    codes = dependent_codes(rng, 50, (2, 2, 2))
    data = mixed(np.column_stack([correlated(rng, 50, 1), codes]), (0, 2, 2, 2))
    two_values = continuous(dependent_codes(rng, 50, (2, 2, 2)).astype(float)).standardize()
    np.testing.assert_allclose(
        Additive(two_values).complete_table(), BGe(two_values).complete_table(), rtol=1e-12
    )
    # Categories alone as parents: the linear score of blocks.
    found, linear = Additive(data), BlockBGe(data)
    among = np.array([0b0000, 0b0100, 0b1000, 0b1100])
    np.testing.assert_allclose(found.local_scores(1, among), linear.local_scores(1, among), rtol=1e-12)
    np.testing.assert_allclose(found.local_scores(0, among), linear.local_scores(0, among), rtol=1e-12)


def test_a_curve_of_a_number_acts_on_a_category(rng):
    x = rng.normal(size=200)
    group = (np.abs(x) + 0.3 * rng.normal(size=200) > 0.7).astype(float)
    data = mixed(np.column_stack([x, group]), (0, 2)).standardize()
    families = 1, np.array([0b00, 0b01])
    linear, curved = (
        np.diff(score.local_scores(*families))[0]
        for score in (BlockBGe(data), Additive(data, curve_weight=1.0))
    )
    assert linear < 3.0
    assert curved > 30.0


def test_on_straight_lines_directions_stay_open(rng):
    """A Bayes factor of 10 between the directions of a linear pair is as rare as it should be."""
    far = 0
    for _ in range(200):
        x = rng.normal(size=100)
        data = continuous(np.column_stack([x, x + rng.normal(size=100)])).standardize()
        gain = Additive(data, curve_weight=1.0).complete_table()
        far += abs(gain[1, 1] - gain[1, 0] - gain[0, 1] + gain[0, 0]) > np.log(10.0)
    assert (
        far <= 200 * 2 * 0.1
    )  # Markov: the true direction loses 10 : 1 in less than a tenth, and so the other


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_curves": 0}, "num_curves must be between"),
        ({"num_curves": 13}, "num_curves must be between"),
        ({"curve_weight": 0.0}, "curve_weight must be above 0"),
        ({"curve_weight": 1.5}, "curve_weight must be above 0"),
        ({"line_probability": 1.0}, "line_probability must be between"),
    ],
)
def test_impossible_options_are_refused(options, message, rng):
    with pytest.raises(OptionError, match=message):
        Additive(bent(rng, 20, 2), **options)
