"""Folders that are written completely or not at all, and what killed processes left of them.

A folder is filled under the name `NAME.saving-0a1b2c3d`, beside its final place. When it is complete it is renamed to
`NAME.saved-0a1b2c3d`, an existing folder `NAME` is renamed to `NAME.replaced-0a1b2c3d`, the new folder to `NAME`, and
the old folder is removed. A kill between these steps leaves one of these names; `recover` and `remove_leftovers` deal
with them. A folder is locked while a process works on it.
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
"""Files that file managers write to every folder that they show."""
_WAIT_SECONDS = 2.0


@contextlib.contextmanager
def unfinished_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target`, to be filled and given to `place`; it is removed if it was not placed.

    Raises
    ------
    OSError
        If the folder cannot be created.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import place, unfinished_folder
    >>> with tempfile.TemporaryDirectory() as above:
    ...     target = Path(above) / "result"
    ...     with unfinished_folder(target) as folder:
    ...         _ = (folder / "a.txt").write_text("one")
    ...         _ = place(folder, target, known={"a.txt"})
    ...     print([path.name for path in Path(above).iterdir()], (target / "a.txt").read_text())
    ['result'] one
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
    """Move a folder of `unfinished_folder` to `target`, and remove the folder that it replaces.

    The content is on the disk before any folder is renamed. Ctrl-C is delayed until all folders are renamed.

    Parameters
    ----------
    folder, target : Path
    known : collection of str
        Names of the files to remove from the replaced folder. Other files are kept.

    Returns
    -------
    Path or None
        The replaced folder, if it still holds other files.

    Raises
    ------
    OSError
        If a folder cannot be renamed; then `target` is unchanged.

    Examples
    --------
    See `unfinished_folder`.
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
    """Rename a folder that a killed process left beside `target` to `target`, if nothing is at `target`.

    A complete new folder is preferred to the folder that it was to replace.

    Parameters
    ----------
    target : Path
    needed : str
        Name of a file that a folder must contain to be considered.

    Returns
    -------
    str or None
        What was done, in a sentence.

    Raises
    ------
    StorageError
        If the folder that was found cannot be renamed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import recover
    >>> with tempfile.TemporaryDirectory() as above:
    ...     left = Path(above) / "result.saved-0a1b2c3d"
    ...     left.mkdir()
    ...     _ = (left / "a.txt").write_text("one")
    ...     message = recover(Path(above) / "result", needed="a.txt")
    ...     print([path.name for path in Path(above).iterdir()], "is back from" in message)
    ['result'] True
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
    """Remove the folders that killed processes left beside `target`, and return their names.

    A folder that contains other files than those of the `known` names is kept. Call this after `recover`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import remove_leftovers
    >>> with tempfile.TemporaryDirectory() as above:
    ...     (Path(above) / "result.saving-0a1b2c3d").mkdir()
    ...     remove_leftovers(Path(above) / "result", known={"a.txt"})
    ['result.saving-0a1b2c3d']
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
    """Return the sorted names in a folder that are not files of known names, and so were not written by dag_gfn.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import strangers
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("edges.csv", "thesis.txt"):
    ...         (Path(folder) / name).touch()
    ...     strangers(Path(folder), known={"edges.csv"})
    ['thesis.txt']
    """
    return sorted(
        path.name
        for path in folder.iterdir()
        if not (_is_ours(path.name, known) and (path.is_symlink() or path.is_file()))
    )


def remove_files(folder: Path, known: Collection[str]) -> bool:
    """Remove the files of known names from a folder, and the folder if it is then empty; return whether it is removed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import remove_files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("edges.csv", "thesis.txt"):
    ...         (Path(folder) / name).touch()
    ...     gone = remove_files(Path(folder), known={"edges.csv"})
    ...     print(gone, [path.name for path in Path(folder).iterdir()])
    False ['thesis.txt']
    """
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
    """Check, before long work, that a folder can be written to `target`, and create the folders above it.

    Returns
    -------
    list of Path
        The folders that were created, innermost first.

    Raises
    ------
    StorageError
        If the name is too long, or nothing can be written or renamed there.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import check_place
    >>> with tempfile.TemporaryDirectory() as above:
    ...     made = check_place(Path(above) / "study" / "result")
    ...     print([path.name for path in made])
    ['study']
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
    """Remove folders in the given order, innermost first, until one is not empty.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import remove_empty
    >>> with tempfile.TemporaryDirectory() as above:
    ...     inner = Path(above) / "a" / "b"
    ...     inner.mkdir(parents=True)
    ...     remove_empty([inner, inner.parent])
    ...     print(inner.parent.exists())
    False
    """
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
