"""Folders that take their place complete or not at all, under names that say what they are.

A folder is filled as `NAME.saving-0a1b2c3d`, beside where it is to be. When it is complete it is called
`NAME.saved-0a1b2c3d`; what was at its place goes to `NAME.replaced-0a1b2c3d`, and is removed once the new one
is there. A kill between these steps leaves one of the names, and `recover` and `remove_leftovers` know what each
means. A folder is locked while a process works on it.
"""

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from dag_gfn.errors import StorageError, shortened
from dag_gfn.files.interrupts import uninterrupted
from dag_gfn.files.locks import Lock
from dag_gfn.files.writing import TEMPORARY_FILE, sync

_LONGEST = len(".replaced-01234567")
_STATES = ("saving", "saved", "replaced")
_OF_THE_SYSTEM = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""What file managers leave in every folder that they show, and make again."""
_WAIT_SECONDS = 2.0


@contextlib.contextmanager
def unfinished_folder(target: Path) -> Iterator[Path]:
    """Give a new folder beside `target` to be filled and placed; it is gone afterwards, unless it was placed.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    folder = target.with_name(f"{target.name}.saving-{secrets.token_hex(4)}")
    folder.mkdir(parents=True)
    lock = Lock(folder)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            remove_files(folder, {path.name for path in folder.iterdir()})
        lock.release()


def place(folder: Path, target: Path, *, known: Collection[str]) -> Path | None:
    """Move a folder of `unfinished_folder` to `target`, and remove what was there.

    Its content is on the disk before any name changes. Ctrl-C waits until all names are as they should be.

    Parameters
    ----------
    folder, target : Path
    known : collection of str
        Names of the files to remove from what was there. If it holds others by now, these stay.

    Returns
    -------
    Path or None
        Where the others are, if there are any.

    Raises
    ------
    OSError
        If a name cannot be changed; then `target` is as it was.
    """
    for path in folder.iterdir():
        sync(path)
    sync(folder)
    token = folder.name.rpartition("-")[2]
    saved, old = (target.with_name(f"{target.name}.{state}-{token}") for state in ("saved", "replaced"))
    with uninterrupted():
        folder.rename(saved)
        replaced = None
        try:
            if target.exists():
                replaced = Lock(target)
                if not replaced.held:
                    raise BlockingIOError(errno.EAGAIN, "another process is replacing it")
                target.rename(old)
            saved.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            saved.rename(folder)
            raise
        sync(target.parent)
        if replaced is None:
            return None
        with contextlib.suppress(OSError):
            remove_files(old, known)
        replaced.release()
        return old if old.exists() else None


def recover(target: Path, *, needed: str) -> str | None:
    """Bring back what a kill has left beside `target` under another name, if there is nothing at `target`.

    A new folder that was complete is preferred to the one that it was to replace.

    Parameters
    ----------
    target : Path
    needed : str
        Name of a file without which a folder is not looked at.

    Returns
    -------
    str or None
        What was done, in a sentence.

    Raises
    ------
    StorageError
        If the folder that was found cannot be renamed.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while not os.path.lexists(target):
        found = {state: _newest(target, state, needed) for state in ("saved", "replaced")}
        source = found["saved"] or found["replaced"]
        if source is None:
            return None
        lock = Lock(source)
        if not lock.held:  # another process is about to put it in its place
            if time.monotonic() > deadline:
                raise StorageError(f"another process is replacing '{target}': try again when it has ended")
            time.sleep(0.01)
            continue
        try:
            source.rename(target)
        except OSError as error:
            raise StorageError(
                f"'{target}' is not there; an earlier run, which was killed, left it as '{source}', and that cannot be "
                f"renamed: {error.strerror or error}"
            ) from error
        finally:
            lock.release()
        what = "the new result, which was complete" if found["saved"] else "the result from before"
        return f"an earlier run was killed before '{target}' was in its place: {what}, is back from '{source.name}'"
    return None


def remove_leftovers(target: Path, *, known: Collection[str]) -> list[str]:
    """Remove unfinished and replaced folders of dead processes beside `target`; return their names.

    Only files of these `known` names are removed, and a folder that holds others stays. Call it after `recover`.
    """
    removed = []
    for state in _STATES:
        for folder in _left(target, state):
            with contextlib.suppress(OSError):
                lock = Lock(folder)
                if lock.held and not strangers(folder, known):
                    remove_files(folder, known)
                    removed.append(folder.name)
                lock.release()
    return removed


def strangers(folder: Path, known: Collection[str]) -> list[str]:
    """Return the names in a folder, sorted, that are not files of known names: what dag_gfn did not write."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if not (_is_ours(path.name, known) and (path.is_symlink() or path.is_file()))
    )


def remove_files(folder: Path, known: Collection[str]) -> bool:
    """Remove the files of known names from a folder, and itself if nothing else is in it; return whether it is gone."""
    if not strangers(folder, known):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        return True
    for path in folder.iterdir():
        if _is_ours(path.name, known) and path.name not in _OF_THE_SYSTEM and not path.is_dir():
            path.unlink()
    return False


def check_place(target: Path) -> list[Path]:
    """Make sure, before long work, that a folder can be put at `target`, and make the folders above it.

    Returns
    -------
    list of Path
        The folders that had to be made, innermost first.

    Raises
    ------
    StorageError
        If the name is too long, or nothing can be written or renamed there.
    """
    above = next((path for path in target.parents if path.exists()), target.parent)
    most = _longest_name(above) - _LONGEST
    size = len(os.fsencode(target.name))
    if size > most:
        raise StorageError(
            f"the name '{shortened(target.name, 60)}' of {size} bytes is too long: choose one of at most {most}, which "
            "leaves room for the names of temporary folders"
        )
    if os.path.ismount(target):
        raise StorageError(
            f"'{target}' is where a file system is mounted, so it cannot be renamed: name a folder in it"
        )
    made = [path for path in target.parents if not path.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(target) as trial:
            (trial / f".dag-gfn-{secrets.token_hex(8)}").write_bytes(b"")
    except OSError as error:
        remove_empty(made)
        raise StorageError(f"cannot write '{target}': {error.strerror or error}") from error
    return made


def remove_empty(folders: list[Path]) -> None:
    """Remove folders, innermost first, as long as they are empty."""
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _is_ours(name: str, known: Collection[str]) -> bool:
    return name in known or name in _OF_THE_SYSTEM or TEMPORARY_FILE.fullmatch(name) is not None


def _left(target: Path, state: str) -> list[Path]:
    """Return the folders beside `target` of one state."""
    pattern = re.compile(rf"{re.escape(target.name)}\.{state}-[0-9a-f]{{8}}")
    try:
        beside = list(target.parent.iterdir())
    except OSError:
        return []
    return [
        path for path in beside if pattern.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]


def _newest(target: Path, state: str, needed: str) -> Path | None:
    complete = [path for path in _left(target, state) if (path / needed).is_file()]
    return max(complete, key=lambda path: (path / needed).stat().st_mtime, default=None)


def _longest_name(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):
        return 255
