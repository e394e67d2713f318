"""Mixtures over completed tables, against sums over all DAGs by hand."""

import itertools

import numpy as np
import pytest

import dag_gfn
from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.exact.enumeration import exact_posterior
from dag_gfn.exact.posterior import fit_exact
from dag_gfn.fitting.mixed_posterior import TableFit, enumerated_mixture, mixture_of_fits
from dag_gfn.fitting.mixture import TableWeights
from dag_gfn.scores import ScoreTable, make_score

SHARES = np.array([0.5, 0.3, 0.2])
D = 3


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(4)
    mixing = np.array([[1.0, 0.6, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    return [make_score("bge", dag_gfn.from_array(rng.normal(size=(25, D)) @ mixing)) for _ in SHARES]


@pytest.fixture(scope="module")
def completed(scores):
    zero = np.zeros(len(SHARES), int)
    return CompletedTables(scores, np.log(SHARES), zero, np.arange(len(SHARES)), "weighted")


@pytest.fixture(scope="module")
def by_hand(scores):
    """P(G) of all 25 DAGs, from products of local scores: a dict from bytes of the adjacency matrix."""
    pairs = [(i, j) for i, j in itertools.product(range(D), repeat=2) if i != j]
    graphs = []
    for present in itertools.product([0, 1], repeat=len(pairs)):
        adjacency = np.zeros((D, D), bool)
        for (i, j), here in zip(pairs, present, strict=True):
            adjacency[i, j] = here
        if not np.linalg.matrix_power(adjacency.astype(int) + np.eye(D, dtype=int), D).trace() > D:
            graphs.append(adjacency)
    found = np.zeros(len(graphs))
    for share, score in zip(SHARES, scores, strict=True):
        logs = np.array(
            [
                sum(
                    score.local_scores(j, np.array([int((adjacency[:, j] << np.arange(D)).sum())]))[0]
                    for j in range(D)
                )
                for adjacency in graphs
            ]
        )
        weights = np.exp(logs - logs.max())
        found += share * weights / weights.sum()
    return {adjacency.tobytes(): p for adjacency, p in zip(graphs, found, strict=True)}


def edges_by_hand(by_hand):
    return sum(p * np.frombuffer(key, bool).reshape(D, D) for key, p in by_hand.items())


def enumerated(scores, completed):
    tables = [ScoreTable.build(score) for score in scores]
    fits = [TableFit(s, t, exact_posterior(t), None) for s, t in zip(scores, tables, strict=True)]
    rng = np.random.default_rng(0)
    return enumerated_mixture(fits, TableWeights.of(completed)[0], completed, num_pairs=500, rng=rng)


def drawn(scores, completed):
    tables = [ScoreTable.build(score) for score in scores]
    results = [
        fit_exact(t, num_samples=200, rng=np.random.default_rng(k), memory_limit=10**9)
        for k, t in enumerate(tables)
    ]
    fits = [TableFit(s, t, None, r) for s, t, r in zip(scores, tables, results, strict=True)]
    return mixture_of_fits(fits, TableWeights.of(completed)[0], completed)


@pytest.mark.parametrize("mix", [enumerated, drawn])
def test_edges_and_graphs_are_sums_over_tables(mix, scores, completed, by_hand):
    assert len(by_hand) == 25
    mixed = mix(scores, completed)
    np.testing.assert_allclose(mixed.posterior.marginal("edge").values, edges_by_hand(by_hand), atol=1e-9)
    posterior = mixed.posterior
    graphs = np.concatenate([posterior.graphs, posterior.best_graphs])
    logs = np.concatenate([posterior.log_scores, posterior.best_log_scores])
    for adjacency, log_probability in zip(graphs, logs, strict=True):
        assert np.exp(log_probability) == pytest.approx(by_hand[adjacency.tobytes()], rel=1e-9)


def test_the_search_finds_the_most_probable_graphs(scores, completed, by_hand):
    best = drawn(scores, completed).posterior.best_graphs[:5]
    most = sorted(by_hand.values(), reverse=True)[:5]
    np.testing.assert_allclose([by_hand[each.tobytes()] for each in best], most, rtol=1e-9)


def test_pairs_of_graph_and_table_are_draws_of_the_mixture(scores, completed, by_hand):
    statistics = enumerated(scores, completed).statistics
    weights = np.exp(statistics["pair_log_weights"])
    assert weights.sum() == pytest.approx(1.0)
    found = np.bincount(statistics["pair_tables"], weights, minlength=len(SHARES))
    np.testing.assert_allclose(found, SHARES, atol=0.02)
