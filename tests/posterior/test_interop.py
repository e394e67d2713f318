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
    gml_text,
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


READ_BACK = [
    "größe", "性别 (M/F)", "1st visit", "a:b", "x;y", "n0", "node", "strict", "graph", "->", "1960", "<b>", "[c]",
    "{d}", "a,b", "e=f", "#g", "// h", "/* i */", "🙂", "שלום", "a\\b", "it's", "&amp;", "subgraph", "line\nbreak",
]  # fmt: skip


def parsed_dot(text):
    pydot = pytest.importorskip("pydot")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its parser's library
        (parsed,) = pydot.graph_from_dot_data(text)
    return parsed


def cycle(names):
    """Return a graph with a cycle through all names, as consensus graphs can have, and an edge both ways."""
    adjacency = np.roll(np.eye(len(names), dtype=bool), 1, axis=1)
    adjacency[1, 0] = True
    return to_networkx(adjacency, names, probability=np.where(adjacency, 0.625, 0.0))


def same(found, graph):
    assert set(found.nodes) == set(graph.nodes)
    assert set(found.edges()) == set(graph.edges)


def test_networkx_reads_the_names_from_dot():
    graph = cycle(READ_BACK)
    same(nx.nx_pydot.from_pydot(parsed_dot(dot_text(graph))), graph)


def test_dot_quotes_and_labels():
    parsed = parsed_dot(dot_text(named_collider()))
    labels = {node.get_name(): node.get_label() for node in parsed.get_nodes()}
    assert labels == {'"größe"': None, r'"say \"a\b\""': r'"say \"a\\b\""', '"<c>, d\n"': r'"<c>, d\n"'}
    edges = {(e.get_source(), e.get_destination()): float(e.get("probability")) for e in parsed.get_edges()}
    ends = list(labels)
    assert edges == {(ends[0], ends[2]): PROBABILITY[0, 2], (ends[1], ends[2]): PROBABILITY[1, 2]}


def test_dot_names_that_end_in_a_backslash_do_not_run_on():
    names = ["a\\", 'b\\"', "c"]
    parsed = parsed_dot(dot_text(to_networkx(COLLIDER, names)))
    assert [node.get_name() for node in parsed.get_nodes()] == [r'"a\\"', r'"b\\\""', '"c"']
    assert len(parsed.get_edges()) == 2


def test_dot_backslashes_do_not_join_lines():
    names = ["a\\\nb", "a\\\r\nb", "c"]
    text = dot_text(to_networkx(COLLIDER, names))
    assert '  "a\\\\\nb" [label' in text
    assert '  "a\\\\\r\nb" [label' in text


@pytest.mark.parametrize("names", [READ_BACK, NAMES, [f"c{j}" for j in range(63)]])
def test_networkx_reads_the_names_from_gml_and_graphml(names):
    graph = cycle(names)
    back = nx.parse_gml(gml_text(graph), label="label")
    same(back, graph)
    assert {p for _, _, p in back.edges(data="probability")} == {0.625}
    same(nx.parse_graphml(graphml_text(graph)), graph)


def test_control_characters_are_not_xml():
    graph = to_networkx(COLLIDER, ["a\x01", "b", "c"])
    with pytest.raises(OptionError, match="control character, which GraphML cannot hold"):
        graphml_text(graph)
    same(nx.parse_gml(gml_text(graph)), graph)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what DoWhy reads with
def test_dowhy_finds_the_treatment_in_dot_and_gml():
    causal_graph = pytest.importorskip("dowhy.causal_graph")
    names = ["性别 (M/F)", "1st visit", "größe"]
    graph = to_networkx(COLLIDER, names, probability=PROBABILITY)
    for text in (dot_text(graph), gml_text(graph)):
        read = causal_graph.CausalGraph([names[0]], [names[2]], graph=text, observed_node_names=names)
        assert read.get_parents(names[2]) == set(names[:2])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_dowhy_adjusts_for_what_our_graph_says(rng):
    dowhy = pytest.importorskip(
        "dowhy", minversion="0.13", reason="before 0.13 DoWhy calls what networkx 3.5 has not any more"
    )
    names = ["age", "dose", "response"]
    confounded = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)
    rows = pd.DataFrame(rng.normal(size=(20, 3)), columns=names)
    for text in (dot_text(to_networkx(confounded, names)), gml_text(to_networkx(confounded, names))):
        model = dowhy.CausalModel(rows, treatment="dose", outcome="response", graph=text)
        found = model.identify_effect(proceed_when_unidentifiable=True)
        assert found.get_backdoor_variables() == ["age"]
        assert found.get_instrumental_variables() == []


def test_edge_list_round_trip():
    table = pd.read_csv(io.StringIO(edge_list_text(named_collider())))
    assert table.to_numpy().tolist() == [
        [NAMES[0], NAMES[2], PROBABILITY[0, 2]],
        [NAMES[1], NAMES[2], PROBABILITY[1, 2]],
    ]
    formulas = edge_list_text(to_networkx(COLLIDER, ["=1+1", "->", "b\rc"]))
    assert formulas == 'source,target,probability\n\'=1+1,"b\rc",\n\'->,"b\rc",\n'
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
