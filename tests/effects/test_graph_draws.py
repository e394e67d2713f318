import numpy as np
import pytest

from dag_gfn.effects.graph_draws import central_interval, equivalence_classes, node_index, spread
from dag_gfn.errors import OptionError

NAMES = ("a", "b", "c")


def dag(*edges):
    adjacency = np.zeros((3, 3), dtype=bool)
    for i, j in edges:
        adjacency[i, j] = True
    return adjacency


def test_classes_join_graphs_that_data_cannot_tell_apart():
    chain, fork, collider = dag((0, 1), (1, 2)), dag((1, 0), (1, 2)), dag((0, 1), (2, 1))
    graphs = np.stack([chain, collider, fork, chain, dag()])
    classes = list(equivalence_classes(graphs, NAMES, top=2))
    assert classes[0].edges == "a — b, b — c"
    assert classes[0].probability == pytest.approx(0.6)
    np.testing.assert_array_equal(classes[0].draws, [True, False, True, True, False])
    assert len(classes) == 2
    assert {"a → b, c → b", ""} == {found.edges for found in equivalence_classes(graphs, NAMES, top=9)} - {
        "a — b, b — c"
    }


def test_unknown_columns_are_named_with_the_nearest():
    with pytest.raises(OptionError, match="did you mean 'income'"):
        node_index(("age", "income"), "incom")
    assert node_index(("age", "income"), "income") == 1


def test_spread_of_draws():
    samples = np.arange(101.0)
    assert spread(samples) == {"mean": 50.0, "5%": 5.0, "50%": 50.0, "95%": 95.0}
    assert central_interval(samples, 0.5) == (25.0, 75.0)
