"""Simulation-based calibration: where truth comes from the prior, its rank among posterior draws is uniform.

Talts, Betancourt, Simpson, Vehtari and Gelman, "Validating Bayesian inference algorithms with simulation-based
calibration", 2018.
"""

import numpy as np
import pytest
from effect_cases import draw_from_bge_prior, exact, information, simulate_rows
from sampler_cases import request_of
from scipy.stats import chisquare

from dag_gfn.data import from_array, sufficient_statistics
from dag_gfn.effects import interventional_distribution, interventional_means, total_effects
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.gflownet.edges.fit import fit_edges
from dag_gfn.gflownet.training.config import default_config
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import ScoreTable, make_score

DRAWS, BINS = 99, 10


def random_rank(truth, draws, rng):
    """Return the rank of the truth among the draws, 0 to DRAWS; ties, as at exactly no effect, are broken at random."""
    ties = np.isclose(draws, truth, rtol=0, atol=1e-12)
    return int((draws[~ties] < truth).sum() + rng.integers(0, ties.sum() + 1))


def uniformity(ranks):
    return chisquare(np.histogram(ranks, bins=BINS, range=(0, DRAWS + 1))[0]).pvalue


def uniform_dag(d, rng):
    masks = enumerate_dags(d)
    drawn = masks[rng.integers(len(masks))].astype(np.int64)
    return graph.adjacency_from_masks(drawn[None], d)[0]


@pytest.mark.slow
@pytest.mark.parametrize(("d", "n", "seed"), [(4, 12, 1), (5, 30, 2)])
def test_linear_gaussian_effects_are_calibrated(d, n, seed):
    rng = np.random.default_rng(seed)
    prior = {"alpha_mu": 0.7, "alpha_w": d + 3.0, "mean_obs": np.linspace(-1.0, 2.0, d)}
    ranks = {"effect": [], "other effect": [], "mean": []}
    for _ in range(200):
        adjacency = uniform_dag(d, rng)
        b, m, variances = draw_from_bge_prior(adjacency, rng=rng, **prior)
        data = from_array(simulate_rows(b, m, variances, n, rng))
        posterior = exact(data, "bge", **prior)
        paths = np.linalg.inv(np.eye(d) - b) * graph.transitive_closure(adjacency)
        effects = total_effects(posterior, num_draws=DRAWS, rng=rng).samples
        ranks["effect"].append(random_rank(paths[0, 1], effects[:, 0, 1], rng))
        ranks["other effect"].append(random_rank(paths[3, 2], effects[:, 3, 2], rng))
        means = interventional_means(posterior, "x0", 1.5, num_draws=DRAWS, rng=rng).samples
        set_b, set_m = b.copy(), m.copy()
        set_b[:, 0], set_m[0] = 0.0, 1.5
        truth = set_m @ np.linalg.inv(np.eye(d) - set_b)
        ranks["mean"].append(random_rank(truth[1], means[:, 1], rng))
    assert {name: uniformity(found) > 0.001 for name, found in ranks.items()} == dict.fromkeys(ranks, True)


@pytest.mark.slow
def test_effects_are_calibrated_from_gflownet_samples():
    d, n, rng = 4, 12, np.random.default_rng(4)
    prior = {"alpha_mu": 0.7, "alpha_w": d + 3.0, "mean_obs": np.linspace(-1.0, 2.0, d)}
    ranks = []
    for repetition in range(100):
        adjacency = uniform_dag(d, rng)
        b, m, variances = draw_from_bge_prior(adjacency, rng=rng, **prior)
        data = from_array(simulate_rows(b, m, variances, n, rng))
        table = ScoreTable.build(make_score("bge", data, **prior))
        config = default_config(d, iterations=100)
        sampled = fit_edges(table, request_of(config, seed=repetition, num_samples=DRAWS))
        posterior = GraphPosterior.from_samples(
            data.names,
            sampled.adjacency,
            info=information(data, "bge", **prior),
            statistics=sufficient_statistics(data),
        )
        truth = np.linalg.inv(np.eye(d) - b)[0, 1] * graph.transitive_closure(adjacency)[0, 1]
        drawn = total_effects(posterior, num_draws=DRAWS, rng=rng).samples[:, 0, 1]
        ranks.append(random_rank(truth, drawn, rng))
    assert uniformity(ranks) > 0.001


@pytest.mark.slow
def test_discrete_distributions_are_calibrated():
    rng, cardinalities, equivalent = np.random.default_rng(3), (2, 3, 2), 4.0
    ranks = []
    for _ in range(300):
        adjacency = uniform_dag(3, rng)
        tables = {}
        for j in range(3):
            parents = np.flatnonzero(adjacency[:, j])
            q, r = int(np.prod([cardinalities[i] for i in parents])), cardinalities[j]
            tables[j] = (parents, rng.dirichlet(np.full(r, equivalent / (q * r)), size=q))
        rows = forward(adjacency, tables, cardinalities, 25, rng)
        frame = {f"x{j}": [f"s{c}" for c in rows[:, j]] for j in range(3)}
        data = declared(frame, cardinalities)
        if data.d < 3:
            continue  # constants and copies are no variables; ranks are uniform given any rows, so given all others
        posterior = exact(data, "bdeu", equivalent_sample_size=equivalent)
        drawn = interventional_distribution(posterior, "x0", "x1", num_draws=DRAWS, rng=rng).samples
        truth = truncated(adjacency, tables, cardinalities)
        ranks.append(random_rank(truth[1, 2], drawn[:, 1, 2], rng))
    assert uniformity(ranks) > 0.001


def forward(adjacency, tables, cardinalities, n, rng):
    rows = np.zeros((n, 3), dtype=np.int64)
    for j in graph.topological_order(adjacency):
        for row in rows:
            parents, table = tables[j]
            row[j] = rng.choice(cardinalities[j], p=table[configuration(row, parents, cardinalities)])
    return rows


def configuration(row, parents, cardinalities):
    index = 0
    for i in parents:
        index = index * cardinalities[i] + row[i]
    return index


def truncated(adjacency, tables, cardinalities):
    """Return P(x1 | do(x0)) by summing over all cells."""
    result = np.zeros(cardinalities[:2])
    for cell in np.ndindex(*cardinalities):
        probability = 1.0
        for j in (1, 2):
            parents, table = tables[j]
            probability *= table[configuration(cell, parents, cardinalities), cell[j]]
        result[cell[:2]] += probability
    return result


def declared(frame, cardinalities):
    """Return a data set in which states that did not occur count all the same."""
    import pandas as pd

    from dag_gfn.data import from_frame

    return from_frame(
        pd.DataFrame(
            {
                name: pd.Categorical(values, categories=[f"s{c}" for c in range(r)])
                for (name, values), r in zip(frame.items(), cardinalities, strict=True)
            }
        ),
    )
