import html
from pathlib import Path

import pytest
from cli_cases import fails, table

from dag_gfn.cli import main


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
