import os
import signal
import subprocess
import sys

import pytest

from dag_gfn.files import Lock, locks

HOLDS = (
    "import sys, time; from pathlib import Path; from dag_gfn.files import Lock; lock = Lock(Path(sys.argv[1])); \
print(lock.held, flush=True); time.sleep(60)"
)


def test_one_at_a_time_and_the_other_is_named(tmp_path):
    first = Lock(tmp_path / "lock")
    assert first.held
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    second = Lock(tmp_path / "lock")
    assert (second.held, second.owner) == (False, os.getpid())
    first.release()
    assert not first.held
    assert Lock(tmp_path / "lock").held


def test_a_lock_ends_with_what_holds_it(tmp_path):
    lock = Lock(tmp_path / "lock")
    assert lock.held
    del lock
    assert Lock(tmp_path / "lock").held


def test_a_folder_can_be_locked_and_renamed(tmp_path):
    (tmp_path / "folder").mkdir()
    lock = Lock(tmp_path / "folder")
    (tmp_path / "folder").rename(tmp_path / "other")
    assert not Lock(tmp_path / "other").held
    lock.release()
    assert Lock(tmp_path / "other").held


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "True\n"
    held = Lock(tmp_path / "lock")
    assert (held.held, held.owner) == (False, process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert Lock(tmp_path / "lock").held
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_file_that_was_removed_while_the_lock_was_sought_is_no_lock(tmp_path, monkeypatch):
    path, usual, calls = tmp_path / "lock", locks._lock, []

    def removed_first(handle):
        calls.append(handle)
        if len(calls) == 1:
            path.unlink()
        return usual(handle)

    monkeypatch.setattr(locks, "_lock", removed_first)
    assert Lock(path).held
    assert len(calls) == 2
    assert path.exists()


@pytest.mark.parametrize("content", ["", "no number", "12 34"])
def test_an_owner_that_is_not_told(tmp_path, content):
    first = Lock(tmp_path / "lock")
    (tmp_path / "lock").write_text(content)
    assert Lock(tmp_path / "lock").owner is None
    assert first.held
