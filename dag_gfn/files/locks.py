"""Locks on files and folders, which end with the process that holds them."""

import os
import weakref
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # mypy has no type for a module that may be absent


class Lock:
    """An exclusive lock on a file or a folder, held until `release` or until the process ends.

    If the operating system or the file system has no such locks, every lock is granted.

    Parameters
    ----------
    path : Path
        An existing folder, or a file. The file is created if it does not exist; the process's id is written to it.

    Attributes
    ----------
    held : bool
        Whether the lock was granted.
    owner : int or None
        The process that holds the lock instead, if it is known.

    Raises
    ------
    OSError
        If the file cannot be created.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import Lock
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first, second = Lock(Path(folder)), Lock(Path(folder))
    ...     print(first.held, second.held)
    ...     first.release()
    ...     print(Lock(Path(folder)).held)
    True False
    True
    """

    def __init__(self, path: Path):
        self.held, self.owner = False, None
        folder = path.is_dir()
        if fcntl is None and folder:
            self.held = True
            return
        while True:
            handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR | os.O_CREAT, 0o666)
            if not _lock(handle):
                self.owner = None if folder else _process_in(handle)
                os.close(handle)
                return
            if _is_at(handle, path):
                break
            os.close(handle)  # the file was removed in the meantime: try again with the present one
        if not folder:
            os.truncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        self.held = True
        self._close = weakref.finalize(self, os.close, handle)

    def release(self) -> None:
        """Release the lock."""
        if hasattr(self, "_close"):
            self._close()
        self.held = False


def _lock(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _process_in(handle: int) -> int | None:
    text = os.pread(handle, 20, 0).strip()
    return int(text) if text.isdigit() else None
