"""Compiled code that several processes share: numba itself lets two that save at the same moment swap their code."""

from contextlib import contextmanager
from pathlib import Path

import numba
from numba.core import caching

try:
    import fcntl
except ImportError:  # Windows has none: there each process keeps its own
    fcntl = None


def share(folder: Path) -> None:
    """Keep compiled code in a folder for all processes that call this, where each waits for the others' files."""
    if fcntl is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    numba.config.CACHE_DIR = str(folder)
    files = caching.IndexDataCacheFile
    files.save = _alone(files.save, folder / "lock")
    files.load = _alone(files.load, folder / "lock")


def _alone(work, lock: Path):
    def alone(*arguments):
        with _held(lock):
            return work(*arguments)

    return alone


@contextmanager
def _held(lock: Path):
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed
        yield
