"""Parameters of blocks: of width one they are those of linear-Gaussian networks."""

from dataclasses import replace

import numpy as np
import pytest
from effect_cases import certain, exact, mixed

from dag_gfn.data import simulate
from dag_gfn.errors import OptionError
from dag_gfn.parameters import parameter_posterior


@pytest.mark.parametrize("intervened", [False, True])
def test_width_one_is_the_linear_gaussian_network(intervened):
    rng = np.random.default_rng(1)
    data = simulate(4, 60, rng=rng)
    if intervened:
        data = replace(data, intervened=rng.random((60, 4)) < 0.2)
    data = data.standardize()
    graph = np.array([[0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    block, bge = (parameter_posterior(certain(data, graph, score)) for score in ("block", "bge"))
    np.testing.assert_allclose(block.matrices, bge.matrices, rtol=1e-12)
    found, expected = block.expected(graph[None]), bge.expected(graph[None])
    rate = data.scales / data.scales[:, None]
    np.testing.assert_allclose(found.coefficients * rate, expected.coefficients, atol=1e-12)
    np.testing.assert_allclose(
        found.means() * data.scales + data.means, expected.means(), rtol=1e-9, atol=1e-12
    )
    variances = found.noise_covariances[:, :, 0] * data.scales**2
    np.testing.assert_allclose(variances, expected.noise_variances, rtol=1e-9)
    graphs = np.repeat(graph[None], 4000, axis=0)
    drawn, others = block.sample(graphs, rng=rng), bge.sample(graphs, rng=rng)
    for a, b in (
        (drawn.coefficients * rate, others.coefficients),
        (drawn.noise_covariances[:, :, 0] * data.scales**2, others.noise_variances),
    ):
        error = np.sqrt((a.var(axis=0) + b.var(axis=0)) / 4000)
        assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) <= 5 * error + 1e-12).all()
        np.testing.assert_allclose(a.std(axis=0), b.std(axis=0), rtol=0.15, atol=1e-12)


def test_impossible_degrees_of_freedom_are_refused(rng):
    posterior = exact(mixed({"a": rng.choice(["x", "y", "z"], 40), "b": rng.normal(size=40)}).standardize())
    options = {"score_options": {"alpha_mu": 1.0, "alpha_w": 3.5}}
    with pytest.raises(OptionError, match="more than 4"):
        parameter_posterior(replace(posterior, info={**posterior.info, **options}))
