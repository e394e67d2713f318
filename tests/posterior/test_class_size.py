"""Sizes of Markov equivalence classes, against enumeration of DAGs and of orientations."""

import math

import numpy as np
import oracles
import pytest

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
    assert class_size(graph.cpdag(two_cliques), max_parts=0) is None


@pytest.mark.parametrize("seed", range(12))
def test_sizes_of_random_classes_by_trying_every_orientation(seed):
    rng = np.random.default_rng(seed)
    dag = oracles.random_dag(6, 0.5, rng)
    while not 4 <= dag.sum() <= 9:
        dag = oracles.random_dag(6, 0.5, rng)
    assert class_size(graph.cpdag(dag)) == len(oracles.equivalent_dags(dag))


def test_parts_multiply_and_nodes_without_edges_count_as_one():
    dag = np.zeros((6, 6), dtype=bool)
    dag[0, 1] = dag[2, 3] = dag[3, 4] = True
    assert class_size(graph.cpdag(dag)) == 2 * 3
    assert class_size(np.zeros((3, 3), dtype=bool)) == 1
