import html
import warnings
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from cli_cases import fails, table

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


def test_bif_says_which_names_were_changed(here, capsys):
    rows = [f"{state},{'是' if k % 3 else '否'}" for k, state in enumerate(["<50", ">=50"] * 20)]
    Path("words.csv").write_text("1st visit,年龄\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert main(["fit", "words.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["export", "out", "--format", "bif", "--out", "net.bif"]) == 0
    told = capsys.readouterr().out
    assert 'variable 1st_visit is column "1st visit"' in told
    assert 'state ge_50 of variable 1st_visit is ">=50"' in told
    assert "年龄 is" not in told
    assert "variable 年龄 {" in Path("net.bif").read_text(encoding="utf-8")


def test_long_names_and_lists_are_cut_on_the_screen_only(here, capsys):
    names, states = [f"{'long ' * 60}{k}" for k in range(2)], [f"{a}-{b}" for a in "abc" for b in "xyz"]
    values = dict.fromkeys(names, states * 20)
    pd.DataFrame(values | {names[1]: np.roll(states * 20, 30)}).to_csv("long.csv", index=False)
    assert main(["fit", "long.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["export", "out", "--format", "bif", "--out", "net.bif"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "  and 8 more"
    assert max(map(len, told)) <= 202
    text = Path("net.bif").read_text(encoding="utf-8")
    assert sum(line.startswith("// ") for line in text.splitlines()) == 2 + 2 * 9
    assert f'"{names[1]}"' in text


def test_a_cycle_of_odd_names_leaves_in_every_format_without_tables(here):
    names = ["strict", "graph", "->"]
    graphs = np.zeros((3, 3, 3), dtype=bool)
    for k in range(3):  # graph k lacks the k-th edge of the cycle
        for i in {0, 1, 2} - {k}:
            graphs[k, i, (i + 1) % 3] = True
    GraphPosterior.from_samples(names, graphs).save("out")
    for form in ("graphml", "gml", "dot", "csv"):
        assert main(["export", "out", "--format", form, "--graph", "consensus", "--out", f"net.{form}"]) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pydot's parser
        dot = nx.DiGraph(nx.nx_pydot.read_dot("net.dot"))
    rows = pd.read_csv("net.csv")[["source", "target"]].map(from_spreadsheet)
    cycle = {("strict", "graph"), ("graph", "->"), ("->", "strict")}
    for edges in (
        dot.edges,
        nx.read_gml("net.gml").edges,
        nx.read_graphml("net.graphml").edges,
        rows.itertuples(index=False, name=None),
    ):
        assert set(edges) == cycle
