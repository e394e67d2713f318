import numpy as np
import oracles
import pytest

from dag_gfn.baselines.extensions import extension
from dag_gfn.graphs import graph

CYCLE = np.zeros((4, 4), dtype=bool)
for i, j in ((0, 1), (1, 2), (2, 3), (3, 0)):
    CYCLE[i, j] = CYCLE[j, i] = True


def test_a_member_of_every_class_of_four_nodes():
    rng = np.random.default_rng(0)
    for dag in oracles.all_dags(4):
        made = extension(graph.cpdag(dag), rng=rng)
        assert made.consistent
        assert oracles.is_dag(made.adjacency)
        assert oracles.markov_equivalence_class(made.adjacency) == oracles.markov_equivalence_class(dag)


def test_every_member_of_a_class_is_drawn():
    chain = np.diag(np.ones(3, dtype=bool), 1)
    members = {dag.tobytes() for dag in oracles.equivalent_dags(chain)}
    rng = np.random.default_rng(0)
    drawn = {extension(graph.cpdag(chain), rng=rng).adjacency.tobytes() for _ in range(100)}
    assert drawn == members


def test_one_undirected_edge_is_half_and_half():
    rng, edge = np.random.default_rng(0), ~np.eye(2, dtype=bool)
    forward = sum(extension(edge, rng=rng).adjacency[0, 1] for _ in range(400))
    assert abs(forward - 200) < 40


def test_links_without_a_consistent_extension_are_kept():
    made = extension(CYCLE, rng=np.random.default_rng(0))
    assert not made.consistent
    assert oracles.is_dag(made.adjacency)
    np.testing.assert_array_equal(made.adjacency | made.adjacency.T, CYCLE)


def test_directed_cycles_are_broken():
    cycle = np.zeros((3, 3), dtype=bool)
    cycle[0, 1] = cycle[1, 2] = cycle[2, 0] = True
    made = extension(cycle, rng=np.random.default_rng(0))
    assert not made.consistent
    assert oracles.is_dag(made.adjacency)
    assert made.adjacency.sum() == 3


@pytest.mark.parametrize("seed", range(20))
def test_what_is_known_is_respected_whatever_the_graph(seed):
    rng = np.random.default_rng(seed)
    mixed = rng.random((6, 6)) < 0.5
    np.fill_diagonal(mixed, False)
    required = oracles.random_dag(6, 0.15, rng)
    possible = (rng.random((6, 6)) < 0.7) & ~required.T & ~np.eye(6, dtype=bool) | required
    dag = extension(mixed, possible=possible, required=required, rng=rng).adjacency
    assert oracles.is_dag(dag)
    assert not (required & ~dag).any()
    assert not (dag & ~possible).any()
    assert not (dag & ~(mixed | mixed.T | required)).any()


def test_a_possible_direction_decides_an_undirected_edge():
    edge, possible = ~np.eye(2, dtype=bool), np.array([[False, True], [False, False]])
    made = [extension(edge, possible=possible, rng=np.random.default_rng(k)) for k in range(10)]
    assert all(each.adjacency[0, 1] and each.consistent for each in made)
