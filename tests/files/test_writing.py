import errno
import os
from pathlib import Path

import pytest

from dag_gfn.files import replacing, sync, write_text
from dag_gfn.files.writing import TEMPORARY_FILE


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "größe.csv"
    write_text(path, "a→b\n")
    assert path.read_bytes() == "a→b\n".encode()

    def full(*names):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        write_text(path, "other")
    assert path.read_text(encoding="utf-8") == "a→b\n"
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_others_are_left_alone(tmp_path):
    for name in ("g.dot.partial", "g.dot.new", "g.dot~"):
        (tmp_path / name).write_text("mine")
    write_text(tmp_path / "g.dot", "ours")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "g.dot": "ours",
        "g.dot.partial": "mine",
        "g.dot.new": "mine",
        "g.dot~": "mine",
    }


def test_a_name_may_be_as_long_as_names_can_be(tmp_path):
    path = tmp_path / ("n" * 255)
    write_text(path, "text")
    assert path.read_text() == "text"


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/file")
    write_text(tmp_path / "link", "one")
    write_text(tmp_path / "link", "two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/file").read_text() == "two"


def test_the_temporary_name_says_whose_it_is_and_an_interrupt_removes_it(tmp_path):
    def interrupted():
        with replacing(tmp_path / "file") as unfinished:
            assert TEMPORARY_FILE.fullmatch(unfinished.name)
            unfinished.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_content_is_on_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b)))
    write_text(tmp_path / "file", "text")
    assert done == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize(
    ("number", "raises"), [(errno.ENOSPC, True), (errno.EIO, True), (errno.EINVAL, False)]
)
def test_content_that_is_lost_is_an_error_and_a_missing_service_is_none(
    tmp_path, monkeypatch, number, raises
):
    def fails(handle):
        raise OSError(number, "no")

    monkeypatch.setattr(os, "fsync", fails)
    path = Path(tmp_path, "file")
    path.touch()
    if raises:
        with pytest.raises(OSError, match="no"):
            sync(path)
    else:
        sync(path)
