"""Draws of block parameters against closed forms of the normal-Wishart distribution."""

import numpy as np
import pytest

from dag_gfn.parameters.block_draws import block_networks, block_path_sums, factor_columns

WIDTHS = np.array([2, 1, 3])
CHAIN = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # a complete DAG


def drawn(matrix, centre, degrees, mean_weight, graph, k, rng, *, sampled=True):
    size = len(matrix)
    graphs = np.repeat(graph[None], k, axis=0)
    coefficients, intercepts = np.zeros((k, size, size)), np.zeros((k, size))
    covariances = np.zeros((k, size, int(WIDTHS.max())))
    block_networks(
        matrix[None],
        centre[None],
        np.array([degrees]),
        np.array([mean_weight]),
        WIDTHS,
        graphs,
        sampled,
        rng,
        coefficients,
        intercepts,
        covariances,
    )
    sums = np.zeros((k, size, size))
    block_path_sums(coefficients, WIDTHS, graphs, sums)
    return coefficients, intercepts, covariances, sums


def noise(covariances):
    """The noise covariance matrices over all columns, zero between nodes."""
    k, size, _ = covariances.shape
    full, start = np.zeros((k, size, size)), 0
    for width in WIDTHS:
        own = slice(start, start + width)
        full[:, own, own] = covariances[:, own, :width]
        start += width
    return full


def problem(rng):
    root = rng.normal(size=(6, 12))
    return root @ root.T + 6 * np.eye(6), rng.normal(size=6)


def test_a_factor_is_that_of_the_chosen_columns(rng):
    matrix, _ = problem(rng)
    members, factor = np.array([4, 0, 3]), np.zeros((6, 6))
    log_det = factor_columns(matrix, members, 0, 3, factor)
    assert log_det == pytest.approx(np.linalg.slogdet(matrix[np.ix_(members, members)])[1])
    np.testing.assert_allclose(factor[:3, :3], np.linalg.cholesky(matrix[np.ix_(members, members)]))


@pytest.mark.slow
def test_a_complete_graph_draws_the_inverse_wishart_and_the_mean(rng):
    """The covariance of all columns is IW(nu + D, R), whatever the order of the nodes: mean R / (nu - 1)."""
    matrix, centre = problem(rng)
    nu, k = 20.0, 20_000
    _, intercepts, covariances, sums = drawn(matrix, centre, nu, 5.0, CHAIN, k, rng)
    sigma = np.swapaxes(sums, 1, 2) @ noise(covariances) @ sums
    expected = matrix / (nu - 1.0)
    error = sigma.std(axis=0) / np.sqrt(k)
    assert (np.abs(sigma.mean(axis=0) - expected) < 5 * error).all()
    # Var of an entry of IW(m = nu + D, R), p = D: ((m-p+1) R_ij^2 + (m-p-1) R_ii R_jj) / ((m-p)(m-p-1)^2(m-p-3))
    m, p = nu + 6, 6
    diagonal = np.diagonal(matrix)
    variance = ((m - p + 1) * matrix**2 + (m - p - 1) * np.outer(diagonal, diagonal)) / (
        (m - p) * (m - p - 1) ** 2 * (m - p - 3)
    )
    np.testing.assert_allclose(sigma.var(axis=0), variance, rtol=0.15)
    means = np.einsum("ka,kab->kb", intercepts, sums)
    spread = np.cov(means.T)
    np.testing.assert_allclose(means.mean(axis=0), centre, atol=5 * np.sqrt(np.diagonal(spread).max() / k))
    np.testing.assert_allclose(spread, expected / 5.0, atol=0.06 * diagonal.max() / (nu - 1) / 5.0)


def test_means_are_those_of_draws_and_of_least_squares(rng):
    matrix, centre = problem(rng)
    graph = np.array([[0, 0, 1], [0, 0, 0], [0, 0, 0]], dtype=bool)
    coefficients, intercepts, covariances, _ = drawn(matrix, centre, 20.0, 5.0, graph, 1, rng, sampled=False)
    slopes = np.linalg.solve(matrix[:2, :2], matrix[:2, 3:])
    np.testing.assert_allclose(coefficients[0, :2, 3:], slopes)
    assert (coefficients[0, 2] == 0).all()
    np.testing.assert_allclose(intercepts[0, 3:], centre[3:] - centre[:2] @ slopes)
    rest = matrix[3:, 3:] - matrix[3:, :2] @ slopes
    np.testing.assert_allclose(covariances[0, 3:], rest / (20.0 + 2 + 3 - 3 - 1))
    k = 20_000
    drawn_coefficients, drawn_intercepts, drawn_covariances, _ = drawn(
        matrix, centre, 20.0, 5.0, graph, k, rng
    )
    for draws, mean in (
        (drawn_coefficients, coefficients),
        (drawn_intercepts, intercepts),
        (drawn_covariances, covariances),
    ):
        assert (np.abs(draws.mean(axis=0) - mean[0]) <= 5 * draws.std(axis=0) / np.sqrt(k) + 1e-12).all()
    rows = np.einsum("kpa,kqb->paqb", *[drawn_coefficients[:, :2, 3:] - slopes] * 2) / k
    expected = np.einsum("pq,ab->paqb", np.linalg.inv(matrix[:2, :2]), covariances[0, 3:])
    np.testing.assert_allclose(rows, expected, atol=0.05 * expected.max())


def test_path_sums_are_the_inverse_whatever_the_order_of_the_nodes(rng):
    graph = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=bool)
    coefficients, _, _, sums = drawn(*problem(rng), 20.0, 5.0, graph, 3, rng)
    np.testing.assert_allclose(sums, np.linalg.inv(np.eye(6) - coefficients), atol=1e-12)
    assert (sums[:, :2, 3:] == 0).all()  # no path from node 0 to node 2
