"""Folders that take their place: killed between any two steps, refused, recovered."""

import os
import signal
from pathlib import Path

import pytest

from dag_gfn.errors import StorageError
from dag_gfn.files import (
    Lock,
    check_place,
    folders,
    place,
    recover,
    remove_files,
    remove_leftovers,
    strangers,
    unfinished_folder,
)

KNOWN = {"result", "page"}


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def put(target, text):
    with unfinished_folder(target) as unfinished:
        (unfinished / "result").write_text(text)
        return place(unfinished, target, known=KNOWN)


def test_a_folder_replaces_another(tmp_path):
    put(tmp_path / "deep" / "out", "old")
    assert put(tmp_path / "deep" / "out", "new") is None
    assert (tmp_path / "deep" / "out" / "result").read_text() == "new"
    assert names_in(tmp_path / "deep") == ["out"]


def test_a_folder_that_is_not_placed_is_gone(tmp_path):
    with unfinished_folder(tmp_path / "out") as unfinished:
        (unfinished / "result").write_text("half")
        assert unfinished.name.startswith("out.saving-")
    assert names_in(tmp_path) == []


def test_what_others_put_there_in_the_meantime_is_kept_and_named(tmp_path):
    put(tmp_path / "out", "old")
    (tmp_path / "out" / "thesis").write_text("mine")
    (tmp_path / "out" / "page").mkdir()  # of a known name, but no file
    kept = put(tmp_path / "out", "new")
    assert names_in(kept) == ["page", "thesis"]
    assert (tmp_path / "out" / "result").read_text() == "new"


class Killed(BaseException):
    pass


def replaced_up_to(target, step, monkeypatch):
    """Replace a folder, and end without any clean-up when so many names have changed."""
    pid = os.fork()
    if pid == 0:
        left = [step]
        usual = {(owner, name): getattr(owner, name) for owner, name in ((Path, "rename"), (Path, "unlink"))}

        def dying(call):
            def instead(*given, **named):
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return call(*given, **named)

            return instead

        for (owner, name), call in usual.items():
            setattr(owner, name, dying(call))
        put(target, "new")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("step", "left", "told", "content"),
    [
        (0, "saving", None, "old"),
        (1, "saved", None, "old"),  # complete, but the old one is still there
        (2, "saved", "the new result", "new"),
        (3, "replaced", None, "new"),
    ],
)
def test_a_kill_at_any_step_loses_nothing(tmp_path, monkeypatch, step, left, told, content):
    out = tmp_path / "out"
    put(out, "old")
    replaced_up_to(out, step, monkeypatch)
    assert any(name.startswith(f"out.{left}-") for name in names_in(tmp_path))
    said = recover(out, needed="result")
    assert (said is None) == (told is None)
    if told:
        assert told in said
        assert "killed" in said
    assert (out / "result").read_text() == content
    removed = remove_leftovers(out, known=KNOWN)
    assert removed == [] or all(name.startswith("out.") for name in removed)
    assert names_in(tmp_path) == ["out"]


def test_a_kill_with_nothing_there_before(tmp_path, monkeypatch):
    replaced_up_to(tmp_path / "out", 1, monkeypatch)
    assert "the new result" in recover(tmp_path / "out", needed="result")
    assert names_in(tmp_path) == ["out"]


def test_the_old_one_comes_back_where_there_is_no_new_one(tmp_path):
    for token, text in (("01234567", "older"), ("89abcdef", "newer")):
        (tmp_path / f"out.replaced-{token}").mkdir()
        (tmp_path / f"out.replaced-{token}" / "result").write_text(text)
    os.utime(tmp_path / "out.replaced-01234567" / "result", (1, 1))
    assert "the result from before, is back" in recover(tmp_path / "out", needed="result")
    assert (tmp_path / "out" / "result").read_text() == "newer"


@pytest.mark.parametrize(
    "name",
    ["out.replaced-0123", "out.replaced-01234567.zip", "xout.replaced-01234567", "out.saving-01234567"],
)
def test_only_our_names_are_recovered(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "result").write_text("mine")
    assert recover(tmp_path / "out", needed="result") is None
    assert names_in(tmp_path) == [name]


def test_leftovers_of_others_and_of_the_living_stay(tmp_path):
    for name in ("out.saving-00000000", "out.saving-11111111", "out.saving-22222222", "out.saving-other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result").write_text("half")
    (tmp_path / "out.saving-00000000" / "thesis").write_text("mine")
    living = Lock(tmp_path / "out.saving-11111111")
    assert remove_leftovers(tmp_path / "out", known=KNOWN) == ["out.saving-22222222"]
    assert names_in(tmp_path) == ["out.saving-00000000", "out.saving-11111111", "out.saving-other"]
    assert names_in(tmp_path / "out.saving-00000000") == ["result", "thesis"]
    assert living.held


def test_another_process_that_is_replacing_is_waited_for(tmp_path, monkeypatch):
    (tmp_path / "out.replaced-01234567").mkdir()
    (tmp_path / "out.replaced-01234567" / "result").write_text("old")
    living = Lock(tmp_path / "out.replaced-01234567")
    monkeypatch.setattr(folders, "_WAIT_SECONDS", 0.0)
    with pytest.raises(StorageError, match="another process is replacing"):
        recover(tmp_path / "out", needed="result")
    monkeypatch.setattr(folders.time, "sleep", lambda seconds: (tmp_path / "out").mkdir())
    monkeypatch.setattr(folders, "_WAIT_SECONDS", 60.0)
    assert recover(tmp_path / "out", needed="result") is None
    assert living.held


def test_strangers_and_removal(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("result", "thesis", ".DS_Store", ".dag-gfn-0123456789abcdef", ".dag-gfn-mine"):
        (folder / name).touch()
    assert strangers(folder, KNOWN) == [".dag-gfn-mine", "thesis"]
    assert not remove_files(folder, KNOWN)
    assert names_in(folder) == [".DS_Store", ".dag-gfn-mine", "thesis"]
    for name in (".dag-gfn-mine", "thesis"):
        (folder / name).unlink()
    assert remove_files(folder, KNOWN)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(("size", "fits"), [(237, True), (238, False), (255, False), (300, False)])
def test_names_are_measured_before_the_work(tmp_path, size, fits):
    target = tmp_path / ("é" * (size // 2) + "n" * (size % 2))
    if fits:
        assert check_place(target) == []
        put(target, "text")
    else:
        with pytest.raises(
            StorageError, match=f"of {size} bytes is too long: choose one of at most 237"
        ) as caught:
            check_place(target)
        assert len(str(caught.value)) < 300
        assert names_in(tmp_path) == []


def test_the_folders_above_are_made_and_told(tmp_path):
    made = check_place(tmp_path / "a" / "b" / "out")
    assert made == [tmp_path / "a" / "b", tmp_path / "a"]
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        check_place(tmp_path / "file" / "out")


def test_what_is_mounted_cannot_be_renamed():
    with pytest.raises(StorageError, match="mounted"):
        check_place(Path("/proc"))
