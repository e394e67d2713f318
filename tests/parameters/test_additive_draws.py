"""Draws against a Bayesian regression on the rows themselves, with the mean as one more column."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from dag_gfn.data import from_array
from dag_gfn.parameters.additive_draws import draw_additive_family
from dag_gfn.scores import Additive
from dag_gfn.scores.additive import SHRINKAGES, lines_and_curves


@pytest.fixture
def score(rng):
    x = rng.normal(size=(30, 3))
    x[:, 1] += 0.5 * x[:, 0] ** 2
    return Additive(from_array(x).standardize(), num_curves=2, curve_weight=1.0, line_probability=0.3)


def scatter(score):
    """Return the sums of products of lines and curves, whose means are 0."""
    columns = lines_and_curves(score.design, score.curves)
    return columns.T @ columns


def by_regression(score, node, parents, shrinkage):
    """Return log evidence, mean and covariance of intercept and coefficients, and the mean of the noise variance."""
    x, n, d = score.data.values, score.data.n, score.d
    columns, precision = [np.ones(n)], [score.alpha_mu]
    for parent in parents:
        curves = score.curves[parent]
        columns.append(x[:, parent])
        precision.append(score.t)
        if np.isfinite(shrinkage):
            columns.extend(curves.at(x[:, parent]).T)
            precision.extend(shrinkage * curves.roughness)
    design, precision = np.column_stack(columns), np.array(precision)
    y, shape, rate = x[:, node], 0.5 * (score.alpha_w - d + len(parents) + 1), 0.5 * score.t
    kernel = np.eye(n) + (design / precision) @ design.T
    evidence = multivariate_t(np.zeros(n), rate / shape * kernel, df=2 * shape).logpdf(y)
    inverse = np.linalg.inv(np.diag(precision) + design.T @ design)
    mean = inverse @ design.T @ y
    variance = (rate + 0.5 * (y @ y - y @ design @ mean)) / (shape + 0.5 * n - 1.0)
    return evidence, mean, variance * inverse, variance


@pytest.mark.parametrize(("node", "parents"), [(1, [0]), (2, [0, 1]), (0, [])])
def test_draws_have_the_moments_of_the_mixture(score, node, parents, rng):
    n, starts = score.data.n, np.array([0, 3, 6, 9])
    roughness = np.concatenate([np.concatenate([[0.0], curves.roughness]) for curves in score.curves])
    chosen = np.concatenate(
        [np.zeros(0, dtype=np.int64), *[np.arange(starts[p], starts[p + 1]) for p in parents]]
    )
    own = np.array([starts[node]])
    count = 40_000
    slopes, roots, intercepts, log_weights = draw_additive_family(
        scatter(score),
        np.zeros(9),
        chosen,
        own,
        roughness,
        np.array(SHRINKAGES),
        0.3,
        score.t,
        n + score.alpha_w - score.d + len(parents) + 1.0,
        n + score.alpha_mu,
        rng,
        count,
    )
    kinds = [np.inf, *(SHRINKAGES if parents else ())]
    parts = [by_regression(score, node, parents, kind) for kind in kinds]
    prior = np.log([0.3] + [0.7 / len(SHRINKAGES)] * len(SHRINKAGES))[: len(kinds)]
    weights = np.array([part[0] for part in parts]) + prior
    weights = np.exp(weights - logsumexp(weights))
    found = np.exp(log_weights[: len(kinds)] - logsumexp(log_weights[: len(kinds)]))
    assert found == pytest.approx(weights, abs=1e-9)
    size = 1 + len(chosen)
    lines = [0] + [1 + k for k, column in enumerate(chosen) if roughness[column] == 0.0]
    mean, square = np.zeros(size), np.zeros((size, size))
    for weight, (_, of_part, covariance, _), kind in zip(weights, parts, kinds, strict=True):
        at = lines if np.isinf(kind) else list(range(size))
        whole = np.zeros(size)
        whole[at] = of_part
        mean += weight * whole
        square += weight * np.outer(whole, whole)
        square[np.ix_(at, at)] += weight * covariance
    spread = square - np.outer(mean, mean)
    drawn = np.column_stack([intercepts[:, 0], slopes[:, :, 0]])
    deviation = np.sqrt(np.diag(spread))
    assert np.abs(drawn.mean(axis=0) - mean).max() < 5 * deviation.max() / np.sqrt(count)
    scale = deviation * deviation[:, None]
    assert np.cov(drawn.T).reshape(size, size) / scale == pytest.approx(spread / scale, abs=0.05)
    noise = sum(weight * part[3] for weight, part in zip(weights, parts, strict=True))
    assert (roots[:, 0, 0] ** 2).mean() == pytest.approx(noise, rel=0.02)


def test_curves_are_absent_where_lines_are_drawn(score, rng):
    roughness = np.concatenate([np.concatenate([[0.0], curves.roughness]) for curves in score.curves])
    slopes, *_, log_weights = draw_additive_family(
        scatter(score),
        np.zeros(9),
        np.arange(3),
        np.array([3]),
        roughness,
        np.array(SHRINKAGES),
        0.999999,
        score.t,
        31.0,
        31.0,
        rng,
        200,
    )
    straight = (slopes[:, 1:, 0] == 0).all(axis=1)
    share = np.exp(log_weights[0] - logsumexp(log_weights))
    assert straight.mean() == pytest.approx(share, abs=0.15)
    assert (slopes[:, 0, 0] != 0).all()
