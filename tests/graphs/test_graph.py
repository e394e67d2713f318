import itertools

import networkx as nx
import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dag_gfn.graphs import graph


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
        graph.cpdag,
        lambda dags: graph.d_separated(dags, 0, 5, [2]),
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
    graph.cpdag(adjacency)
    graph.d_separated(adjacency, 0, 1, [2])
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


# --- Markov equivalence ---


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_cpdag_of_every_dag_is_the_union_of_its_class(d):
    dags = oracles.all_dags(d)
    union = {}
    for dag in dags:
        key = oracles.markov_equivalence_class(dag)
        union[key] = union.get(key, False) | dag
    assert len(union) == oracles.NUM_CLASSES[d]
    expected = np.array([union[oracles.markov_equivalence_class(dag)] for dag in dags])
    np.testing.assert_array_equal(graph.cpdag(dags), expected)


def test_number_of_classes_on_five_nodes():
    d = 5
    order = np.arange(d)
    triangular = np.array([np.triu(np.ones((d, d), dtype=bool), 1)] * 2**10)
    triangular[:, *np.triu_indices(d, 1)] = np.arange(2**10)[:, None] >> np.arange(10) & 1
    dags = np.concatenate(
        [triangular[:, p][:, :, p] for p in map(list, itertools.permutations(order))]
    )  # every DAG in each of its orders
    dags = dags[graph.distinct(dags)[0]]
    assert len(dags) == oracles.NUM_DAGS[d]
    assert len(graph.distinct(graph.cpdag(dags))[0]) == oracles.NUM_CLASSES[d]


@given(st.integers(1, 6), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_cpdag_of_larger_dags_by_all_orientations(d, density, seed):
    dag = oracles.random_dag(d, min(density, 8 / max(1, d * (d - 1) / 2)), np.random.default_rng(seed))
    if dag.sum() <= 9:
        np.testing.assert_array_equal(graph.cpdag(dag), np.any(oracles.equivalent_dags(dag), axis=0))


@given(st.integers(2, 25), st.floats(0.05, 1), st.integers(0, 2**32 - 1))
def test_reversing_a_covered_edge_keeps_the_cpdag_and_any_other_does_not(d, density, seed):
    rng = np.random.default_rng(seed)
    dag = oracles.random_dag(d, density, rng)
    edges = np.argwhere(dag)
    for i, j in edges[rng.permutation(len(edges))[:5]]:
        reversed_edge = dag.copy()
        reversed_edge[i, j], reversed_edge[j, i] = False, True
        if oracles.is_dag(reversed_edge):
            covered = set(np.flatnonzero(dag[:, j])) == {i, *np.flatnonzero(dag[:, i])}
            same = np.array_equal(graph.cpdag(dag), graph.cpdag(reversed_edge))
            assert same == covered


def test_cpdag_at_63_nodes():
    d = 63
    everything = np.triu(np.ones((d, d), dtype=bool), 1)
    assert graph.cpdag(everything).sum() == d * (d - 1)  # all reversible
    assert graph.cpdag(chain(d)).sum() == 2 * (d - 1)
    collider = np.zeros((d, d), dtype=bool)
    collider[:-1, -1] = True
    np.testing.assert_array_equal(graph.cpdag(collider), collider)
    np.testing.assert_array_equal(graph.cpdag(collider[::-1, ::-1]), collider[::-1, ::-1])


def test_a_cycle_has_no_cpdag():
    cycle = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=bool)
    with pytest.raises(ValueError, match="directed cycle"):
        graph.cpdag(np.stack([chain(3), cycle]))


# --- d-separation ---


@given(st.integers(2, 7), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_d_separation_agrees_with_networkx(d, density, seed):
    rng = np.random.default_rng(seed)
    dags = np.array([oracles.random_dag(d, density, rng) for _ in range(5)])
    a, b, *others = rng.permutation(d).tolist()
    given_nodes = others[: rng.integers(len(others) + 1)]
    expected = [oracles.d_separated(dag, a, b, given_nodes) for dag in dags]
    np.testing.assert_array_equal(graph.d_separated(dags, a, b, given_nodes), expected)


def test_d_separation_by_every_set_on_every_dag_of_four_nodes():
    dags = oracles.all_dags(4)[::7]
    for a, b in itertools.combinations(range(4), 2):
        others = [node for node in range(4) if node not in (a, b)]
        for size in range(3):
            for nodes in itertools.combinations(others, size):
                expected = [oracles.d_separated(dag, b, a, nodes) for dag in dags]
                np.testing.assert_array_equal(graph.d_separated(dags, a, b, nodes), expected)


def test_equivalent_dags_have_the_same_d_separations(rng):
    dag = oracles.random_dag(5, 0.5, rng)
    members = np.array(oracles.equivalent_dags(dag))
    for a, b, c in itertools.permutations(range(5), 3):
        assert len(set(graph.d_separated(members, a, b, [c]))) == 1


def test_d_separation_at_63_nodes():
    d = 63
    assert not graph.d_separated(chain(d), 0, d - 1)
    assert graph.d_separated(chain(d), 0, d - 1, [30])
    assert graph.d_separated(chain(d), d - 1, 0, range(1, d - 1))


@pytest.mark.parametrize(("a", "b", "nodes"), [(0, 0, []), (0, 1, [0]), (0, 1, [2, 1])])
def test_d_separation_is_between_different_nodes(a, b, nodes):
    with pytest.raises(ValueError, match="different nodes"):
        graph.d_separated(chain(3), a, b, nodes)
