"""Files that this program writes, and those of others."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import DataError, StorageError
from dag_gfn.graph_check.graph_files import graph_of_text, read_graph
from dag_gfn.graph_check.matched_graph import matched_graph
from dag_gfn.posterior import interop

NAMES = ["age", "blood pressure", 'a "b"', "=1+1", "größe"]
EDGES = {("age", "blood pressure"), ('a "b"', "=1+1"), ("age", "größe"), ("blood pressure", "größe")}
WRITERS = {
    ".csv": interop.edge_list_text,
    ".dot": interop.dot_text,
    ".graphml": interop.graphml_text,
    ".gml": interop.gml_text,
}


@pytest.mark.parametrize("suffix", list(WRITERS))
def test_what_is_exported_is_read_again(tmp_path, suffix):
    graph = nx.DiGraph()
    graph.add_nodes_from(NAMES)
    graph.add_edges_from(EDGES, probability=0.9)
    file = tmp_path / f"graph{suffix}"
    file.write_text(WRITERS[suffix](graph), encoding="utf-8")
    found = matched_graph(read_graph(file), NAMES)
    edges = {(NAMES[i], NAMES[j]) for i, j in np.argwhere(found.adjacency)}
    assert edges == EDGES
    assert found.absent == ()


def test_bif_of_this_program(tmp_path):
    rows = np.random.default_rng(0).integers(0, 2, size=(60, 3))
    data = dag_gfn.from_array(rows, ["a b", "c", "d<5"], discrete="all")
    posterior = dag_gfn.fit(data, required=[("a b", "c"), ("d<5", "c")], progress=False)
    text, _ = dag_gfn.fitted.fitted_bif(posterior, posterior.most_probable_graph())
    assert set(graph_of_text(text, ".bif").edges) >= {("a b", "c"), ("d<5", "c")}


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("source,target\na,b\nb,c\n", ".csv"),
        ("a,b\nb,c\n", ".csv"),
        ("target;source;probability\nb;a;0.5\nc;b;1\n", ".csv"),
        ("from\tto\na\tb\nb\tc\n", ".tsv"),
        ("from\tto\na\tb\nb\tc\n", ""),
        ("digraph { a -> b -> c }", ".gv"),
        ('strict digraph "x" { rankdir=LR; node [shape=box]; a; a -> b; b -> {c} [color=red]; }', ""),
        ("dag { a -> b -> c }", ".txt"),
        ("network n {}\nvariable a { type discrete [2] {x, y}; }\nprobability ( a ) { table .5, .5; }\n"
         "probability ( b | a ) { (x) .1, .9; }\nprobability(c|b){ }", ".bif"),
    ],
)  # fmt: skip
def test_forms_of_others(text, suffix):
    assert set(graph_of_text(text, suffix).edges) == {("a", "b"), ("b", "c")}


def test_a_variable_without_edges():
    assert set(graph_of_text("source,target\na,b\nc,\n", ".csv")) == {"a", "b", "c"}


def test_names_may_stand_in_labels():
    text = 'digraph { n0 [label="age"]; n1 [label="weight"]; n0 -> n1 }'
    assert matched_graph(graph_of_text(text, ".dot"), ["age", "weight"]).adjacency.tolist() == [
        [False, True],
        [False, False],
    ]


@pytest.mark.parametrize(
    ("text", "suffix", "said"),
    [
        ("", ".csv", "it is empty"),
        ("a\n", ".csv", "edge 1 is 'a'"),
        ("graph { a -- b }", ".dot", "no direction"),
        ("digraph { a -> ", ".dot", "no DOT graph"),
        ("<x/>", ".graphml", "no GraphML"),
        ("hello", ".bif", "no BIF file"),
        ("what is this", "", "format is not known"),
    ],
)
def test_what_cannot_be_read(text, suffix, said):
    with pytest.raises(DataError, match=said):
        graph_of_text(text, suffix)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(StorageError, match="there is no file"):
        read_graph(tmp_path / "none.csv")
    Path(tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"bad\.csv"):
        read_graph(tmp_path / "bad.csv")
