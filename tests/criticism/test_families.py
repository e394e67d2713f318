"""The most probable parent sets of a node."""

import numpy as np

from dag_gfn.criticism.families import families_of


def test_graphs_with_the_same_parents_are_added_up(rng):
    graphs = np.zeros((3, 3, 3), dtype=bool)
    graphs[0, 0, 2] = graphs[1, 0, 2] = graphs[1, 0, 1] = True
    graphs[2, 0, 2] = graphs[2, 1, 2] = True
    found = families_of(2, graphs, np.array([0.3, 0.3, 0.4]))
    assert [each.tolist() for each in found.parents] == [[0], [0, 1]]
    np.testing.assert_allclose(found.weights, [0.6, 0.4])
    assert families_of(2, graphs, np.array([0.3, 0.3, 0.4]), most=1).weights.tolist() == [1.0]


def test_parent_sets_without_weight_are_left_out():
    graphs = np.zeros((2, 2, 2), dtype=bool)
    graphs[1, 0, 1] = True
    assert families_of(1, graphs, np.array([1.0, 0.0])).weights.tolist() == [1.0]
