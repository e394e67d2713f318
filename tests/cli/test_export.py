import html
import itertools
import warnings
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from cli_cases import fails, table
from pgmpy.readwrite import BIFReader

import dag_gfn
from dag_gfn.cli import main
from dag_gfn.files import from_spreadsheet
from dag_gfn.posterior import GraphPosterior


@pytest.mark.parametrize("graph", ["median", "top", "consensus"])
@pytest.mark.parametrize("form", ["graphml", "gml", "dot", "csv"])
def test_export(here, capsys, form, graph):
    names = ["größe", "na,me", '"x"']
    table().set_axis(names, axis=1).to_csv("nasty.csv", index=False)
    assert main(["fit", "nasty.csv", "--out", "out", "--quiet"]) == 0
    assert main(["export", "out", "--format", form, "--graph", graph, "--out", "made/graph"]) == 0
    assert "größe" in html.unescape(Path("made/graph").read_text(encoding="utf-8"))
    capsys.readouterr()
    again = ("export", "out", "--format", form, "--out", "made/graph")
    assert "--overwrite" in fails(capsys, *again)
    assert main([*again, "--overwrite"]) == 0


def test_export_refuses(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert "choose graphml, gml, dot, csv, bif" in fails(
        capsys, "export", "out", "--format", "png", "--out", "x.png"
    )
    assert "choose median, top, consensus" in fails(capsys, "export", "out", "--graph", "best", "--out", "x")
    assert "discrete columns" in fails(capsys, "export", "out", "--format", "bif", "--out", "x.bif")
    assert "is a folder" in fails(capsys, "export", "out", "--out", "out")


@pytest.fixture
def survey(here):
    """A posterior of linked discrete columns with names and states that BIF has no words for."""
    rows = [("(1,999, 20]", "是", "<50"), ("<=10", "否", ">=50")] * 20 + [("<=10", "是", "<50")]
    pd.DataFrame(rows, columns=["年龄", "性别 (M/F)", "1st visit"]).to_csv("survey.csv", index=False)
    assert main(["fit", "survey.csv", "--out", "out", "--quiet"]) == 0


def test_bif_says_what_became_what(survey, capsys):
    capsys.readouterr()
    assert main(["export", "out", "--format", "bif", "--out", "net.bif"]) == 0
    said = capsys.readouterr().out.splitlines()[2:]
    assert said == [
        '  column 性别__M_F_ = "性别 (M/F)"',
        '  column 1st_visit = "1st visit"',
        '  state _1_999__20_ of column 年龄 = "(1,999, 20]"',
        '  state le_10 of column 年龄 = "<=10"',
        '  state lt_50 of column 1st_visit = "<50"',
        '  state ge_50 of column 1st_visit = ">=50"',
    ]
    text = Path("net.bif").read_text(encoding="utf-8")
    assert [line.removeprefix("//") for line in text.splitlines()[1:7]] == [f" {line}" for line in said]
    model = BIFReader(string=text).get_model()
    assert set(model.nodes) == {"年龄", "性别__M_F_", "1st_visit"}
    assert model.number_of_edges() == dag_gfn.load("out").median_graph().number_of_edges()
    assert set(model.get_cpds("性别__M_F_").state_names["性别__M_F_"]) == {"是", "否"}


def test_a_long_list_of_changes_is_cut_on_the_screen_only(here, capsys):
    names = [f"{'long ' * 60}{k}" for k in range(3)]
    states = [f"{a}-{b}" for a, b in itertools.product("abc", repeat=2)]
    table = pd.DataFrame(dict.fromkeys(names, states * 20))
    table.iloc[::7, 1] = states[0]
    table.iloc[::5, 2] = states[1]
    table.to_csv("long.csv", index=False)
    assert main(["fit", "long.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["export", "out", "--format", "bif", "--out", "net.bif"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "  and 10 more"
    assert all(len(line) <= 202 for line in said)
    comments = [
        line for line in Path("net.bif").read_text(encoding="utf-8").splitlines() if line.startswith("//")
    ]
    assert len(comments) == 1 + 3 + 3 * 9


def test_a_graph_with_a_cycle_leaves_in_every_format_that_can_hold_it(here, capsys):
    graphs = np.zeros((3, 3, 3), dtype=bool)
    for k, i in itertools.permutations(range(3), 2):  # graph k lacks the k-th edge of the cycle
        graphs[k, i, (i + 1) % 3] = True
    GraphPosterior.from_samples(["strict", "graph", "->"], graphs).save("out")
    for form in ("graphml", "gml", "dot", "csv"):
        assert main(["export", "out", "--format", form, "--graph", "consensus", "--out", f"net.{form}"]) == 0
    cycle = {("strict", "graph"), ("graph", "->"), ("->", "strict")}
    assert set(nx.read_gml("net.gml").edges) == cycle
    assert set(nx.read_graphml("net.graphml").edges) == cycle
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pydot's parser
        assert set(nx.DiGraph(nx.nx_pydot.read_dot("net.dot")).edges) == cycle
    rows = pd.read_csv("net.csv")[["source", "target"]].map(from_spreadsheet)
    assert set(rows.itertuples(index=False, name=None)) == cycle
