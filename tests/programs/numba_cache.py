"""Compiled code that all workers and all programs that they start share.

Numba itself lets two processes that save at the same moment swap their code. It loads this module, and so takes turns,
where `NUMBA_CACHE_LOCATOR_CLASSES` names the locator below.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numba
from numba.core.caching import UserProvidedCacheLocator
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

try:
    import fcntl
except ImportError:  # Windows has none: there each process keeps its own
    fcntl = None


class SharedLocator(UserProvidedCacheLocator):
    """Numba's own locator for the folder that `NUMBA_CACHE_DIR` names."""


def take_turns(folder: Path) -> None:
    """Keep compiled code in a folder for all processes that call this.

    Each function is looked up, compiled and saved by one of them at a time; the others then load it. A function that is
    compiled on the way, since another calls it, is locked after that one in every process, so that none waits for ever.
    """
    folder.mkdir(parents=True, exist_ok=True)
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


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed
        yield


if fcntl is not None:
    take_turns(Path(numba.config.CACHE_DIR))
