import networkx as nx
import numpy as np
import pytest

from dag_gfn.errors import DataError
from dag_gfn.graph_check.matched_graph import matched_graph


def test_arrays_are_taken_as_they_are():
    adjacency = np.array([[0, 1], [0, 0]], dtype=bool)
    assert (matched_graph(adjacency, ["a", "b"]).adjacency == adjacency).all()
    with pytest.raises(DataError, match="shape"):
        matched_graph(adjacency, ["a", "b", "c"])


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([("Smoking", "cancer")], r"'Smoking' \(did you mean 'smoking'\?\) is no variable"),
        ([("x", "y")], "'x', 'y' are no variables"),
        ([("smoking", "cancer"), ("cancer", "smoking")], "directed cycle, smoking -> cancer -> smoking"),
        ([("smoking", "smoking")], "directed cycle, smoking -> smoking"),
    ],
)
def test_what_does_not_match(edges, said):
    with pytest.raises(DataError, match=said):
        matched_graph(nx.DiGraph(edges), ["smoking", "cancer"])
