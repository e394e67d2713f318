import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.posterior import GraphPosterior, median_graph


def pair_probabilities(d, rng):
    """Return P(i → j), with P(i → j) + P(j → i) at most one, the directions often agreeing on a cycle."""
    probability = np.zeros((d, d))
    for i in range(d):
        for j in range(i + 1, d):
            probability[i, j], probability[j, i], _ = rng.dirichlet([0.5, 0.5, 0.5])
    return probability


@pytest.fixture(scope="module")
def all_dags():
    return oracles.all_dags(4)


@pytest.mark.parametrize("seed", range(30))
def test_no_dag_is_nearer(seed, all_dags):
    rng = np.random.default_rng(seed)
    probability = pair_probabilities(4, rng)
    found = median_graph.median_graph(probability)
    assert oracles.is_dag(found)
    least = min(oracles.expected_shd(dag, probability) for dag in all_dags)
    assert oracles.expected_shd(found, probability) <= least + 1e-12


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_always_a_dag_and_the_greedy_one_is_no_nearer(d, seed):
    probability = pair_probabilities(d, np.random.default_rng(seed))
    exact = median_graph.median_graph(probability)
    assert oracles.is_dag(exact)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(median_graph, "MAX_EXACT_COMPONENT", 1)
        greedy = median_graph.median_graph(probability)
    assert oracles.is_dag(greedy)
    distances = [oracles.expected_shd(dag, probability) for dag in (exact, greedy)]
    assert distances[0] <= distances[1] + 1e-12


def test_a_median_without_cycles_is_the_likeliest_state_of_each_pair():
    probability = np.array([[0, 0.4, 0.1], [0.35, 0, 0.2], [0.3, 0.15, 0]])
    expected = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)
    np.testing.assert_array_equal(median_graph.median_graph(probability), expected)


def test_the_least_probable_edge_of_a_cycle_goes():
    cycle = np.array([[0, 0.7, 0], [0, 0, 0.6], [0.8, 0, 0]])
    expected = np.array([[0, 1, 0], [0, 0, 0], [1, 0, 0]], dtype=bool)
    np.testing.assert_array_equal(median_graph.median_graph(cycle), expected)


def test_forty_nodes_on_one_cycle_are_done_greedily(rng):
    probability = pair_probabilities(40, rng)
    assert oracles.is_dag(median_graph.median_graph(probability))


def test_of_a_posterior():
    chain = np.eye(3, k=1, dtype=bool)
    posterior = GraphPosterior.from_samples(["x", "y", "z"], np.array([chain, chain, chain.T]))
    median = posterior.median_graph()
    assert set(median.edges) == {("x", "y"), ("y", "z")}
    assert median.edges["x", "y"]["probability"] == pytest.approx(2 / 3)
