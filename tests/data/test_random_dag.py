import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.data import erdos_renyi_dag, scale_free_dag
from dag_gfn.errors import OptionError

BOTH = pytest.mark.parametrize("random_dag", [erdos_renyi_dag, scale_free_dag])


def is_acyclic(adjacency):
    return not np.linalg.matrix_power(adjacency.astype(float), len(adjacency)).any()


@BOTH
@given(num_nodes=st.integers(1, 12), edges_per_node=st.integers(1, 4), seed=st.integers(0, 2**32))
def test_graphs_are_acyclic_at_any_size(random_dag, num_nodes, edges_per_node, seed):
    adjacency = random_dag(num_nodes, edges_per_node=edges_per_node, rng=np.random.default_rng(seed))
    assert adjacency.shape == (num_nodes, num_nodes)
    assert adjacency.dtype == bool
    assert is_acyclic(adjacency)


@BOTH
def test_same_seed_same_bytes_and_calls_differ(random_dag):
    draw = lambda rng: random_dag(20, edges_per_node=1, rng=rng).tobytes()  # noqa: E731
    rng = np.random.default_rng(1)
    first, second = draw(rng), draw(rng)
    assert first == draw(np.random.default_rng(1))
    assert first != second


@BOTH
def test_rng_is_required(random_dag):
    with pytest.raises(TypeError, match="rng"):
        random_dag(5, edges_per_node=1)


@pytest.mark.parametrize(("num_nodes", "edges_per_node"), [(10, 1.0), (10, 2.5), (5, 0.5)])
def test_erdos_renyi_has_the_expected_number_of_edges(num_nodes, edges_per_node, rng):
    repeats = 2000
    counts = [
        erdos_renyi_dag(num_nodes, edges_per_node=edges_per_node, rng=rng).sum() for _ in range(repeats)
    ]
    pairs = num_nodes * (num_nodes - 1) / 2
    p = edges_per_node * num_nodes / pairs
    assert abs(np.mean(counts) - pairs * p) < 4 * np.sqrt(pairs * p * (1 - p) / repeats)


def test_erdos_renyi_at_three_nodes_and_one_edge_per_node_is_complete(rng):
    for num_nodes, num_edges in [(1, 0), (2, 1), (3, 3)]:
        assert erdos_renyi_dag(num_nodes, edges_per_node=1, rng=rng).sum() == num_edges


@BOTH
def test_both_directions_of_each_pair_are_equally_likely(random_dag, rng):
    repeats = 4000
    frequency = np.mean([random_dag(4, edges_per_node=1, rng=rng) for _ in range(repeats)], axis=0)
    off_diagonal = ~np.eye(4, dtype=bool)
    p = frequency[off_diagonal].mean()
    assert np.abs(frequency[off_diagonal] - p).max() < 4.5 * np.sqrt(p * (1 - p) / repeats)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_scale_free_edge_count_is_fixed(m, rng):
    for num_nodes in (m + 1, 10, 30):
        edges = m * (m + 1) // 2 + m * (num_nodes - m - 1)
        assert scale_free_dag(num_nodes, edges_per_node=m, rng=rng).sum() == edges


def test_scale_free_prefers_nodes_of_high_degree(rng):
    """At d = 4 and m = 1 the third and fourth node hit the same hub with probability 1/2: a star."""
    repeats = 2000
    graphs = [scale_free_dag(4, edges_per_node=1, rng=rng) for _ in range(repeats)]
    stars = np.mean([(g | g.T).sum(axis=0).max() == 3 for g in graphs])
    assert abs(stars - 0.5) < 4 * np.sqrt(0.25 / repeats)


@pytest.mark.parametrize("edges_per_node", [0, 0.5, 1.5, np.inf])
def test_scale_free_needs_whole_edges(edges_per_node, rng):
    with pytest.raises(OptionError, match="whole number"):
        scale_free_dag(5, edges_per_node=edges_per_node, rng=rng)


@BOTH
def test_impossible_sizes(random_dag, rng):
    with pytest.raises(OptionError, match="at least 1 node, not 0"):
        random_dag(0, edges_per_node=1, rng=rng)
    with pytest.raises(OptionError, match="cannot be -1"):
        random_dag(5, edges_per_node=-1, rng=rng)
