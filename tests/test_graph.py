import networkx as nx
import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dag_gfn import graph


def digraphs(max_nodes=7):
    """Batches of directed graphs, cycles and self-loops included."""
    return st.tuples(st.integers(0, 3), st.integers(1, max_nodes)).flatmap(
        lambda shape: arrays(bool, (shape[0], shape[1], shape[1]))
    )


def chain(d):
    """Return 0 → 1 → ... → d-1."""
    return np.eye(d, k=1, dtype=bool)


@given(digraphs())
def test_closure_is_breadth_first_search(batch):
    ancestor = graph.transitive_closure(batch)
    for k in range(len(batch)):
        np.testing.assert_array_equal(ancestor[k], oracles.closure(batch[k]))


@given(digraphs())
def test_diagonal_of_the_strict_closure_marks_the_nodes_on_cycles(batch):
    strict = graph.transitive_closure(batch, reflexive=False)
    on_cycle = np.diagonal(strict, axis1=-2, axis2=-1)
    np.testing.assert_array_equal(~on_cycle.any(axis=-1), graph.is_dag(batch))
    off_diagonal = ~np.eye(batch.shape[-1], dtype=bool)
    np.testing.assert_array_equal(strict & off_diagonal, graph.path_matrix(batch))


@given(digraphs())
def test_is_dag_agrees_with_networkx(batch):
    np.testing.assert_array_equal(graph.is_dag(batch), [oracles.is_dag(g) for g in batch])


@given(digraphs(5))
def test_markov_blanket_and_skeleton_by_definition(batch):
    dags = batch & ~np.eye(batch.shape[-1], dtype=bool)
    blanket = graph.markov_blanket(dags)
    for k in range(len(dags)):
        np.testing.assert_array_equal(blanket[k], oracles.markov_blanket(dags[k]))
        undirected = nx.to_numpy_array(oracles.as_networkx(dags[k]).to_undirected(), dtype=bool)
        np.testing.assert_array_equal(graph.skeleton(dags[k]), undirected)


@given(digraphs())
def test_parent_masks_round_trip(batch):
    d = batch.shape[-1]
    masks = graph.parent_masks(batch)
    np.testing.assert_array_equal(graph.adjacency_from_masks(masks, d), batch)
    for k, i, j in np.argwhere(batch):
        assert masks[k, j] >> i & 1  # i → j: i is among the parents of j


@given(digraphs(4), st.data())
def test_distinct_finds_every_graph_once(batch, data):
    picked = data.draw(st.lists(st.integers(0, len(batch) - 1), max_size=12)) if len(batch) else []
    repeated = batch[picked]
    first, group = graph.distinct(repeated)
    np.testing.assert_array_equal(repeated[first][group], repeated)
    keys = [g.tobytes() for g in repeated[first]]
    assert keys == sorted({g.tobytes() for g in repeated})
    assert all(index == min(np.flatnonzero(group == k)) for k, index in enumerate(first))


def test_direction_is_row_to_column():
    two_parents = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 2 ← 1
    assert graph.parent_masks(two_parents).tolist() == [0, 0, 0b011]
    assert graph.path_matrix(chain(3))[0, 2]
    assert not graph.path_matrix(chain(3))[2, 0]
    assert graph.markov_blanket(two_parents)[0, 1]
    assert not graph.markov_blanket(two_parents.T)[1, 0]  # a common cause does not join


@pytest.mark.parametrize("d", [1, 2, 20, 62, 63])
def test_long_chains_up_to_63_nodes(d):
    reaches = np.triu(np.ones((d, d), dtype=bool))
    np.testing.assert_array_equal(graph.transitive_closure(chain(d)), reaches)
    np.testing.assert_array_equal(graph.transitive_closure(chain(d).T), reaches.T)
    assert graph.is_dag(chain(d))
    closed = chain(d)
    closed[d - 1, 0] = True
    assert not graph.is_dag(closed)
    assert graph.transitive_closure(closed, reflexive=False).all()


def test_distinct_needs_more_than_one_word():
    batch = np.zeros((3, 20, 20), dtype=bool)
    batch[[0, 2], 18, 19] = True  # the last of seven words
    first, group = graph.distinct(batch)
    assert first.tolist() == [1, 0]
    assert group.tolist() == [1, 0, 1]


def test_leading_axes_are_batches(rng):
    batch = np.array([oracles.random_dag(6, 0.4, rng) for _ in range(8)])
    for function in (
        graph.transitive_closure,
        graph.path_matrix,
        graph.markov_blanket,
        graph.skeleton,
        graph.is_dag,
        graph.parent_masks,
    ):
        folded = function(batch.reshape(2, 4, 6, 6))
        np.testing.assert_array_equal(folded.reshape(8, *folded.shape[2:]), function(batch))
        np.testing.assert_array_equal(function(batch[3]), function(batch)[3])


def test_input_is_left_alone(rng):
    adjacency = oracles.random_dag(6, 0.5, rng)
    before = adjacency.copy()
    graph.transitive_closure(adjacency)
    graph.markov_blanket(adjacency)
    graph.is_dag(adjacency)
    np.testing.assert_array_equal(adjacency, before)


@given(st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_topological_order_puts_parents_first(d, seed):
    adjacency = oracles.random_dag(d, 0.5, np.random.default_rng(seed))
    order = graph.topological_order(adjacency)
    assert sorted(order) == list(range(d))
    position = np.argsort(order)
    assert all(position[i] < position[j] for i, j in np.argwhere(adjacency))


def test_topological_order_names_the_cycle():
    cycle = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 0]], dtype=bool)  # 0 → 1 ⇄ 2
    with pytest.raises(ValueError, match=r"\[1, 2\] include a directed cycle"):
        graph.topological_order(cycle)
