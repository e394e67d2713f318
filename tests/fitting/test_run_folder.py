import json
import os
from pathlib import Path

import numpy as np
import pytest

from dag_gfn import files
from dag_gfn.errors import StorageError, StorageWarning
from dag_gfn.fitting.run_folder import RunFolder
from dag_gfn.posterior import GraphPosterior, load_posterior

OPTIONS = {"seed": 0, "iterations": 5, "required": [["a", "b"]]}


def start(out, options=OPTIONS, *, overwrite=False, resume=False):
    return RunFolder(out, options, overwrite=overwrite, resume=resume)


def posterior(names=("a", "b")):
    return GraphPosterior.from_samples(names, np.zeros((3, len(names), len(names)), dtype=bool))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_works_beside_its_result(tmp_path):
    run = start(tmp_path / "deep" / "out")
    assert names_in(tmp_path / "deep") == ["out.partial"]
    assert run.checkpoint.parent == tmp_path / "deep" / "out.partial"
    run.checkpoint.write_bytes(b"state")
    run.finish(posterior())
    assert names_in(tmp_path / "deep") == ["out"]
    assert load_posterior(tmp_path / "deep" / "out").names == ("a", "b")


@pytest.mark.parametrize("name", ["out.v1", "out.partial", "a b", "größe"])
def test_names_of_folders(tmp_path, name):
    run = start(tmp_path / name)
    run.finish(posterior())
    assert names_in(tmp_path) == [name]


def test_a_failed_run_leaves_what_was_trained_or_nothing(tmp_path):
    run = start(tmp_path / "out")
    assert not run.leave()
    assert names_in(tmp_path) == []
    run = start(tmp_path / "out")
    run.checkpoint.write_bytes(b"state")
    assert run.leave()
    assert start(tmp_path / "out", resume=True).checkpoint.read_bytes() == b"state"


def test_a_failed_resumption_leaves_what_it_took_up(tmp_path):
    start(tmp_path / "out").checkpoint.write_bytes(b"state")
    run = start(tmp_path / "out", resume=True)
    run.leave()
    assert run.checkpoint.read_bytes() == b"state"
    run.discard()
    assert names_in(tmp_path) == []


def test_resuming_finds_the_checkpoint(tmp_path):
    start(tmp_path / "out").checkpoint.write_bytes(b"state")  # and then it was killed
    run = start(tmp_path / "out", json.loads(json.dumps(OPTIONS)), resume=True)
    assert run.checkpoint.read_bytes() == b"state"
    run.finish(posterior())
    assert names_in(tmp_path) == ["out"]


def test_an_unfinished_run_is_not_begun_anew_unasked(tmp_path):
    start(tmp_path / "out").checkpoint.write_bytes(b"state")
    with pytest.raises(StorageError, match=r"unfinished run.*--resume.*--overwrite"):
        start(tmp_path / "out")
    anew = start(tmp_path / "out", overwrite=True)
    assert not anew.checkpoint.exists()


def test_other_options_are_named(tmp_path):
    start(tmp_path / "out")
    with pytest.raises(StorageError, match=r"other options \(seed, required\)"):
        start(tmp_path / "out", {"seed": 1, "iterations": 5, "required": []}, resume=True)
    assert names_in(tmp_path) == ["out.partial"]


def test_nothing_to_resume(tmp_path):
    with pytest.raises(StorageError, match=r"no unfinished run.*leave --resume out"):
        start(tmp_path / "out", resume=True)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("damage", ["", "{", "\0"])
def test_an_unreadable_run_cannot_be_resumed(tmp_path, damage):
    start(tmp_path / "out")
    (tmp_path / "out.partial" / "options.json").write_text(damage)
    with pytest.raises(StorageError, match=r"no unfinished run.*start anew with --overwrite"):
        start(tmp_path / "out", resume=True)
    start(tmp_path / "out", overwrite=True).finish(posterior())
    assert names_in(tmp_path) == ["out"]


