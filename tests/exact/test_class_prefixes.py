"""First members of classes, and how many orientations there are, against enumeration."""

import itertools

import networkx as nx
import numpy as np
import oracles
import pytest

from dag_gfn.exact.class_prefixes import essential, is_first, orientations, reached
from dag_gfn.graphs import graph
from dag_gfn.graphs.interventional import essential_graph, oriented_pairs


def order_of(dag):
    return list(nx.lexicographical_topological_sort(oracles.as_networkx(dag)))


def masks_of(dag, oriented):
    masks = np.zeros((3, len(dag)), dtype=np.int64)
    wanted = graph.parent_masks(oriented[None])[0]
    essential(graph.parent_masks(dag[None])[0], wanted, *masks)
    return masks


def experiments(d):
    nothing = np.zeros((d, d), dtype=bool)
    return [nothing, oriented_pairs(np.eye(d, dtype=bool)[:1]), oriented_pairs(np.eye(d, dtype=bool)[1:3])]


@pytest.mark.parametrize("which", range(3))
def test_one_member_of_each_class_is_the_first_at_every_length(which):
    """Followed along its order, the first member of a class and no other is never given up."""
    d = 4
    oriented, classes = experiments(d)[which], {}
    for dag in oracles.all_dags(d):
        fixed = frozenset((int(i), int(j)) for i, j in np.argwhere(dag & oriented))
        classes.setdefault((oracles.markov_equivalence_class(dag), fixed), []).append(dag)
    for members in classes.values():
        first = min(members, key=order_of)
        for dag in members:
            order = np.array(order_of(dag))
            kept = True
            for length in range(1, d + 1):
                part = np.zeros_like(dag)
                within = np.ix_(order[:length], order[:length])
                part[within] = dag[within]
                kept = kept and is_first(order, length, *masks_of(part, oriented))
            assert kept == (dag is first)


@pytest.mark.parametrize("seed", range(12))
def test_essential_graphs(seed):
    rng, d = np.random.default_rng(seed), 7
    dag = oracles.random_dag(d, 0.4, rng)
    for oriented in experiments(d):
        linked, into, open_ = (graph.adjacency_from_masks(m[None], d)[0] for m in masks_of(dag, oriented))
        np.testing.assert_array_equal(linked, dag | dag.T)
        np.testing.assert_array_equal(into | open_, essential_graph(dag, oriented))
        assert not (into & open_).any()


@pytest.mark.parametrize("seed", range(20))
def test_orientations_are_those_that_are_tried(seed):
    rng = np.random.default_rng(seed)
    links = oracles.random_chordal(6, int(rng.integers(1, 5)), rng)
    assert orientations(graph.parent_masks(links[None])[0], 0b111111) == oracles.moral_orientations(links)


def test_reached_nodes():
    links = np.zeros((6, 6), dtype=bool)
    for a, b in itertools.pairwise([1, 4, 2]):
        links[a, b] = links[b, a] = True
    masks = graph.parent_masks(links[None])[0]
    assert reached(masks, 0b010110) == 0b010110
    assert reached(masks, 0b000110) == 0b000010  # node 4 is not among these
