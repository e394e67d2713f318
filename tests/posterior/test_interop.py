import io
import warnings

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from dag_gfn.errors import OptionError
from dag_gfn.posterior import GraphPosterior, to_networkx
from dag_gfn.posterior.interop import (
    consensus_graph,
    dot_text,
    edge_list_text,
    graphml_text,
    to_arviz,
    to_causal_learn,
    to_pgmpy,
)

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


NAMES = ["größe", 'say "a\\b"', "<c>, d\n"]
PROBABILITY = np.arange(9.0).reshape(3, 3) / 30


def named_collider():
    graph = to_networkx(COLLIDER, NAMES, probability=PROBABILITY)
    graph.graph.update(probability=0.25, log_score=None)
    return graph


def test_pgmpy_round_trip():
    dag = to_pgmpy(COLLIDER, NAMES, probability=PROBABILITY)
    assert list(dag.nodes) == NAMES
    np.testing.assert_array_equal(nx.to_numpy_array(dag, nodelist=NAMES, weight=None, dtype=bool), COLLIDER)
    assert dag.edges[NAMES[0], NAMES[2]]["probability"] == PROBABILITY[0, 2]
    assert dag.get_parents(NAMES[2]) == NAMES[:2]


def test_causal_learn_knows_directed_and_undirected_edges():
    mixed = COLLIDER.copy()
    mixed[0, 1] = mixed[1, 0] = True
    graph = to_causal_learn(mixed, NAMES)
    assert graph.get_node_names() == NAMES
    nodes = graph.get_nodes()
    assert graph.is_directed_from_to(nodes[0], nodes[2])
    assert not graph.is_directed_from_to(nodes[2], nodes[0])
    assert graph.is_undirected_from_to(nodes[0], nodes[1])
    assert graph.get_num_edges() == 3
    # causal-learn writes -1 at the tail and 1 at the arrow of an edge
    np.testing.assert_array_equal((graph.graph == 1).T & (graph.graph == -1), COLLIDER)


@pytest.mark.filterwarnings("ignore:(?s).*ArviZ is undergoing:FutureWarning")
def test_arviz_holds_the_draws():
    graphs = np.stack([COLLIDER, np.zeros_like(COLLIDER), COLLIDER, COLLIDER])
    data = to_arviz(graphs, NAMES, chains=2)
    edge = data.posterior["edge"]
    assert edge.dims == ("chain", "draw", "source", "target")
    assert edge.mean(("chain", "draw")).sel(source="größe", target=NAMES[2]).item() == 0.75
    np.testing.assert_array_equal(data.posterior["num_edges"], [[2, 0], [2, 2]])
    with pytest.raises(OptionError, match="4 draws do not divide into 3 chains"):
        to_arviz(graphs, NAMES, chains=3)


def test_graphml_round_trip():
    back = nx.read_graphml(io.BytesIO(graphml_text(named_collider()).encode()))
    assert list(back.nodes) == NAMES
    assert back.edges[NAMES[0], NAMES[2]] == {"probability": PROBABILITY[0, 2]}
    assert back.graph["probability"] == 0.25


def test_dot_round_trip():
    pydot = pytest.importorskip("pydot")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its parser's library
        (parsed,) = pydot.graph_from_dot_data(dot_text(named_collider()))
    labels = {node.get_name(): node.get_label() for node in parsed.get_nodes()}
    assert labels == {"n0": '"größe"', "n1": r'"say \"a\\b\""', "n2": r'"<c>, d\n"'}
    edges = {
        (edge.get_source(), edge.get_destination()): float(edge.get("probability"))
        for edge in parsed.get_edges()
    }
    assert edges == {("n0", "n2"): PROBABILITY[0, 2], ("n1", "n2"): PROBABILITY[1, 2]}


def test_edge_list_round_trip():
    table = pd.read_csv(io.StringIO(edge_list_text(named_collider())))
    assert table.to_numpy().tolist() == [
        [NAMES[0], NAMES[2], PROBABILITY[0, 2]],
        [NAMES[1], NAMES[2], PROBABILITY[1, 2]],
    ]
    bare = edge_list_text(to_networkx(COLLIDER, ["x", "y", "z"]))
    assert bare == "source,target,probability\nx,z,\ny,z,\n"


def test_a_missing_library_is_named_with_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "arviz", None)
    monkeypatch.setitem(sys.modules, "causallearn", None)
    for name in [name for name in sys.modules if name.startswith("causallearn.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(OptionError, match="pip install arviz"):
        to_arviz(COLLIDER[None], NAMES)
    with pytest.raises(OptionError, match="pip install causal-learn"):
        to_causal_learn(COLLIDER, NAMES)
