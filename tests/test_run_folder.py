import json
from pathlib import Path

import numpy as np
import pytest

from dag_gfn.errors import StorageError
from dag_gfn.posterior import GraphPosterior, load_posterior
from dag_gfn.run_folder import RunFolder

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
