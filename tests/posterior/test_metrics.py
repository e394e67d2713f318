import itertools
import math

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import average_precision_score, roc_auc_score

from dag_gfn.errors import DataError
from dag_gfn.exact.enumeration import enumerate_dags, graph_posterior
from dag_gfn.posterior import GraphPosterior, metrics

seeds = st.integers(0, 2**32 - 1)


def random_posterior(rng, d=4, num_graphs=8):
    graphs = np.array([oracles.random_dag(d, 0.5, rng) for _ in range(num_graphs)])
    return GraphPosterior.from_weights(list("abcdef"[:d]), graphs, rng.normal(size=num_graphs))


# --- distributions ---


@given(seeds)
def test_divergences_against_scipy_and_plain_sums(seed):
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.full(12, 0.5), size=2)
    assert metrics.jensen_shannon_divergence(p, q) == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-14)
    assert metrics.kl_divergence(p, q) == pytest.approx(
        sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0), rel=1e-9
    )
    assert metrics.total_variation(p, q) == pytest.approx(np.maximum(p - q, 0).sum(), abs=1e-14)


def test_divergences_at_their_limits():
    p, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert metrics.jensen_shannon_divergence(p, q) == pytest.approx(math.log(2))
    assert metrics.total_variation(p, q) == 1
    assert metrics.kl_divergence(p, q) == math.inf
    for divergence in (metrics.jensen_shannon_divergence, metrics.total_variation, metrics.kl_divergence):
        assert divergence(p, p) == 0


def test_small_jsd_is_not_lost_to_rounding(rng):
    p = rng.dirichlet(np.ones(29_281))
    change = rng.choice([-1e-7, 1e-7], size=p.size)
    q = p * (1 + change)
    second_order = (p * change**2).sum() / 8  # JSD of p and p(1 + ε) is Σ p ε²/8 + O(ε³)
    assert metrics.jensen_shannon_divergence(p, q / q.sum()) == pytest.approx(second_order, rel=0.02)


@pytest.mark.parametrize("bad", [[0.5, 0.4], [1.5, -0.5], [np.nan, 1.0]])
def test_vectors_that_are_no_distributions(bad):
    good = np.array([0.5, 0.5])
    for divergence in (metrics.jensen_shannon_divergence, metrics.total_variation, metrics.kl_divergence):
        with pytest.raises(ValueError, match="sum to one"):
            divergence(good, np.array(bad))


def test_align_on_the_union_of_graphs(rng):
    p, q = random_posterior(rng), random_posterior(rng)
    q = GraphPosterior.from_weights(q.names, np.concatenate([q.graphs, p.graphs[:3]]), np.zeros(len(q) + 3))
    weights_p, weights_q = metrics.align(p, q)
    by_p = {g.tobytes(): w for g, w in zip(p.graphs, p.weights, strict=True)}
    by_q = {g.tobytes(): w for g, w in zip(q.graphs, q.weights, strict=True)}
    expected = sorted((by_p.get(key, 0), by_q.get(key, 0)) for key in by_p | by_q)
    np.testing.assert_allclose(sorted(zip(weights_p, weights_q, strict=True)), expected)


def test_variables_are_matched_by_name(rng):
    p = random_posterior(rng)
    order = [2, 0, 3, 1]
    q = GraphPosterior.from_weights(
        [p.names[i] for i in order], p.graphs[:, order][:, :, order], p.log_weights
    )
    assert metrics.total_variation(*metrics.align(p, q)) == pytest.approx(0, abs=1e-14)
    comparison = metrics.compare_posteriors(p, q)
    assert comparison["edge_max_error"] == pytest.approx(0, abs=1e-14)
    assert comparison["path_max_error"] == pytest.approx(0, abs=1e-14)
    assert comparison["expected_shd"] == pytest.approx(metrics.expected_shd_between(p, p))


def test_different_variables_are_an_error(rng):
    with pytest.raises(DataError, match=r"only the first has \['d'\], only the second has \[\]"):
        metrics.compare_posteriors(random_posterior(rng, d=4), random_posterior(rng, d=3))


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=20), st.floats(-2000, 2000))
def test_effective_sample_size(log_weights, shift):
    weights = np.exp(log_weights)
    ess = metrics.effective_sample_size(np.array(log_weights) + shift)
    assert ess == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-6)
    assert 1 - 1e-9 <= ess <= len(log_weights) + 1e-9


def test_effective_sample_size_with_zero_weights():
    assert metrics.effective_sample_size(np.array([0.0, 0.0, -np.inf])) == 2
    assert metrics.effective_sample_size(np.full(3, -np.inf)) == 0


# --- matrices ---


def test_matrix_errors_leave_the_diagonal_out(rng):
    a, b = rng.random((2, 4, 4))
    off = [(i, j) for i in range(4) for j in range(4) if i != j]
    x, y = (np.array([m[pair] for pair in off]) for m in (a, b))
    assert metrics.rmse(a, b) == pytest.approx(math.sqrt(((x - y) ** 2).mean()))
    assert metrics.max_error(a, b) == np.abs(x - y).max()
    assert metrics.pearson_r(a, b) == pytest.approx(np.corrcoef(x, y)[0, 1])
    moved = b + 100 * np.eye(4)
    assert metrics.rmse(a, moved) == metrics.rmse(a, b)
    assert math.isnan(metrics.pearson_r(a, np.ones((4, 4))))


# --- structural Hamming distance ---


