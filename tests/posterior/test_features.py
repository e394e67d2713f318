import numpy as np
import oracles
import pytest

from dag_gfn.posterior.features import FEATURES, chunks, feature_marginals, monte_carlo_error


@pytest.fixture
def weighted(rng):
    graphs = np.array([oracles.random_dag(5, 0.4, rng) for _ in range(40)])
    return graphs, rng.dirichlet(np.ones(40))


def holds(feature, dag):
    off_diagonal = ~np.eye(len(dag), dtype=bool)
    members = oracles.equivalent_dags(dag)
    return {
        "edge": lambda: dag,
        "linked": lambda: dag | dag.T,
        "path": lambda: oracles.closure(dag) & off_diagonal,
        "markov_blanket": lambda: oracles.markov_blanket(dag),
        "compelled": lambda: np.all(members, axis=0),
        "reversible": lambda: np.any(members, axis=0) & np.any(members, axis=0).T,
    }[feature]()


@pytest.mark.parametrize("feature", FEATURES)
def test_marginals_are_weighted_means_over_graphs(feature, weighted):
    graphs, weights = weighted
    expected = sum(w * holds(feature, dag) for w, dag in zip(weights, graphs, strict=True))
    np.testing.assert_allclose(feature_marginals(feature, graphs, weights), expected, atol=1e-14)


@pytest.mark.parametrize("feature", ["linked", "markov_blanket", "reversible"])
def test_symmetric_features(feature, weighted):
    values = feature_marginals(feature, *weighted)
    np.testing.assert_array_equal(values, values.T)


def test_several_chunks_add_up(weighted, monkeypatch):
    from dag_gfn.posterior import features

    whole = feature_marginals("path", *weighted)
    monkeypatch.setattr(features, "chunks", lambda m, d: chunks(m, d, entries=3 * d * d))
    np.testing.assert_allclose(feature_marginals("path", *weighted), whole, atol=1e-14)


@pytest.mark.parametrize("m", [0, 1, 9, 10, 11, 20])
def test_chunks_cover_every_graph_once(m):
    covered = np.concatenate([np.arange(m)[part] for part in chunks(m, 2, entries=40)] or [np.arange(0)])
    np.testing.assert_array_equal(covered, np.arange(m))
    assert all(len(np.arange(m)[part]) > 0 for part in chunks(m, 2, entries=40))


def test_monte_carlo_error_is_the_spread_of_repeated_frequencies(rng):
    p, draws, repetitions = 0.3, 200, 4000
    frequencies = rng.binomial(draws, p, size=repetitions) / draws
    predicted = monte_carlo_error(np.array([p]), draws)[0]
    spread = frequencies.std()
    assert spread == pytest.approx(predicted, abs=5 * predicted / np.sqrt(2 * repetitions))
    np.testing.assert_array_equal(monte_carlo_error(np.array([0.0, 1.0]), draws), [0, 0])
