from pathlib import Path

import pytest

from dag_gfn.cli.output import console, fail, write_text


def test_a_failure_is_one_line_and_code_2(capsys):
    assert fail("two\nlines  and [bold]marks[/bold]") == 2
    captured = capsys.readouterr()
    assert captured.err == "error: two lines and [bold]marks[/bold]\n"
    assert captured.out == ""


def test_lines_are_not_wrapped_but_on_a_terminal(capsys):
    console().print("word " * 500)
    assert capsys.readouterr().out.strip().count("\n") == 0


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "größe.csv"
    write_text(path, "a→b\n")
    assert path.read_bytes() == "a→b\n".encode()
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        write_text(path, "other")
    assert path.read_text(encoding="utf-8") == "a→b\n"
    assert list(tmp_path.iterdir()) == [path]