@given(seeds)
def test_expected_shd_is_the_mean_over_graphs(seed):
    rng = np.random.default_rng(seed)
    p, q = random_posterior(rng), random_posterior(rng)
    true_graph = oracles.random_dag(4, 0.5, rng)
    distance = oracles.structural_hamming_distance
    to_truth = sum(w * distance(g, true_graph) for w, g in zip(p.weights, p.graphs, strict=True))
    assert metrics.expected_shd(p, true_graph) == pytest.approx(to_truth, abs=1e-12)
    between = sum(
        p.weights[k] * q.weights[m] * distance(p.graphs[k], q.graphs[m])
        for k, m in itertools.product(range(len(p)), range(len(q)))
    )
    assert metrics.expected_shd_between(p, q) == pytest.approx(between, abs=1e-12)


def test_a_reversed_edge_counts_once():
    edge = np.array([[0, 1], [0, 0]], dtype=bool)
    posterior = GraphPosterior.from_samples(["a", "b"], edge[None])
    assert metrics.expected_shd(posterior, edge) == 0
    assert metrics.expected_shd(posterior, edge.T.copy()) == 1
    assert metrics.expected_shd(posterior, np.zeros((2, 2), dtype=bool)) == 1


# --- ranking of edges ---


@given(seeds, st.booleans(), st.integers(2, 30))
def test_ranking_scores_against_scikit_learn(seed, include_diagonal, levels):
    rng = np.random.default_rng(seed)
    true_graph = oracles.random_dag(5, 0.5, rng)
    true_graph[0, 1] = not true_graph[1, 0]
    probability = rng.integers(levels, size=(5, 5)) / levels  # few levels: many ties
    np.fill_diagonal(probability, 0)
    counted = np.ones((5, 5), dtype=bool) if include_diagonal else ~np.eye(5, dtype=bool)
    truth, scores = true_graph[counted], probability[counted]
    assert metrics.auroc(probability, true_graph, include_diagonal=include_diagonal) == pytest.approx(
        roc_auc_score(truth, scores)
    )
    assert metrics.auprc(probability, true_graph, include_diagonal=include_diagonal) == pytest.approx(
        average_precision_score(truth, scores)
    )


def test_ranking_scores_by_hand():
    true_graph = np.array([[0, 1], [0, 0]], dtype=bool)
    tied = np.full((2, 2), 0.5)
    np.fill_diagonal(tied, 0)
    assert metrics.auroc(tied, true_graph) == 0.5
    assert metrics.auroc(tied, true_graph, include_diagonal=True) == pytest.approx(2.5 / 3)  # flattered
    assert metrics.auroc(true_graph.astype(float), true_graph) == 1
    assert metrics.auroc(true_graph.T.astype(float), true_graph) == 0  # transposed: every edge reversed
    assert metrics.auprc(tied, true_graph) == 0.5


def test_ranking_scores_without_edges_are_not_a_number():
    none = np.zeros((3, 3), dtype=bool)
    assert math.isnan(metrics.auroc(np.zeros((3, 3)), none))
    assert math.isnan(metrics.auprc(np.zeros((3, 3)), none))


# --- comparison ---


def test_compare_posteriors_names_the_worst_edge():
    a_to_c = np.zeros((3, 3), dtype=bool)
    a_to_c[0, 2] = True
    empty = np.zeros((3, 3), dtype=bool)
    p = GraphPosterior.from_weights(["a", "b", "c"], np.array([a_to_c, empty]), np.log([0.75, 0.25]))
    q = GraphPosterior.from_weights(["a", "b", "c"], np.array([a_to_c, empty]), np.log([0.25, 0.75]))
    comparison = metrics.compare_posteriors(p, q)
    assert comparison["edge_max_error_at"] == ["a", "c"]
    assert comparison["edge_max_error"] == pytest.approx(0.5)
    assert comparison["edge_rmse"] == comparison["path_rmse"] == pytest.approx(math.sqrt(0.25 / 6))
    assert comparison["edge_pearson_r"] == pytest.approx(1)
    assert comparison["expected_shd"] == pytest.approx(0.75**2 + 0.25**2)
    assert comparison["jsd"] is None
    assert comparison["tv"] is None


def test_divergences_only_where_both_are_over_all_dags(rng):
    masks = enumerate_dags(3)
    weights_p, weights_q = rng.dirichlet(np.ones(len(masks)), size=2)
    p = graph_posterior(["a", "b", "c"], masks, np.log(weights_p))
    q = graph_posterior(["a", "b", "c"], masks, np.log(weights_q))
    comparison = metrics.compare_posteriors(p, q)
    assert comparison["tv"] == pytest.approx(metrics.total_variation(weights_p, weights_q))
    assert comparison["jsd"] == pytest.approx(metrics.jensen_shannon_divergence(weights_p, weights_q))
    sampled = GraphPosterior.from_samples(["a", "b", "c"], p.sample_adjacency(50, rng=rng))
    assert metrics.compare_posteriors(p, sampled)["jsd"] is None
    empty = graph_posterior(["a", "b", "c"], masks, np.where(np.arange(len(masks)) == 0, 0.0, -np.inf))
    assert metrics.compare_posteriors(p, empty)["edge_pearson_r"] is None


@pytest.mark.parametrize("alike", [430, 1_500, 5_000])
def test_a_tail_of_equal_weights_has_no_shape(rng, alike):
    log_weights = -rng.exponential(size=20_000) - 0.1
    log_weights[:alike] = 0.0
    log_share, shape = metrics.pareto_smoothed(log_weights)
    assert shape == 0.0
    np.testing.assert_allclose(log_share, log_weights - np.logaddexp.reduce(log_weights))
