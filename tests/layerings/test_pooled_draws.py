"""Pooled draws against enumerations over four nodes."""

from dataclasses import replace

import numpy as np
import pytest
from layering_cases import exact_edges, tempered
from sampler_cases import score_table

from dag_gfn.exact.dag_dp import exact_marginals
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.graphs import graph
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import layering_of
from dag_gfn.layerings.pooled_draws import PooledLayerings
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.mcmc.agreement import edges_of_chains
from dag_gfn.mcmc.chains import run_chains


def pooled(table, rng, n=400, m=100, power=0.7):
    """Return draws by a power of the posterior with draws of the posterior itself."""
    own = tempered(table, n, rng, power=power)
    fair = [tempered(table, m, rng, power=1.0) for _ in range(4)]
    # what the tempered sampler's weights would be: R^(1 - power) times its own constant
    constant = own.log_weights[0] - (1 - power) * own.log_rewards[0]
    log_rewards = np.stack([part.log_rewards for part in fair])
    return PooledLayerings.of(
        own,
        np.stack([part.layer_of for part in fair]).astype(np.int16),
        log_rewards,
        constant + (1 - power) * log_rewards,
    )


@pytest.fixture(scope="module")
def table():
    return score_table(4, rows=25)


@pytest.mark.slow
def test_edges_are_the_posteriors_and_their_errors_those_of_repetition(table, rng):
    exact, log_evidence = exact_edges(table)
    weights, off = LayerWeights.of(table.complete), ~np.eye(4, dtype=bool)
    squares, apart = [], []
    for _ in range(60):
        sample = pooled(table, rng)
        edges = sample.edges(weights)
        squares.append(((edges.values - exact)[off] / edges.standard_error[off]) ** 2)
        apart.append(sample.estimate.log_z - (log_evidence - _scale(table)))
    assert 0.7 < np.mean(squares) < 1.5
    assert abs(np.mean(apart)) < 4 * np.std(apart) / np.sqrt(len(apart))


def _scale(table):
    return float(table.complete.max(axis=1).sum())  # `tempered` leaves the scale out


def test_joined_draws_are_all_of_them(table, rng):
    sample = pooled(table, rng, n=50, m=10)
    joined = sample.joined
    assert len(joined) == 90
    assert np.exp(joined.log_weights).sum() == pytest.approx(1)
    np.testing.assert_array_equal(joined.layer_of[:50], sample.own.layer_of)
    np.testing.assert_array_equal(joined.layer_of[50:60], sample.chain_layer_of[0])
    np.testing.assert_array_equal(joined.log_rewards[50:60], sample.chain_log_rewards[0])
    expected = joined.edges(LayerWeights.of(table.complete), joined.log_weights).values
    np.testing.assert_allclose(sample.edges(LayerWeights.of(table.complete)).values, expected, atol=1e-12)


def test_effective_samples_are_at_most_all_draws(table, rng):
    sample = pooled(table, rng, power=0.99)
    assert 600 < sample.effective_samples <= 800 + 1e-6


def test_chains_count_for_what_they_are_worth_for_their_slowest_feature(table, rng):
    sample = pooled(table, rng, power=0.99)
    slow = replace(sample, effective_chain_draws=20.0)
    share = sample.estimate.share_of_chains
    own = (np.exp(sample.estimate.log_share) ** 2).sum()
    # nearly even weights: the chains' part has the variance of 20 draws
    assert slow.effective_samples == pytest.approx(1 / (own + share**2 / 20), rel=0.02)
    many = replace(sample, effective_chain_draws=1e9)
    assert many.effective_samples == sample.effective_samples


@pytest.mark.slow
def test_errors_of_paths_are_those_of_repetition():
    """Chains whose neighbouring draws are alike beside exact draws, so that bridge sampling sees independent ones."""
    table = score_table(7, rows=25)
    weights, path = LayerWeights.of(table.complete), exact_marginals(table).path
    told = (path > 0.05) & (path < 0.95)
    squares, before = [], []
    for seed in range(25):
        chains = run_chains(
            weights, streams=np.random.SeedSequence(seed).spawn(4), iterations=12_000, kept=6_000, threads=1
        )
        drawn = DagSampler(table).sample(200, rng=np.random.default_rng(seed))
        layer_of = np.array([layering_of(dag) for dag in drawn.adjacency])
        sample = PooledLayerings.of(
            WeightedLayerings(layer_of, np.zeros(200), np.zeros(200)),
            chains.layer_of,
            chains.log_weights,
            np.zeros(chains.log_weights.shape),
            effective_chain_draws=edges_of_chains(chains)[1].min_effective_draws,
        )
        dags = sample.joined.dags(weights, rng=np.random.default_rng(seed))
        counted = np.tensordot(np.exp(sample.joined.log_weights), graph.path_matrix(dags), axes=1)
        apart = (counted - path)[told] ** 2 / (path * (1 - path))[told]
        squares.append(apart * sample.effective_samples)
        before.append(apart * replace(sample, effective_chain_draws=np.inf).effective_samples)
    assert np.sqrt(np.mean(squares)) < 1.1
    assert np.mean(np.array(squares) > 4) < 0.07
    assert np.sqrt(np.mean(before)) > 1.4  # what the evidence alone said of them
