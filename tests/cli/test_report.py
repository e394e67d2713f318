from pathlib import Path

from cli_cases import fails

from dag_gfn.cli import main


def test_report(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    assert main(["report", "out"]) == 0
    assert "out/report.html" in capsys.readouterr().out
    first = Path("out/report.html").read_bytes()
    assert main(["report", "out"]) == 0  # a page that belongs to the folder is made anew
    assert Path("out/report.html").read_bytes() == first
    assert main(["report", "out", "--out", "pages/mine.html"]) == 0
    assert Path("pages/mine.html").read_bytes() == first
    capsys.readouterr()
    again = ("report", "out", "--out", "pages/mine.html")
    assert "--overwrite" in fails(capsys, *again)
    assert main([*again, "--overwrite"]) == 0
    capsys.readouterr()
    assert "is a folder" in fails(capsys, "report", "out", "--out", "pages")
    assert "no folder" in fails(capsys, "report", "nowhere")


def test_report_opens_in_the_browser(here, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    assert main(["report", "out", "--open"]) == 0
    assert opened == [(here / "out" / "report.html").as_uri()]
