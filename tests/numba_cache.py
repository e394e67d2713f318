"""Compiled code that several processes share: numba itself lets two that save at the same moment swap their code."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numba
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

try:
    import fcntl
except ImportError:  # Windows has none: there each process keeps its own
    fcntl = None


def share(folder: Path) -> None:
    """Keep compiled code in a folder for all processes that call this.

    Each function is looked up, compiled and saved by one of them at a time; the others then load it. A function that is
    compiled on the way, since another calls it, is locked after that one in every process, so that none waits for ever.
    """
    if fcntl is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    numba.config.CACHE_DIR = str(folder)
    plain, held = Dispatcher.compile, set()

    @functools.wraps(plain)
    def compile(self, sig):
        name = f"{self.py_func.__module__}.{self.py_func.__qualname__}"
        with global_compiler_lock:  # one thread of this process, as in numba's own
            if name in held or not name.startswith("dag_gfn."):
                return plain(self, sig)
            held.add(name)
            try:
                with _locked(folder / f"{name}.lock"):
                    return plain(self, sig)
            finally:
                held.remove(name)

    Dispatcher.compile = compile


def shared_in_programs() -> str:
    """Return code with which a program that a test starts shares compiled code with the tests; none without workers."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return ""
    here = Path(__file__).parent
    shared = str(here / "__pycache__" / "workers")
    return (
        f"import pathlib, sys; sys.path.append({str(here)!r}); import numba_cache; "
        f"numba_cache.share(pathlib.Path({shared!r}))\n"
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed
        yield
