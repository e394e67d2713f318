"""Sizes of Markov equivalence classes, against enumeration of DAGs and of orientations."""

import math

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.exact.class_prefixes import orientations
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.graphs import graph
from dag_gfn.posterior.class_size import class_size


@pytest.mark.parametrize("d", [2, 3, 4])
def test_sizes_of_all_classes(d):
    adjacency = graph.adjacency_from_masks(enumerate_dags(d).astype(np.int64), d)
    members = {}
    for dag in adjacency:
        members.setdefault(oracles.markov_equivalence_class(dag), []).append(dag)
    assert len(members) == oracles.NUM_CLASSES[d]
    for dags in members.values():
        assert class_size(graph.cpdag(dags[0])) == len(dags)


def test_size_of_larger_classes():
    clique = np.triu(np.ones((9, 9), dtype=bool), 1)
    assert class_size(graph.cpdag(clique)) == math.factorial(9)
    chain = np.eye(40, k=1, dtype=bool)
    assert class_size(graph.cpdag(chain)) == 40
    two_cliques = np.zeros(
        (7, 7), dtype=bool
    )  # they share node 3: each root leaves the other clique as it is
    two_cliques[:4, :4] = np.triu(np.ones((4, 4), dtype=bool), 1)
    two_cliques[3:, 3:] = np.triu(np.ones((4, 4), dtype=bool), 1)
    # orders of one clique from any root; the other is entered at the shared node: 2 · 4! · 3! - 3! · 3!
    assert class_size(graph.cpdag(two_cliques)) == 2 * 24 * 6 - 36


@pytest.mark.parametrize("seed", range(12))
def test_sizes_of_random_classes_by_trying_every_orientation(seed):
    rng = np.random.default_rng(seed)
    dag = oracles.random_dag(6, 0.5, rng)
    while not 4 <= dag.sum() <= 9:
        dag = oracles.random_dag(6, 0.5, rng)
    assert class_size(graph.cpdag(dag)) == len(oracles.equivalent_dags(dag))


@pytest.mark.parametrize("seed", range(20))
def test_orientations_of_random_chordal_graphs_are_those_that_are_tried(seed):
    rng = np.random.default_rng(seed)
    links = oracles.random_chordal(6, int(rng.integers(1, 5)), rng)
    assert class_size(links) == oracles.moral_orientations(links)


@given(seed=st.integers(0, 2**32 - 1), d=st.integers(2, 14), width=st.integers(1, 8))
def test_cliques_and_roots_give_the_same_count(seed, d, width):
    """By the sum over roots, which another module has, up to graphs too large for enumeration."""
    links = oracles.random_chordal(d, width, np.random.default_rng(seed))
    assert class_size(links) == orientations(graph.parent_masks(links[None])[0], (1 << d) - 1)


def test_large_classes():
    clique = ~np.eye(100, dtype=bool)
    assert class_size(clique) == math.factorial(100)
    star = np.zeros((200, 200), dtype=bool)
    star[0, 1:] = star[1:, 0] = True
    assert class_size(star) == 200
    rng = np.random.default_rng(0)
    assert class_size(oracles.random_chordal(200, 1, rng)) == 200  # a tree
    windmill = np.zeros((61, 61), dtype=bool)  # 30 triangles at node 0
    for a in range(1, 61, 2):
        windmill[0, a] = windmill[0, a + 1] = windmill[a, a + 1] = True
    # node 0 first: 2 orders of each other pair; else one of 60 nodes first, then 0 or its neighbour, then the others
    assert class_size(windmill | windmill.T) == 2**30 + 60 * 2 * 2**29


def test_parts_multiply_and_nodes_without_edges_count_as_one():
    dag = np.zeros((6, 6), dtype=bool)
    dag[0, 1] = dag[2, 3] = dag[3, 4] = True
    assert class_size(graph.cpdag(dag)) == 2 * 3
    assert class_size(np.zeros((3, 3), dtype=bool)) == 1
