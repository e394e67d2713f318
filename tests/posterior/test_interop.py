import io
import re
import warnings

import networkx as nx
import numpy as np
import pandas as pd
import pydot
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


PLAIN = [
    "node", "edge", "graph", "strict", "digraph", "subgraph", "->", "1st visit", "a:b", "a;b, c", "größe", "年龄",
    "שלום (1)", "😀", "{", "]", "<b>", "1.5", "-3", "x//y", "/*z*/", "#c", r"\alpha", r"a\N", r"two\\", "x\ny", " lead",
    "&amp;", "'s'", "%20",
]  # fmt: skip
QUOTED = ['say "hi"', '"', 'a\\"b', "end\\", "end\\\\", "plain"]


def ring(names):
    """Return the cycle through the names with another probability on every edge."""
    names = list(names)
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    for k, name in enumerate(names):
        graph.add_edge(name, names[k - 1], probability=1 / (k + 3))
    return graph


def read_dot(text):
    """Return the graph that networkx and DoWhy read, by way of pydot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its parser's library
        (parsed,) = pydot.graph_from_dot_data(text)
        return parsed, nx.DiGraph(nx.nx_pydot.from_pydot(parsed))


def test_dot_names_are_identifiers():
    graph = ring(PLAIN)
    _, back = read_dot(dot_text(graph))
    assert set(back) == set(PLAIN)
    found = {(i, j): float(p) for i, j, p in back.edges(data="probability")}
    assert found == {(i, j): p for i, j, p in graph.edges(data="probability")}


def graphviz_identifier(quoted):
    r"""Return what Graphviz's scanner takes a quoted string for: \" is a quote, \\ two backslashes, all else itself."""
    assert re.fullmatch(r'"(\\\\|\\"|\\(?![\\"\r\n])|[^\\"])*"', quoted)
    return re.sub(r'\\\\|\\"', lambda pair: '"' if pair[0] == r"\"" else pair[0], quoted[1:-1])


@pytest.mark.parametrize("names", [PLAIN, ['say "hi"', r"a\b", 'a\\\\"b']])
def test_dot_identifiers_are_the_names_to_graphviz(names):
    parsed, _ = read_dot(dot_text(ring(names)))
    assert [graphviz_identifier(node.get_name()) for node in parsed.get_nodes()] == names


def test_dot_doubles_backslashes_where_graphviz_would_misread_one():
    graph = ring(QUOTED)
    parsed, _ = read_dot(dot_text(graph))
    identifiers = [graphviz_identifier(node.get_name()) for node in parsed.get_nodes()]
    assert [name.replace("\\\\", "\\") for name in identifiers] == QUOTED
    name_of = dict(zip((node.get_name() for node in parsed.get_nodes()), QUOTED, strict=True))
    found = {(name_of[e.get_source()], name_of[e.get_destination()]) for e in parsed.get_edges()}
    assert found == set(graph.edges)


def test_dot_writes_no_continued_line():
    assert '  "a\\\\\nb" [label' in dot_text(ring(["a\\\nb", "c"]))  # pydot takes it for one all the same


def test_dot_shows_backslashes():
    parsed, _ = read_dot(dot_text(ring([r"\alpha", "b"])))
    assert [node.get_label() for node in parsed.get_nodes()] == [r'"\\alpha"', None]


@pytest.mark.parametrize("names", [PLAIN + QUOTED, [f"column {k}" for k in range(63)], ["a"]])
@pytest.mark.parametrize(
    "read",
    [lambda g: nx.parse_gml(gml_text(g)), lambda g: nx.read_graphml(io.BytesIO(graphml_text(g).encode()))],
)
def test_gml_and_graphml_names_come_back(read, names):
    graph = ring(names)
    graph.graph.update(probability=0.25, log_score=None)
    back = read(graph)
    assert list(back) == names
    assert {(i, j): p for i, j, p in back.edges(data="probability")} == {
        (i, j): p for i, j, p in graph.edges(data="probability")
    }
    assert back.graph["probability"] == 0.25


def test_gml_is_ascii_with_whole_identifiers():
    text = gml_text(named_collider())
    assert text.isascii()
    assert [line.split()[1] for line in text.splitlines() if line.startswith("    id")] == ["0", "1", "2"]


@pytest.mark.parametrize("name", ["a\x0bb", "a\x00", "\x1b[1m", "\ufffe"])
def test_graphml_refuses_what_xml_cannot_hold(name):
    graph = ring([name, "b"])
    with pytest.raises(OptionError, match=r"GraphML cannot hold .* choose gml or dot"):
        graphml_text(graph)
    assert list(nx.parse_gml(gml_text(graph))) == [name, "b"]


def test_both_directions_of_a_mixed_graph_come_back():
    mixed = to_networkx(COLLIDER | COLLIDER.T, ["x", "y", "z"])
    assert set(read_dot(dot_text(mixed))[1].edges) == set(mixed.edges)
    assert set(nx.parse_gml(gml_text(mixed)).edges) == set(mixed.edges)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", [dot_text, gml_text])
def test_dowhy_finds_the_treatment(text, rng):
    dowhy = pytest.importorskip("dowhy")
    if not hasattr(nx.algorithms, "d_separated"):
        pytest.importorskip("dowhy", minversion="0.13")  # earlier ones need an older networkx
    cause, treatment = rng.normal(size=(2, 2000))
    treatment = treatment + cause
    outcome = 2 * treatment + cause + 0.1 * rng.normal(size=2000)
    names = ["年龄", "1st visit", 'score "a:b"' if text is gml_text else "score a:b"]
    table = pd.DataFrame(dict(zip(names, (cause, treatment, outcome), strict=True)))
    graph = to_networkx(np.triu(np.ones((3, 3), dtype=bool), 1), names, probability=PROBABILITY)
    model = dowhy.CausalModel(table, treatment=names[1], outcome=names[2], graph=text(graph))
    estimand = model.identify_effect(proceed_when_unidentifiable=True)
    assert estimand.get_backdoor_variables() == [names[0]]
    effect = model.estimate_effect(estimand, method_name="backdoor.linear_regression").value
    assert effect == pytest.approx(2, abs=0.05)


def test_edge_list_round_trip():
    table = pd.read_csv(io.StringIO(edge_list_text(named_collider())))
    assert table.to_numpy().tolist() == [
        [NAMES[0], NAMES[2], PROBABILITY[0, 2]],
        [NAMES[1], NAMES[2], PROBABILITY[1, 2]],
    ]
    formula = edge_list_text(ring(["=1+1", "b\rc"]))
    assert formula == (f'source,target,probability\n\'=1+1,"b\rc",{1 / 3}\n"b\rc",\'=1+1,{1 / 4}\n')
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
