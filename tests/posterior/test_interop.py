import networkx as nx
import numpy as np
import pytest

from dag_gfn.posterior import GraphPosterior, to_networkx
from dag_gfn.posterior.interop import consensus_graph

COLLIDER = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 2 ← 1


def test_edges_point_from_row_to_column_between_names():
    g = to_networkx(COLLIDER, ["x", "y", "z"])
    assert set(g.edges) == {("x", "z"), ("y", "z")}
    assert list(g.nodes) == ["x", "y", "z"]
    assert g.edges["x", "z"] == {}


def test_adjacency_round_trip():
    names = ("größe", "a,b", "<script>")
    back = nx.to_numpy_array(to_networkx(COLLIDER, names), nodelist=names, dtype=bool)
    np.testing.assert_array_equal(back, COLLIDER)


def test_probability_on_edges_is_a_plain_float():
    probability = np.arange(9.0).reshape(3, 3) / 10
    g = to_networkx(COLLIDER, ["x", "y", "z"], probability=probability)
    assert g.edges["y", "z"]["probability"] == 0.5
    assert type(g.edges["y", "z"]["probability"]) is float


def test_isolated_variables_stay():
    assert list(to_networkx(np.zeros((2, 2), dtype=bool), ["a", "b"]).nodes) == ["a", "b"]


def test_consensus_threshold_is_exclusive():
    probability = np.array([[0.0, 0.5], [0.4, 0.0]])
    assert consensus_graph(probability, ["a", "b"]).number_of_edges() == 0
    assert set(consensus_graph(probability, ["a", "b"], threshold=0.45).edges) == {("a", "b")}
    assert consensus_graph(probability, ["a", "b"], threshold=0.0).number_of_edges() == 2


@pytest.mark.parametrize("threshold", [-0.1, 1.0, float("nan")])
def test_consensus_threshold_outside_its_range(threshold):
    with pytest.raises(ValueError, match="threshold must lie in"):
        consensus_graph(np.zeros((2, 2)), ["a", "b"], threshold=threshold)


def test_consensus_can_have_a_cycle_as_documented():
    graphs = np.zeros((3, 3, 3), dtype=bool)
    for k in range(3):  # graph k: the cycle a → b → c → a without its k-th edge
        for i in {0, 1, 2} - {k}:
            graphs[k, i, (i + 1) % 3] = True
    consensus = GraphPosterior.from_samples(list("abc"), graphs).consensus_graph()
    assert set(consensus.edges) == {("a", "b"), ("b", "c"), ("c", "a")}
    assert consensus.edges["a", "b"]["probability"] == pytest.approx(2 / 3)
