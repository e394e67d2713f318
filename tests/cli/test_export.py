import html
from pathlib import Path

import pytest
from cli_cases import fails, table

from dag_gfn.cli import main


@pytest.mark.parametrize("graph", ["median", "top", "consensus"])
@pytest.mark.parametrize("form", ["graphml", "dot", "csv"])
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
    assert "choose graphml, dot, csv, bif" in fails(
        capsys, "export", "out", "--format", "png", "--out", "x.png"
    )
    assert "choose median, top, consensus" in fails(capsys, "export", "out", "--graph", "best", "--out", "x")
    assert "discrete columns" in fails(capsys, "export", "out", "--format", "bif", "--out", "x.bif")
    assert "is a folder" in fails(capsys, "export", "out", "--out", "out")
