"""Speed of causal effects, as ratios to a naive version in the same run.

Run with ``pytest benchmarks/bench_effects.py``. The naive version draws the parameters of one graph at a time,
with matrix inverses or with every cell of a table by itself; it is timed on some of the draws. ``extra_info``
holds the seconds and the ratio.
"""

import time

import numpy as np
import pytest

from dag_gfn.data import from_array, simulate, sufficient_statistics
from dag_gfn.data.random_dag import erdos_renyi_dag
from dag_gfn.effects import interventional_distribution, interventional_distributions, total_effects
from dag_gfn.parameters import parameter_posterior
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import make_score

DRAWS = 2000


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def posterior_of(data, graphs):
    """Return a posterior with the statistics and options that effects need, every graph as likely."""
    score = make_score(None, data)
    return GraphPosterior.from_samples(
        data.names,
        graphs,
        info={"kind": data.kind, "score": score.name, "score_options": score.hyperparameters},
        statistics=sufficient_statistics(data),
    )


def random_graphs(rng, d, edges_per_node):
    return np.stack([erdos_renyi_dag(d, rng=rng, edges_per_node=edges_per_node) for _ in range(DRAWS)])


def naive_total_effects(parameters, adjacency, rng):
    """Draw the parameters of one graph node by node, and invert I - B."""
    d = len(adjacency)
    matrix, coefficients = parameters.matrices[0], np.zeros((d, d))
    for node in range(d):
        parents = np.flatnonzero(adjacency[:, node])
        inverse = np.linalg.inv(matrix[np.ix_(parents, parents)])
        mean = inverse @ matrix[parents, node]
        residual = matrix[node, node] - matrix[node, parents] @ mean
        variance = residual / rng.chisquare(parameters.degrees[0] + len(parents))
        drawn = rng.multivariate_normal(mean, variance * inverse) if len(parents) else mean
        coefficients[parents, node] = drawn * parameters.scales[node] / parameters.scales[parents]
    return np.linalg.inv(np.eye(d) - coefficients)


@pytest.mark.parametrize("d", [10, 20, 50])
def test_total_effects_of_all_pairs(benchmark, rng, d):
    data = simulate(d, 1000, rng=rng).standardize()
    posterior = posterior_of(data, random_graphs(rng, d, 2.0))
    effects = benchmark.pedantic(total_effects, (posterior,), {"num_draws": DRAWS, "rng": 0}, rounds=3)
    parameters = parameter_posterior(posterior)
    start = time.perf_counter()
    for adjacency in effects.graphs[:50]:
        naive_total_effects(parameters, adjacency, rng)
    each = (time.perf_counter() - start) / 50
    if benchmark.stats is not None:  # None under --benchmark-disable
        seconds = benchmark.stats.stats.min
        benchmark.extra_info["seconds"] = seconds
        benchmark.extra_info["ratio_to_naive"] = each * DRAWS / seconds


@pytest.mark.parametrize("d", [10, 20])
def test_interventional_distribution(benchmark, rng, d):
    data = from_array(rng.integers(0, 3, size=(1000, d)), discrete="all")
    posterior = posterior_of(data, random_graphs(rng, d, 1.0))
    benchmark.pedantic(
        interventional_distribution, (posterior, "x0", "x1"), {"num_draws": DRAWS, "rng": 0}, rounds=3
    )
    if benchmark.stats is not None:
        benchmark.extra_info["seconds"] = benchmark.stats.stats.min


def naive_table_sum(parameters, node, parents, rng):
    """Draw every cell of one table, multiply by the weights of its parents' states, and sum."""
    concentrations = parameters.concentrations(node, parents)
    variates = rng.standard_gamma(np.maximum(concentrations, 1e-300))
    total = variates.sum(axis=-1, keepdims=True)
    table = variates / np.where(total > 0, total, 1.0)
    for parent in parents[:0:-1]:
        weights = rng.dirichlet(parameters.concentrations(parent, ()))
        table = np.moveaxis(table, -2, -1) @ weights
    return table


@pytest.mark.parametrize("states", [4, 8])
def test_a_table_with_far_more_cells_than_rows(benchmark, rng, states):
    """Five roots lead to one node: all pairs at once, as the report asks for them."""
    data = from_array(rng.integers(0, states, size=(500, 6)), discrete="all")
    collider = np.zeros((6, 6), dtype=bool)
    collider[:5, 5] = True
    posterior = posterior_of(data, collider[None])
    pairs = [(f"x{i}", "x5") for i in range(5)]
    benchmark.pedantic(
        interventional_distributions, (posterior, pairs), {"num_draws": DRAWS // 5, "rng": 0}, rounds=3
    )
    parameters = parameter_posterior(posterior)
    start = time.perf_counter()
    for _ in range(3):
        naive_table_sum(parameters, 5, range(5), rng)
    each = (time.perf_counter() - start) / 3
    if benchmark.stats is not None:
        seconds = benchmark.stats.stats.min
        benchmark.extra_info["seconds"] = seconds
        benchmark.extra_info["ratio_to_naive"] = each * DRAWS / 5 * len(pairs) / seconds