def test_an_existing_result_stays_until_the_new_one_is_complete(tmp_path):
    start(tmp_path / "out").finish(posterior())
    with pytest.raises(StorageError, match="--overwrite"):
        start(tmp_path / "out")
    run = start(tmp_path / "out", overwrite=True)
    assert load_posterior(tmp_path / "out").names == ("a", "b")
    run.leave()
    assert load_posterior(tmp_path / "out").names == ("a", "b")
    start(tmp_path / "out", overwrite=True).finish(posterior(("c", "d")))
    assert load_posterior(tmp_path / "out").names == ("c", "d")
    assert names_in(tmp_path) == ["out"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_posterior_is_never_replaced(tmp_path, overwrite):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("mine")
    for name in ("file", "folder"):
        with pytest.raises(StorageError, match="not a posterior folder"):
            start(tmp_path / name, overwrite=overwrite)
    assert names_in(tmp_path) == ["file", "folder"]
    assert (tmp_path / "folder" / "thesis.tex").read_text() == "mine"


def test_an_empty_folder_may_be_replaced_on_request(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(StorageError, match="exists already"):
        start(tmp_path / "out")
    start(tmp_path / "out", overwrite=True).finish(posterior())
    assert load_posterior(tmp_path / "out").names == ("a", "b")


@pytest.mark.parametrize("out", ["", ".", "..", "/", "file/out", "x" * 300])
def test_impossible_places(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    for overwrite in (False, True):
        with pytest.raises(StorageError):
            start(Path(out), overwrite=overwrite)
    assert names_in(tmp_path) == ["file"]


def test_pages_stand_beside_the_posterior(tmp_path):
    run = start(tmp_path / "out")
    run.finish(posterior(), {"report.html": "größe"})
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == "größe"
    assert "posterior.json" in names_in(tmp_path / "out")


# --- what is not ours ---


def test_a_result_with_other_files_in_it_is_not_replaced(tmp_path):
    start(tmp_path / "out").finish(posterior())
    for name in ("a.txt", "b.txt", "c.txt", "d.txt", "e.txt"):
        (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(StorageError, match=r"did not write \('a.txt', 'b.txt', 'c.txt' and 2 more\)"):
        start(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "a.txt").read_text() == "mine"
    assert load_posterior(tmp_path / "out").names == ("a", "b")
    assert names_in(tmp_path) == ["out"]


def test_pages_of_our_own_record_are_replaced(tmp_path):
    start(tmp_path / "out").finish(posterior(), {"report.html": "one", "more.html": "two"})
    start(tmp_path / "out", overwrite=True).finish(posterior(("c", "d")))
    assert load_posterior(tmp_path / "out").names == ("c", "d")
    assert "more.html" not in names_in(tmp_path / "out")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        {"notes.txt": "mine"},
        {"options.json": '{"colour": "red"}'},
        {"options.json": "[1, 2]"},
        {"options.json": '{"method": "exact", "data": "0"}', "notes.txt": "mine"},
    ],
)
def test_a_working_folder_of_others_is_left_alone(tmp_path, content, overwrite):
    (tmp_path / "out.partial").mkdir()
    for name, text in content.items():
        (tmp_path / "out.partial" / name).write_text(text)
    with pytest.raises(StorageError, match=r"out.partial'.*holds more than an unfinished run.*move it away"):
        start(tmp_path / "out", overwrite=overwrite)
    assert names_in(tmp_path) == ["out.partial"]
    assert {path.name: path.read_text() for path in (tmp_path / "out.partial").iterdir()} == content


def test_a_file_or_a_link_is_no_working_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out.partial").symlink_to("real")
    (tmp_path / "other.partial").write_text("mine")
    for name in ("out", "other"):
        with pytest.raises(StorageError, match="move it away"):
            start(tmp_path / name, overwrite=True)
    assert names_in(tmp_path) == ["other.partial", "out.partial", "real"]


def test_a_file_that_came_into_the_working_folder_outlives_it(tmp_path):
    run = start(tmp_path / "out")
    (run.partial / "notes.txt").write_text("mine")
    run.finish(posterior())
    assert names_in(tmp_path / "out.partial") == ["notes.txt"]
    assert load_posterior(tmp_path / "out").names == ("a", "b")


def test_an_empty_working_folder_is_in_nobodys_way(tmp_path):
    (tmp_path / "out.partial").mkdir()
    with pytest.raises(StorageError, match="leave --resume out"):
        start(tmp_path / "out", resume=True)
    start(tmp_path / "out").finish(posterior())
    assert names_in(tmp_path) == ["out"]


# --- several processes ---


@pytest.mark.parametrize("how", [{}, {"overwrite": True}, {"resume": True}])
def test_a_run_that_goes_on_is_left_alone(tmp_path, how):
    run = start(tmp_path / "out")
    run.checkpoint.write_bytes(b"state")
    with pytest.raises(StorageError, match=rf"another process {os.getpid()} is working"):
        start(tmp_path / "out", **how)
    assert run.checkpoint.read_bytes() == b"state"
    run.finish(posterior())
    assert names_in(tmp_path) == ["out"]


def test_a_result_that_came_while_the_lock_was_sought_is_kept(tmp_path, monkeypatch):
    usual = files.check_place

    def another_ends(target):
        made = usual(target)
        posterior().save(target)
        return made

    monkeypatch.setattr(files, "check_place", another_ends)
    with pytest.raises(StorageError, match="exists already"):
        start(tmp_path / "out")
    assert names_in(tmp_path) == ["out"]


def test_a_result_is_recovered_before_it_is_looked_at(tmp_path):
    posterior().save(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "out.replaced-01234567")
    with (
        pytest.warns(StorageWarning, match="the result from before, is back"),
        pytest.raises(StorageError, match="exists already"),
    ):
        start(tmp_path / "out")
    assert names_in(tmp_path) == ["out"]


def test_leftovers_of_the_dead_are_cleaned(tmp_path):
    for name in ("out.saving-01234567", "out.saved-01234567", "other.saving-01234567"):
        (tmp_path / name).mkdir()
    run = start(tmp_path / "out")
    assert names_in(tmp_path) == ["other.saving-01234567", "out.partial"]
    (run.partial / ".dag-gfn-0123456789abcdef").write_bytes(b"half a checkpoint")
    run.checkpoint.write_bytes(b"state")
    run.leave()
    resumed = start(tmp_path / "out", resume=True)
    assert ".dag-gfn-0123456789abcdef" not in names_in(resumed.partial)


# --- interrupts ---


@pytest.mark.parametrize("moment", ["write_text", "Lock", "check_place"])
def test_an_interrupt_while_it_is_set_up_leaves_nothing(tmp_path, monkeypatch, moment):
    def interrupt(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, moment, interrupt)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "above" / "out")
    monkeypatch.undo()
    assert names_in(tmp_path) == []


def test_an_interrupt_just_after_the_result_is_in_place(tmp_path, monkeypatch):
    run = start(tmp_path / "out")
    run.checkpoint.write_bytes(b"state")
    usual = files.place

    def interrupted(*given, **named):
        usual(*given, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "place", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.finish(posterior())
    assert run.saved
    assert not run.leave()
    assert names_in(tmp_path) == ["out"]


def test_an_interrupt_just_before_the_result_is_in_place(tmp_path, monkeypatch):
    run = start(tmp_path / "out")
    run.checkpoint.write_bytes(b"state")

    def interrupted(*given, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "place", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.finish(posterior())
    assert not run.saved
    assert run.leave()
    assert names_in(tmp_path) == ["out.partial"]


# --- places ---


def test_the_folder_that_a_link_leads_to_is_replaced(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk/out")  # which is not there yet
    run = start(tmp_path / "out")
    assert run.partial == tmp_path / "disk" / "out.partial"
    run.finish(posterior())
    start(tmp_path / "out", overwrite=True).finish(posterior(("c", "d")))
    assert (tmp_path / "out").is_symlink()
    assert names_in(tmp_path / "disk") == ["out"]
    assert load_posterior(tmp_path / "out").names == ("c", "d")


@pytest.mark.parametrize("out", ["loop", "loop/out", "n" * 240])
def test_places_where_the_result_could_not_be_put_in_the_end(tmp_path, out):
    (tmp_path / "loop").symlink_to("loop")
    for overwrite in (False, True):
        with pytest.raises(StorageError):
            start(tmp_path / out, overwrite=overwrite)
    assert names_in(tmp_path) == ["loop"]


@pytest.mark.parametrize("options", ["[]", "3", '"text"', "[" * 100_000])
def test_options_of_another_shape_cannot_be_resumed(tmp_path, options):
    start(tmp_path / "out").checkpoint.write_bytes(b"state")
    (tmp_path / "out.partial" / "options.json").write_text(options)
    with pytest.raises(StorageError, match=r"options.json cannot be read.*start anew with --overwrite"):
        start(tmp_path / "out", resume=True)


def test_a_resumed_run_knows_whether_it_has_saved_anything_itself(tmp_path):
    run = start(tmp_path / "out")
    assert not run.saved_training
    run.checkpoint.write_bytes(b"state")
    assert run.saved_training
    run.leave()
    resumed = start(tmp_path / "out", resume=True)
    assert not resumed.saved_training
